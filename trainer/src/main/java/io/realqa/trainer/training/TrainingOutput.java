package io.realqa.trainer.training;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.realqa.scorer.Adapter;
import io.realqa.scorer.Checkpoint;
import io.realqa.scorer.FullTrainer;
import io.realqa.scorer.LoraTrainer;
import io.realqa.scorer.ModelTrainer;
import io.realqa.scorer.Scorer;
import io.realqa.scorer.ScoringProfile;
import io.realqa.store.ContentFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a training run leaves: the PEFT files or the model's, the profile, metrics, predictions, golden images with their expected
 * scores, the training set, a report. All scores are those of what was written, loaded again.
 */
final class TrainingOutput {
    private static final int GOLDEN_IMAGES = 8;
    private static final ObjectMapper JSON = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

    private final Checkpoint checkpoint;
    private final ScoringProfile profile;
    private final TrainingSettings settings;
    private final HeldOut.Split split;
    private final ImageSource source;
    private final List<LossPoint> losses;
    private final Map<String, String> identity;

    TrainingOutput(
            Checkpoint checkpoint,
            ScoringProfile profile,
            TrainingSettings settings,
            HeldOut.Split split,
            ImageSource source,
            List<LossPoint> losses,
            Map<String, String> identity) {
        this.checkpoint = checkpoint;
        this.profile = profile;
        this.settings = settings;
        this.split = split;
        this.source = source;
        this.losses = losses;
        this.identity = identity;
    }

    Path write(ModelTrainer trainer, Path out, TrainingListener listener) throws IOException, InterruptedException {
        return ContentFolder.make(out, folder -> {
            if (trainer instanceof LoraTrainer lora) {
                lora.writeAdapter(folder);
            } else {
                ((FullTrainer) trainer).writeCheckpoint(folder);
            }
            Files.writeString(folder.resolve(ScoringProfile.FILE_NAME), profile.toYaml());
            Files.writeString(folder.resolve("training-set.jsonl"), TrainingSet.lines(split));
            Map<String, Object> manifest = new TreeMap<>(identity);
            manifest.put("format", 1);
            manifest.put("trained", TrainingSet.settings(settings));
            if (trainer instanceof LoraTrainer) {
                try (Adapter adapter = Adapter.load(checkpoint, folder);
                        Scorer scorer = new Scorer(checkpoint, adapter, profile)) {
                    manifest.put("adapter", adapter.digest());
                    judge(folder, scorer, "adapter", listener);
                }
            } else {
                try (Checkpoint made = Checkpoint.load(folder, checkpoint.compute());
                        Scorer scorer = new Scorer(made, null, profile)) {
                    manifest.put("checkpoint", made.digest());
                    judge(folder, scorer, "model", listener);
                }
            }
            return manifest;
        });
    }

    /** @param name what is judged */
    private void judge(Path folder, Scorer trained, String name, TrainingListener listener)
            throws IOException, InterruptedException {
        List<Prediction> before;
        try (Scorer base = new Scorer(checkpoint, null, profile)) {
            before = predict(base, "base", listener);
        }
        List<Prediction> after = predict(trained, name, listener);
        ObjectNode metrics = JSON.createObjectNode();
        if (!after.isEmpty()) {
            metrics.set("base", json(Agreement.of(before)));
            metrics.set(name, json(Agreement.of(after)));
        }
        JSON.writeValue(folder.resolve("metrics.json").toFile(), metrics);
        Files.writeString(folder.resolve("predictions.jsonl"), lines(before, after, name));
        golden(folder, trained);
        TrainingReport.write(folder.resolve("report"), profile, losses, before, after, name);
    }

    private List<Prediction> predict(Scorer scorer, String name, TrainingListener listener)
            throws InterruptedException {
        if (split.heldOut().isEmpty()) {
            return List.of();
        }
        int of = split.heldOut().size();
        return HeldOut.predict(scorer, split.heldOut(), source, done -> listener.evaluating(name, done, of));
    }

    /** Numbers by their names; what could not be measured is left out. */
    static Map<String, Double> numbers(Agreement a) {
        Map<String, Double> all = new LinkedHashMap<>();
        all.put("images", (double) a.images());
        all.put("srcc", a.srcc());
        all.put("plcc", a.plcc());
        all.put("meanAbsoluteError", a.meanAbsoluteError());
        all.put("bias", a.bias());
        all.put("calibrationError", a.calibrationError());
        all.put("coverage", a.coverage());
        a.attributeAccuracy().forEach((name, v) -> all.put("accuracy." + name, v));
        all.values().removeIf(v -> v.isNaN());
        return all;
    }

    private static ObjectNode json(Agreement a) {
        ObjectNode json = JSON.createObjectNode();
        numbers(a).forEach(json::put);
        return json;
    }

    private static String lines(List<Prediction> before, List<Prediction> after, String name) {
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < after.size(); i++) {
            Prediction p = after.get(i);
            ObjectNode json = new ObjectMapper().createObjectNode();
            json.put("image", p.image().name());
            p.image().label().score().ifPresent(s -> json.put("label", s));
            json.put("base", before.get(i).expectation()).put(name, p.expectation());
            json.put("deviation", p.deviation()).put("low", p.low()).put("high", p.high());
            lines.append(json).append('\n');
        }
        return lines.toString();
    }

    /** Images that a worker scores before it serves what was trained, with what must come out. */
    private void golden(Path folder, Scorer trained) throws IOException, InterruptedException {
        List<LabelledImage> from = split.heldOut().isEmpty() ? split.training() : split.heldOut();
        List<LabelledImage> chosen = from.subList(0, Math.min(GOLDEN_IMAGES, from.size()));
        Path golden = Files.createDirectory(folder.resolve("golden"));
        List<Prediction> predictions = HeldOut.predict(trained, chosen, source, done -> {});
        ArrayNode images = JSON.createArrayNode();
        for (int i = 0; i < chosen.size(); i++) {
            LabelledImage image = chosen.get(i);
            String ending = ending(image.name());
            String name = "%02d%s".formatted(i, ending);
            Files.copy(image.file(), golden.resolve(name));
            Prediction p = predictions.get(i);
            ObjectNode json = images.addObject();
            json.put("file", name).put("sha256", "sha256:" + image.sha256());
            json.put("expectation", p.expectation()).put("standardDeviation", p.deviation());
            json.set("attributes", JSON.valueToTree(new TreeMap<>(p.attributes())));
        }
        ObjectNode all = JSON.createObjectNode();
        all.set("images", images);
        JSON.writeValue(golden.resolve("golden.json").toFile(), all);
    }

    private static String ending(String name) {
        int dot = name.lastIndexOf('.');
        String ending = dot < 0 ? "" : name.substring(dot);
        return ending.matches("\\.[A-Za-z0-9]{1,5}") ? ending : "";
    }
}
