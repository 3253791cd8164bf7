package io.realqa.streams.scoring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.realqa.scorer.ClipScorer;
import io.realqa.scorer.ModelHandle;
import io.realqa.scorer.Score;
import io.realqa.scorer.image.ImageLimits;
import io.realqa.scorer.image.ImageRejectedException;
import io.realqa.scorer.image.VisualInput;
import io.realqa.scorer.video.FrameSampling;
import io.realqa.scorer.video.VideoFile;
import io.realqa.scorer.video.VideoFrame;
import io.realqa.scorer.video.VideoLimits;
import io.realqa.scorer.video.VideoRejectedException;
import io.realqa.streams.content.ContentPolicy;
import io.realqa.streams.metrics.ServiceMetrics;
import io.realqa.streams.scoring.Outcome.Rejected;
import io.realqa.streams.scoring.Outcome.Scored;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Clips in the engine, with the demonstration checkpoint. The clip is 20 s of slowly brightening grey. */
@Timeout(120)
class ClipUploadTest {
    private static final Path HOME = Path.of(System.getProperty("realqa.home"));
    private static final Path CLIP = HOME.resolve("cli/src/test/resources/clip.mp4");
    private static final Path PHOTO = HOME.resolve("models/demo/photos/coffee.jpg");
    private static final int FRAMES = 5;

    private static ModelHandle model;
    private static byte[] clip;

    @BeforeAll
    static void load() throws Exception {
        model = ModelHandle.load(HOME.resolve("models/demo"), null, null);
        clip = Files.readAllBytes(CLIP);
    }

    @AfterAll
    static void close() {
        model.close();
    }

    private final BlockingQueue<Named> outcomes = new LinkedBlockingQueue<>();

    private record Named(String image, Outcome outcome) {}

    private static ClipConfig clips() {
        ClipConfig d = ClipConfig.DEFAULTS;
        return new ClipConfig(FRAMES, d.length(), d.bytes(), d.pixels(), d.decoding(), d.inFlight());
    }

    private static ScoringEngine engine(BatchScorer by, ClipConfig clips) {
        return new ScoringEngine(
                (platform, id) -> by,
                ContentPolicy.defaults().withFileRoots(List.of(CLIP.getParent())),
                EngineConfig.DEFAULTS.withClips(clips),
                ServiceMetrics.unseen(),
                fault -> {});
    }

    private static ScoringEngine engine(ClipConfig clips) {
        return engine(BatchScorer.of(model.scorer(), ImageLimits.DEFAULTS), clips);
    }

    private ImageJob job(String name, byte @Nullable [] content, @Nullable String uri, @Nullable String mediaType) {
        return new ImageJob(
                name,
                "tests",
                content,
                uri,
                mediaType,
                null,
                Priority.NORMAL,
                o -> outcomes.add(new Named(name, o)),
                () -> false);
    }

    private Named next() throws InterruptedException {
        return Objects.requireNonNull(outcomes.poll(60, TimeUnit.SECONDS), "an outcome");
    }

    private Outcome outcome(ClipConfig clips, byte[] content, String mediaType) throws InterruptedException {
        try (ScoringEngine engine = engine(clips)) {
            assertThat(engine.offer(job("clip", content, null, mediaType))).isEqualTo(ScoringEngine.Offer.TAKEN);
            return next().outcome();
        }
    }

    private static Score direct(int frames) throws Exception {
        List<Double> seconds = new ArrayList<>();
        List<VisualInput> inputs = new ArrayList<>();
        try (VideoFile video = VideoFile.open(CLIP, VideoLimits.DEFAULTS)) {
            FrameSampling sampling = new FrameSampling.Uniform(frames);
            for (VideoFrame f = video.next(sampling); f != null; f = video.next(sampling)) {
                seconds.add(f.seconds());
                inputs.add(model.scorer().checkpoint().preprocessing().apply(f.image()));
            }
        }
        ClipScorer scorer = new ClipScorer(model.scorer());
        scorer.add(seconds, scorer.read(inputs));
        return scorer.score().score();
    }

    @Test
    void aClipScoresAsOnTheCommandLineAndHasItsTimeline() throws Exception {
        Score expected = direct(FRAMES);
        for (String mediaType : List.of("video/mp4", "Video/QuickTime")) {
            Scored scored = (Scored) outcome(clips(), clip, mediaType);
            assertThat(scored.score().expectation()).isCloseTo(expected.expectation(), within(1e-4));
            assertThat(scored.score().attributes()).hasSameSizeAs(expected.attributes());
            Score.Clip frames = Objects.requireNonNull(scored.score().clip());
            assertThat(frames.seconds()).isCloseTo(20, within(0.1));
            assertThat(frames.frames())
                    .extracting(Score.Frame::seconds)
                    .hasSize(FRAMES)
                    .isSorted();
            assertThat(frames.frames().get(0).seconds()).isCloseTo(2, within(0.2));
            assertThat(frames.frames())
                    .allSatisfy(f -> assertThat(f.expectation()).isBetween(0.0, 9.99));
        }
    }

    @Test
    void clipsAndImagesShareTheEngineAndEqualClipsAreScoredOnce() throws Exception {
        byte[] photo = Files.readAllBytes(PHOTO);
        try (ScoringEngine engine = engine(clips())) {
            engine.offer(job("clip", null, CLIP.toUri().toString(), "video/mp4"));
            engine.offer(job("photo", photo, null, "image/jpeg"));
            engine.offer(job("again", clip, null, "video/mp4"));
            List<Scored> scored = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                Named n = next();
                assertThat(n.outcome()).as(n.image()).isInstanceOf(Scored.class);
                assertThat(((Scored) n.outcome()).score().clip() == null)
                        .isEqualTo(n.image().equals("photo"));
                scored.add((Scored) n.outcome());
            }
            assertThat(scored).filteredOn(s -> s.timings().known()).hasSize(1);
        }
    }

    @Test
    void aClipOfOneFrameIsScoredByIt() throws Exception {
        byte[] content = Files.readAllBytes(CLIP.resolveSibling("one-frame.mp4"));
        Scored scored = (Scored) outcome(clips(), content, "video/mp4");
        assertThat(Objects.requireNonNull(scored.score().clip()).frames())
                .extracting(Score.Frame::seconds)
                .containsExactly(0.0);
    }

    /** What is declared decides: the same bytes as an image are another matter, and neither answers for the other. */
    @Test
    void whatIsDeclaredAsAnImageIsNoClipAndTheOtherWayRound() throws Exception {
        byte[] photo = Files.readAllBytes(PHOTO);
        try (ScoringEngine engine = engine(clips())) {
            engine.offer(job("clip as image", clip, null, "image/jpeg"));
            engine.offer(job("clip", clip, null, "video/mp4"));
            engine.offer(job("undeclared", clip, null, null));
            engine.offer(job("photo as clip", photo, null, "video/mp4"));
            for (int i = 0; i < 4; i++) {
                Named n = next();
                if (n.image().equals("clip")) {
                    assertThat(n.outcome()).isInstanceOf(Scored.class);
                } else {
                    assertThat(((Rejected) n.outcome()).reason()).as(n.image()).isEqualTo(Reason.UNSUPPORTED_FORMAT);
                }
            }
        }
    }

    private void rejected(ClipConfig clips, byte[] content, Reason reason, String message) throws InterruptedException {
        Outcome outcome = outcome(clips, content, "video/mp4");
        assertThat(outcome).isInstanceOf(Rejected.class);
        Rejected rejected = (Rejected) outcome;
        assertThat(rejected.reason()).as(rejected.message()).isEqualTo(reason);
        assertThat(rejected.stage()).isEqualTo(Stage.DECODE);
        assertThat(rejected.message()).contains(message, "expected: ");
    }

    @Test
    void aClipThatCannotBeScoredSaysWhy() throws Exception {
        rejected(clips(), Arrays.copyOf(clip, clip.length * 2 / 3), Reason.CORRUPT, "video: ");
        byte[] zeroed = clip.clone();
        Arrays.fill(zeroed, clip.length / 4, clip.length / 2, (byte) 0);
        rejected(clips(), zeroed, Reason.CORRUPT, "video: ");
        rejected(clips(), new byte[0], Reason.EMPTY, "0 bytes");
        rejected(clips(), "a text".getBytes(StandardCharsets.UTF_8), Reason.UNSUPPORTED_FORMAT, "no container");
        rejected(clips(), wave(), Reason.NO_VIDEO, "none of pictures");
        ClipConfig d = clips();
        rejected(
                new ClipConfig(5, Duration.ofSeconds(10), d.bytes(), d.pixels(), d.decoding(), 1),
                clip,
                Reason.TOO_LONG,
                "20.0 s long (expected: at most 10 s)");
        rejected(
                new ClipConfig(5, d.length(), 100, d.pixels(), d.decoding(), 1),
                clip,
                Reason.TOO_MANY_BYTES,
                "expected: at most 100");
        rejected(
                new ClipConfig(5, d.length(), d.bytes(), 100, d.decoding(), 1),
                clip,
                Reason.TOO_MANY_PIXELS,
                "expected: at most 100 pixels");
        rejected(hours(), Reason.TOO_LONG, "s long (expected: at most 600 s)");
    }

    private void rejected(byte[] content, Reason reason, String message) throws InterruptedException {
        rejected(clips(), content, reason, message);
    }

    /** The clip with a header that makes hours of its 20 s: a tick is a second. */
    private static byte[] hours() {
        byte[] file = clip.clone();
        int found = 0;
        for (int at = 0; at + 20 < file.length; at++) {
            String box = new String(file, at, 4, StandardCharsets.ISO_8859_1);
            if (box.equals("mvhd") || box.equals("mdhd")) {
                // After the name: version and flags, two dates, then the ticks of a second.
                ByteBuffer.wrap(file, at + 16, 4).putInt(1);
                found++;
            }
        }
        assertThat(found).isEqualTo(2);
        return file;
    }

    /** A second of silence. */
    private static byte[] wave() {
        int rate = 8_000;
        ByteBuffer file = ByteBuffer.allocate(44 + 2 * rate).order(ByteOrder.LITTLE_ENDIAN);
        file.put("RIFF".getBytes(StandardCharsets.US_ASCII)).putInt(36 + 2 * rate);
        file.put("WAVEfmt ".getBytes(StandardCharsets.US_ASCII)).putInt(16);
        file.putShort((short) 1).putShort((short) 1).putInt(rate).putInt(2 * rate);
        file.putShort((short) 2).putShort((short) 16);
        file.put("data".getBytes(StandardCharsets.US_ASCII)).putInt(2 * rate);
        return file.array();
    }

    @Test
    void aClipThatDecodesForTooLongIsGivenUp() throws Exception {
        ClipConfig d = clips();
        rejected(
                new ClipConfig(5, d.length(), d.bytes(), d.pixels(), Duration.ofMillis(1), 1),
                clip,
                Reason.TOO_SLOW,
                "decoding took too long");
    }

    @Test
    void nothingOfAClipStaysOnTheDisk() throws Exception {
        long before = temporary();
        outcome(clips(), clip, "video/mp4");
        outcome(clips(), Arrays.copyOf(clip, 1000), "video/mp4");
        assertThat(temporary()).isEqualTo(before);
    }

    private static long temporary() throws Exception {
        try (Stream<Path> files = Files.list(Path.of(System.getProperty("java.io.tmpdir")))) {
            return files.filter(f -> f.getFileName().toString().startsWith("realqa-clip"))
                    .count();
        }
    }

    /** A model whose clips are not decoded before they are let. */
    private static BatchScorer holding(CountDownLatch let) {
        BatchScorer real = BatchScorer.of(model.scorer(), ImageLimits.DEFAULTS);
        return new BatchScorer() {
            @Override
            public Prepared prepare(byte[] content) throws ImageRejectedException {
                return real.prepare(content);
            }

            @Override
            public Prepared prepareClip(byte[] content, ClipConfig config, BooleanSupplier givenUp)
                    throws VideoRejectedException, ImageRejectedException {
                try {
                    let.await();
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
                return real.prepareClip(content, config, givenUp);
            }

            @Override
            public List<Score> score(List<Prepared> images) {
                return real.score(images);
            }

            @Override
            public Identity identity() {
                return real.identity();
            }

            @Override
            public void probe() {
                real.probe();
            }
        };
    }

    @Test
    void clipsThatTakeTheirTimeHoldUpNoImages() throws Exception {
        CountDownLatch let = new CountDownLatch(1);
        ClipConfig d = clips();
        ClipConfig two = new ClipConfig(2, d.length(), d.bytes(), d.pixels(), d.decoding(), 2);
        try (ScoringEngine engine = engine(holding(let), two)) {
            byte[] other = clip.clone();
            assertThat(engine.offer(job("first", clip, null, "video/mp4"))).isEqualTo(ScoringEngine.Offer.TAKEN);
            assertThat(engine.offer(job("second", other, null, "video/webm"))).isEqualTo(ScoringEngine.Offer.TAKEN);
            assertThat(engine.offer(job("third", clip, null, "video/mp4"))).isEqualTo(ScoringEngine.Offer.LANE_FULL);
            engine.offer(job("photo", Files.readAllBytes(PHOTO), null, null));
            assertThat(next().image()).isEqualTo("photo");
            let.countDown();
            assertThat(List.of(next().image(), next().image())).containsExactlyInAnyOrder("first", "second");
            assertThat(engine.offer(job("third", clip, null, "video/mp4"))).isEqualTo(ScoringEngine.Offer.TAKEN);
            assertThat(next().outcome()).isInstanceOf(Scored.class);
        }
    }
}
