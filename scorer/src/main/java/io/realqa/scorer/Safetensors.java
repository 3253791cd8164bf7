package io.realqa.scorer;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/**
 * The table of contents of a safetensors file: eight bytes of header length, a JSON header, the tensors' bytes. Nothing
 * in such a file is executed.
 */
record Safetensors(Path file, List<Entry> entries, long fileSize) {
    private static final long MAX_HEADER_BYTES = 100L << 20;

    /** Element types that weights come in, with libtorch's code and size in bytes of each. */
    enum Dtype {
        F32(6, 4),
        F16(5, 2),
        BF16(15, 2);

        final int code;
        final int bytes;

        Dtype(int code, int bytes) {
            this.code = code;
            this.bytes = bytes;
        }

        /** The element at a byte of a little-endian buffer. */
        float get(ByteBuffer from, int at) {
            return switch (this) {
                case F32 -> from.getFloat(at);
                case BF16 -> Float.intBitsToFloat(from.getShort(at) << 16);
                case F16 -> half(from.getShort(at));
            };
        }

        /** Puts a value as the nearest that the type has; of two as near, the one whose last bit is 0. */
        void put(ByteBuffer to, int at, float value) {
            switch (this) {
                case F32 -> to.putFloat(at, value);
                case BF16 -> to.putShort(at, bfloat16(value));
                case F16 -> to.putShort(at, half(value));
            }
        }
    }

    /** How many numbers a tensor of that shape holds. */
    static long elements(long[] shape) {
        return Arrays.stream(shape).reduce(1, Math::multiplyExact);
    }

    /** One tensor: start is its first byte, counted from the start of the file. */
    record Entry(String name, Dtype dtype, long[] shape, long start, long bytes) {
        long elements() {
            return bytes / dtype.bytes;
        }

        /** Whether the tensor starts on an element's boundary, so that it can be used where it lies. */
        boolean aligned() {
            return start % dtype.bytes == 0;
        }
    }

    static Safetensors read(Path file) {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            long size = channel.size();
            if (size < 8) {
                throw new ModelException(file + ": " + size + " bytes (expected: a safetensors file)");
            }
            long length = read(channel, 0, 8).order(ByteOrder.LITTLE_ENDIAN).getLong();
            if (length < 2 || length > MAX_HEADER_BYTES || length > size - 8) {
                throw new ModelException(file + ": header of " + length + " bytes in a file of " + size
                        + " (expected: a complete safetensors file; a Git LFS pointer or a broken download?)");
            }
            String header = StandardCharsets.UTF_8
                    .decode(read(channel, 8, (int) length))
                    .toString();
            return new Safetensors(file, entries(Json.parse(file.toString(), header), 8 + length, size), size);
        } catch (java.nio.file.NoSuchFileException e) {
            throw new ModelException(file + ": missing (expected: a safetensors file)", e);
        } catch (IOException e) {
            throw new UncheckedIOException(file + ": " + e, e);
        }
    }

    /** The texts in the header of a file that {@link #read} has taken. */
    static Map<String, String> metadata(Path file) {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            long length = read(channel, 0, 8).order(ByteOrder.LITTLE_ENDIAN).getLong();
            String header = StandardCharsets.UTF_8
                    .decode(read(channel, 8, (int) length))
                    .toString();
            Map<String, String> texts = new java.util.TreeMap<>();
            Json.parse(file.toString(), header)
                    .node()
                    .path("__metadata__")
                    .properties()
                    .forEach(e -> texts.put(e.getKey(), e.getValue().asText()));
            return texts;
        } catch (IOException e) {
            throw new UncheckedIOException(file + ": " + e, e);
        }
    }

    private static List<Entry> entries(Json header, long dataStart, long fileSize) {
        List<Entry> entries = new ArrayList<>();
        for (Map.Entry<String, JsonNode> field : header.node().properties()) {
            if (field.getKey().equals("__metadata__")) {
                continue;
            }
            entries.add(entry(header.where(), field.getKey(), field.getValue(), dataStart, fileSize));
        }
        requireWhole(header.where(), entries, dataStart, fileSize);
        return List.copyOf(entries);
    }

    /** The format has no gaps: bytes that belong to two tensors, or to none, are a damaged header. */
    private static void requireWhole(String file, List<Entry> entries, long dataStart, long fileSize) {
        List<Entry> ordered = new ArrayList<>(entries);
        ordered.sort(Comparator.comparingLong(Entry::start).thenComparingLong(Entry::bytes));
        long end = dataStart;
        for (Entry e : ordered) {
            if (e.start() != end) {
                throw new ModelException(file + ": " + e.name() + ": begins at byte " + (e.start() - dataStart)
                        + " (expected: " + (end - dataStart) + ", where the tensor before it ends)");
            }
            end += e.bytes();
        }
        if (end != fileSize) {
            throw new ModelException(file + ": " + (fileSize - dataStart) + " bytes of tensors (expected: "
                    + (end - dataStart) + ", by its header)");
        }
    }

    /** A whole number, or -1. */
    private static long integer(JsonNode value) {
        return value.isIntegralNumber() && value.canConvertToLong() ? value.longValue() : -1;
    }

    private static Entry entry(String file, String name, JsonNode value, long dataStart, long fileSize) {
        String type = value.path("dtype").asText();
        Dtype dtype = Arrays.stream(Dtype.values())
                .filter(d -> d.name().equals(type))
                .findFirst()
                .orElseThrow(() -> new ModelException(
                        file + ": " + name + ": dtype " + type + " (expected: one of F32, BF16, F16)"));
        long[] shape = new long[value.path("shape").size()];
        long bytes = dtype.bytes;
        for (int i = 0; i < shape.length; i++) {
            shape[i] = integer(value.path("shape").path(i));
            if (shape[i] < 0 || (shape[i] > 0 && bytes > Long.MAX_VALUE / shape[i])) {
                throw new ModelException(file + ": " + name + ": shape " + value.path("shape") + " (expected: sizes)");
            }
            bytes *= shape[i];
        }
        long from = integer(value.path("data_offsets").path(0));
        long to = integer(value.path("data_offsets").path(1));
        if (from < 0 || to < from || to - from != bytes || to > fileSize - dataStart) {
            throw new ModelException(file + ": " + name + ": bytes " + from + " to " + to + " (expected: " + bytes
                    + " bytes within the file's " + (fileSize - dataStart) + "; a broken download?)");
        }
        return new Entry(name, dtype, shape, dataStart + from, bytes);
    }

    /** The tensor's elements as float32, copied. */
    float[] floats(Entry entry) {
        if (entry.elements() > Integer.MAX_VALUE - 8) {
            throw new ModelException(
                    file + ": " + entry.name + ": " + entry.elements() + " elements (expected: < 2^31)");
        }
        float[] out = new float[(int) entry.elements()];
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            int chunk = 1 << 20;
            for (int at = 0; at < out.length; at += chunk) {
                int n = Math.min(chunk, out.length - at);
                ByteBuffer bytes = read(channel, entry.start + (long) at * entry.dtype.bytes, n * entry.dtype.bytes)
                        .order(ByteOrder.LITTLE_ENDIAN);
                for (int i = at; i < at + n; i++) {
                    out[i] = entry.dtype.get(bytes, (i - at) * entry.dtype.bytes);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(file + ": " + e, e);
        }
        return out;
    }

    /** IEEE 754 binary16 to float32; Java has this itself only from version 20 on. */
    private static float half(short bits) {
        int exponent = (bits >> 10) & 31;
        int fraction = bits & 1023;
        float magnitude = exponent == 0
                ? fraction * 0x1p-24f
                : exponent == 31
                        ? (fraction == 0 ? Float.POSITIVE_INFINITY : Float.NaN)
                        : Math.scalb(1024f + fraction, exponent - 25);
        return bits < 0 ? -magnitude : magnitude;
    }

    private static short bfloat16(float value) {
        int bits = Float.floatToRawIntBits(value);
        if (Float.isNaN(value)) {
            return (short) (bits >>> 16 | 0x40);
        }
        return (short) ((bits + 0x7FFF + (bits >>> 16 & 1)) >>> 16);
    }

    /** float32 to IEEE 754 binary16. */
    private static short half(float value) {
        int sign = Float.floatToRawIntBits(value) >>> 16 & 0x8000;
        float size = Math.abs(value);
        if (Float.isNaN(value)) {
            return (short) (sign | 0x7E00);
        }
        if (size >= 65520) {
            return (short) (sign | 0x7C00);
        }
        if (size < 0x1p-14f) {
            return (short) (sign | (int) Math.rint(size * 0x1p24));
        }
        int exponent = Math.getExponent(size);
        // a fraction that rounds up to 1024 carries into the exponent, as it should
        return (short) (sign
                | (exponent + 15 << 10) + (int) Math.rint((Math.scalb((double) size, -exponent) - 1) * 1024));
    }

    private static ByteBuffer read(FileChannel channel, long position, int count) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(count);
        while (buffer.hasRemaining()) {
            if (channel.read(buffer, position + buffer.position()) < 0) {
                throw new IOException("ends at byte " + (position + buffer.position()));
            }
        }
        return buffer.flip();
    }
}
