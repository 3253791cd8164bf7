package io.realqa.cli.evaluate;

import io.realqa.cli.ProgressLine;
import io.realqa.scorer.ScoringProfile;
import io.realqa.trainer.Label;
import io.realqa.trainer.data.ConversationReader;
import io.realqa.trainer.data.ConversationWriter;
import io.realqa.trainer.data.DatasetInfo;
import io.realqa.trainer.data.DatasetSpec.Formatting;
import io.realqa.trainer.data.LabelConverter;
import io.realqa.trainer.data.LabelFile;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Conversation data sets to labels and back. */
@Command(
        name = "convert",
        mixinStandardHelpOptions = true,
        description =
                "Turns conversation data sets (dataset_info.json) into labels (JSON Lines), and labels into such a data"
                        + " set.",
        subcommands = {ConvertCommand.ToLabels.class, ConvertCommand.ToConversations.class})
@SuppressWarnings("NullAway.Init") // picocli sets the fields
public final class ConvertCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "to-labels or to-conversations is missing");
    }

    @Command(
            name = "to-labels",
            mixinStandardHelpOptions = true,
            description = "Conversations to labels; rows one after the other about the same image become one label.")
    @SuppressWarnings("NullAway.Init") // picocli sets the fields
    static final class ToLabels implements Callable<Integer> {
        @Option(names = "--dataset-dir", required = true, description = "folder with dataset_info.json")
        private Path datasetDir;

        @Option(names = "--dataset", required = true, split = ",", description = "names of data sets")
        private List<String> datasets;

        @Option(names = "--profile", required = true, description = "scoring profile whose words the answers use")
        private Path profile;

        @Option(names = "--out", required = true, description = "JSON Lines to write")
        private Path out;

        @Spec
        private CommandSpec spec;

        private long conversations;
        private long labels;

        @Override
        public Integer call() throws IOException {
            LabelConverter converter = new LabelConverter(ScoringProfile.read(profile));
            DatasetInfo info = DatasetInfo.in(datasetDir);
            Path part = Files.createFile(out.toAbsolutePath().resolveSibling("labels-" + UUID.randomUUID() + ".part"));
            try (BufferedWriter writer = Files.newBufferedWriter(part);
                    ProgressLine shown = ProgressLine.of(
                            spec.commandLine().getErr(), new ProgressLine.Task("converting", -1, "conversations"))) {
                for (String name : datasets) {
                    convert(converter, info, name.strip(), writer, shown);
                }
            } catch (IOException | RuntimeException e) {
                Files.deleteIfExists(part);
                throw e;
            }
            Files.move(part, out, StandardCopyOption.REPLACE_EXISTING);
            PrintWriter screen = spec.commandLine().getOut();
            screen.println(out + ": " + labels + " labels of " + conversations + " conversations");
            screen.flush();
            return 0;
        }

        private void convert(
                LabelConverter converter, DatasetInfo info, String name, BufferedWriter writer, ProgressLine shown)
                throws IOException {
            Label pending = null;
            try (ConversationReader reader = ConversationReader.open(info.get(name), datasetDir, Long.MAX_VALUE)) {
                while (reader.hasNext()) {
                    Label label = converter.toLabel(reader.next());
                    conversations++;
                    shown.by(1);
                    if (pending != null && pending.imageId().equals(label.imageId())) {
                        pending = LabelConverter.merge(pending, label);
                        continue;
                    }
                    if (pending != null) {
                        write(pending, writer);
                    }
                    pending = label;
                }
            }
            if (pending != null) {
                write(pending, writer);
            }
        }

        private void write(Label label, BufferedWriter writer) throws IOException {
            writer.write(LabelFile.line(label));
            writer.write('\n');
            labels++;
        }
    }

    @Command(
            name = "to-conversations",
            mixinStandardHelpOptions = true,
            description = "Labels to a conversation data set: one question for the score and one for each attribute.")
    @SuppressWarnings("NullAway.Init") // picocli sets the fields
    static final class ToConversations implements Callable<Integer> {
        @Option(
                names = "--labels",
                required = true,
                description = "JSON Lines with image, score, deviation, attributes")
        private Path labels;

        @Option(names = "--profile", required = true, description = "scoring profile whose words to use")
        private Path profile;

        @Option(
                names = "--dataset-dir",
                required = true,
                description = "folder to write to; its dataset_info.json gets an entry")
        private Path datasetDir;

        @Option(names = "--dataset", required = true, description = "name of the data set")
        private String dataset;

        @Option(
                names = "--formatting",
                defaultValue = "sharegpt",
                description = "sharegpt or alpaca (default: sharegpt)")
        private Formatting formatting;

        @Spec
        private CommandSpec spec;

        @Override
        public Integer call() throws IOException {
            ScoringProfile words = ScoringProfile.read(profile);
            LabelConverter converter = new LabelConverter(words);
            long[] count = new long[2];
            try (ConversationWriter writer = new ConversationWriter(datasetDir, dataset, formatting);
                    ProgressLine shown = ProgressLine.of(
                            spec.commandLine().getErr(), new ProgressLine.Task("converting", -1, "labels"))) {
                LabelFile.read(labels, words, label -> {
                    count[0]++;
                    shown.by(1);
                    for (LabelConverter.Question question : converter.toQuestions(label)) {
                        count[1]++;
                        try {
                            writer.write(question);
                        } catch (IOException e) {
                            throw new UncheckedIOException(e);
                        }
                    }
                });
                writer.finish();
            }
            PrintWriter screen = spec.commandLine().getOut();
            screen.println(datasetDir.resolve(dataset + ".json") + ": " + count[1] + " conversations of " + count[0]
                    + " labels");
            screen.flush();
            return 0;
        }
    }
}
