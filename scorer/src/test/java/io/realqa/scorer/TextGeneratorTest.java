package io.realqa.scorer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.realqa.scorer.TextGenerator.Request;
import io.realqa.scorer.TextGenerator.Text;
import io.realqa.scorer.image.VisualInput;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Generated text is transformers', and drawn text depends on its seed alone. */
class TextGeneratorTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String BEFORE =
            "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\n<|vision_start|>";

    @TempDir
    Path folder;

    @Test
    void greedyTokensAreThoseOfTransformersOnFiftyPrompts() throws IOException {
        JsonNode reference =
                JSON.readTree(Reference.PARITY.resolve("generation.json").toFile());
        int prompts = 0;
        for (Map.Entry<String, JsonNode> model : reference.properties()) {
            Path files = TensorFile.checkpoint(model.getKey(), folder.resolve(model.getKey()));
            ObjectNode settings = JSON.createObjectNode();
            settings.set("eos_token_id", model.getValue().path("eos_token_id"));
            settings.set("repetition_penalty", model.getValue().path("repetition_penalty"));
            Files.writeString(files.resolve("generation_config.json"), settings.toString());
            try (Checkpoint checkpoint = Checkpoint.load(files, Compute.CPU)) {
                prompts += check(checkpoint, new Reference(model.getKey()), model.getValue());
            }
        }
        assertThat(prompts).isEqualTo(50);
    }

    private static int check(Checkpoint checkpoint, Reference reference, JsonNode model) {
        int max = model.path("max_new_tokens").asInt();
        for (JsonNode prompt : model.path("prompts")) {
            VisualInput image = reference.input(prompt.path("image").asInt());
            Text text = generate(
                            checkpoint,
                            List.of(image),
                            List.of(prompt.path("question").asText()),
                            Sampling.GREEDY,
                            max,
                            0)
                    .get(0)
                    .get(0);
            assertThat(text.tokens())
                    .as(prompt.toString())
                    .isEqualTo(JSON.convertValue(
                            prompt.path("tokens"),
                            JSON.getTypeFactory().constructCollectionType(List.class, Long.class)));
            assertThat(text.ended()).isEqualTo(prompt.path("ended").asBoolean());
        }
        return model.path("prompts").size();
    }

    private static List<List<Text>> generate(
            Checkpoint checkpoint,
            List<VisualInput> images,
            List<String> questions,
            Sampling sampling,
            int max,
            long firstId) {
        long[] before = checkpoint.tokenize(BEFORE);
        long[] after = checkpoint.tokenize("<|vision_end|>");
        Set<Long> context = Scorer.context(before, after, checkpoint.config().imageToken());
        List<Request> requests = new ArrayList<>();
        for (int b = 0; b < images.size(); b++) {
            List<Long> ids = new ArrayList<>();
            for (int q = 0; q < questions.size(); q++) {
                ids.add(firstId + b * questions.size() + q);
            }
            requests.add(new Request(
                    context,
                    questions.stream()
                            .map(q -> checkpoint.tokenize(QuestionTree.turn(q)))
                            .toList(),
                    ids));
        }
        var none = checkpoint.program().newWeights();
        try (Prefix prefix = new Prefix(checkpoint, none, before);
                BranchSession session = new BranchSession(checkpoint, none, images, prefix, after)) {
            return new TextGenerator(checkpoint)
                    .generate(session, requests, sampling, max)
                    .texts();
        } finally {
            none.close();
        }
    }

    @Test
    void aDrawnTextDependsOnItsSeedAndNotOnTheBatch() throws IOException {
        Path files = TensorFile.checkpoint("flat-hub-6x2", folder.resolve("model"));
        VisualInput image = new Reference("flat-hub-6x2").input(0);
        Sampling drawn = new Sampling(true, 0.95, 50, 0.7, OptionalDouble.empty(), 7);
        Sampling other = new Sampling(true, 0.95, 50, 0.7, OptionalDouble.empty(), 8);
        Sampling narrow = new Sampling(true, 0.95, 1, 1, OptionalDouble.empty(), 7);
        try (Checkpoint checkpoint = Checkpoint.load(files, Compute.CPU)) {
            List<List<Text>> both = generate(checkpoint, List.of(image, image), List.of("Explain."), drawn, 24, 5);
            assertThat(generate(checkpoint, List.of(image), List.of("Explain."), drawn, 24, 5))
                    .isEqualTo(both.subList(0, 1));
            assertThat(generate(checkpoint, List.of(image), List.of("Explain."), drawn, 24, 6))
                    .isEqualTo(both.subList(1, 2));
            assertThat(both.get(0)).isNotEqualTo(both.get(1));
            assertThat(generate(checkpoint, List.of(image), List.of("Explain."), other, 24, 5))
                    .isNotEqualTo(both.subList(0, 1));
            assertThat(generate(checkpoint, List.of(image), List.of("Explain."), narrow, 24, 5))
                    .isEqualTo(generate(checkpoint, List.of(image), List.of("Explain."), Sampling.GREEDY, 24, 0));
        }
    }

    @Test
    void onlyTheNucleusIsDrawnFromAndAsOftenAsItsProbabilitySays() {
        // softmax: .5, .3, .15, .05
        float[] logits = {(float) Math.log(.15), (float) Math.log(.5), (float) Math.log(.05), (float) Math.log(.3)};
        Sampling sampling = new Sampling(true, 1, 0, 0.7, OptionalDouble.empty(), 3);
        Map<Long, Integer> counts = new HashMap<>();
        for (int i = 0; i < 8000; i++) {
            counts.merge(sampling.next(logits, 0, 4, Set.of(), 1, sampling.random(i)), 1, Integer::sum);
        }
        assertThat(counts).containsOnlyKeys(1L, 3L);
        assertThat(counts.getOrDefault(1L, 0) / 8000.0).isBetween(0.60, 0.65); // .5 / .8
        Sampling two = new Sampling(true, 1, 2, 1, OptionalDouble.empty(), 3);
        for (int i = 0; i < 1000; i++) {
            assertThat(two.next(logits, 0, 4, Set.of(), 1, two.random(i))).isIn(1L, 3L);
        }
    }

    @Test
    void settingsOutOfRangeAndUnsupportedOnesAreNamed() throws IOException {
        assertThatThrownBy(() -> new Sampling(true, 0, 0, 1, OptionalDouble.empty(), 0))
                .hasMessage("temperature: 0.0 (expected: a number over 0)");
        assertThatThrownBy(() -> new Sampling(true, 1, -1, 1, OptionalDouble.empty(), 0))
                .hasMessage("top-k: -1 (expected: at least 0, which is all)");
        assertThatThrownBy(() -> new Sampling(true, 1, 0, 1.5, OptionalDouble.empty(), 0))
                .hasMessage("top-p: 1.5 (expected: over 0, at most 1)");
        assertThatThrownBy(() -> new Sampling(true, 1, 0, 1, OptionalDouble.of(0), 0))
                .hasMessage("repetition-penalty: 0.0 (expected: a number over 0)");

        Path files = TensorFile.checkpoint("flat-hub-6x2", folder.resolve("odd"));
        Files.writeString(files.resolve("generation_config.json"), "{\"no_repeat_ngram_size\": 3}");
        VisualInput image = new Reference("flat-hub-6x2").input(0);
        try (Checkpoint checkpoint = Checkpoint.load(files, Compute.CPU)) {
            assertThatThrownBy(() -> generate(checkpoint, List.of(image), List.of("Explain."), Sampling.GREEDY, 2, 0))
                    .isInstanceOf(ModelException.class)
                    .hasMessageContaining("generation_config.json: no_repeat_ngram_size: 3 (expected: unset");
        }
        Files.writeString(files.resolve("generation_config.json"), "{\"eos_token_id\": [515, \"x\"]}");
        try (Checkpoint checkpoint = Checkpoint.load(files, Compute.CPU)) {
            assertThatThrownBy(() -> new TextGenerator(checkpoint))
                    .hasMessageContaining("eos_token_id: [515,\"x\"] (expected: a token id or a list of them)");
        }
    }
}
