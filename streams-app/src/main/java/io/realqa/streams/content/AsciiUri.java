package io.realqa.streams.content;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

/** Addresses in ASCII. */
final class AsciiUri {
    private AsciiUri() {}

    /**
     * What stands beyond ASCII as escaped UTF-8 (RFC 3987, 3.1). Unlike {@link java.net.URI#toASCIIString} it does not
     * normalise: a file system takes two spellings of a letter for two names.
     *
     * @throws IllegalArgumentException for half a surrogate pair
     */
    static String of(String text) {
        ByteBuffer bytes;
        try {
            bytes = StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(text));
        } catch (CharacterCodingException e) {
            throw new IllegalArgumentException("half a character (expected: Unicode text)", e);
        }
        StringBuilder ascii = new StringBuilder(bytes.remaining());
        while (bytes.hasRemaining()) {
            byte b = bytes.get();
            if (b >= 0) {
                ascii.append((char) b);
            } else {
                ascii.append('%').append(HexFormat.of().withUpperCase().toHexDigits(b));
            }
        }
        return ascii.toString();
    }
}
