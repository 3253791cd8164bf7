package io.realqa.scorer;

import ai.djl.pytorch.jni.IValue;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Trains a LoRA adapter on a checkpoint, whose own weights stay as they are. */
public final class LoraTrainer extends ModelTrainer {
    private final LoraSettings settings;

    /** A module's rank, the shape of its weight, and the factor of its update. */
    private record Module(int rank, long[] weight, double scale) {}

    /**
     * Prepares an adapter as PEFT initialises it: A uniform in ±1 / √in (Kaiming's with a = √5), B zero.
     *
     * @param profile whose system text precedes the image and whose score question has the grammar
     * @throws ModelException if no module is a target
     */
    public LoraTrainer(
            Checkpoint checkpoint, ScoringProfile profile, LoraSettings settings, LossSettings loss, long seed) {
        this(checkpoint, new TrainingPaths(checkpoint, profile, loss), settings, modules(checkpoint, settings), seed);
    }

    /**
     * The same for chats alone, which bring their own words.
     *
     * @throws ModelException if no module is a target
     */
    public LoraTrainer(Checkpoint checkpoint, LoraSettings settings, long seed) {
        this(
                checkpoint,
                new TrainingPaths(checkpoint, null, LossSettings.PLAIN),
                settings,
                modules(checkpoint, settings),
                seed);
    }

    private LoraTrainer(
            Checkpoint checkpoint, TrainingPaths paths, LoraSettings settings, Map<String, Module> modules, long seed) {
        super(checkpoint, paths, shapes(modules), settings.dropout(), seed);
        this.settings = settings;
        SplittableRandom random = new SplittableRandom(seed);
        shapes().forEach((name, shape) -> {
            float[] values = new float[Math.toIntExact(Safetensors.elements(shape))];
            if (name.endsWith(".A")) {
                double bound = 1 / Math.sqrt((double) values.length / shape[0]);
                for (int i = 0; i < values.length; i++) {
                    values[i] = (float) random.nextDouble(-bound, bound);
                }
            }
            state().put(name, values);
        });
        modules.forEach((name, module) -> state().scale(name + ".B", module.scale()));
        begin();
    }

    private static Map<String, Module> modules(Checkpoint checkpoint, LoraSettings settings) {
        PeftConfig config = PeftConfig.of(Json.parse("adapter settings", settings.toJson(null)));
        Map<String, Module> modules = new TreeMap<>();
        new WeightLayout(checkpoint.config()).adaptable().forEach((name, weight) -> {
            String module = Adapter.peftName(name, true);
            if (config.targets().matches(module)) {
                modules.put(name, new Module(config.rankOf(module), weight, config.scaleOf(module)));
            }
        });
        if (modules.isEmpty()) {
            throw new ModelException("targets: " + settings.targets()
                    + " (expected: at least one linear layer of the checkpoint, such as q_proj)");
        }
        return modules;
    }

    private static Map<String, long[]> shapes(Map<String, Module> modules) {
        Map<String, long[]> shapes = new TreeMap<>();
        modules.forEach((name, module) -> {
            shapes.put(name + ".A", LoraTensors.shapeOfA(module.rank(), module.weight()));
            shapes.put(name + ".B", LoraTensors.shapeOfB(module.rank(), module.weight()));
        });
        return shapes;
    }

    @Override
    IValue weights() {
        return checkpoint().weights();
    }

    /**
     * Goes on from an adapter's values; moments and steps begin anew.
     *
     * @param folder a PEFT adapter of the modules and ranks that {@link LoraSettings#of(Checkpoint, Path)} tells
     * @throws ModelException if it is another adapter
     */
    public void startFrom(Path folder) {
        LoraTensors tensors = LoraTensors.read(checkpoint().config(), folder);
        Map<String, float[]> values = new TreeMap<>();
        for (LoraTensors.Pair pair : tensors.pairs()) {
            values.put(pair.module() + ".A", tensors.table().floats(pair.a()));
            values.put(pair.module() + ".B", tensors.table().floats(pair.b()));
        }
        if (!values.keySet().equals(shapes().keySet())) {
            throw new ModelException(folder + ": " + values.size() / 2 + " modules (expected: the "
                    + shapes().size() / 2 + " that are trained)");
        }
        values.forEach((name, of) -> state().put(name, of));
    }

    /**
     * Writes the adapter into an existing folder as PEFT does: adapter_config.json and adapter_model.safetensors, with
     * the names of transformers since 4.52.
     */
    public void writeAdapter(Path folder) throws IOException {
        writeAdapter(folder, null);
    }

    /**
     * The same.
     *
     * @param baseModel what the settings name as the base model; null: none
     */
    public void writeAdapter(Path folder, @Nullable String baseModel) throws IOException {
        Map<String, long[]> named = new TreeMap<>();
        Map<String, String> canonical = new TreeMap<>();
        shapes().forEach((name, shape) -> {
            String module = name.substring(0, name.length() - 2);
            String peft = "base_model.model." + Adapter.peftName(module, true) + ".lora_"
                    + name.substring(name.length() - 1) + ".weight";
            named.put(peft, shape);
            canonical.put(peft, name);
        });
        SafetensorsWriter.write(
                folder.resolve("adapter_model.safetensors"),
                Map.of("format", "pt"),
                named,
                peft -> parameter(canonical.getOrDefault(peft, peft)));
        Files.writeString(folder.resolve("adapter_config.json"), settings.toJson(baseModel));
    }
}
