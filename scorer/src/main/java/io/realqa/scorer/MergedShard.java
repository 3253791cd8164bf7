package io.realqa.scorer;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.realqa.scorer.LoraTensors.Pair;
import io.realqa.scorer.Merger.Source;
import io.realqa.scorer.Safetensors.Entry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.function.LongConsumer;
import java.util.stream.IntStream;

/** Writes safetensors files of tensors of other files, each with what the adapter adds to it. One thread's. */
final class MergedShard {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int PIECE_BYTES = 16 << 20;

    private final LoraTensors lora;
    private final Map<String, Pair> pairs;
    private final LongConsumer progress;

    /** pairs: by the canonical name of the weight that each changes. */
    MergedShard(LoraTensors lora, Map<String, Pair> pairs, LongConsumer progress) {
        this.lora = lora;
        this.pairs = pairs;
        this.progress = progress;
    }

    void write(Path file, List<Source> tensors) throws IOException {
        try (FileChannel out = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            writeAll(out, header(tensors));
            for (Source tensor : tensors) {
                String name = WeightLayout.canonical(tensor.entry().name()).orElse("");
                Pair pair = pairs.get(name);
                try (FileChannel in = FileChannel.open(tensor.table().file(), StandardOpenOption.READ)) {
                    if (pair == null) {
                        copy(in, tensor.entry(), out);
                    } else {
                        merge(in, tensor, pair, out);
                    }
                }
            }
            out.force(true);
        }
    }

    /** Length, JSON, and spaces up to a multiple of eight, so that tensors can be used where they lie. */
    private static ByteBuffer header(List<Source> tensors) throws IOException {
        ObjectNode header = JSON.createObjectNode();
        header.putObject("__metadata__").put("format", "pt");
        Map<String, Long> places = Merger.places(tensors);
        for (Source s : tensors) {
            Entry e = s.entry();
            ObjectNode node = header.putObject(e.name()).put("dtype", e.dtype().name());
            var shape = node.putArray("shape");
            for (long size : e.shape()) {
                shape.add(size);
            }
            long at = places.getOrDefault(e.name(), 0L);
            node.putArray("data_offsets").add(at).add(at + e.bytes());
        }
        byte[] json = JSON.writeValueAsString(header).getBytes(StandardCharsets.UTF_8);
        int padded = (json.length + 7) / 8 * 8;
        ByteBuffer buffer = ByteBuffer.allocate(8 + padded).order(ByteOrder.LITTLE_ENDIAN);
        buffer.putLong(padded).put(json);
        while (buffer.hasRemaining()) {
            buffer.put((byte) ' ');
        }
        return buffer.flip();
    }

    private void copy(FileChannel in, Entry e, FileChannel out) throws IOException {
        ByteBuffer piece = ByteBuffer.allocate((int) Math.min(PIECE_BYTES, Math.max(1, e.bytes())));
        long at = 0;
        while (at < e.bytes()) {
            piece.clear().limit((int) Math.min(piece.capacity(), e.bytes() - at));
            at += piece.limit();
            read(in, piece, e.start() + at - piece.limit());
            writeAll(out, piece);
        }
    }

    /** Rows of W [out, in, …] as many at a time as a piece holds: W[o] += sum over r of B[o, r] A[r]. */
    private void merge(FileChannel in, Source tensor, Pair pair, FileChannel out) throws IOException {
        Entry e = tensor.entry();
        long rows = e.shape()[0];
        int columns = Math.toIntExact(e.elements() / rows);
        float[] a = lora.a(pair);
        float[] b = lora.b(pair);
        int rank = b.length / (int) rows;
        int width = columns * e.dtype().bytes;
        int most = (int) Math.max(1, Math.min(rows, PIECE_BYTES / width));
        ByteBuffer piece = ByteBuffer.allocate(most * width).order(ByteOrder.LITTLE_ENDIAN);
        for (long from = 0; from < rows; from += most) {
            int n = (int) Math.min(most, rows - from);
            piece.clear().limit(n * width);
            read(in, piece, e.start() + from * width);
            ByteBuffer values = piece;
            int first = (int) from;
            // rows are independent: each is read, changed and put back by one thread
            IntStream.range(0, n).parallel().forEach(i -> {
                float[] w = new float[columns];
                for (int c = 0; c < columns; c++) {
                    w[c] = e.dtype().get(values, i * width + c * e.dtype().bytes);
                }
                for (int r = 0; r < rank; r++) {
                    float factor = b[(first + i) * rank + r];
                    int row = r * columns;
                    for (int c = 0; c < columns; c++) {
                        w[c] += factor * a[row + c];
                    }
                }
                for (int c = 0; c < columns; c++) {
                    put(values, i * width + c * e.dtype().bytes, w[c], e);
                }
            });
            writeAll(out, piece);
        }
    }

    private static void put(ByteBuffer to, int at, float value, Entry e) {
        e.dtype().put(to, at, value);
        if (!Float.isFinite(e.dtype().get(to, at))) {
            throw new ModelException(e.name() + ": " + value + " after merging (expected: finite in "
                    + e.dtype().name() + ")");
        }
    }

    private static void read(FileChannel in, ByteBuffer piece, long position) throws IOException {
        while (piece.hasRemaining()) {
            if (in.read(piece, position + piece.position()) < 0) {
                throw new IOException("ends at byte " + (position + piece.position()));
            }
        }
        piece.flip();
    }

    private void writeAll(FileChannel out, ByteBuffer bytes) throws IOException {
        progress.accept(bytes.remaining());
        while (bytes.hasRemaining()) {
            out.write(bytes);
        }
    }
}
