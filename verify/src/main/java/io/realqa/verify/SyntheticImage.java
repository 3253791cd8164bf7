package io.realqa.verify;

import io.realqa.scorer.Digests;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.SplittableRandom;

/** "Images" of a few hundred bytes that no decoder reads, and the one score that each of them has. Pure. */
final class SyntheticImage {
    private static final byte[] GOOD = "REALQA-G".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] POISON = "REALQA-P".getBytes(StandardCharsets.US_ASCII);
    private static final int LEAST_BYTES = 100;
    private static final int MOST_BYTES = 400;

    private SyntheticImage() {}

    /** The bytes of an image: the same for the same number. */
    static byte[] content(long number, boolean poison) {
        SplittableRandom random = new SplittableRandom(number);
        ByteBuffer bytes = ByteBuffer.allocate(random.nextInt(LEAST_BYTES, MOST_BYTES));
        bytes.put(poison ? POISON : GOOD).putLong(number);
        while (bytes.hasRemaining()) {
            bytes.put((byte) random.nextInt());
        }
        return bytes.array();
    }

    /** Whether the bytes are an image of this kind. */
    static boolean readable(byte[] content) {
        return startsWith(content, GOOD) || startsWith(content, POISON);
    }

    static boolean poison(byte[] content) {
        return startsWith(content, POISON);
    }

    private static boolean startsWith(byte[] content, byte[] magic) {
        return content.length > magic.length + Long.BYTES
                && MessageDigest.isEqual(java.util.Arrays.copyOf(content, magic.length), magic);
    }

    static String sha256(byte[] content) {
        return Digests.hex(content);
    }

    /** The score of a content under a version of the model, in [0, 10): nobody else can have found it. */
    static double score(String sha256, String version) {
        byte[] digest = Digests.sha256().digest((sha256 + "/" + version).getBytes(StandardCharsets.UTF_8));
        return (ByteBuffer.wrap(digest).getLong() >>> 11) * 0x1.0p-53 * 10;
    }
}
