package io.realqa.scorer.image;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Against Pillow's pixels, and against damage. */
class ImageDecoderTest {
    private final ImageDecoder decoder = new ImageDecoder(ImageLimits.DEFAULTS);

    static Stream<String> files() {
        return References.table("formats.tsv").stream().map(row -> row[0]);
    }

    @Test
    void everyFormatAndVariantGivesPillowsPixels() {
        SoftAssertions softly = new SoftAssertions();
        for (String[] row : References.table("formats.tsv")) {
            softly.assertThatCode(() -> {
                        RasterImage image = References.image("formats/" + row[0]);
                        assertThat(image.width() + "x" + image.height()).isEqualTo(row[1] + "x" + row[2]);
                        double tolerance = Double.parseDouble(row[3]);
                        if (tolerance == 0) {
                            assertThat(References.sha256(image.rgb())).isEqualTo(row[4]);
                        } else {
                            byte[] expected = References.image("formats/" + row[0] + ".rgb.png")
                                    .rgb();
                            assertThat(References.sha256(expected)).isEqualTo(row[4]);
                            assertThat(meanDifference(image.rgb(), expected)).isLessThanOrEqualTo(tolerance);
                        }
                    })
                    .as(row[0])
                    .doesNotThrowAnyException();
        }
        softly.assertAll();
    }

    private static double meanDifference(byte[] a, byte[] b) {
        long sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += Math.abs((a[i] & 0xff) - (b[i] & 0xff));
        }
        return (double) sum / a.length;
    }

    /** Three components are YCbCr without a marker that says so, whatever their sampling and their ids, but R, G and B. */
    @ParameterizedTest
    @ValueSource(strings = {"444.jpg", "422.jpg", "420.jpg"})
    void aJpegWithoutMarkersIsTheSamePicture(String name) throws Exception {
        byte[] file = References.bytes("formats/" + name);
        byte[] picture = decoder.decode(file).rgb();
        int jfif = 18;
        byte[] bare = new byte[file.length - jfif];
        System.arraycopy(file, 0, bare, 0, 2);
        System.arraycopy(file, 2 + jfif, bare, 2, bare.length - 2);
        assertThat(decoder.decode(bare).rgb()).isEqualTo(picture);
        int frame = segment(bare, 0xc0);
        int scan = segment(bare, 0xda);
        for (int component = 0; component < 3; component++) {
            bare[frame + 10 + 3 * component] = (byte) component;
            bare[scan + 5 + 2 * component] = (byte) component;
        }
        assertThat(decoder.decode(bare).rgb()).isEqualTo(picture);
    }

    private static int segment(byte[] jpeg, int marker) {
        int at = 2;
        while (Bytes.u8(jpeg, at + 1) != marker) {
            at += 2 + Bytes.u16be(jpeg, at + 2);
        }
        return at;
    }

    @ParameterizedTest
    @MethodSource("files")
    void aFileCutAnywhereIsRejectedUnlessEveryPixelWasInIt(String name) throws Exception {
        byte[] file = References.bytes("formats/" + name);
        byte[] whole = decoder.decode(file).rgb();
        List<Integer> silent = new ArrayList<>();
        int step = Math.max(1, file.length / 150);
        for (int length = 0; length < file.length; length += file.length - length < 40 ? 1 : step) {
            try {
                if (!Arrays.equals(decoder.decode(Arrays.copyOf(file, length)).rgb(), whole)) {
                    silent.add(length);
                }
            } catch (ImageRejectedException expected) {
                // What a cut file should end in.
            }
        }
        assertThat(silent)
                .as("cuts of %d bytes decoded to other pixels", file.length)
                .isEmpty();
    }

    @ParameterizedTest
    @MethodSource("files")
    void damageEndsInAPictureOrARejectionAndNothingElse(String name) {
        byte[] file = References.bytes("formats/" + name);
        Random random = new Random(name.hashCode());
        for (int round = 0; round < 120; round++) {
            byte[] damaged = file.clone();
            // Headers decide allocations, so half of the rounds damage those.
            int reach = round % 2 == 0 ? Math.min(64, file.length) : file.length;
            for (int flips = 1 + round % 4; flips > 0; flips--) {
                damaged[random.nextInt(reach)] = (byte) random.nextInt(256);
            }
            try {
                decoder.decode(damaged);
            } catch (ImageRejectedException expected) {
                assertThat(expected.reason()).isNotNull();
            }
        }
    }

    @Test
    void aTiffDirectoryWithAnyByteDamagedEndsInAPictureOrARejection() {
        for (String name : List.of("strips.tif", "tiled.tif", "jpeg.tif", "palette.tif")) {
            byte[] file = References.bytes("formats/" + name);
            int directory = name.equals("tiled.tif") ? file.length - 300 : 8;
            for (int at = directory; at < Math.min(file.length, directory + 300); at++) {
                for (int value : new int[] {0, 1, 0x7f, 0x80, 0xff}) {
                    byte[] damaged = file.clone();
                    damaged[at] = (byte) value;
                    try {
                        decoder.decode(damaged);
                    } catch (ImageRejectedException expected) {
                        assertThat(expected.reason()).isNotNull();
                    }
                }
            }
        }
    }

    @Test
    void aDecoderServesManyThreadsAtOnce() {
        List<String> names = files().toList();
        List<String> alone = names.stream().map(this::digest).toList();
        List<String> together = names.parallelStream().map(this::digest).toList();
        assertThat(together).isEqualTo(alone);
    }

    private String digest(String name) {
        try {
            return References.sha256(
                    decoder.decode(References.bytes("formats/" + name)).rgb());
        } catch (ImageRejectedException e) {
            throw new AssertionError(name, e);
        }
    }
}
