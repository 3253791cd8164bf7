package io.realqa.trainer.data;

import com.fasterxml.jackson.core.JsonParseException;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.NoSuchElementException;
import java.util.Queue;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Conversations of one data set, read one row at a time: one row is in memory, whatever the file's size. A file is a JSON
 * array or JSON Lines. Not thread-safe. Close it.
 */
public final class ConversationReader implements Iterator<Conversation>, AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final List<String> ENDINGS = List.of("json", "jsonl");

    private final ConversationParser parser;
    private final Queue<Path> files;
    private final long limit;
    private @Nullable MappingIterator<JsonNode> rows;
    private @Nullable Path file;
    private @Nullable Conversation next;
    private long index;
    private long given;

    private ConversationReader(ConversationParser parser, Queue<Path> files, long limit) {
        this.parser = parser;
        this.files = files;
        this.limit = limit;
    }

    /**
     * Opens a data set.
     *
     * @param mediaFolder what relative paths of images and videos are resolved against; LLaMA-Factory takes the folder of
     *     dataset_info.json where nothing else is said
     * @param most rows to read at most
     * @throws DataException if its files are not JSON files; what is wrong with a row is said when it is read
     */
    public static ConversationReader open(DatasetSpec spec, Path mediaFolder, long most) {
        return new ConversationReader(new ConversationParser(spec, mediaFolder), files(spec), limit(spec, most));
    }

    /**
     * How many rows a data set has, without looking into them; for a progress bar.
     *
     * @param most rows to count at most
     * @throws DataException if a file is not JSON
     */
    public static long count(DatasetSpec spec, long most) {
        long limit = limit(spec, most);
        long count = 0;
        for (Path file : files(spec)) {
            try (JsonParser parser = JSON.createParser(file.toFile())) {
                for (JsonToken token = parser.nextToken(); token != null && count < limit; token = parser.nextToken()) {
                    if (token == JsonToken.START_OBJECT) {
                        parser.skipChildren();
                        count++;
                    }
                }
            } catch (JsonProcessingException e) {
                throw broken(file, count, e);
            } catch (IOException e) {
                throw new DataException(file + ": " + e, e);
            }
        }
        return count;
    }

    static long limit(DatasetSpec spec, long most) {
        return Math.min(most, spec.numSamples().isPresent() ? spec.numSamples().getAsInt() : Long.MAX_VALUE);
    }

    static Queue<Path> files(DatasetSpec spec) {
        Queue<Path> files = new ArrayDeque<>();
        if (Files.isDirectory(spec.location())) {
            try (Stream<Path> found = Files.list(spec.location())) {
                found.filter(Files::isRegularFile).sorted().forEach(files::add);
            } catch (IOException e) {
                throw new UncheckedIOException(spec.location() + ": " + e, e);
            }
        } else {
            files.add(spec.location());
        }
        for (Path file : files) {
            String name = file.getFileName().toString();
            String ending = name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
            if (!ENDINGS.contains(ending)) {
                throw new DataException(file + ": " + ending + " (expected: a file that ends in .json or .jsonl)");
            }
        }
        if (files.isEmpty()) {
            throw new DataException(spec.location() + ": no files (expected: JSON or JSON Lines)");
        }
        return files;
    }

    /** @throws DataException naming file, row and field */
    @Override
    public boolean hasNext() {
        if (next == null && given < limit) {
            next = advance();
        }
        return next != null;
    }

    @Override
    public Conversation next() {
        if (!hasNext() || next == null) {
            throw new NoSuchElementException();
        }
        Conversation row = next;
        next = null;
        given++;
        return row;
    }

    private @Nullable Conversation advance() {
        while (true) {
            if (rows == null || file == null) {
                file = files.poll();
                if (file == null) {
                    return null;
                }
                index = 0;
                rows = start(file);
            }
            JsonNode row = read(rows, file);
            if (row != null) {
                return parser.parse(row, file, index++);
            }
            close();
        }
    }

    private static MappingIterator<JsonNode> start(Path file) {
        try {
            // an array's elements and the objects of JSON Lines come out alike
            return JSON.readerFor(JsonNode.class).readValues(file.toFile());
        } catch (JsonProcessingException e) {
            throw broken(file, 0, e);
        } catch (IOException e) {
            throw new DataException(file + ": " + e, e);
        }
    }

    private @Nullable JsonNode read(MappingIterator<JsonNode> rows, Path file) {
        try {
            return rows.hasNextValue() ? rows.nextValue() : null;
        } catch (JsonProcessingException e) {
            throw broken(file, index, e);
        } catch (IOException e) {
            throw new DataException(file + ", row " + index + ": " + e, e);
        }
    }

    static DataException broken(Path file, long index, JsonProcessingException e) {
        String line = e.getLocation() == null ? "" : ", line " + e.getLocation().getLineNr();
        String what = e instanceof JsonParseException ? "not JSON: " : "";
        return new DataException(
                file + ", row " + index + line + ": " + what + e.getOriginalMessage() + " (expected: a conversation)",
                e);
    }

    @Override
    public void close() {
        if (rows != null) {
            try {
                rows.close();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            } finally {
                rows = null;
            }
        }
    }
}
