package io.realqa.trainer.cycle;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The cycles' records, a folder each. A record is replaced as a whole and forced to the disk before the next step begins, so
 * a cycle whose process was killed goes on at the step that it was in. A folder without a record is a cycle that was never
 * begun.
 */
public final class CycleJournal {
    static final String FILE = "cycle.json";

    private static final ObjectMapper JSON = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

    private final Path folder;

    /** @param folder that the cycles' folders are in */
    public CycleJournal(Path folder) {
        this.folder = folder;
    }

    /** A cycle's folder. */
    public Path folder(String id) {
        return folder.resolve(id);
    }

    /** Replaces a cycle's record. */
    void write(CycleRecord record) throws IOException {
        Path own = folder(record.id());
        Files.createDirectories(own);
        Path fresh = own.resolve(FILE + ".new");
        write(fresh, JSON.writeValueAsBytes(record));
        Files.move(fresh, own.resolve(FILE), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        try (FileChannel channel = FileChannel.open(own, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    private static void write(Path file, byte[] content) throws IOException {
        try (FileChannel channel = FileChannel.open(
                file, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
            ByteBuffer bytes = ByteBuffer.wrap(content);
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            channel.force(true);
        }
    }

    /** All cycles, the oldest first. */
    public List<CycleRecord> all() throws IOException {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        List<CycleRecord> all = new ArrayList<>();
        List<Path> own;
        try (Stream<Path> folders = Files.list(folder)) {
            own = folders.toList();
        }
        for (Path path : own) {
            Path file = path.resolve(FILE);
            if (Files.isRegularFile(file)) {
                try {
                    all.add(JSON.readValue(file.toFile(), CycleRecord.class));
                } catch (JacksonException e) {
                    throw new IOException(
                            file + ": " + e.getOriginalMessage() + " (expected: a cycle's record; remove its folder)",
                            e);
                }
            }
        }
        all.sort(Comparator.comparing(CycleRecord::createdAt).thenComparing(CycleRecord::id));
        return all;
    }

    /** The cycle that was begun and has not ended; there is at most one. */
    public Optional<CycleRecord> open() throws IOException {
        return all().stream().filter(r -> !r.ended()).findFirst();
    }

    /** A platform's newest cycle. */
    public Optional<CycleRecord> last(String platform) throws IOException {
        return all().stream().filter(r -> r.platform().equals(platform)).reduce((a, b) -> b);
    }
}
