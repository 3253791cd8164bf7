package io.realqa.scorer;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Map;
import java.util.function.Function;

/** Writes float32 tensors as a safetensors file, one at a time. */
final class SafetensorsWriter {
    private static final int CHUNK_FLOATS = 1 << 18;

    private SafetensorsWriter() {}

    /**
     * Writes a new file and forces it to the disk.
     *
     * @param metadata texts for the header
     * @param shapes of the tensors, in the order of the file
     * @param values a tensor's elements by its name
     */
    static void write(
            Path file, Map<String, String> metadata, Map<String, long[]> shapes, Function<String, float[]> values)
            throws IOException {
        try (FileChannel out = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            writeFully(out, ByteBuffer.wrap(header(metadata, shapes)));
            ByteBuffer buffer = ByteBuffer.allocate(CHUNK_FLOATS * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
            for (Map.Entry<String, long[]> e : shapes.entrySet()) {
                float[] all = values.apply(e.getKey());
                if (all.length != Safetensors.elements(e.getValue())) {
                    throw new IllegalArgumentException(e.getKey() + ": " + all.length + " elements (expected: "
                            + Arrays.toString(e.getValue()) + ")");
                }
                for (int at = 0; at < all.length; at += CHUNK_FLOATS) {
                    int n = Math.min(CHUNK_FLOATS, all.length - at);
                    buffer.clear();
                    buffer.asFloatBuffer().put(all, at, n);
                    buffer.limit(n * Float.BYTES);
                    writeFully(out, buffer);
                }
            }
            out.force(true);
        }
    }

    private static byte[] header(Map<String, String> metadata, Map<String, long[]> shapes) throws IOException {
        ObjectMapper mapper = new ObjectMapper();
        ObjectNode json = mapper.createObjectNode();
        ObjectNode about = json.putObject("__metadata__");
        metadata.forEach(about::put);
        long at = 0;
        for (Map.Entry<String, long[]> e : shapes.entrySet()) {
            long end = at + Float.BYTES * Safetensors.elements(e.getValue());
            ObjectNode tensor = json.putObject(e.getKey());
            tensor.put("dtype", "F32");
            tensor.set("shape", mapper.valueToTree(e.getValue()));
            tensor.putArray("data_offsets").add(at).add(end);
            at = end;
        }
        byte[] text = mapper.writeValueAsString(json).getBytes(StandardCharsets.UTF_8);
        // padded, so that tensors start on a boundary of eight bytes
        int padded = (text.length + 7) / 8 * 8;
        ByteBuffer header = ByteBuffer.allocate(8 + padded).order(ByteOrder.LITTLE_ENDIAN);
        header.putLong(padded).put(text);
        while (header.hasRemaining()) {
            header.put((byte) ' ');
        }
        return header.array();
    }

    private static void writeFully(FileChannel out, ByteBuffer buffer) throws IOException {
        while (buffer.hasRemaining()) {
            out.write(buffer);
        }
    }
}
