package io.realqa.streams.scoring;

import io.realqa.scorer.ClipScorer;
import io.realqa.scorer.Score;
import io.realqa.scorer.Scorer;
import io.realqa.scorer.image.ImageRejectedException;
import io.realqa.scorer.image.Preprocessing;
import io.realqa.scorer.image.VisualInput;
import io.realqa.scorer.video.FrameSampling;
import io.realqa.scorer.video.VideoFile;
import io.realqa.scorer.video.VideoFrame;
import io.realqa.scorer.video.VideoRejectedException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;

/**
 * The frames of a clip, ready for the device: one thing to score, so that they are of one batch, one model and one end.
 * FFmpeg is loaded with the first clip; nothing else refers to it.
 *
 * @param seconds length that the header states; 0 where it states none
 * @param times when each frame is shown, seconds from the start
 */
record ClipFrames(double seconds, List<Double> times, List<VisualInput> inputs) implements BatchScorer.Prepared {
    /** So many frames are a device call: a batch's worth at RealQA's size. */
    private static final int FRAMES_A_CALL = 16;

    @Override
    public int visualTokens() {
        return inputs.stream().mapToInt(VisualInput::visualTokens).sum();
    }

    /**
     * Decodes a clip.
     *
     * @param givenUp asked often; true ends it as TOO_SLOW
     * @throws VideoRejectedException if it is no clip, damaged, or over a limit
     * @throws ImageRejectedException if its frames are of a shape that cannot be scored
     */
    static ClipFrames read(byte[] content, ClipConfig config, Preprocessing preprocessing, BooleanSupplier givenUp)
            throws VideoRejectedException, ImageRejectedException {
        Path file = null;
        try {
            file = Files.createTempFile("realqa-clip", ".video");
            Files.write(file, content);
            try (VideoFile video = VideoFile.open(file, config.limits(), givenUp)) {
                // FFmpeg holds it open: now nothing stays behind, however this process ends.
                Files.delete(file);
                return video.seconds() > 0
                        ? uniform(video, config.frames(), preprocessing)
                        : thinned(video, config.frames(), preprocessing);
            } finally {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("clip: " + file + ": " + e, e);
        }
    }

    private static ClipFrames uniform(VideoFile video, int frames, Preprocessing preprocessing)
            throws VideoRejectedException, ImageRejectedException {
        FrameSampling sampling = new FrameSampling.Uniform(frames);
        List<Double> times = new ArrayList<>();
        List<VisualInput> inputs = new ArrayList<>();
        for (VideoFrame f = video.next(sampling); f != null; f = video.next(sampling)) {
            times.add(f.seconds());
            inputs.add(preprocessing.apply(f.image()));
        }
        return new ClipFrames(video.seconds(), List.copyOf(times), List.copyOf(inputs));
    }

    /**
     * Of a clip whose length is known at its end only: a frame a second, and each time there are twice as many as wanted,
     * every other one goes.
     */
    private static ClipFrames thinned(VideoFile video, int frames, Preprocessing preprocessing)
            throws VideoRejectedException, ImageRejectedException {
        List<Double> times = new ArrayList<>();
        List<VisualInput> inputs = new ArrayList<>();
        int stride = 1;
        int index = 0;
        FrameSampling sampling = FrameSampling.DEFAULT;
        for (VideoFrame f = video.next(sampling); f != null; f = video.next(sampling)) {
            if (index++ % stride != 0) {
                continue;
            }
            times.add(f.seconds());
            inputs.add(preprocessing.apply(f.image()));
            if (inputs.size() == 2 * frames) {
                times = chosen(times, frames);
                inputs = chosen(inputs, frames);
                stride *= 2;
            }
        }
        return new ClipFrames(0, chosen(times, frames), chosen(inputs, frames));
    }

    /** At most so many, evenly spread, the first one among them. */
    private static <T> List<T> chosen(List<T> all, int most) {
        return all.size() <= most
                ? all
                : new ArrayList<>(IntStream.range(0, most)
                        .mapToObj(i -> all.get((int) ((long) i * all.size() / most)))
                        .toList());
    }

    /** Scores the frames together: the mean of their log probabilities, as {@code realqa score} does it. */
    Score score(Scorer scorer) {
        ClipScorer clip = new ClipScorer(scorer);
        for (int from = 0; from < inputs.size(); from += FRAMES_A_CALL) {
            int to = Math.min(inputs.size(), from + FRAMES_A_CALL);
            clip.add(times.subList(from, to), clip.read(inputs.subList(from, to)));
        }
        ClipScorer.Clip scored = clip.score();
        return scored.score()
                .withClip(new Score.Clip(
                        seconds,
                        scored.timeline().stream()
                                .map(m -> new Score.Frame(
                                        m.seconds(),
                                        m.score().expectation(),
                                        m.score().standardDeviation(),
                                        m.score().offGrammarMass()))
                                .toList()));
    }
}
