package io.realqa.scorer;

import ai.djl.pytorch.jni.IValue;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.realqa.scorer.Program.Scope;
import io.realqa.scorer.Safetensors.Entry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Trains all of a checkpoint's weights, from the values that they have. The checkpoint itself stays as it is. */
public final class FullTrainer extends ModelTrainer {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final List<Safetensors> tables;
    /** The parameters, and what the program takes beside them. */
    private final IValue weights;

    /**
     * Copies the checkpoint's weights.
     *
     * @param profile whose system text precedes the image and whose score question has the grammar
     * @throws IllegalArgumentException if the checkpoint computes in bfloat16: steps as small as training's would be lost
     */
    public FullTrainer(Checkpoint checkpoint, ScoringProfile profile, LossSettings loss, long seed) {
        super(
                inFloat32(checkpoint),
                new TrainingPaths(checkpoint, profile, loss),
                new WeightLayout(checkpoint.config()).shapes(),
                0,
                seed);
        this.tables = Weights.files(checkpoint.folder()).stream()
                .map(Safetensors::read)
                .toList();
        this.weights = checkpoint.program().newWeights();
        for (Safetensors table : tables) {
            for (Entry entry : table.entries()) {
                WeightLayout.canonical(entry.name())
                        .filter(shapes()::containsKey)
                        .ifPresent(name -> state().put(name, table.floats(entry)));
            }
        }
        begin();
    }

    private static Checkpoint inFloat32(Checkpoint checkpoint) {
        if (checkpoint.compute().bfloat16()) {
            throw new IllegalArgumentException(
                    "compute: bfloat16 (expected: float32, in which all weights are trained)");
        }
        return checkpoint;
    }

    @Override
    IValue weights() {
        return weights;
    }

    @Override
    void replaced() {
        Program program = checkpoint().program();
        try (Scope scope = program.scope()) {
            program.callRecorded(scope, "share", state().parameters(), weights);
        }
        Weights.complete(
                program,
                weights,
                checkpoint().config(),
                checkpoint().preprocessing().normalisation(),
                checkpoint().compute());
    }

    /**
     * Goes part of the way back to the checkpoint's weights: each becomes (1 - share) trained + share base. Models that
     * came from the same weights can be averaged; between the two lie some that know both what was learnt and what was
     * known (Wortsman et al., Robust fine-tuning of zero-shot models, 2022).
     *
     * @param share of the checkpoint's weights, 0 to less than 1
     */
    public void averageWithBase(double share) {
        if (!(share >= 0 && share < 1)) {
            throw new IllegalArgumentException("share: " + share + " (expected: 0 to less than 1)");
        }
        for (Safetensors table : tables) {
            for (Entry entry : table.entries()) {
                String name = WeightLayout.canonical(entry.name()).orElse("");
                if (shapes().containsKey(name)) {
                    float[] trained = parameter(name);
                    float[] base = table.floats(entry);
                    for (int i = 0; i < trained.length; i++) {
                        trained[i] = (float) ((1 - share) * trained[i] + share * base[i]);
                    }
                    state().put(name, trained);
                }
            }
        }
        replaced();
    }

    /**
     * Writes the model into an existing folder as Hugging Face does, in float32, under the names that the checkpoint's files
     * have: configuration, tokenizer and weights.
     */
    public void writeCheckpoint(Path folder) throws IOException {
        Path from = checkpoint().folder();
        for (String name : List.of(
                "preprocessor_config.json",
                "tokenizer.json",
                "tokenizer_config.json",
                "generation_config.json",
                "chat_template.json",
                "chat_template.jinja",
                "vocab.json",
                "merges.txt",
                "special_tokens_map.json",
                "added_tokens.json")) {
            if (Files.isRegularFile(from.resolve(name))) {
                Files.copy(from.resolve(name), folder.resolve(name));
            }
        }
        ObjectNode config = (ObjectNode) JSON.readTree(Files.readAllBytes(from.resolve("config.json")));
        for (String key : List.of("torch_dtype", "dtype")) {
            if (config.has(key)) {
                config.put(key, "float32");
            }
        }
        Files.writeString(
                folder.resolve("config.json"),
                JSON.writerWithDefaultPrettyPrinter().writeValueAsString(config) + "\n");
        Map<String, long[]> named = new LinkedHashMap<>();
        Map<String, String> canonical = new LinkedHashMap<>();
        for (Safetensors table : tables) {
            for (Entry entry : table.entries()) {
                String name = WeightLayout.canonical(entry.name()).orElse("");
                if (shapes().containsKey(name)) {
                    named.put(entry.name(), entry.shape());
                    canonical.put(entry.name(), name);
                }
            }
        }
        SafetensorsWriter.write(
                folder.resolve("model.safetensors"),
                Map.of("format", "pt"),
                named,
                name -> parameter(canonical.getOrDefault(name, name)));
    }

    @Override
    public void close() {
        super.close();
        weights.close();
    }
}
