package io.realqa.scorer;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.realqa.scorer.TrainingExample.Kind;
import io.realqa.scorer.TrainingExample.ScoreGoal;
import io.realqa.scorer.TrainingExample.Turn;
import io.realqa.scorer.image.ImageDecoder;
import io.realqa.scorer.image.ImageLimits;
import io.realqa.scorer.image.VisualInput;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Training computes what transformers, PEFT and torch.optim compute: see make_training_reference.py. */
class TrainingParityTest {
    private static final Path TRAINING = Reference.HOME.resolve("scorer/src/test/resources/training");
    private static final ScoringProfile PROFILE =
            ScoringProfile.in(Reference.DEMO).orElseThrow();

    @TempDir
    Path temporary;

    @ParameterizedTest
    @CsvSource({
        "nested-memory-4x4, plain, 2, false",
        "nested-memory-4x4, plain, 1, false",
        "nested-memory-4x4, mixed, 2, false",
        "nested-memory-4x4, mixed, 1, false",
        "nested-memory-4x4, shaped, 2, false",
        "flat-hub-6x2, plain, 2, false",
        "flat-hub-6x2, mixed, 2, false",
        "flat-hub-6x2, mixed, 1, false",
        "flat-hub-6x2, shaped, 1, false",
        "nested-memory-4x4, mixed, 2, true",
        "nested-memory-4x4, shaped, 1, true",
        "flat-hub-6x2, plain, 1, true",
        "flat-hub-6x2, mixed, 2, true"
    })
    void lossAndGradientsEqualTheReferenceToOneInTenThousandHoweverTheyAreComputed(
            String name, String kind, int batch, boolean byLayers) throws Exception {
        JsonNode reference = reference(name);
        try (Checkpoint checkpoint = Checkpoint.load(folder(name), Compute.CPU);
                LoraTrainer trainer = trainer(checkpoint, name, loss(reference, kind))) {
            if (byLayers) {
                trainer.computeByLayers();
            }
            double[] losses = trainer.accumulate(examples(name, reference, kind), batch);
            JsonNode expected = reference.path("losses").path(kind);
            assertThat(losses[0]).isCloseTo(expected.path("entropy").asDouble(), relative(1e-4));
            double weight =
                    kind.equals("shaped") ? reference.path("expectation_weight").asDouble() : 0;
            assertThat(losses[1]).isCloseTo(weight * expected.path("error").asDouble(), relative(1e-4));
            for (String parameter : trainer.shapes().keySet()) {
                float[] gradient = trainer.gradient(parameter);
                float[] right = expected(name, kind + ".grad." + peftName(parameter));
                assertThat(distance(gradient, right)).as(parameter).isLessThan(1e-4 * norm(right));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"nested-memory-4x4", "flat-hub-6x2"})
    void tenStepsOfAdamWithWarmUpCosineDecayAndClippingStayWithinAThousandth(String name) throws Exception {
        JsonNode reference = reference(name);
        JsonNode steps = reference.path("steps");
        try (Checkpoint checkpoint = Checkpoint.load(folder(name), Compute.CPU);
                LoraTrainer trainer = trainer(checkpoint, name, LossSettings.PLAIN)) {
            List<TrainingExample> examples = examples(name, reference, "mixed");
            for (int i = 0; i < steps.path("count").asInt(); i++) {
                double rate = reference.path("rates").path(i).asDouble();
                ModelTrainer.Result result = trainer.step(
                        examples,
                        2,
                        new ModelTrainer.Step(
                                rate,
                                steps.path("decay").asDouble(),
                                steps.path("clip").asDouble()));
                assertThat(result.crossEntropy())
                        .isCloseTo(reference.path("step_losses").path(i).asDouble(), relative(1e-3));
                assertThat(result.gradientNorm())
                        .isCloseTo(reference.path("step_norms").path(i).asDouble(), relative(1e-3));
            }
            for (String parameter : trainer.shapes().keySet()) {
                float[] after = trainer.parameter(parameter);
                float[] right = expected(name, "after." + peftName(parameter));
                float[] start = expected(adapterFile(name), peftName(parameter));
                // of the way that the parameters went, not only of their size
                assertThat(distance(after, right)).as(parameter).isLessThan(1e-3 * norm(right));
                assertThat(distance(after, right)).as(parameter).isLessThan(2e-2 * distance(start, right));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"nested-memory-4x4", "flat-hub-6x2"})
    void theAdapterWrittenIsLaidOutAsPeftsAndGivesTheSameLogitsHere(String name) throws Exception {
        try (Checkpoint checkpoint = Checkpoint.load(folder(name), Compute.CPU);
                LoraTrainer trainer = trainer(checkpoint, name, LossSettings.PLAIN)) {
            Path written = Files.createDirectory(temporary.resolve("written"));
            trainer.writeAdapter(written);
            Path file = written.resolve("adapter_model.safetensors");
            Map<String, String> ours = layout(file);
            assertThat(ours).isEqualTo(layout(adapterFile(name)));
            for (String tensor : ours.keySet()) {
                assertThat(Reference.floats(file, tensor)).isEqualTo(Reference.floats(adapterFile(name), tensor));
            }
            ObjectMapper json = new ObjectMapper();
            JsonNode settings =
                    json.readTree(written.resolve("adapter_config.json").toFile());
            JsonNode pefts = json.readTree(Reference.PARITY
                    .resolve(name + "/adapter/adapter_config.json")
                    .toFile());
            settings.properties().forEach(e -> {
                if (e.getKey().equals("target_modules") && e.getValue().isArray()) {
                    assertThat(texts(e.getValue())).isEqualTo(texts(pefts.path(e.getKey())));
                } else {
                    assertThat(pefts.path(e.getKey())).as(e.getKey()).isEqualTo(e.getValue());
                }
            });
            try (Adapter adapter = Adapter.load(checkpoint, written)) {
                assertThat(adapter.checkpoint()).isSameAs(checkpoint);
            }
        }
    }

    @Test
    void anAdapterTrainedHereGivesTheLogitsThatPeftGivesWithIt() throws Exception {
        try (Checkpoint checkpoint = Checkpoint.load(Reference.DEMO, Compute.CPU)) {
            List<VisualInput> inputs = new ArrayList<>();
            for (int i = 0; i < 2; i++) {
                byte[] png = Files.readAllBytes(Reference.PARITY.resolve("demo/" + i + ".png"));
                inputs.add(checkpoint.preprocessing().apply(new ImageDecoder(ImageLimits.DEFAULTS).decode(png)));
            }
            String folder = "../training/trained-here";
            TransformersParityTest.check(checkpoint, new Reference(folder), inputs, folder);
        }
    }

    @Test
    void anAdapterTrainedInPeftGivesTheSameLogitsHere() throws Exception {
        Reference images = new Reference("nested-memory-4x4");
        try (Checkpoint checkpoint = Checkpoint.load(folder("nested-memory-4x4"), Compute.CPU)) {
            String folder = "../training/peft-trained";
            TransformersParityTest.check(
                    checkpoint, new Reference(folder), List.of(images.input(0), images.input(1)), folder);
        }
    }

    private static TreeSet<String> texts(JsonNode array) {
        TreeSet<String> texts = new TreeSet<>();
        array.forEach(t -> texts.add(t.asText()));
        return texts;
    }

    private static Map<String, String> layout(Path file) {
        Map<String, String> layout = new LinkedHashMap<>();
        Safetensors.read(file)
                .entries()
                .forEach(e -> layout.put(e.name(), e.dtype() + java.util.Arrays.toString(e.shape())));
        return new java.util.TreeMap<>(layout);
    }

    private static org.assertj.core.data.Offset<Double> relative(double part) {
        // losses of the reference are of order one to ten
        return org.assertj.core.data.Offset.offset(part);
    }

    private static Path adapterFile(String name) {
        return Reference.PARITY.resolve(name + "/adapter/adapter_model.safetensors");
    }

    private static float[] expected(String name, String tensor) {
        return expected(TRAINING.resolve(name + ".safetensors"), tensor);
    }

    private static float[] expected(Path file, String tensor) {
        return Reference.floats(file, tensor);
    }

    private static String peftName(String parameter) {
        String module = Adapter.peftName(parameter.substring(0, parameter.length() - 2), true);
        return "base_model.model." + module + ".lora_" + parameter.charAt(parameter.length() - 1) + ".weight";
    }

    private static JsonNode reference(String name) throws IOException {
        return new ObjectMapper().readTree(TRAINING.resolve(name + ".json").toFile());
    }

    private static LossSettings loss(JsonNode reference, String kind) {
        if (!kind.equals("shaped")) {
            return LossSettings.PLAIN;
        }
        List<Double> digits = new ArrayList<>();
        reference.path("digit_weights").forEach(w -> digits.add(w.asDouble()));
        return new LossSettings(digits, reference.path("expectation_weight").asDouble(), true);
    }

    private static List<TrainingExample> examples(String name, JsonNode reference, String kind) {
        Reference images = new Reference(name);
        List<TrainingExample> examples = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            JsonNode score = reference.path("scores").path(i);
            List<Turn> turns = new ArrayList<>();
            turns.add(Turn.of(
                    PROFILE.score().question(),
                    PROFILE.score().answer(),
                    score.path(0).asText(),
                    Kind.SCORE));
            if (kind.equals("mixed")) {
                for (JsonNode a : reference.path("attributes")) {
                    String template = a.path(1).asText().replace("{}", ScoringProfile.VALUE);
                    turns.add(Turn.of(
                            a.path(0).asText(), template, a.path(2).path(i).asText(), Kind.TEXT));
                }
            }
            ScoreGoal goal = kind.equals("shaped")
                    ? new ScoreGoal(
                            OptionalDouble.of(score.path(1).asDouble()),
                            OptionalDouble.of(score.path(2).asDouble()))
                    : ScoreGoal.NONE;
            examples.add(new TrainingExample(images.input(i), turns, goal));
        }
        return examples;
    }

    /** A trainer that goes on from PEFT's adapter. */
    private static LoraTrainer trainer(Checkpoint checkpoint, String name, LossSettings loss) throws IOException {
        JsonNode json = new ObjectMapper()
                .readTree(Reference.PARITY
                        .resolve(name + "/adapter/adapter_config.json")
                        .toFile());
        Map<String, Integer> ranks = new LinkedHashMap<>();
        json.path("rank_pattern")
                .properties()
                .forEach(e -> ranks.put(e.getKey(), e.getValue().asInt()));
        Map<String, Double> alphas = new LinkedHashMap<>();
        json.path("alpha_pattern")
                .properties()
                .forEach(e -> alphas.put(e.getKey(), e.getValue().asDouble()));
        JsonNode modules = json.path("target_modules");
        List<String> targets =
                modules.isTextual() ? List.of(LoraSettings.REGEX + modules.asText()) : List.copyOf(texts(modules));
        LoraSettings settings = new LoraSettings(
                json.path("r").asInt(),
                json.path("lora_alpha").asDouble(),
                0,
                false,
                targets,
                List.of(),
                ranks,
                alphas);
        LoraTrainer trainer = new LoraTrainer(checkpoint, PROFILE, settings, loss, 7);
        for (String parameter : trainer.shapes().keySet()) {
            trainer.setParameter(parameter, Reference.floats(adapterFile(name), peftName(parameter)));
        }
        return trainer;
    }

    private Path folder(String name) throws IOException {
        try (Stream<Path> files = Files.list(Reference.PARITY.resolve(name))) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Files.copy(file, temporary.resolve(file.getFileName().toString()));
            }
        }
        Files.copy(Reference.PARITY.resolve("tokenizer.json"), temporary.resolve("tokenizer.json"));
        return temporary;
    }

    private static double norm(float[] a) {
        return distance(a, new float[a.length]);
    }

    private static double distance(float[] a, float[] b) {
        assertThat(a).hasSameSizeAs(b);
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += ((double) a[i] - b[i]) * ((double) a[i] - b[i]);
        }
        return Math.sqrt(sum);
    }
}
