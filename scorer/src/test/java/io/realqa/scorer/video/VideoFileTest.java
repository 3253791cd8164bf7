package io.realqa.scorer.video;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.realqa.scorer.image.RasterImage;
import io.realqa.scorer.video.Clips.Sound;
import io.realqa.scorer.video.Clips.Spec;
import io.realqa.scorer.video.VideoRejectedException.Reason;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Clips give the frames that are wanted, and what is no whole clip within the limits ends in a reason. */
class VideoFileTest {
    @TempDir
    Path folder;

    private static List<VideoFrame> frames(Path file, FrameSampling sampling, VideoLimits limits)
            throws VideoRejectedException, IOException {
        List<VideoFrame> frames = new ArrayList<>();
        try (VideoFile video = VideoFile.open(file, limits)) {
            for (VideoFrame f = video.next(sampling); f != null; f = video.next(sampling)) {
                frames.add(f);
            }
            assertThat(video.next(sampling)).isNull();
        }
        return frames;
    }

    private static void rejected(Path file, VideoLimits limits, Reason reason, String message) {
        assertThatThrownBy(() -> frames(file, FrameSampling.DEFAULT, limits))
                .isInstanceOf(VideoRejectedException.class)
                .hasMessageContaining(message)
                .extracting(e -> ((VideoRejectedException) e).reason())
                .isEqualTo(reason);
    }

    private static void rejected(Path file, Reason reason, String message) {
        rejected(file, VideoLimits.DEFAULTS, reason, message);
    }

    private static int pixel(RasterImage image, int x, int y) {
        return image.rgb()[3 * (y * image.width() + x)] & 255;
    }

    /** Full-range grey of the clip's limited-range luma. */
    private static int grey(int second) {
        return Math.round((20 + 8 * second - 16) * 255 / 219f);
    }

    @ParameterizedTest
    @CsvSource({
        "clip.mp4, mpeg4",
        "clip.mov, mpeg4",
        "clip.mkv, mpeg4",
        "clip.avi, mpeg4",
        "clip.webm, libvpx",
        "live.webm, libvpx",
        "clip.ogv, libvpx",
        "clip.mp4, libopenh264"
    })
    void aFrameASecondHasItsTimeAndItsPixels(String name, String codec) throws Exception {
        Path clip = Clips.video(folder.resolve(name), Spec.seconds(4).codec(codec));
        List<VideoFrame> frames = frames(clip, FrameSampling.DEFAULT, VideoLimits.DEFAULTS);
        assertThat(frames).hasSize(4);
        for (int s = 0; s < 4; s++) {
            assertThat(frames.get(s).seconds()).isCloseTo(s, within(0.05));
            RasterImage image = frames.get(s).image();
            assertThat(image.width()).isEqualTo(160);
            assertThat(image.height()).isEqualTo(120);
            assertThat(pixel(image, 3, 3)).isCloseTo(grey(s), within(8));
            assertThat(pixel(image, 150, 110)).isGreaterThan(245);
        }
    }

    @Test
    void framesAreTakenAtARateOrUniformly() throws Exception {
        Path clip = Clips.video(folder.resolve("clip.mp4"), Spec.seconds(8));
        assertThat(frames(clip, new FrameSampling.Rate(2), VideoLimits.DEFAULTS))
                .hasSize(16);
        assertThat(frames(clip, new FrameSampling.Rate(0.25), VideoLimits.DEFAULTS))
                .extracting(f -> Math.round(f.seconds()))
                .containsExactly(0L, 4L);
        List<VideoFrame> uniform = frames(clip, new FrameSampling.Uniform(4), VideoLimits.DEFAULTS);
        assertThat(uniform).hasSize(4);
        for (int i = 0; i < 4; i++) {
            assertThat(uniform.get(i).seconds()).isCloseTo(2 * i + 1, within(0.1));
        }
        // more than there are: each once
        assertThat(frames(clip, new FrameSampling.Rate(100), new VideoLimits(1 << 20, 60, 10_000, 1 << 20)))
                .hasSize(200)
                .extracting(VideoFrame::seconds)
                .isSorted();
    }

    @Test
    void aClipOfOneFrameGivesIt() throws Exception {
        Path clip = Clips.video(folder.resolve("clip.mp4"), new Spec("mpeg4", 160, 120, 1, 10, 1, 0));
        for (FrameSampling sampling : List.of(new FrameSampling.Uniform(8), FrameSampling.DEFAULT)) {
            List<VideoFrame> frames = frames(clip, sampling, VideoLimits.DEFAULTS);
            assertThat(frames).extracting(VideoFrame::seconds).containsExactly(0.0);
            assertThat(pixel(frames.get(0).image(), 3, 3)).isCloseTo(grey(0), within(8));
        }
    }

    /** NUT states one length for all tracks, so the middle of the sound is wanted, where no picture is left. */
    @Test
    void theLastFrameIsGivenWhereNoneWasLateEnough() throws Exception {
        Path clip = Clips.video(folder.resolve("clip.nut"), Spec.seconds(1), 0, new Sound(0, 5));
        assertThat(frames(clip, new FrameSampling.Uniform(1), VideoLimits.DEFAULTS))
                .extracting(VideoFrame::seconds)
                .singleElement()
                .satisfies(s -> assertThat(s).isCloseTo(0.96, within(0.05)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"clip.mkv", "clip.mp4", "clip.avi", "clip.ts"})
    void soundThatOutlastsThePicturesDrawsNoFramesAway(String name) throws Exception {
        Path clip = Clips.video(folder.resolve(name), Spec.seconds(3).codec("mpeg2video"), 0, new Sound(0, 9));
        List<VideoFrame> frames = frames(clip, new FrameSampling.Uniform(6), VideoLimits.DEFAULTS);
        assertThat(frames).hasSize(6);
        for (int i = 0; i < 6; i++) {
            assertThat(frames.get(i).seconds()).isCloseTo((i + 0.5) / 2, within(0.1));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "clip.mkv, 0, 2, 3", "clip.mkv, 4, 0, 3", "clip.mkv, 4, 4, 3", "clip.mkv, 2, 0, 9",
        "clip.mp4, 0, 2, 3", "clip.mp4, 4, 0, 3", "clip.mp4, 4, 4, 3", "clip.mp4, 2, 0, 9",
        "clip.ts, 0, 2, 3", "clip.ts, 4, 0, 3", "clip.ts, 4, 4, 3", "clip.ts, 2, 0, 9"
    })
    void tracksThatBeginAtDifferentTimesAreWhole(String name, int begin, int soundStart, int soundSeconds)
            throws Exception {
        Path clip = Clips.video(
                folder.resolve(name), Spec.seconds(3).codec("mpeg2video"), begin, new Sound(soundStart, soundSeconds));
        List<VideoFrame> frames = frames(clip, new FrameSampling.Uniform(6), VideoLimits.DEFAULTS);
        assertThat(frames).hasSize(6);
        for (int i = 0; i < 6; i++) {
            assertThat(frames.get(i).seconds()).isCloseTo((i + 0.5) / 2, within(0.1));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"clip.mkv", "clip.mp4"})
    void aClipThatDoesNotBeginAtOnceIsWhole(String name) throws Exception {
        Path clip = Clips.video(folder.resolve(name), Spec.seconds(3), 4, null);
        assertThat(frames(clip, new FrameSampling.Uniform(3), VideoLimits.DEFAULTS))
                .extracting(f -> Math.round(2 * f.seconds()))
                .containsExactly(1L, 3L, 5L);
    }

    /**
     * mkvmerge counts from the first packet, where FFmpeg counts from zero: {@code ffmpeg -itsoffset 4 -f lavfi -i
     * color=gray:s=64x48:r=4:d=3 -c:v mpeg4 -bitexact late.mkv} and {@code mkvmerge --no-date -o mkvmerge.mkv late.mkv}.
     */
    @Test
    void aClipOfMkvmergeThatDoesNotBeginAtOnceIsWhole() throws Exception {
        Path clip = Path.of("src/test/resources/video/mkvmerge.mkv");
        try (VideoFile video = VideoFile.open(clip, VideoLimits.DEFAULTS)) {
            assertThat(video.seconds()).isCloseTo(3, within(0.01));
        }
        assertThat(frames(clip, new FrameSampling.Uniform(3), VideoLimits.DEFAULTS))
                .extracting(VideoFrame::seconds)
                .containsExactly(0.5, 1.5, 2.5);
    }

    @ParameterizedTest
    @CsvSource({
        "clip.mkv, 0, 2", "clip.mkv, 4, 0", "clip.mkv, 4, 4",
        "clip.mp4, 0, 2", "clip.mp4, 4, 0", "clip.mp4, 4, 4",
        "clip.ts, 0, 2", "clip.ts, 4, 0", "clip.ts, 4, 4"
    })
    void tracksThatBeginAtDifferentTimesAreMissedWhereTheyAreCutOff(String name, int begin, int soundStart)
            throws Exception {
        Path clip =
                Clips.video(folder.resolve(name), Spec.seconds(4).codec("mpeg2video"), begin, new Sound(soundStart, 4));
        byte[] all = Files.readAllBytes(clip);
        Files.write(clip, Arrays.copyOf(all, all.length * 6 / 10));
        rejected(clip, Reason.CORRUPT, "video: ");
    }

    @ParameterizedTest
    @CsvSource({"clip.mp4, 1 streams", "clip.mkv, 0 frames"})
    void aTrackWithoutAFrameIsNoVideo(String name, String message) {
        Path clip = Clips.video(folder.resolve(name), new Spec("mpeg4", 160, 120, 0, 25, 1, 0), 0, new Sound(0, 1));
        rejected(clip, Reason.NO_VIDEO, message);
    }

    /** A name is bytes on Linux, and these are no text. */
    @Test
    @EnabledOnOs(OS.LINUX)
    void aClipWhoseNameIsNoTextIsRead() throws Exception {
        Path clip = Path.of(URI.create(folder.toUri() + "%FF.mp4"));
        Files.move(Clips.video(folder.resolve("clip.mp4"), Spec.seconds(2)), clip);
        long before = links();
        assertThat(frames(clip, FrameSampling.DEFAULT, VideoLimits.DEFAULTS)).hasSize(2);
        assertThat(links()).isEqualTo(before);
    }

    private static long links() throws IOException {
        try (Stream<Path> files = Files.list(Path.of(System.getProperty("java.io.tmpdir")))) {
            return files.filter(f -> f.getFileName().toString().startsWith("realqa-name"))
                    .count();
        }
    }

    @Test
    void aClipThatWasHeldUprightIsTurned() throws Exception {
        Path clip = Clips.video(folder.resolve("clip.mp4"), Spec.seconds(1).rotated(90));
        RasterImage image =
                frames(clip, FrameSampling.DEFAULT, VideoLimits.DEFAULTS).get(0).image();
        assertThat(image.width()).isEqualTo(120);
        assertThat(image.height()).isEqualTo(160);
        // turned clockwise, the dark upper half lies on the right
        assertThat(pixel(image, 5, 80)).isGreaterThan(245);
        assertThat(pixel(image, 115, 80)).isLessThan(20);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void picturesTurnByQuarters(int quarters) {
        // 0 1 2
        // 3 4 5
        byte[] rgb = new byte[18];
        for (int i = 0; i < 6; i++) {
            Arrays.fill(rgb, 3 * i, 3 * i + 3, (byte) i);
        }
        RasterImage turned = Pictures.turned(new RasterImage(3, 2, rgb), quarters);
        int[] expected = switch (quarters) {
            case 1 -> new int[] {3, 0, 4, 1, 5, 2};
            case 2 -> new int[] {5, 4, 3, 2, 1, 0};
            default -> new int[] {2, 5, 1, 4, 0, 3};
        };
        assertThat(turned.width()).isEqualTo(quarters == 2 ? 3 : 2);
        for (int i = 0; i < 6; i++) {
            assertThat(turned.rgb()[3 * i]).isEqualTo((byte) expected[i]);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "clip.mp4, 1, 4",
        "clip.mp4, 3, 4",
        "clip.mkv, 1, 2",
        "clip.mkv, 3, 4",
        "clip.avi, 1, 2",
        "clip.mov, 1, 2",
        "clip.webm, 3, 5",
        "live.webm, 3, 5",
        "clip.ogv, 3, 5",
        "clip.ts, 4, 7"
    })
    void aClipThatIsCutOffIsRejected(String name, int numerator, int denominator) throws Exception {
        String codec = name.endsWith(".webm") || name.endsWith(".ogv")
                ? "libvpx"
                : name.endsWith(".ts") ? "mpeg2video" : "mpeg4";
        Path clip = Clips.video(folder.resolve(name), Spec.seconds(8).codec(codec));
        byte[] all = Files.readAllBytes(clip);
        Files.write(clip, Arrays.copyOf(all, (int) ((long) all.length * numerator / denominator)));
        rejected(clip, Reason.CORRUPT, "video: ");
    }

    @Test
    void aDamagedFrameIsRejected() throws Exception {
        Path clip = Clips.video(folder.resolve("clip.mp4"), Spec.seconds(8));
        byte[] all = Files.readAllBytes(clip);
        for (int i = all.length * 2 / 3; i < all.length * 2 / 3 + 2000; i++) {
            all[i] ^= 0x5a;
        }
        Files.write(clip, all);
        rejected(clip, Reason.CORRUPT, "(expected: a whole file)");
    }

    @Test
    void soundOnlyIsRejected() {
        rejected(Clips.sound(folder.resolve("sound.wav"), "pcm_s16le"), Reason.NO_VIDEO, "1 streams, none of pictures");
        rejected(Clips.sound(folder.resolve("sound.mka"), "pcm_s16le"), Reason.NO_VIDEO, "none of pictures");
    }

    @Test
    void aHeaderOfTenHoursIsRejectedBeforeDecoding() {
        Path clip = Clips.video(folder.resolve("clip.mp4"), new Spec("mpeg4", 64, 64, 36, 25, 25_000, 0));
        rejected(clip, Reason.TOO_LONG, "video: 36000.0 s long (expected: at most 600 s)");
    }

    @Test
    void eachLimitHasItsReason() throws Exception {
        Path clip = Clips.video(folder.resolve("clip.mp4"), Spec.seconds(4));
        rejected(clip, new VideoLimits(100, 60, 60, 1 << 20), Reason.TOO_MANY_BYTES, "bytes (expected: at most 100)");
        rejected(
                clip,
                new VideoLimits(1 << 30, 3, 60, 1 << 20),
                Reason.TOO_LONG,
                "video: 4.0 s long (expected: at most 3 s)");
        rejected(
                clip,
                new VideoLimits(1 << 30, 60, 3, 1 << 20),
                Reason.TOO_MANY_FRAMES,
                "4 frames to score (expected: at most 3");
        rejected(
                clip,
                new VideoLimits(1 << 30, 60, 60, 1000),
                Reason.TOO_MANY_PIXELS,
                "frames of 160x120 (expected: at most 1000");
        rejected(Files.createFile(folder.resolve("empty.mp4")), Reason.EMPTY, "video: 0 bytes");
        rejected(
                Files.writeString(folder.resolve("text.mp4"), "no clip"),
                Reason.UNSUPPORTED_FORMAT,
                "video: no container that is read here");
        assertThatThrownBy(() -> VideoFile.open(folder.resolve("gone.mp4"), VideoLimits.DEFAULTS))
                .isInstanceOf(IOException.class);
    }

    @Test
    void aPlaylistOpensNoOtherFile() throws Exception {
        Path clip = Clips.video(folder.resolve("clip.ts"), Spec.seconds(2).codec("mpeg2video"));
        Path list = Files.writeString(
                folder.resolve("list.mp4"),
                "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n" + clip.toUri() + "\n#EXT-X-ENDLIST\n");
        rejected(list, Reason.UNSUPPORTED_FORMAT, "video: no container that is read here");
        Path concat = Files.writeString(folder.resolve("concat.mp4"), "ffconcat version 1.0\nfile " + clip + "\n");
        rejected(concat, Reason.UNSUPPORTED_FORMAT, "video: no container that is read here");
    }

    @Test
    void settingsOutOfRangeAreNamed() {
        assertThatThrownBy(() -> new FrameSampling.Rate(0)).hasMessage("fps: 0.0 (expected: over 0, at most 240)");
        assertThatThrownBy(() -> new FrameSampling.Uniform(0)).hasMessage("frames: 0 (expected: at least 1)");
        assertThatThrownBy(() -> new VideoLimits(0, 1, 1, 1)).hasMessage("maxBytes: 0 (expected: at least 1)");
    }
}
