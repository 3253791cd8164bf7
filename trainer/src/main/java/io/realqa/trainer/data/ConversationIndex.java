package io.realqa.trainer.data;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Rows of several data sets, one after the other, to be read in any order: training shuffles. In memory are twelve bytes for
 * each row, where it lies; the rows stay in their files. Immutable; can be read from several threads.
 */
public final class ConversationIndex {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final List<Source> sources;
    /** Of each row, its file's place in the sources and its first byte in that file: [rows]. */
    private final int[] sourceOf;

    private final long[] offsets;

    /**
     * A file.
     *
     * @param first number of its first row here
     */
    private record Source(Path file, ConversationParser parser, int first) {}

    private ConversationIndex(List<Source> sources, int[] sourceOf, long[] offsets) {
        this.sources = List.copyOf(sources);
        this.sourceOf = sourceOf;
        this.offsets = offsets;
    }

    /**
     * Finds the rows.
     *
     * @param names data sets, in the order to read them
     * @param mediaFolder what relative paths of images and videos are resolved against
     * @param mostOfEach rows of each data set at most
     * @throws DataException if a data set is unknown or a file is not JSON; what is wrong with a row is said when it is read
     */
    public static ConversationIndex open(DatasetInfo info, List<String> names, Path mediaFolder, long mostOfEach) {
        List<Source> sources = new ArrayList<>();
        int[] sourceOf = new int[1024];
        long[] offsets = new long[1024];
        int rows = 0;
        for (String name : names) {
            DatasetSpec spec = info.get(name);
            ConversationParser parser = new ConversationParser(spec, mediaFolder);
            long left = ConversationReader.limit(spec, mostOfEach);
            for (Path file : ConversationReader.files(spec)) {
                int first = rows;
                try (JsonParser json = JSON.createParser(file.toFile())) {
                    for (JsonToken t = json.nextToken(); t != null && left > 0; t = json.nextToken()) {
                        if (t != JsonToken.START_OBJECT) {
                            continue; // the brackets of the list; what is no object is named when rows are read in
                            // order
                        }
                        if (rows == offsets.length) {
                            sourceOf = Arrays.copyOf(sourceOf, 2 * rows);
                            offsets = Arrays.copyOf(offsets, 2 * rows);
                        }
                        sourceOf[rows] = sources.size();
                        offsets[rows++] = json.currentTokenLocation().getByteOffset();
                        left--;
                        json.skipChildren();
                    }
                } catch (JsonProcessingException e) {
                    throw ConversationReader.broken(file, rows - first, e);
                } catch (IOException e) {
                    throw new DataException(file + ": " + e, e);
                }
                sources.add(new Source(file, parser, first));
            }
        }
        return new ConversationIndex(sources, Arrays.copyOf(sourceOf, rows), Arrays.copyOf(offsets, rows));
    }

    /** Rows in all. */
    public int size() {
        return offsets.length;
    }

    /**
     * One row.
     *
     * @param row 0 to size - 1
     * @throws DataException naming file, row and field
     */
    public Conversation get(int row) {
        Source source = sources.get(sourceOf[row]);
        int inFile = row - source.first();
        if (offsets[row] < 0) {
            throw new DataException(source.file() + ": not UTF-8 (expected: JSON in UTF-8)");
        }
        try (FileChannel channel = FileChannel.open(source.file(), StandardOpenOption.READ)) {
            channel.position(offsets[row]);
            try (JsonParser json = JSON.createParser(Channels.newInputStream(channel))) {
                return source.parser().parse(JSON.readTree(json), source.file(), inFile);
            }
        } catch (JsonProcessingException e) {
            throw ConversationReader.broken(source.file(), inFile, e);
        } catch (IOException e) {
            throw new DataException(source.file() + ", row " + inFile + ": " + e, e);
        }
    }
}
