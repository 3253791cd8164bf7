package io.realqa.trainer.data;

import com.fasterxml.jackson.core.JsonEncoding;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.realqa.trainer.data.DatasetSpec.Formatting;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.UUID;

/**
 * Writes a data set into a folder: {@code NAME.json}, and its entry in dataset_info.json beside the entries that are there.
 * Nothing is seen of it before {@link #finish()}. Not thread-safe. Close it.
 */
public final class ConversationWriter implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Path folder;
    private final String name;
    private final Formatting formatting;
    private final Path unfinished;
    private final JsonGenerator out;

    /** @throws IllegalArgumentException if the name is not a file's */
    public ConversationWriter(Path folder, String name, Formatting formatting) throws IOException {
        if (!name.matches("[A-Za-z0-9][A-Za-z0-9._-]*")) {
            throw new IllegalArgumentException(
                    "data set: " + name + " (expected: letters, digits, and . _ - after the first)");
        }
        Files.createDirectories(folder);
        this.folder = folder;
        this.name = name;
        this.formatting = formatting;
        this.unfinished = part(name);
        this.out = JSON.createGenerator(unfinished.toFile(), JsonEncoding.UTF8);
        out.setPrettyPrinter(new DefaultPrettyPrinter());
        out.writeStartArray();
    }

    public void write(LabelConverter.Question question) throws IOException {
        ObjectNode row = JSON.createObjectNode();
        String asked = Conversation.IMAGE + question.question();
        if (formatting == Formatting.ALPACA) {
            row.put("instruction", asked).put("input", "").put("output", question.answer());
        } else {
            row.putArray("messages")
                    .add(JSON.createObjectNode().put("role", "user").put("content", asked))
                    .add(JSON.createObjectNode().put("role", "assistant").put("content", question.answer()));
        }
        row.putArray("images").add(question.image());
        question.deviation().ifPresent(d -> row.put(Conversation.DEVIATION, d));
        JSON.writeTree(out, row);
    }

    /** Puts the data set and its entry in place. */
    public void finish() throws IOException {
        out.writeEndArray();
        out.close();
        Files.move(unfinished, folder.resolve(name + ".json"), StandardCopyOption.REPLACE_EXISTING);
        Path info = folder.resolve(DatasetInfo.FILE_NAME);
        ObjectNode entries = JSON.createObjectNode();
        if (Files.exists(info)) {
            JsonNode there = JSON.readTree(info.toFile());
            if (!there.isObject()) {
                throw new DataException(info + ": not a JSON object (expected: a name and an entry for each data set)");
            }
            entries = (ObjectNode) there;
        }
        entries.set(name, entry());
        Path part = part("dataset_info");
        JSON.writerWithDefaultPrettyPrinter().writeValue(part.toFile(), entries);
        Files.move(part, info, StandardCopyOption.REPLACE_EXISTING);
    }

    /** Not a temporary file, which would be its owner's alone: data sets are read by others. */
    private Path part(String of) throws IOException {
        return Files.createFile(folder.resolve(of + "-" + UUID.randomUUID() + ".part"));
    }

    private ObjectNode entry() {
        ObjectNode entry = JSON.createObjectNode().put("file_name", name + ".json");
        if (formatting == Formatting.ALPACA) {
            entry.putObject("columns")
                    .put("prompt", "instruction")
                    .put("query", "input")
                    .put("response", "output")
                    .put("images", "images");
            return entry;
        }
        entry.put("formatting", "sharegpt");
        entry.putObject("columns").put("messages", "messages").put("images", "images");
        entry.putObject("tags")
                .put("role_tag", "role")
                .put("content_tag", "content")
                .put("user_tag", "user")
                .put("assistant_tag", "assistant");
        return entry;
    }

    @Override
    public void close() throws IOException {
        if (!out.isClosed()) {
            out.close();
        }
        Files.deleteIfExists(unfinished);
    }
}
