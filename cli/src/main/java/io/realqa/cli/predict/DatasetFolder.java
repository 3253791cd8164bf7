package io.realqa.cli.predict;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** A folder with LLaMA-Factory's dataset_info.json: alpaca and sharegpt conversations, as JSON arrays or JSON Lines. */
final class DatasetFolder {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Path folder;
    private final Path images;
    private final JsonNode info;

    /**
     * Reads the folder's dataset_info.json.
     *
     * @param images where relative image paths start
     */
    DatasetFolder(Path folder, Path images) {
        this.folder = folder;
        this.images = images;
        Path file = folder.resolve("dataset_info.json");
        if (!Files.isRegularFile(file)) {
            throw new IllegalArgumentException(file + ": missing (expected: LLaMA-Factory's list of data sets)");
        }
        try {
            this.info = JSON.readTree(file.toFile());
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(file + ": not JSON: " + e.getOriginalMessage(), e);
        } catch (IOException e) {
            throw new UncheckedIOException(file + ": " + e, e);
        }
    }

    /** The file of a data set. */
    Path file(String dataset) {
        return folder.resolve(text(entry(dataset), "file_name", dataset + ".json"));
    }

    private JsonNode entry(String dataset) {
        JsonNode entry = info.path(dataset);
        if (!entry.isObject()) {
            TreeSet<String> names = new TreeSet<>();
            info.fieldNames().forEachRemaining(names::add);
            throw new IllegalArgumentException(folder.resolve("dataset_info.json") + ": no data set " + dataset
                    + " (expected: one of " + names + ")");
        }
        return entry;
    }

    /** How many examples a data set has. */
    long count(String dataset) {
        try (JsonParser parser = open(file(dataset))) {
            long n = 0;
            while (parser.nextToken() == JsonToken.START_OBJECT) {
                parser.skipChildren();
                n++;
            }
            return n;
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(file(dataset) + ": not JSON: " + e.getOriginalMessage(), e);
        } catch (IOException e) {
            throw new UncheckedIOException(file(dataset) + ": " + e, e);
        }
    }

    /** A data set's examples. Close it. */
    Examples read(String dataset) {
        JsonNode entry = entry(dataset);
        Path file = file(dataset);
        String formatting = text(entry, "formatting", "alpaca");
        if (!formatting.equals("alpaca") && !formatting.equals("sharegpt")) {
            throw new IllegalArgumentException(
                    dataset + ": formatting: " + formatting + " (expected: alpaca or sharegpt)");
        }
        return new Reader(open(file), file, entry, formatting.equals("sharegpt"));
    }

    private static JsonParser open(Path file) {
        try {
            JsonParser parser = JSON.createParser(file.toFile());
            // an array's elements, or one object after the other
            if (parser.nextToken() != JsonToken.START_ARRAY) {
                parser.close();
                parser = JSON.createParser(file.toFile());
            }
            return parser;
        } catch (java.io.FileNotFoundException e) {
            throw new IllegalArgumentException(file + ": missing (expected: a data set's file)", e);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(file + ": not JSON: " + e.getOriginalMessage(), e);
        } catch (IOException e) {
            throw new UncheckedIOException(file + ": " + e, e);
        }
    }

    private static String text(JsonNode node, String key, String byDefault) {
        JsonNode value = node.path(key);
        return value.isTextual() ? value.textValue() : byDefault;
    }

    private final class Reader implements Examples {
        private final JsonParser parser;
        private final Path file;
        private final JsonNode columns;
        private final JsonNode tags;
        private final boolean sharegpt;
        private long index = -1;
        private @Nullable Example ahead;

        Reader(JsonParser parser, Path file, JsonNode entry, boolean sharegpt) {
            this.parser = parser;
            this.file = file;
            this.columns = entry.path("columns");
            this.tags = entry.path("tags");
            this.sharegpt = sharegpt;
        }

        @Override
        public boolean hasNext() {
            if (ahead == null) {
                ahead = advance();
            }
            return ahead != null;
        }

        @Override
        public Example next() {
            if (!hasNext()) {
                throw new NoSuchElementException();
            }
            Example next = java.util.Objects.requireNonNull(ahead);
            ahead = null;
            return next;
        }

        private @Nullable Example advance() {
            try {
                JsonToken token = parser.nextToken();
                if (token == null || token == JsonToken.END_ARRAY) {
                    return null;
                }
                index++;
                String where = file + "[" + index + "]";
                JsonNode row = JSON.readTree(parser);
                if (!row.isObject()) {
                    throw new IllegalArgumentException(where + ": " + row.getNodeType() + " (expected: an object)");
                }
                return sharegpt ? conversation(where, row) : instruction(where, row);
            } catch (JsonProcessingException e) {
                throw new IllegalArgumentException(
                        file + "[" + index + "]: not JSON: " + e.getOriginalMessage() + ", line "
                                + e.getLocation().getLineNr(),
                        e);
            } catch (IOException e) {
                throw new UncheckedIOException(file + ": " + e, e);
            }
        }

        private Example conversation(String where, JsonNode row) {
            String field = text(columns, "messages", "conversations");
            JsonNode messages = row.path(field);
            if (!messages.isArray()) {
                throw new IllegalArgumentException(where + ": " + field + ": " + messages + " (expected: a list)");
            }
            String role = text(tags, "role_tag", "from");
            String content = text(tags, "content_tag", "value");
            String user = text(tags, "user_tag", "human");
            String assistant = text(tags, "assistant_tag", "gpt");
            String system = row.path(text(columns, "system", "system")).isTextual()
                    ? row.path(text(columns, "system", "system")).textValue()
                    : null;
            List<String> turns = new ArrayList<>();
            for (int i = 0; i < messages.size(); i++) {
                String at = where + ": " + field + "[" + i + "]: ";
                String from = messages.path(i).path(role).asText();
                JsonNode said = messages.path(i).path(content);
                if (!said.isTextual()) {
                    throw new IllegalArgumentException(at + content + ": " + said + " (expected: a text)");
                }
                if (i == 0 && from.equals(text(tags, "system_tag", "system"))) {
                    system = said.textValue();
                    continue;
                }
                String expected = turns.size() % 2 == 0 ? user : assistant;
                if (!from.equals(expected)) {
                    throw new IllegalArgumentException(at + role + ": " + from + " (expected: " + expected + ")");
                }
                turns.add(said.textValue());
            }
            return new Example(where, system, turns, images(where, row));
        }

        private Example instruction(String where, JsonNode row) {
            List<String> turns = new ArrayList<>();
            for (JsonNode turn : row.path(text(columns, "history", "history"))) {
                turns.add(turn.path(0).asText());
                turns.add(turn.path(1).asText());
            }
            String prompt = required(where, row, text(columns, "prompt", "instruction"));
            String query = text(row, text(columns, "query", "input"), "");
            turns.add(query.isEmpty() ? prompt : prompt + "\n" + query);
            turns.add(required(where, row, text(columns, "response", "output")));
            JsonNode system = row.path(text(columns, "system", "system"));
            return new Example(where, system.isTextual() ? system.textValue() : null, turns, images(where, row));
        }

        private static String required(String where, JsonNode row, String field) {
            if (!row.path(field).isTextual()) {
                throw new IllegalArgumentException(
                        where + ": " + field + ": " + row.path(field) + " (expected: a text)");
            }
            return row.path(field).textValue();
        }

        private List<Path> images(String where, JsonNode row) {
            String field = text(columns, "images", "images");
            JsonNode list = row.path(field);
            List<Path> paths = new ArrayList<>();
            for (JsonNode image : list.isTextual() ? List.of(list) : list) {
                if (!image.isTextual()) {
                    throw new IllegalArgumentException(where + ": " + field + ": " + image + " (expected: a path)");
                }
                paths.add(images.resolve(image.textValue()));
            }
            return paths;
        }

        @Override
        public void close() throws IOException {
            parser.close();
        }
    }
}
