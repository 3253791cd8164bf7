package io.realqa.trainer.data;

import com.fasterxml.jackson.databind.JsonNode;
import io.realqa.trainer.data.DatasetSpec.Columns;
import io.realqa.trainer.data.DatasetSpec.Formatting;
import io.realqa.trainer.data.DatasetSpec.Tags;
import io.realqa.trainer.data.Turn.Role;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;

/** One row's JSON to a conversation. Immutable. */
final class ConversationParser {
    private final DatasetSpec spec;
    private final Path mediaFolder;

    /** @param mediaFolder what relative paths of images and videos are resolved against */
    ConversationParser(DatasetSpec spec, Path mediaFolder) {
        this.spec = spec;
        this.mediaFolder = mediaFolder;
    }

    Conversation parse(JsonNode row, Path file, long index) {
        String where = file + ", row " + index + ": ";
        if (!row.isObject()) {
            throw new DataException(where + "not an object (expected: a conversation)");
        }
        Columns columns = spec.columns();
        List<Turn> turns = new ArrayList<>();
        Optional<String> system = columns.system().flatMap(c -> optionalText(where, row, c));
        if (spec.formatting() == Formatting.ALPACA) {
            alpaca(where, row, turns);
        } else {
            system = sharegpt(where, row, turns).or(() -> columns.system().flatMap(c -> optionalText(where, row, c)));
        }
        List<String> images = media(where, row, columns.images());
        List<String> videos = media(where, row, columns.videos());
        placeholders(
                where,
                turns,
                Conversation.IMAGE,
                images.size(),
                columns.images().orElse("images"));
        placeholders(
                where,
                turns,
                Conversation.VIDEO,
                videos.size(),
                columns.videos().orElse("videos"));
        return new Conversation(
                spec.name(),
                file,
                index,
                system.filter(s -> !s.isEmpty()),
                turns,
                images.stream().map(this::resolve).toList(),
                videos.stream().map(this::resolve).toList(),
                images,
                deviation(where, row));
    }

    private void alpaca(String where, JsonNode row, List<Turn> turns) {
        Columns columns = spec.columns();
        columns.history().ifPresent(c -> history(where, row.path(c), c, turns));
        String prompt =
                columns.prompt().flatMap(c -> optionalText(where, row, c)).orElse("");
        String query = columns.query().flatMap(c -> optionalText(where, row, c)).orElse("");
        String question = prompt.isEmpty() || query.isEmpty() ? prompt + query : prompt + "\n" + query;
        if (question.isEmpty()) {
            throw new DataException(
                    where + columns.prompt().orElse("prompt") + ": missing or empty (expected: a question)");
        }
        turns.add(new Turn(Role.USER, question));
        columns.response()
                .flatMap(c -> optionalText(where, row, c))
                .ifPresent(answer -> turns.add(new Turn(Role.ASSISTANT, answer)));
    }

    private static void history(String where, JsonNode history, String column, List<Turn> turns) {
        if (history.isMissingNode() || history.isNull()) {
            return;
        }
        if (!history.isArray()) {
            throw new DataException(
                    where + column + ": " + brief(history) + " (expected: pairs of question and answer)");
        }
        for (int i = 0; i < history.size(); i++) {
            JsonNode pair = history.get(i);
            if (!pair.isArray()
                    || pair.size() != 2
                    || !pair.get(0).isTextual()
                    || !pair.get(1).isTextual()) {
                throw new DataException(
                        where + column + "[" + i + "]: " + brief(pair) + " (expected: a question and an answer)");
            }
            turns.add(new Turn(Role.USER, pair.get(0).textValue()));
            turns.add(new Turn(Role.ASSISTANT, pair.get(1).textValue()));
        }
    }

    /** Adds the turns; returns the system text if the first message is one. */
    private Optional<String> sharegpt(String where, JsonNode row, List<Turn> turns) {
        String column = spec.columns().messages();
        JsonNode messages = row.path(column);
        if (!messages.isArray() || messages.isEmpty()) {
            throw new DataException(where + column + ": " + brief(messages) + " (expected: a list of messages)");
        }
        Tags tags = spec.tags();
        Optional<String> system = Optional.empty();
        for (int i = 0; i < messages.size(); i++) {
            String at = where + column + "[" + i + "].";
            String role = text(at, messages.get(i), tags.role());
            String content = text(at, messages.get(i), tags.content());
            if (i == 0 && tags.system().equals(Optional.of(role))) {
                system = Optional.of(content);
                continue;
            }
            boolean userTurn = turns.size() % 2 == 0;
            Role as = role(role, tags);
            if (as == null || userTurn != (as == Role.USER || as == Role.OBSERVATION)) {
                List<String> expected = userTurn
                        ? expected(Optional.of(tags.user()), tags.observation())
                        : expected(Optional.of(tags.assistant()), tags.function());
                throw new DataException(
                        at + tags.role() + ": " + role + " (expected: " + String.join(" or ", expected) + ")");
            }
            turns.add(new Turn(as, content));
        }
        if (turns.isEmpty()) {
            throw new DataException(where + column + ": only a system text (expected: a question)");
        }
        return system;
    }

    private static @Nullable Role role(String role, Tags tags) {
        if (role.equals(tags.user())) {
            return Role.USER;
        }
        if (role.equals(tags.assistant())) {
            return Role.ASSISTANT;
        }
        if (tags.observation().equals(Optional.of(role))) {
            return Role.OBSERVATION;
        }
        return tags.function().equals(Optional.of(role)) ? Role.FUNCTION : null;
    }

    private static List<String> expected(Optional<String> first, Optional<String> second) {
        return java.util.stream.Stream.of(first, second)
                .flatMap(Optional::stream)
                .toList();
    }

    /** One path or a list of paths. */
    private static List<String> media(String where, JsonNode row, Optional<String> column) {
        JsonNode node = column.isPresent() ? row.path(column.get()) : row.path("\0");
        if (node.isMissingNode() || node.isNull()) {
            return List.of();
        }
        if (node.isTextual()) {
            return List.of(node.textValue());
        }
        if (!node.isArray()) {
            throw new DataException(
                    where + column.orElse("") + ": " + brief(node) + " (expected: a path or a list of paths)");
        }
        List<String> paths = new ArrayList<>();
        for (int i = 0; i < node.size(); i++) {
            if (!node.get(i).isTextual() || node.get(i).textValue().isBlank()) {
                throw new DataException(
                        where + column.orElse("") + "[" + i + "]: " + brief(node.get(i)) + " (expected: a path)");
            }
            paths.add(node.get(i).textValue());
        }
        return paths;
    }

    /** Against the media folder where the file is there, else as given, as LLaMA-Factory does. */
    private Path resolve(String path) {
        Path inFolder = mediaFolder.resolve(path);
        return Files.isRegularFile(inFolder) || !Files.isRegularFile(Path.of(path)) ? inFolder : Path.of(path);
    }

    private static void placeholders(String where, List<Turn> turns, String placeholder, int media, String column) {
        int count = 0;
        for (Turn turn : turns) {
            for (int at = turn.text().indexOf(placeholder);
                    at >= 0;
                    at = turn.text().indexOf(placeholder, at + 1)) {
                count++;
            }
        }
        if (count != media) {
            throw new DataException(where + column + ": " + media + " (expected: " + count + ", one for each "
                    + placeholder + " in the messages)");
        }
    }

    private static OptionalDouble deviation(String where, JsonNode row) {
        JsonNode value = row.path(Conversation.DEVIATION);
        if (value.isMissingNode() || value.isNull()) {
            return OptionalDouble.empty();
        }
        if (!value.isNumber() || !(value.doubleValue() >= 0)) {
            throw new DataException(where + Conversation.DEVIATION + ": " + brief(value) + " (expected: 0 or more)");
        }
        return OptionalDouble.of(value.doubleValue());
    }

    private static Optional<String> optionalText(String where, JsonNode row, String key) {
        JsonNode value = row.path(key);
        if (value.isMissingNode() || value.isNull()) {
            return Optional.empty();
        }
        return Optional.of(text(where, row, key));
    }

    private static String text(String where, JsonNode node, String key) {
        JsonNode value = node.path(key);
        if (!value.isTextual()) {
            throw new DataException(where + key + ": " + brief(value) + " (expected: a text)");
        }
        return value.textValue();
    }

    private static String brief(JsonNode node) {
        if (node.isMissingNode()) {
            return "missing";
        }
        String text = node.toString();
        return text.length() <= 60 ? text : text.substring(0, 59) + "…";
    }
}
