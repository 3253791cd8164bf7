package io.realqa.trainer.data;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.realqa.trainer.data.DatasetSpec.Columns;
import io.realqa.trainer.data.DatasetSpec.Formatting;
import io.realqa.trainer.data.DatasetSpec.Tags;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;

/**
 * A folder's dataset_info.json, by the rules of LLaMA-Factory: an entry that names any column, or any tag, takes no other
 * default for the optional ones; without such a list the defaults hold. Immutable.
 */
public final class DatasetInfo {
    /** Name of the file in a data set folder. */
    public static final String FILE_NAME = "dataset_info.json";

    private static final ObjectMapper JSON = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .build();
    private static final List<String> REMOTE =
            List.of("hf_hub_url", "ms_hub_url", "om_hub_url", "script_url", "cloud_file_name");
    private static final Set<String> KEYS = Set.of(
            "file_name",
            "formatting",
            "columns",
            "tags",
            "num_samples",
            "split",
            "subset",
            "folder",
            "ranking",
            "file_sha1");
    private static final Set<String> COLUMNS = Set.of(
            "messages",
            "prompt",
            "query",
            "response",
            "history",
            "system",
            "images",
            "videos",
            "tools",
            "audios",
            "chosen",
            "rejected",
            "kto_tag");
    private static final Set<String> TAGS = Set.of(
            "role_tag", "content_tag", "user_tag", "assistant_tag", "observation_tag", "function_tag", "system_tag");
    /** Columns of trainings that are not done here, and of sounds. */
    private static final List<String> UNSUPPORTED_COLUMNS = List.of("tools", "audios", "chosen", "rejected", "kto_tag");

    private final Path file;
    private final JsonNode entries;

    private DatasetInfo(Path file, JsonNode entries) {
        this.file = file;
        this.entries = entries;
    }

    /**
     * Reads {@value #FILE_NAME} in a folder.
     *
     * @throws DataException if it is missing or not a JSON object
     */
    public static DatasetInfo in(Path folder) {
        Path file = folder.resolve(FILE_NAME);
        if (!Files.isRegularFile(file)) {
            throw new DataException(file + ": missing (expected: the list of data sets)");
        }
        try {
            JsonNode node = JSON.readTree(file.toFile());
            if (!node.isObject()) {
                throw new DataException(file + ": not a JSON object (expected: a name and an entry for each data set)");
            }
            return new DatasetInfo(file, node);
        } catch (JsonProcessingException e) {
            throw new DataException(file + ", line " + e.getLocation().getLineNr() + ": " + e.getOriginalMessage(), e);
        } catch (IOException e) {
            throw new DataException(file + ": " + e, e);
        }
    }

    /** Names of the data sets, in the file's order. */
    public Set<String> names() {
        Set<String> names = new LinkedHashSet<>();
        entries.fieldNames().forEachRemaining(names::add);
        return names;
    }

    /**
     * One entry.
     *
     * @throws DataException if there is none, or it asks for what is not done here
     */
    public DatasetSpec get(String name) {
        JsonNode entry = entries.path(name);
        if (!entry.isObject()) {
            throw new DataException(file + ": " + name + ": " + (entry.isMissingNode() ? "missing" : "not an object")
                    + " (expected: one of " + names() + ")");
        }
        String where = file + ": " + name + ": ";
        for (String key : REMOTE) {
            if (entry.has(key) && !entry.has("file_name")) {
                throw new DataException(where + key + ": " + entry.get(key)
                        + " (expected: file_name; data sets are read from files only)");
            }
        }
        known(where, entry, KEYS, REMOTE);
        if (entry.path("ranking").asBoolean(false)) {
            throw new DataException(where + "ranking: true (expected: false; pairs of answers are not trained on)");
        }
        String formatting = text(where, entry, "formatting").orElse("alpaca");
        if (!List.of("alpaca", "sharegpt", "openai").contains(formatting)) {
            throw new DataException(where + "formatting: " + formatting + " (expected: alpaca, sharegpt or openai)");
        }
        String fileName = text(where, entry, "file_name")
                .orElseThrow(() -> new DataException(where + "file_name: missing (expected: a file or folder)"));
        Path location = file.resolveSibling(fileName);
        if (!Files.exists(location)) {
            throw new DataException(where + "file_name: " + fileName + ": no such file (expected: " + location + ")");
        }
        return new DatasetSpec(
                name,
                location,
                formatting.equals("alpaca") ? Formatting.ALPACA : Formatting.SHAREGPT,
                columns(where, entry, formatting),
                tags(where, entry, formatting),
                numSamples(where, entry));
    }

    private static OptionalInt numSamples(String where, JsonNode entry) {
        JsonNode value = entry.path("num_samples");
        if (value.isMissingNode() || value.isNull()) {
            return OptionalInt.empty();
        }
        if (!value.canConvertToInt() || value.intValue() < 1) {
            throw new DataException(where + "num_samples: " + value + " (expected: a positive integer)");
        }
        return OptionalInt.of(value.intValue());
    }

    private static Columns columns(String where, JsonNode entry, String formatting) {
        JsonNode given = entry.path("columns");
        String at = where + "columns: ";
        boolean any = given(where, entry, "columns");
        if (any) {
            known(at, given, COLUMNS, List.of());
            UNSUPPORTED_COLUMNS.stream().filter(given::hasNonNull).findFirst().ifPresent(c -> {
                throw new DataException(
                        at + c + ": " + given.get(c) + " (expected: no such column; it is not used here)");
            });
        }
        return new Columns(
                text(at, given, "messages").orElse(formatting.equals("openai") ? "messages" : "conversations"),
                any ? text(at, given, "prompt") : Optional.of("instruction"),
                any ? text(at, given, "query") : Optional.of("input"),
                any ? text(at, given, "response") : Optional.of("output"),
                text(at, given, "history"),
                text(at, given, "system"),
                text(at, given, "images"),
                text(at, given, "videos"));
    }

    private static Tags tags(String where, JsonNode entry, String formatting) {
        JsonNode given = entry.path("tags");
        String at = where + "tags: ";
        boolean any = given(where, entry, "tags");
        boolean openai = formatting.equals("openai");
        if (any) {
            known(at, given, TAGS, List.of());
        }
        return new Tags(
                text(at, given, "role_tag").orElse(openai ? "role" : "from"),
                text(at, given, "content_tag").orElse(openai ? "content" : "value"),
                text(at, given, "user_tag").orElse(openai ? "user" : "human"),
                text(at, given, "assistant_tag").orElse(openai ? "assistant" : "gpt"),
                any ? text(at, given, "observation_tag") : Optional.of(openai ? "tool" : "observation"),
                any ? text(at, given, "function_tag") : Optional.of("function_call"),
                any ? text(at, given, "system_tag") : Optional.of("system"));
    }

    private static boolean given(String where, JsonNode entry, String key) {
        JsonNode node = entry.path(key);
        if (!node.isMissingNode() && !node.isObject()) {
            throw new DataException(where + key + ": " + node + " (expected: an object)");
        }
        return node.isObject();
    }

    private static void known(String where, JsonNode node, Set<String> keys, List<String> others) {
        node.fieldNames().forEachRemaining(key -> {
            if (!keys.contains(key) && !others.contains(key)) {
                throw new DataException(where + key + ": unknown (expected: one of " + new TreeSet<>(keys) + ")");
            }
        });
    }

    private static Optional<String> text(String where, JsonNode node, String key) {
        JsonNode value = node.path(key);
        if (value.isMissingNode() || value.isNull()) {
            return Optional.empty();
        }
        if (!value.isTextual() || value.textValue().isEmpty()) {
            throw new DataException(where + key + ": " + value + " (expected: a text)");
        }
        return Optional.of(value.textValue());
    }
}
