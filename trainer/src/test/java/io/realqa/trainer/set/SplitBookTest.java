package io.realqa.trainer.set;

import static org.assertj.core.api.Assertions.assertThat;

import io.realqa.scorer.Digests;
import io.realqa.trainer.set.SplitBook.Side;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class SplitBookTest {
    /** With a share of a half, a digest that begins with 0 is held out, one with f trains. */
    private static String digest(char first, int n) {
        return first + "%063x".formatted(n);
    }

    @Test
    void nearDuplicatesAreOnOneSideWhateverTheirDigestsSay() {
        SplitBook book = new SplitBook(0.5, 6);
        assertThat(book.add(digest('f', 1), 0L)).isEqualTo(Side.TRAINING);
        assertThat(book.add(digest('0', 2), 0b111111L)).isEqualTo(Side.TRAINING);
        assertThat(book.add(digest('0', 3), 0b1111111L << 40)).isEqualTo(Side.HELD_OUT);
        assertThat(book.add(digest('f', 4), 0b1111111L << 41)).isEqualTo(Side.HELD_OUT);
    }

    @Test
    void anImageThatLooksLikeImagesOfBothSidesIsOnNeither() {
        SplitBook book = new SplitBook(0.5, 6);
        book.add(digest('f', 1), 0L);
        book.add(digest('0', 2), 0xfffL);
        assertThat(book.add(digest('f', 3), 0x3fL)).isEqualTo(Side.NEITHER);
        // and it draws nobody after it: this one is near to it alone
        assertThat(book.add(digest('0', 4), 0x3fL | 0x1fL << 20)).isEqualTo(Side.HELD_OUT);
    }

    @Test
    void anImageKeepsItsSideWhateverComesLater() {
        SplittableRandom random = new SplittableRandom(3);
        List<String> digests = new ArrayList<>();
        List<Long> hashes = new ArrayList<>();
        SplitBook book = new SplitBook(0.3, 10);
        List<Side> first = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            digests.add(Digests.hex(new byte[] {(byte) i, (byte) (i >> 8)}));
            hashes.add(random.nextLong());
            first.add(book.add(digests.get(i), hashes.get(i)));
        }
        for (int i = 0; i < 300; i++) {
            assertThat(book.add(digests.get(i), hashes.get(i))).isEqualTo(first.get(i));
        }
        long held = first.stream().filter(Side.HELD_OUT::equals).count();
        assertThat(held).isBetween(55L, 125L);
    }
}
