package io.realqa.scorer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/** A safetensors file taken apart, to be changed and written again. */
final class TensorFile {
    private static final ObjectMapper JSON = new ObjectMapper();

    /** One tensor as the file has it. */
    @SuppressWarnings("ArrayRecordComponent")
    record Tensor(String dtype, long[] shape, byte[] data) {
        static Tensor floats(float[] values, long... shape) {
            ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
            for (float v : values) {
                bytes.putFloat(v);
            }
            return new Tensor("F32", shape, bytes.array());
        }

        Tensor bfloat16() {
            return narrow("BF16", v -> (short) ((Float.floatToIntBits(v) + 0x8000) >>> 16));
        }

        Tensor half() {
            return narrow("F16", Tensor::half);
        }

        private interface Narrowing {
            short apply(float value);
        }

        private Tensor narrow(String type, Narrowing narrowing) {
            ByteBuffer wide = ByteBuffer.wrap(data).order(ByteOrder.LITTLE_ENDIAN);
            ByteBuffer narrow = ByteBuffer.allocate(data.length / 2).order(ByteOrder.LITTLE_ENDIAN);
            while (wide.hasRemaining()) {
                narrow.putShort(narrowing.apply(wide.getFloat()));
            }
            return new Tensor(type, shape, narrow.array());
        }

        private static short half(float value) {
            float size = Math.abs(value);
            int bits;
            if (size < 0x1p-14f) {
                bits = Math.round(size * 0x1p24f);
            } else {
                int exponent = Math.getExponent(size);
                bits = ((exponent + 15) << 10) + Math.round((Math.scalb(size, -exponent) - 1) * 1024);
            }
            return (short) (value < 0 ? bits | 0x8000 : bits);
        }
    }

    private final Map<String, Tensor> tensors = new LinkedHashMap<>();

    static TensorFile read(Path file) throws IOException {
        ByteBuffer all = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        int length = Math.toIntExact(all.getLong(0));
        JsonNode header = JSON.readTree(all.array(), 8, length);
        TensorFile result = new TensorFile();
        for (Map.Entry<String, JsonNode> e : header.properties()) {
            if (e.getKey().equals("__metadata__")) {
                continue;
            }
            JsonNode offsets = e.getValue().path("data_offsets");
            byte[] data = new byte[offsets.path(1).asInt() - offsets.path(0).asInt()];
            all.get(8 + length + offsets.path(0).asInt(), data);
            result.put(
                    e.getKey(),
                    new Tensor(
                            e.getValue().path("dtype").asText(),
                            JSON.convertValue(e.getValue().path("shape"), long[].class),
                            data));
        }
        return result;
    }

    /** Changes a file in place. */
    static void edit(Path file, Consumer<TensorFile> change) throws IOException {
        TensorFile tensors = read(file);
        change.accept(tensors);
        tensors.write(file);
    }

    /** Changes a file's header as JSON and keeps its data. */
    static void editHeader(Path file, Consumer<ObjectNode> change) throws IOException {
        ByteBuffer all = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        int length = Math.toIntExact(all.getLong(0));
        ObjectNode header = (ObjectNode) JSON.readTree(all.array(), 8, length);
        change.accept(header);
        byte[] data = new byte[all.capacity() - 8 - length];
        all.get(8 + length, data);
        write(file, JSON.writeValueAsString(header), 8, data);
    }

    /** Changes a JSON file in place. */
    static void editJson(Path file, Consumer<ObjectNode> change) throws IOException {
        ObjectNode json = (ObjectNode) JSON.readTree(file.toFile());
        change.accept(json);
        Files.writeString(file, JSON.writeValueAsString(json));
    }

    /** Copies the files of a folder, not its folders. */
    static Path copy(Path from, Path to) throws IOException {
        Files.createDirectories(to);
        try (Stream<Path> files = Files.list(from)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Files.copy(file, to.resolve(file.getFileName().toString()));
            }
        }
        return to;
    }

    /** A parity checkpoint with the tokenizer that all of them share. */
    static Path checkpoint(String name, Path to) throws IOException {
        copy(Reference.PARITY.resolve(name), to);
        Files.copy(Reference.PARITY.resolve("tokenizer.json"), to.resolve("tokenizer.json"));
        return to;
    }

    Tensor get(String name) {
        return Objects.requireNonNull(tensors.get(name), name);
    }

    void put(String name, Tensor tensor) {
        tensors.put(name, tensor);
    }

    void remove(String name) {
        Objects.requireNonNull(tensors.remove(name), name);
    }

    void rename(UnaryOperator<String> names) {
        Map<String, Tensor> old = new LinkedHashMap<>(tensors);
        tensors.clear();
        old.forEach((name, tensor) -> put(names.apply(name), tensor));
    }

    void convert(UnaryOperator<Tensor> conversion) {
        tensors.replaceAll((name, tensor) -> conversion.apply(tensor));
    }

    void write(Path file) throws IOException {
        write(file, 8);
    }

    /** Writes the file with its data at no multiple of two, as a writer does that pads nothing. */
    void writeUnaligned(Path file) throws IOException {
        write(file, 1);
    }

    private void write(Path file, int alignment) throws IOException {
        ObjectNode header = JSON.createObjectNode();
        ByteArrayOutputStream data = new ByteArrayOutputStream();
        tensors.forEach((name, t) -> {
            ObjectNode entry = header.putObject(name).put("dtype", t.dtype());
            for (long size : t.shape()) {
                entry.withArray("shape").add(size);
            }
            entry.putArray("data_offsets").add(data.size()).add(data.size() + t.data().length);
            data.writeBytes(t.data());
        });
        write(file, JSON.writeValueAsString(header), alignment, data.toByteArray());
    }

    private static void write(Path file, String header, int alignment, byte[] data) throws IOException {
        StringBuilder padded = new StringBuilder(header);
        while (alignment == 1 ? padded.length() % 2 == 0 : padded.length() % alignment != 0) {
            padded.append(' ');
        }
        byte[] text = padded.toString().getBytes(StandardCharsets.UTF_8);
        ByteBuffer all = ByteBuffer.allocate(8 + text.length + data.length).order(ByteOrder.LITTLE_ENDIAN);
        all.putLong(text.length).put(text).put(data);
        Files.write(file, all.array());
    }
}
