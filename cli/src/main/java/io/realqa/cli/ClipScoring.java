package io.realqa.cli;

import io.realqa.scorer.ClipScorer;
import io.realqa.scorer.ClipScorer.Clip;
import io.realqa.scorer.ClipScorer.Readings;
import io.realqa.scorer.Digests;
import io.realqa.scorer.Scorer;
import io.realqa.scorer.image.ImageRejectedException;
import io.realqa.scorer.image.VisualInput;
import io.realqa.scorer.video.FrameSampling;
import io.realqa.scorer.video.VideoFile;
import io.realqa.scorer.video.VideoFrame;
import io.realqa.scorer.video.VideoLimits;
import io.realqa.scorer.video.VideoRejectedException;
import io.realqa.streams.scoring.Outcome.Timings;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/** Scores clips without Kafka: frames are decoded while earlier ones are on the device, a few batches ahead at most. */
final class ClipScoring {
    private static final Set<String> ENDINGS =
            Set.of("mp4", "m4v", "mov", "mkv", "webm", "avi", "ts", "mts", "mpg", "mpeg", "flv", "ogv", "3gp", "wmv");
    private static final long LONGEST_BATCH_SECONDS = 600;

    /** Is told how far a clip is; total is an estimate until the end. */
    interface Progress {
        void frames(Path clip, long done, long total);
    }

    private final Scorer scorer;
    private final FrameSampling sampling;
    private final int batchSize;
    private final Progress progress;

    ClipScoring(Scorer scorer, FrameSampling sampling, int batchSize, Progress progress) {
        this.scorer = scorer;
        this.sampling = sampling;
        this.batchSize = batchSize;
        this.progress = progress;
    }

    static boolean looksLikeAClip(Path file) {
        String name = file.getFileName().toString();
        return ENDINGS.contains(name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT));
    }

    /** Frames on their way through the device. */
    private record Batch(List<Double> seconds, Future<Readings> readings) {}

    Scoring.Result score(Path file) throws InterruptedException {
        int workers = scorer.checkpoint().compute().workers();
        ExecutorService devices = Executors.newFixedThreadPool(workers, r -> {
            Thread thread = new Thread(r, "realqa-worker");
            thread.setDaemon(true);
            return thread;
        });
        try (VideoFile video = open(file)) {
            return score(file, video, devices, workers);
        } catch (VideoRejectedException e) {
            return new Scoring.Refused(file, "DECODE", e.reason().name(), String.valueOf(e.getMessage()));
        } catch (ImageRejectedException e) {
            return Scoring.Refused.of(file, e);
        } catch (IOException e) {
            return new Scoring.Refused(
                    file, "FETCH", "READ_FAILED", Failures.of(file, e) + " (expected: a readable file)");
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RuntimeException cause ? cause : new IllegalStateException(e.getCause());
        } finally {
            devices.shutdownNow();
            if (!devices.awaitTermination(LONGEST_BATCH_SECONDS, TimeUnit.SECONDS)) {
                throw new IllegalStateException("a batch did not end within " + LONGEST_BATCH_SECONDS + " s");
            }
        }
    }

    private static VideoFile open(Path file) throws VideoRejectedException, IOException {
        RegularFile.check(file);
        return VideoFile.open(file, VideoLimits.DEFAULTS);
    }

    private Scoring.Result score(Path file, VideoFile video, ExecutorService devices, int workers)
            throws VideoRejectedException, ImageRejectedException, IOException, InterruptedException,
                    ExecutionException {
        long start = System.nanoTime();
        long preparing = 0;
        long total = sampling.count(video.seconds());
        ClipScorer clip = new ClipScorer(scorer);
        Deque<Batch> ahead = new ArrayDeque<>();
        long done = 0;
        boolean more = true;
        while (more) {
            List<Double> seconds = new ArrayList<>();
            List<VisualInput> inputs = new ArrayList<>();
            while (more && inputs.size() < batchSize) {
                long before = System.nanoTime();
                VideoFrame frame = video.next(sampling);
                more = frame != null;
                if (frame != null) {
                    seconds.add(frame.seconds());
                    inputs.add(scorer.checkpoint().preprocessing().apply(frame.image()));
                }
                preparing += System.nanoTime() - before;
            }
            if (!inputs.isEmpty()) {
                ahead.add(new Batch(seconds, devices.submit(() -> clip.read(inputs))));
            }
            while (ahead.size() > (more ? workers : 0)) {
                Batch first = ahead.remove();
                clip.add(first.seconds(), first.readings().get());
                done += first.seconds().size();
                progress.frames(file, done, more || !ahead.isEmpty() ? Math.max(done, total) : done);
            }
        }
        Clip score = clip.score();
        long whole = System.nanoTime() - start;
        Timings timings = new Timings(0, 0, preparing, Math.max(0, whole - preparing), (int) done);
        Scoring.Done result =
                new Scoring.Done(file, score.score(), Digests.hex(file), timings, clip.steps(), Instant.now());
        return new Scoring.DoneClip(result, video.seconds(), score.timeline());
    }
}
