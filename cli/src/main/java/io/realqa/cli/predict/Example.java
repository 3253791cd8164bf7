package io.realqa.cli.predict;

import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One conversation of a data set.
 *
 * @param where the file and the place in it, for messages
 * @param system system text; null: the template's
 * @param turns user and assistant in turn, a user first and an assistant, whose text is the label, last
 * @param images in the order of their placeholders
 */
record Example(String where, @Nullable String system, List<String> turns, List<Path> images) {
    Example {
        turns = List.copyOf(turns);
        images = List.copyOf(images);
        if (turns.size() < 2 || turns.size() % 2 != 0) {
            throw new IllegalArgumentException(where + ": messages: " + turns.size()
                    + " turns (expected: user and assistant in turn, an assistant's last)");
        }
    }

    String label() {
        return turns.get(turns.size() - 1);
    }
}
