package io.realqa.cli.predict;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The predictions file, continued where an interrupted run left it: a line that was cut off is taken away, whole lines
 * stay. Beside it stand the settings that it was made with; with others it is not continued.
 */
final class PredictionsWriter implements AutoCloseable {
    static final String FILE_NAME = "generated_predictions.jsonl";
    static final String SETTINGS_NAME = "generated_predictions.settings.json";
    private static final ObjectMapper JSON = new ObjectMapper();

    private final FileChannel channel;
    private final long done;

    private PredictionsWriter(FileChannel channel, long done) {
        this.channel = channel;
        this.done = done;
    }

    /**
     * Opens the file in a folder, which is made if it is missing.
     *
     * @param settings everything that the lines depend on
     * @param overwrite begin anew
     * @throws IllegalArgumentException if another process writes the file, or it was made with other settings
     */
    static PredictionsWriter open(Path folder, ObjectNode settings, boolean overwrite) throws IOException {
        Files.createDirectories(folder);
        Path file = folder.resolve(FILE_NAME);
        Path settingsFile = folder.resolve(SETTINGS_NAME);
        FileChannel channel =
                FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
        try {
            // Before anything is looked at or changed. And the file stays the one that is locked: it is emptied, not
            // replaced.
            lock(file, channel);
            if (!overwrite && channel.size() > 0) {
                checkSame(file, settingsFile, settings);
            } else {
                channel.truncate(0);
                write(settingsFile, settings);
            }
            long[] linesAndBytes = wholeLines(channel);
            channel.truncate(linesAndBytes[1]);
            channel.position(linesAndBytes[1]);
            return new PredictionsWriter(channel, linesAndBytes[0]);
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    private static void lock(Path file, FileChannel channel) throws IOException {
        boolean locked;
        try {
            locked = channel.tryLock() != null;
        } catch (OverlappingFileLockException e) { // this very process
            locked = false;
        }
        if (!locked) {
            throw new IllegalArgumentException(file + ": another process writes it (expected: one at a time)");
        }
    }

    private static void write(Path settingsFile, ObjectNode settings) throws IOException {
        Path temporary = settingsFile.resolveSibling(SETTINGS_NAME + ".tmp");
        Files.writeString(temporary, JSON.writerWithDefaultPrettyPrinter().writeValueAsString(settings) + "\n");
        Files.move(temporary, settingsFile, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    private static void checkSame(Path file, Path settingsFile, ObjectNode settings) throws IOException {
        if (!Files.exists(settingsFile)) {
            throw new IllegalArgumentException(settingsFile + ": missing, so " + file
                    + " cannot be continued (expected: another folder, or --overwrite)");
        }
        JsonNode before = JSON.readTree(settingsFile.toFile());
        // by the text, so that 7 and 7L are the same
        JsonNode now = JSON.readTree(settings.toString());
        List<String> different = new ArrayList<>();
        for (Map.Entry<String, JsonNode> e : now.properties()) {
            if (!e.getValue().equals(before.path(e.getKey()))) {
                String then = before.has(e.getKey()) ? before.get(e.getKey()).toString() : "not recorded";
                different.add(e.getKey() + ": " + then + ", now " + e.getValue());
            }
        }
        if (!different.isEmpty()) {
            throw new IllegalArgumentException(file + ": made with other settings: " + String.join("; ", different)
                    + " (expected: the same, another folder, or --overwrite)");
        }
    }

    private static long[] wholeLines(FileChannel channel) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(1 << 16);
        long lines = 0;
        long end = 0;
        long at = 0;
        while (channel.read(buffer.clear(), at) > 0) {
            buffer.flip();
            for (int i = 0; i < buffer.limit(); i++) {
                if (buffer.get(i) == '\n') {
                    lines++;
                    end = at + i + 1;
                }
            }
            at += buffer.limit();
        }
        return new long[] {lines, end};
    }

    /** Lines that were there before: so many examples are done. */
    long done() {
        return done;
    }

    /** Adds lines, all in one write. */
    void write(List<ObjectNode> lines) throws IOException {
        StringBuilder text = new StringBuilder();
        lines.forEach(l -> text.append(l).append('\n'));
        ByteBuffer bytes = ByteBuffer.wrap(text.toString().getBytes(StandardCharsets.UTF_8));
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    @Override
    public void close() throws IOException {
        channel.force(true);
        channel.close();
    }
}
