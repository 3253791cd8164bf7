package io.realqa.streams;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.zip.CRC32;

/** Files that people and attackers upload. */
final class BadImages {
    private BadImages() {}

    static byte[] truncated(byte[] file) {
        return Arrays.copyOf(file, file.length / 2);
    }

    /** A PNG whose header promises 60,000 x 60,000 pixels. */
    static byte[] hugePng() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(new byte[] {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'});
        chunk(
                out,
                "IHDR",
                ByteBuffer.allocate(13)
                        .putInt(60_000)
                        .putInt(60_000)
                        .put(new byte[] {8, 2, 0, 0, 0})
                        .array());
        chunk(out, "IDAT", new byte[20]);
        chunk(out, "IEND", new byte[0]);
        return out.toByteArray();
    }

    private static void chunk(ByteArrayOutputStream out, String type, byte[] data) {
        byte[] name = type.getBytes(StandardCharsets.US_ASCII);
        CRC32 crc = new CRC32();
        crc.update(name);
        crc.update(data);
        try (DataOutputStream to = new DataOutputStream(out)) {
            to.writeInt(data.length);
            to.write(name);
            to.write(data);
            to.writeInt((int) crc.getValue());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static byte[] text() {
        return "Dear sir or madam, attached you find no picture.\n".getBytes(StandardCharsets.UTF_8);
    }

    /** An extended WebP with the animation flag. */
    static byte[] animatedWebp() {
        ByteBuffer b = ByteBuffer.allocate(44).order(ByteOrder.LITTLE_ENDIAN);
        b.put("RIFF".getBytes(StandardCharsets.US_ASCII)).putInt(36).put("WEBP".getBytes(StandardCharsets.US_ASCII));
        b.put("VP8X".getBytes(StandardCharsets.US_ASCII))
                .putInt(10)
                .put((byte) 2)
                .put(new byte[9]);
        b.put("ANIM".getBytes(StandardCharsets.US_ASCII)).putInt(6).put(new byte[6]);
        return b.array();
    }

    /** A TIFF of a hundred bytes that claims forty billion pixels in one strip. */
    static byte[] tiffBomb() {
        int[][] entries = {
            {256, 4, 200_000},
            {257, 4, 200_000},
            {258, 3, 8},
            {259, 3, 5},
            {262, 3, 1},
            {273, 4, 90},
            {277, 3, 1},
            {278, 4, 200_000},
            {279, 4, 10}
        };
        ByteBuffer b = ByteBuffer.allocate(8 + 2 + 12 * entries.length + 4 + 10).order(ByteOrder.LITTLE_ENDIAN);
        b.put(new byte[] {'I', 'I', 42, 0}).putInt(8).putShort((short) entries.length);
        for (int[] e : entries) {
            b.putShort((short) e[0]).putShort((short) e[1]).putInt(1).putInt(e[2]);
        }
        return b.array();
    }

    static byte[] heic() {
        ByteBuffer b = ByteBuffer.allocate(64);
        b.putInt(24).put("ftypheic".getBytes(StandardCharsets.US_ASCII)).putInt(0);
        b.put("mif1heic".getBytes(StandardCharsets.US_ASCII));
        return b.array();
    }
}
