package io.realqa.cli.predict;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.realqa.cli.Failures;
import io.realqa.cli.RegularFile;
import io.realqa.scorer.Checkpoint;
import io.realqa.scorer.Predictor;
import io.realqa.scorer.Predictor.Chat;
import io.realqa.scorer.Predictor.Reply;
import io.realqa.scorer.image.ImageDecoder;
import io.realqa.scorer.image.ImageLimits;
import io.realqa.scorer.image.ImageRejectedException;
import io.realqa.scorer.image.Preprocessing;
import io.realqa.scorer.image.VisualInput;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Runs examples through the model in batches: images are decoded ahead while the device is busy, and lines come out in
 * the examples' order. An image that cannot be read costs its own line only.
 */
final class Prediction {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final long LONGEST_BATCH_SECONDS = 3600;

    /** Takes the lines of a batch. */
    interface Sink {
        void accept(List<ObjectNode> lines) throws IOException;
    }

    private record Prepared(
            Example example,
            Qwen2VlTemplate template,
            long id,
            @Nullable VisualInput image,
            String error) {}

    private final Checkpoint checkpoint;
    private final Predictor predictor;
    private final Predictor.Settings settings;
    private final Preprocessing preprocessing;
    private final int batchSize;
    private final ImageDecoder decoder = new ImageDecoder(ImageLimits.DEFAULTS);

    Prediction(
            Checkpoint checkpoint,
            Predictor predictor,
            Predictor.Settings settings,
            Preprocessing preprocessing,
            int batchSize) {
        this.checkpoint = checkpoint;
        this.predictor = predictor;
        this.settings = settings;
        this.preprocessing = preprocessing;
        this.batchSize = batchSize;
    }

    /**
     * Predicts.
     *
     * @param firstId number of the first example, which tells random draws apart
     */
    void run(Iterator<Example> examples, long firstId, Sink sink) throws IOException, InterruptedException {
        int workers = checkpoint.compute().workers();
        ExecutorService preparers = pool(Runtime.getRuntime().availableProcessors(), "realqa-prepare");
        ExecutorService devices = pool(workers, "realqa-worker");
        long id = firstId;
        try {
            Deque<Future<List<ObjectNode>>> ahead = new ArrayDeque<>();
            while (examples.hasNext()) {
                List<Future<Prepared>> batch = new ArrayList<>();
                while (batch.size() < batchSize && examples.hasNext()) {
                    Example example = examples.next();
                    long number = id++;
                    batch.add(preparers.submit(() -> prepare(example, number)));
                }
                ahead.add(devices.submit(() -> run(batch)));
                if (ahead.size() > workers) {
                    sink.accept(ahead.remove().get());
                }
            }
            while (!ahead.isEmpty()) {
                sink.accept(ahead.remove().get());
            }
        } catch (ExecutionException e) {
            throw unwrapped(e);
        } finally {
            preparers.shutdownNow();
            devices.shutdownNow();
            if (!devices.awaitTermination(LONGEST_BATCH_SECONDS, TimeUnit.SECONDS)) {
                throw new IllegalStateException("a batch did not end within " + LONGEST_BATCH_SECONDS + " s");
            }
        }
    }

    private static RuntimeException unwrapped(ExecutionException e) {
        Throwable cause = e;
        while (cause instanceof ExecutionException && cause.getCause() != null) {
            cause = cause.getCause();
        }
        return cause instanceof RuntimeException known ? known : new IllegalStateException(cause);
    }

    private static ExecutorService pool(int threads, String name) {
        return Executors.newFixedThreadPool(threads, r -> {
            Thread thread = new Thread(r, name);
            thread.setDaemon(true);
            return thread;
        });
    }

    private Prepared prepare(Example example, long id) {
        Qwen2VlTemplate template = Qwen2VlTemplate.of(example);
        try {
            byte[] content = RegularFile.read(example.images().get(0));
            return new Prepared(example, template, id, preprocessing.apply(decoder.decode(content)), "");
        } catch (IOException e) {
            return new Prepared(example, template, id, null, "READ_FAILED: " + Failures.what(e));
        } catch (ImageRejectedException e) {
            return new Prepared(example, template, id, null, e.reason() + ": " + e.getMessage());
        }
    }

    private List<ObjectNode> run(List<Future<Prepared>> preparing) throws InterruptedException, ExecutionException {
        List<Prepared> batch = new ArrayList<>();
        List<Chat> chats = new ArrayList<>();
        for (Future<Prepared> future : preparing) {
            Prepared p = future.get();
            batch.add(p);
            if (p.image() != null) {
                chats.add(new Chat(
                        p.image(),
                        p.template().before(),
                        p.template().after(),
                        p.example().label(),
                        p.id()));
            }
        }
        Iterator<Reply> replies = chats.isEmpty()
                ? List.<Reply>of().iterator()
                : predictor.predict(chats, settings).iterator();
        List<ObjectNode> lines = new ArrayList<>();
        for (Prepared p : batch) {
            lines.add(p.image() == null ? refused(p) : line(replies.next()));
        }
        return lines;
    }

    /** The line keeps its place, so that line and example numbers agree; its answer is empty, so it counts as unparsable. */
    private static ObjectNode refused(Prepared p) {
        List<String> turns = p.example().turns();
        return JSON.createObjectNode()
                .put("prompt", turns.get(turns.size() - 2))
                .put("predict", "")
                .put("label", p.example().label())
                .put("error", p.example().images().get(0) + ": " + p.error());
    }

    private ObjectNode line(Reply reply) {
        ObjectNode line = JSON.createObjectNode()
                .put("prompt", reply.prompt())
                .put("predict", reply.text())
                .put("label", reply.label());
        if (settings.digitLogits()) {
            ArrayNode rows = line.putArray("digit_logits");
            int[] score = LabelScore.digits(reply.label());
            for (float[] ten : reply.digitLogits().subList(score[0], score[1])) {
                ArrayNode row = rows.addArray();
                for (float logit : ten) {
                    row.add(logit);
                }
            }
        }
        return line;
    }
}
