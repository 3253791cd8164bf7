package io.realqa.cli.predict;

import io.realqa.scorer.Digests;
import io.realqa.trainer.data.Conversation;
import io.realqa.trainer.data.ConversationReader;
import io.realqa.trainer.data.DatasetInfo;
import io.realqa.trainer.data.DatasetSpec;
import io.realqa.trainer.data.Turn;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** The data sets of a folder with LLaMA-Factory's dataset_info.json, as examples to be answered. */
final class DatasetFolder {
    private final DatasetInfo info;
    private final Path media;

    /**
     * Reads the folder's dataset_info.json.
     *
     * @param media where relative image paths start
     */
    DatasetFolder(Path folder, Path media) {
        this.info = DatasetInfo.in(folder);
        this.media = media;
    }

    /** Digest of a data set's files and of how they are read: whether it is still the one that was begun. */
    String digest(String dataset) {
        DatasetSpec spec = info.get(dataset);
        StringBuilder all = new StringBuilder()
                .append(spec.formatting())
                .append(spec.columns())
                .append(spec.tags())
                .append(spec.numSamples());
        try (Stream<Path> files = Files.walk(spec.location())) {
            for (Path file : files.filter(Files::isRegularFile).sorted().toList()) {
                all.append('\n')
                        .append(spec.location().relativize(file))
                        .append(' ')
                        .append(Digests.of(file));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(spec.location() + ": " + e, e);
        }
        return Digests.of(all.toString());
    }

    /** How many examples a data set has. */
    long count(String dataset) {
        return ConversationReader.count(info.get(dataset), Long.MAX_VALUE);
    }

    /** A data set's examples. Close it. */
    Examples read(String dataset) {
        DatasetSpec spec = info.get(dataset);
        ConversationReader reader = ConversationReader.open(spec, media, Long.MAX_VALUE);
        return new Examples() {
            @Override
            public boolean hasNext() {
                return reader.hasNext();
            }

            @Override
            public Example next() {
                return example(reader.next());
            }

            @Override
            public void close() {
                reader.close();
            }
        };
    }

    private static Example example(Conversation c) {
        List<String> turns = c.turns().stream().map(Turn::text).toList();
        return new Example(c.where(), c.system().orElse(null), turns, c.images());
    }
}
