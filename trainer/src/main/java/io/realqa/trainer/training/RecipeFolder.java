package io.realqa.trainer.training;

import io.realqa.scorer.LoraTrainer;
import io.realqa.store.ContentFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A recipe's output_dir: the adapter as PEFT reads it, logs and results, and a folder checkpoint-STEP for each checkpoint,
 * which holds the adapter of that step and what a run goes on from. Each appears whole or not at all.
 */
final class RecipeFolder {
    static final String STATE = "training_state.safetensors";
    private static final String ADAPTER = "adapter_model.safetensors";
    private static final String ADAPTER_CONFIG = "adapter_config.json";
    private static final Pattern CHECKPOINT = Pattern.compile("checkpoint-(\\d{1,9})");

    private final Path folder;

    private RecipeFolder(Path folder) {
        this.folder = folder;
    }

    /**
     * Opens the folder, made if it is missing.
     *
     * @param overwrite take away the checkpoints of earlier runs
     * @throws IllegalArgumentException if it holds an adapter and no checkpoint to go on from
     */
    static RecipeFolder open(Path folder, boolean overwrite) throws IOException {
        Files.createDirectories(folder);
        RecipeFolder opened = new RecipeFolder(folder);
        if (overwrite) {
            for (Path checkpoint : opened.checkpoints()) {
                ContentFolder.delete(checkpoint);
            }
        } else if (Files.exists(folder.resolve(ADAPTER)) && opened.last().isEmpty()) {
            throw new IllegalArgumentException("output_dir: " + folder
                    + ": holds an adapter and no checkpoint to go on from (expected: another folder, or"
                    + " overwrite_output_dir: true)");
        }
        return opened;
    }

    Path path() {
        return folder;
    }

    /** What the newest checkpoint goes on from. */
    Optional<Path> last() throws IOException {
        List<Path> all = checkpoints();
        return all.isEmpty()
                ? Optional.empty()
                : Optional.of(all.get(all.size() - 1).resolve(STATE));
    }

    /** Checkpoints that a run can go on from, the oldest first. */
    private List<Path> checkpoints() throws IOException {
        try (Stream<Path> all = Files.list(folder)) {
            return all.filter(p -> step(p) >= 0 && Files.isRegularFile(p.resolve(STATE)))
                    .sorted(Comparator.comparingInt(RecipeFolder::step))
                    .toList();
        }
    }

    private static int step(Path checkpoint) {
        Matcher m = CHECKPOINT.matcher(String.valueOf(checkpoint.getFileName()));
        return m.matches() ? Integer.parseInt(m.group(1)) : -1;
    }

    /**
     * Writes a checkpoint.
     *
     * @param base what the adapter's settings name as the base model
     * @param notes texts to keep with it
     * @param limit checkpoints to keep; the oldest go
     */
    void save(LoraTrainer trainer, String base, Map<String, String> notes, OptionalInt limit) throws IOException {
        Path fresh = folder.resolve(".checkpoint.new");
        ContentFolder.delete(fresh);
        Files.createDirectory(fresh);
        trainer.writeAdapter(fresh, base);
        trainer.save(fresh.resolve(STATE), notes);
        Path made = folder.resolve("checkpoint-" + trainer.steps());
        ContentFolder.delete(made);
        Files.move(fresh, made, StandardCopyOption.ATOMIC_MOVE);
        List<Path> all = checkpoints();
        for (int i = 0; i < all.size() - limit.orElse(all.size()); i++) {
            ContentFolder.delete(all.get(i));
        }
    }

    /** Writes the adapter itself. */
    void finish(LoraTrainer trainer, String base) throws IOException {
        Path fresh = folder.resolve(".adapter.new");
        ContentFolder.delete(fresh);
        Files.createDirectory(fresh);
        trainer.writeAdapter(fresh, base);
        for (String file : List.of(ADAPTER_CONFIG, ADAPTER)) {
            Files.move(
                    fresh.resolve(file),
                    folder.resolve(file),
                    StandardCopyOption.ATOMIC_MOVE,
                    StandardCopyOption.REPLACE_EXISTING);
        }
        ContentFolder.delete(fresh);
    }
}
