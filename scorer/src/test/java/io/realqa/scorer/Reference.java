package io.realqa.scorer;

import io.realqa.scorer.image.Normalisation;
import io.realqa.scorer.image.Preprocessing;
import io.realqa.scorer.image.VisualInput;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.IntStream;

/** Values made by Hugging Face transformers and PEFT: see src/test/python/make_parity_reference.py. */
final class Reference {
    static final Path HOME = Path.of(System.getProperty("realqa.home", ".."));
    static final Path PARITY = HOME.resolve("scorer/src/test/resources/parity");
    static final Path DEMO = HOME.resolve("models/demo");
    private static final String PREPROCESSOR = "preprocessor_config.json";

    /** Of the demonstration checkpoint. */
    static final Normalisation CLIP = normalisation(DEMO);

    private final Path file;
    private final Normalisation normalisation;

    Reference(String name) {
        Path folder = PARITY.resolve(name);
        this.file = folder.resolve("expected.safetensors");
        this.normalisation = Files.exists(folder.resolve(PREPROCESSOR)) ? normalisation(folder) : CLIP;
    }

    private static Normalisation normalisation(Path folder) {
        try {
            return Preprocessing.parse(Files.readString(folder.resolve(PREPROCESSOR)))
                    .normalisation();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    float[] floats(String name) {
        return floats(file, name);
    }

    static float[] floats(Path file, String name) {
        ByteBuffer bytes = bytes(file, name);
        float[] values = new float[bytes.remaining() / 4];
        bytes.asFloatBuffer().get(values);
        return values;
    }

    long[] ints(String name) {
        ByteBuffer bytes = bytes(file, name);
        return IntStream.range(0, bytes.remaining() / 4)
                .mapToLong(i -> bytes.getInt(4 * i))
                .toArray();
    }

    /** Image i as the reference cut it into patches. */
    VisualInput input(int image) {
        long[] grid = ints("image." + image + ".grid_thw");
        int rows = Math.toIntExact(grid[1]);
        int columns = Math.toIntExact(grid[2]);
        float[] patches = floats("image." + image + ".pixel_values");
        // each channel's two frames are the same picture: keep one
        byte[] pixels = new byte[patches.length / 2];
        for (int i = 0; i < pixels.length; i++) {
            int channel = i / 196 % 3;
            float value =
                    (patches[i / 196 * 392 + i % 196] - normalisation.shift(channel)) / normalisation.scale(channel);
            pixels[i] = (byte) Math.round(value);
            if (Math.abs(value - Math.round(value)) > 1e-3) {
                throw new IllegalArgumentException(file + ": pixel value " + value + " (expected: a byte, normalised)");
            }
        }
        return input(rows, columns, pixels, normalisation);
    }

    /** An image of some patches, for the demonstration checkpoint. */
    static VisualInput input(int rows, int columns, byte[] pixels) {
        return input(rows, columns, pixels, CLIP);
    }

    private static VisualInput input(int rows, int columns, byte[] pixels, Normalisation normalisation) {
        return new VisualInput(rows, columns, rows * columns / 4, 14 * columns, 14 * rows, pixels, normalisation);
    }

    private static ByteBuffer bytes(Path file, String name) {
        try {
            ByteBuffer all = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
            int header = Math.toIntExact(all.getLong(0));
            String text = new String(all.array(), 8, header, StandardCharsets.UTF_8);
            var offsets = Json.parse("reference", text).node().path(name).path("data_offsets");
            if (offsets.isMissingNode()) {
                throw new IllegalArgumentException(file + " has no " + name);
            }
            int from = offsets.path(0).asInt();
            return all.slice(8 + header + from, offsets.path(1).asInt() - from).order(ByteOrder.LITTLE_ENDIAN);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static double largestDifference(float[] a, float[] b) {
        if (a.length != b.length) {
            throw new IllegalArgumentException(a.length + " values (expected: " + b.length + ")");
        }
        return IntStream.range(0, a.length)
                .mapToDouble(i -> Math.abs((double) a[i] - b[i]))
                .max()
                .orElseThrow();
    }

    static double standardDeviation(float[] values) {
        double mean = IntStream.range(0, values.length)
                .mapToDouble(i -> values[i])
                .average()
                .orElseThrow();
        return Math.sqrt(IntStream.range(0, values.length)
                .mapToDouble(i -> (values[i] - mean) * (values[i] - mean))
                .average()
                .orElseThrow());
    }

    static float[] slice(float[] values, int from, int to) {
        return Arrays.copyOfRange(values, from, to);
    }
}
