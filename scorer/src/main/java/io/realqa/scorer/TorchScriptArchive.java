package io.realqa.scorer;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * Packs TorchScript source into the archive that libtorch loads: a zip of stored entries with the code as text and one
 * pickled module object whose attributes are plain numbers.
 */
final class TorchScriptArchive {
    /** The first date that zip knows: the same program gives the same bytes. */
    private static final long EPOCH = 315_532_800_000L;

    private TorchScriptArchive() {}

    /**
     * Writes the archive.
     *
     * @param type name of the module's class in the code
     * @param attributes its attributes: Integer, Double or Boolean
     */
    static void write(OutputStream out, String code, String type, Map<String, Object> attributes) throws IOException {
        try (ZipOutputStream zip = new ZipOutputStream(out)) {
            store(zip, "program/data.pkl", module(type, attributes));
            store(zip, "program/constants.pkl", new byte[] {(byte) 0x80, 2, ')', '.'});
            store(zip, "program/version", "3\n".getBytes(StandardCharsets.US_ASCII));
            store(zip, "program/code/__torch__.py", code.getBytes(StandardCharsets.UTF_8));
        }
    }

    private static void store(ZipOutputStream zip, String name, byte[] content) throws IOException {
        ZipEntry entry = new ZipEntry(name);
        entry.setMethod(ZipEntry.STORED);
        entry.setTime(EPOCH);
        entry.setSize(content.length);
        CRC32 crc = new CRC32();
        crc.update(content);
        entry.setCrc(crc.getValue());
        zip.putNextEntry(entry);
        zip.write(content);
        zip.closeEntry();
    }

    /** Pickle, protocol 2: an object of the class, built with its attributes as state. */
    private static byte[] module(String type, Map<String, Object> attributes) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(new byte[] {(byte) 0x80, 2});
        out.writeBytes(("c__torch__\n" + type + "\n").getBytes(StandardCharsets.US_ASCII));
        out.writeBytes(new byte[] {')', (byte) 0x81, '}', '('}); // (), new object, {}, mark
        attributes.forEach((name, value) -> {
            byte[] text = name.getBytes(StandardCharsets.UTF_8);
            out.write('X');
            littleEndian(out, text.length);
            out.writeBytes(text);
            if (value instanceof Integer i) {
                out.write('J');
                littleEndian(out, i);
            } else if (value instanceof Double d) {
                out.write('G');
                long bits = Double.doubleToLongBits(d);
                for (int shift = 56; shift >= 0; shift -= 8) {
                    out.write((int) (bits >>> shift));
                }
            } else if (value instanceof Boolean b) {
                out.write(0x88 + (b ? 0 : 1));
            } else {
                throw new IllegalArgumentException(name + ": " + value + " (expected: Integer, Double or Boolean)");
            }
        });
        out.writeBytes(new byte[] {'u', 'b', '.'}); // set items, build, stop
        return out.toByteArray();
    }

    private static void littleEndian(ByteArrayOutputStream out, int value) {
        for (int shift = 0; shift < 32; shift += 8) {
            out.write(value >>> shift);
        }
    }
}
