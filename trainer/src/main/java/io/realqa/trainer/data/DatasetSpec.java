package io.realqa.trainer.data;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * One entry of dataset_info.json: where a data set lies and what its columns and tags are called.
 *
 * @param name of the entry
 * @param location file, or folder of files, as resolved against the folder of dataset_info.json
 * @param numSamples how many rows to use, if the entry says so
 */
public record DatasetSpec(
        String name, Path location, Formatting formatting, Columns columns, Tags tags, OptionalInt numSamples) {
    /** How a row holds its conversation. */
    public enum Formatting {
        /** One question and answer in named columns. */
        ALPACA,
        /** A list of messages with role and text. */
        SHAREGPT
    }

    /**
     * Names of columns; empty where the data set has no such column.
     *
     * @param messages sharegpt
     * @param prompt alpaca
     * @param query alpaca, follows the prompt on a new line
     * @param response alpaca
     * @param history alpaca, earlier pairs of question and answer
     */
    public record Columns(
            String messages,
            Optional<String> prompt,
            Optional<String> query,
            Optional<String> response,
            Optional<String> history,
            Optional<String> system,
            Optional<String> images,
            Optional<String> videos) {}

    /**
     * Names of a message's fields and roles; a role is empty where the data set has no such messages.
     *
     * @param role field
     * @param content field
     */
    public record Tags(
            String role,
            String content,
            String user,
            String assistant,
            Optional<String> observation,
            Optional<String> function,
            Optional<String> system) {
        /** The roles that a message can have. */
        List<String> roles() {
            return java.util.stream.Stream.of(Optional.of(user), Optional.of(assistant), observation, function, system)
                    .flatMap(Optional::stream)
                    .toList();
        }
    }
}
