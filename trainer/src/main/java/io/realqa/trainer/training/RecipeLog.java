package io.realqa.trainer.training;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * The log of a recipe's run: {@value #FILE_NAME} with LLaMA-Factory's keys, a JSON line for each logged step and each
 * evaluation. Owned by one thread.
 */
final class RecipeLog {
    static final String FILE_NAME = "trainer_log.jsonl";
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Path file;
    private final RecipePlan plan;
    private final List<ObjectNode> lines = new ArrayList<>();
    private double sum;
    private int steps;
    private double windowSum;
    private int windowSteps;
    private NcmMeans ncm = new NcmMeans();

    RecipeLog(Path folder, RecipePlan plan) {
        this.file = folder.resolve(FILE_NAME);
        this.plan = plan;
    }

    /** What a resumed run needs: its lines and the sums behind the next one. NCM's sums begin anew. */
    String state() {
        ObjectNode state = JSON.createObjectNode();
        state.put("sum", sum).put("steps", steps).put("windowSum", windowSum).put("windowSteps", windowSteps);
        state.putArray("lines").addAll(lines);
        return state.toString();
    }

    /** Goes on from a state; the file then holds that state's lines. */
    void restore(String state) throws IOException {
        ObjectNode json = (ObjectNode) JSON.readTree(state);
        sum = json.path("sum").asDouble();
        steps = json.path("steps").asInt();
        windowSum = json.path("windowSum").asDouble();
        windowSteps = json.path("windowSteps").asInt();
        lines.clear();
        json.path("lines").forEach(l -> lines.add((ObjectNode) l));
        rewrite();
    }

    /** Writes the lines so far; before the first step of a new run, none. */
    void rewrite() throws IOException {
        StringBuilder text = new StringBuilder();
        lines.forEach(l -> text.append(l).append('\n'));
        Files.writeString(file, text);
    }

    void step(LossPoint point, NcmSource digits) {
        sum += point.crossEntropy();
        windowSum += point.crossEntropy();
        steps++;
        windowSteps++;
        digits.addTo(ncm);
    }

    /** Adds a step's digits. */
    interface NcmSource {
        void addTo(NcmMeans means);
    }

    /** A line on the steps since the last one: mean loss, and NCM of their rows as they were trained. */
    void logged(LossPoint point, double elapsedSeconds, double remainingSeconds, double imagesPerSecond)
            throws IOException {
        ObjectNode line = line(point.step());
        line.put("loss", windowSum / windowSteps).put("lr", point.learningRate());
        line.put("grad_norm", point.gradientNorm());
        ncm.write(line, "");
        line.put("images_per_second", Math.round(imagesPerSecond * 100) / 100.0);
        line.put("elapsed_time", clock(elapsedSeconds)).put("remaining_time", clock(remainingSeconds));
        windowSum = 0;
        windowSteps = 0;
        ncm = new NcmMeans();
        append(line);
    }

    void evaluated(int step, ObjectNode measured) throws IOException {
        ObjectNode line = line(step);
        line.setAll(measured);
        append(line);
    }

    private ObjectNode line(int step) {
        return JSON.createObjectNode()
                .put("current_steps", step)
                .put("total_steps", plan.steps())
                .put("epoch", Math.round(plan.epochs(step) * 1e4) / 1e4)
                .put("percentage", Math.round(1e4 * step / plan.steps()) / 100.0);
    }

    private void append(ObjectNode line) throws IOException {
        lines.add(line);
        Files.writeString(
                file, line + "\n", java.nio.file.StandardOpenOption.CREATE, java.nio.file.StandardOpenOption.APPEND);
    }

    /** Mean loss of all steps. */
    double meanLoss() {
        return sum / steps;
    }

    /** A curve of the log: steps and values of a key, for the lines that have it. */
    double[][] curve(String key) {
        List<ObjectNode> with = lines.stream().filter(l -> l.has(key)).toList();
        return new double[][] {
            with.stream().mapToDouble(l -> l.path("current_steps").asDouble()).toArray(),
            with.stream().mapToDouble(l -> l.path(key).asDouble()).toArray()
        };
    }

    /** transformers' trainer_state.json, as far as it tells of the run. */
    String trainerState() throws JsonProcessingException {
        ObjectNode state = JSON.createObjectNode()
                .put("global_step", steps)
                .put("max_steps", plan.steps())
                .put("epoch", plan.epochs(steps))
                .put("num_train_epochs", (int) Math.ceil(plan.epochs(plan.steps())))
                .put("logging_steps", plan.recipe().output().loggingSteps());
        var history = state.putArray("log_history");
        for (ObjectNode line : lines) {
            ObjectNode entry = history.addObject();
            line.properties().forEach(e -> {
                switch (e.getKey()) {
                    case "current_steps" -> entry.set("step", e.getValue());
                    case "lr" -> entry.set("learning_rate", e.getValue());
                    case "total_steps", "percentage", "elapsed_time", "remaining_time" -> {}
                    default -> entry.set(e.getKey(), e.getValue());
                }
            });
        }
        return JSON.writerWithDefaultPrettyPrinter().writeValueAsString(state) + "\n";
    }

    private static String clock(double seconds) {
        long s = Math.round(seconds);
        return String.format(Locale.ROOT, "%d:%02d:%02d", s / 3600, s / 60 % 60, s % 60);
    }
}
