package io.realqa.streams.topology;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.streams.processor.api.Record;
import org.jspecify.annotations.Nullable;

/**
 * An upload record as it came, kept in the pending store until its outcome is forwarded: enough to score it again after
 * a restart and to dead-letter it untouched.
 */
record PendingUpload(
        String topic,
        int partition,
        long offset,
        long timestamp,
        byte @Nullable [] key,
        byte @Nullable [] value,
        Headers headers) {
    private static final int VERSION = 1;

    /** What a header takes besides its name and value: the length of each. */
    private static final long HEADER_BYTES = 2L * Integer.BYTES;

    /** Bytes of key, value and headers. */
    long payloadBytes() {
        long bytes = headerBytes();
        bytes += key == null ? 0 : key.length;
        bytes += value == null ? 0 : value.length;
        return bytes;
    }

    /** Bytes of the headers as they are stored; a character of a name counts as the most that it may take. */
    long headerBytes() {
        long bytes = 0;
        for (Header h : headers) {
            bytes += HEADER_BYTES + 3L * h.key().length() + (h.value() == null ? 0 : h.value().length);
        }
        return bytes;
    }

    byte[] encode() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(value == null ? 128 : value.length + 128);
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            out.writeByte(VERSION);
            write(out, topic.getBytes(StandardCharsets.UTF_8));
            out.writeInt(partition);
            out.writeLong(offset);
            out.writeLong(timestamp);
            write(out, key);
            write(out, value);
            Header[] all = headers.toArray();
            out.writeInt(all.length);
            for (Header h : all) {
                // Not writeUTF, which ends at 65,535 bytes.
                write(out, h.key().getBytes(StandardCharsets.UTF_8));
                write(out, h.value());
            }
        } catch (IOException e) {
            throw new UncheckedIOException("memory cannot fail", e);
        }
        return bytes.toByteArray();
    }

    static PendingUpload decode(byte[] bytes) {
        try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
            int version = in.readByte();
            if (version != VERSION) {
                throw new IllegalStateException(
                        "pending store: entry of version " + version + " (expected: " + VERSION + ")");
            }
            String topic = readText(in);
            int partition = in.readInt();
            long offset = in.readLong();
            long timestamp = in.readLong();
            byte[] key = read(in);
            byte[] value = read(in);
            Headers headers = new Record<>(0, 0, 0).headers();
            for (int n = in.readInt(); n > 0; n--) {
                headers.add(readText(in), read(in));
            }
            if (in.available() > 0) {
                throw new IOException(in.available() + " bytes are left over (expected: none)");
            }
            return new PendingUpload(topic, partition, offset, timestamp, key, value, headers);
        } catch (IOException e) {
            throw new IllegalStateException("pending store: an entry of " + bytes.length + " bytes is broken: " + e, e);
        }
    }

    private static void write(DataOutputStream out, byte @Nullable [] bytes) throws IOException {
        out.writeInt(bytes == null ? -1 : bytes.length);
        if (bytes != null) {
            out.write(bytes);
        }
    }

    private static byte @Nullable [] read(DataInputStream in) throws IOException {
        int length = in.readInt();
        if (length < 0) {
            return null;
        }
        byte[] bytes = in.readNBytes(length);
        if (bytes.length < length) {
            throw new EOFException(bytes.length + " bytes are left (expected: " + length + ")");
        }
        return bytes;
    }

    private static String readText(DataInputStream in) throws IOException {
        byte[] bytes = read(in);
        if (bytes == null) {
            throw new IOException("no text (expected: a name)");
        }
        return new String(bytes, StandardCharsets.UTF_8);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof PendingUpload p && Arrays.equals(encode(), p.encode());
    }

    @Override
    public int hashCode() {
        return Long.hashCode(offset);
    }
}
