package io.realqa.scorer.image;

import java.nio.charset.StandardCharsets;

/** Numbers at an offset of a file; past its end an IndexOutOfBoundsException, which the decoder reports as corrupt. */
final class Bytes {
    private Bytes() {}

    static int u8(byte[] file, int at) {
        return file[at] & 0xff;
    }

    static int u16le(byte[] file, int at) {
        return u8(file, at) | u8(file, at + 1) << 8;
    }

    static int u16be(byte[] file, int at) {
        return u8(file, at) << 8 | u8(file, at + 1);
    }

    static int i32le(byte[] file, int at) {
        return u16le(file, at) | u16le(file, at + 2) << 16;
    }

    static int i32be(byte[] file, int at) {
        return u16be(file, at) << 16 | u16be(file, at + 2);
    }

    static long u32le(byte[] file, int at) {
        return i32le(file, at) & 0xffffffffL;
    }

    static long u32be(byte[] file, int at) {
        return i32be(file, at) & 0xffffffffL;
    }

    /** Whether the ASCII text stands at the offset; false past the end. */
    static boolean has(byte[] file, int at, String ascii) {
        if (at < 0 || at > file.length - ascii.length()) {
            return false;
        }
        for (int i = 0; i < ascii.length(); i++) {
            if (u8(file, at + i) != ascii.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    static String ascii(byte[] file, int at, int length) {
        return new String(file, at, length, StandardCharsets.ISO_8859_1);
    }
}
