package io.realqa.trainer.data;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * One row of a data set.
 *
 * @param dataset name in dataset_info.json
 * @param file it was read from
 * @param index of the row in that file, from 0
 * @param system system text, if the row has one
 * @param turns user and assistant in turn, the user first; the last is the assistant's where the row has an answer
 * @param images as many as there are {@value #IMAGE} in the turns, in their order
 * @param videos as many as there are {@value #VIDEO} in the turns, in their order
 * @param imageNames the images as the row names them, before they were resolved
 * @param deviation of the opinions behind the score, where the row has the column {@value #DEVIATION}
 */
public record Conversation(
        String dataset,
        Path file,
        long index,
        Optional<String> system,
        List<Turn> turns,
        List<Path> images,
        List<Path> videos,
        List<String> imageNames,
        OptionalDouble deviation) {
    /** Where an image stands in a text. */
    public static final String IMAGE = "<image>";
    /** Where a video stands in a text. */
    public static final String VIDEO = "<video>";
    /** This project's own column; other readers ignore it. */
    public static final String DEVIATION = "score_deviation";

    public Conversation {
        turns = List.copyOf(turns);
        images = List.copyOf(images);
        videos = List.copyOf(videos);
        imageNames = List.copyOf(imageNames);
    }

    /** The turns before the answer. */
    public List<Turn> prompt() {
        return answer().isPresent() ? turns.subList(0, turns.size() - 1) : turns;
    }

    /** The last turn, if it is an answer. */
    public Optional<String> answer() {
        Turn last = turns.get(turns.size() - 1);
        return last.role() == Turn.Role.ASSISTANT || last.role() == Turn.Role.FUNCTION
                ? Optional.of(last.text())
                : Optional.empty();
    }

    /** The last question without the placeholders of its media, for a single question's text. */
    public String question() {
        List<Turn> prompt = prompt();
        return prompt.get(prompt.size() - 1)
                .text()
                .replace(IMAGE, "")
                .replace(VIDEO, "")
                .strip();
    }

    /** File and row, for messages. */
    public String where() {
        return file + ", row " + index;
    }
}
