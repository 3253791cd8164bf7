package io.realqa.cli.predict;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.realqa.cli.LoadingProgress;
import io.realqa.cli.PrecisionOption;
import io.realqa.cli.ProgressLine;
import io.realqa.cli.Terminal;
import io.realqa.scorer.Adapter;
import io.realqa.scorer.Checkpoint;
import io.realqa.scorer.Predictor;
import io.realqa.scorer.Sampling;
import io.realqa.scorer.image.Preprocessing;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.NoSuchElementException;
import java.util.OptionalDouble;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Answers a data set's questions and writes the predictions file. */
@Command(
        name = "predict",
        mixinStandardHelpOptions = true,
        description = {
            "Answers the questions of a data set in LLaMA-Factory's layout and writes " + PredictionsWriter.FILE_NAME
                    + ": prompt, predict and label of each example.",
            "An interrupted run goes on where it stopped when it is started again."
        })
@SuppressWarnings("NullAway.Init") // picocli sets the fields
public final class PredictCommand implements Callable<Integer> {

    @Option(
            names = {"--checkpoint", "--model_name_or_path"},
            required = true,
            paramLabel = "DIR",
            description = "Qwen2-VL checkpoint, a Hugging Face folder")
    private Path checkpointFolder;

    @Option(
            names = {"--adapter", "--adapter_name_or_path"},
            paramLabel = "DIR",
            description = "LoRA adapter, a PEFT folder (default: none)")
    private @Nullable Path adapterFolder;

    @Mixin
    private PrecisionOption precision;

    @Option(
            names = {"--dataset", "--eval_dataset"},
            required = true,
            split = ",",
            paramLabel = "NAME",
            description = "data sets by their names in dataset_info.json")
    private List<String> datasets;

    @Option(
            names = {"--dataset-dir", "--dataset_dir"},
            defaultValue = "data",
            paramLabel = "DIR",
            description = "folder with dataset_info.json (default: data)")
    private Path datasetFolder;

    @Option(
            names = {"--media-dir", "--media_dir"},
            paramLabel = "DIR",
            description = "where relative image paths start (default: the data sets' folder)")
    private @Nullable Path mediaFolder;

    @Option(
            names = {"--out", "--output_dir"},
            required = true,
            paramLabel = "DIR",
            description = "folder to write to")
    private Path out;

    @Option(names = "--template", defaultValue = Qwen2VlTemplate.NAME, description = "chat template: qwen2_vl")
    private String template;

    @Option(
            names = {"--cutoff-len", "--cutoff_len"},
            defaultValue = "2048",
            description = "most tokens of prompt and label (default: 2048)")
    private int cutoffLength;

    @Option(
            names = {"--batch", "--per_device_eval_batch_size"},
            defaultValue = "8",
            description = "examples in a batch (default: 8)")
    private int batch;

    @Option(
            names = {"--max-samples", "--max_samples"},
            paramLabel = "N",
            description = "only the first N examples of each data set")
    private @Nullable Long maxSamples;

    @Option(
            names = {"--max-new-tokens", "--max_new_tokens"},
            defaultValue = "1024",
            description = "where an answer is cut off (default: 1024)")
    private int maxNewTokens;

    @Option(
            names = {"--sample", "--do_sample"},
            arity = "0..1",
            fallbackValue = "true",
            defaultValue = "false",
            description = "draw tokens, as the released runs do (default: the most probable)")
    private boolean sample;

    @Option(names = "--temperature", defaultValue = "0.95", description = "of the draws (default: 0.95)")
    private double temperature;

    @Option(
            names = {"--top-k", "--top_k"},
            defaultValue = "50",
            description = "draw from so many tokens; 0: all (default: 50)")
    private int topK;

    @Option(
            names = {"--top-p", "--top_p"},
            defaultValue = "0.7",
            description = "draw from the tokens that reach this probability (default: 0.7)")
    private double topP;

    @Option(
            names = {"--repetition-penalty", "--repetition_penalty"},
            description = "(default: the checkpoint's)")
    private @Nullable Double repetitionPenalty;

    @Option(names = "--seed", defaultValue = "42", description = "of the draws (default: 42)")
    private long seed;

    @Option(
            names = "--logits",
            description =
                    "write the logits of 0 to 9 at each digit of the label's score too (digit_logits, for realqa ncm)")
    private boolean logits;

    @Option(
            names = "--nearest-shrink",
            description = "first shrink images over 512 x 512 without antialiasing, as the released code does")
    private boolean nearestShrink;

    @Option(
            names = {"--overwrite", "--overwrite_output_dir"},
            arity = "0..1",
            fallbackValue = "true",
            defaultValue = "false",
            description = "begin anew rather than go on")
    private boolean overwrite;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        check();
        Path media = mediaFolder == null ? datasetFolder : mediaFolder;
        DatasetFolder folder = new DatasetFolder(datasetFolder, media);
        long total = 0;
        List<String> digests = new ArrayList<>();
        for (String dataset : datasets) {
            long size = folder.count(dataset);
            digests.add(folder.digest(dataset));
            total += maxSamples == null ? size : Math.min(size, maxSamples);
        }
        OptionalDouble penalty =
                repetitionPenalty == null ? OptionalDouble.empty() : OptionalDouble.of(repetitionPenalty);
        Sampling sampling = sample
                ? new Sampling(true, temperature, topK, topP, penalty, seed)
                : new Sampling(false, 1, 0, 1, penalty, 0);
        String images = media.toRealPath().toString(); // the same folder may be named from elsewhere
        Predictor.Settings settings = new Predictor.Settings(sampling, maxNewTokens, cutoffLength, logits);
        Checkpoint checkpoint = LoadingProgress.load(spec.commandLine().getErr(), checkpointFolder, precision.value());
        Adapter adapter = null;
        try {
            adapter = adapterFolder == null ? null : Adapter.load(checkpoint, adapterFolder);
            Preprocessing preprocessing = checkpoint.preprocessing().withNearestShrink(nearestShrink);
            try (PredictionsWriter writer = PredictionsWriter.open(
                            out,
                            settings(checkpoint, adapter, preprocessing, digests)
                                    .put("media_dir", images),
                            overwrite);
                    Predictor predictor = new Predictor(checkpoint, adapter);
                    Chain examples = new Chain(folder)) {
                Prediction prediction = new Prediction(checkpoint, predictor, settings, preprocessing, batch);
                return run(prediction, writer, examples, total);
            }
        } finally {
            if (adapter != null) {
                adapter.close();
            }
            checkpoint.close();
        }
    }

    private void check() {
        if (!template.equals(Qwen2VlTemplate.NAME)) {
            throw new IllegalArgumentException("--template: " + template + " (expected: " + Qwen2VlTemplate.NAME + ")");
        }
        if (batch < 1) {
            throw new IllegalArgumentException("--batch: " + batch + " (expected: at least 1)");
        }
        if (maxSamples != null && maxSamples < 1) {
            throw new IllegalArgumentException("--max-samples: " + maxSamples + " (expected: at least 1)");
        }
    }

    /** Everything that a line depends on. */
    private ObjectNode settings(
            Checkpoint checkpoint, @Nullable Adapter adapter, Preprocessing preprocessing, List<String> digests) {
        ObjectNode settings = new ObjectMapper()
                .createObjectNode()
                .put("modelDigest", checkpoint.digest())
                .put("precision", checkpoint.compute().precision().toString())
                .put("adapterDigest", adapter == null ? null : adapter.digest())
                .put("preprocessingDigest", preprocessing.digest())
                .put("dataset", String.join(",", datasets))
                .put("dataset_digest", String.join(",", digests))
                .put("template", template)
                .put("cutoff_len", cutoffLength)
                .put("max_samples", maxSamples)
                .put("max_new_tokens", maxNewTokens)
                .put("do_sample", sample)
                .put("repetition_penalty", repetitionPenalty)
                .put("logits", logits);
        if (sample) {
            settings.put("temperature", temperature)
                    .put("top_k", topK)
                    .put("top_p", topP)
                    .put("seed", seed);
        }
        return settings;
    }

    private int run(Prediction prediction, PredictionsWriter writer, Chain examples, long total)
            throws IOException, InterruptedException {
        PrintWriter err = spec.commandLine().getErr();
        if (writer.done() > total) {
            throw new IllegalArgumentException(out.resolve(PredictionsWriter.FILE_NAME) + ": " + writer.done()
                    + " lines (expected: at most " + total + ", one for each example)");
        }
        if (writer.done() > 0) {
            err.println("going on after " + writer.done() + " of " + total + " examples");
        }
        for (long i = 0; i < writer.done(); i++) {
            examples.next();
        }
        long start = System.nanoTime();
        long[] written = {0, 0};
        ProgressLine.Task task = new ProgressLine.Task("predicting", total, writer.done(), "images", 1, Duration.ZERO);
        try (ProgressLine shown = ProgressLine.of(err, task)) {
            prediction.run(examples, writer.done(), lines -> {
                writer.write(lines);
                written[0] += lines.size();
                for (ObjectNode line : lines) {
                    if (line.has("error")) {
                        written[1]++;
                        err.println(Terminal.plain(line.path("error").asText()));
                    }
                }
                shown.by(lines.size());
            });
        }
        err.println(speed(written[0] + " predictions", written[0], start) + ": "
                + out.resolve(PredictionsWriter.FILE_NAME)
                + (written[1] == 0 ? "" : ", " + written[1] + " images not readable"));
        err.flush();
        return written[1] == 0 ? 0 : 1;
    }

    private static String speed(String what, long images, long start) {
        double seconds = (System.nanoTime() - start) / 1e9;
        return String.format(Locale.ROOT, "%s in %.1f s, %.2f images/s", what, seconds, images / seconds);
    }

    /** The data sets' examples one after the other. */
    private final class Chain implements Iterator<Example>, AutoCloseable {
        private final DatasetFolder folder;
        private final List<String> left = new ArrayList<>(datasets);
        private @Nullable Examples open;
        private long taken;

        Chain(DatasetFolder folder) {
            this.folder = folder;
        }

        @Override
        public boolean hasNext() {
            while (true) {
                if (open != null && (maxSamples == null || taken < maxSamples) && open.hasNext()) {
                    return true;
                }
                close();
                if (left.isEmpty()) {
                    return false;
                }
                open = folder.read(left.remove(0));
                taken = 0;
            }
        }

        @Override
        public Example next() {
            if (!hasNext() || open == null) {
                throw new NoSuchElementException();
            }
            taken++;
            return open.next();
        }

        @Override
        public void close() {
            try {
                if (open != null) {
                    open.close();
                }
            } catch (IOException e) {
                throw new java.io.UncheckedIOException("data set: " + e, e);
            }
            open = null;
        }
    }
}
