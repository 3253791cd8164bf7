package io.realqa.verify;

import java.util.SplittableRandom;

/**
 * The uploads of a run: a pure function of seed and number, so generator, image host and checker each know all of them.
 * Ids come back within a block, so that keys have several versions; some contents are popular, so that identical bytes
 * come under different ids.
 */
final class Load {
    private static final int BLOCK = 600;
    private static final int IDS_OF_A_BLOCK = 250;
    private static final int POPULAR_CONTENTS = 50;
    private static final int POPULAR_PER_HUNDRED = 5;

    private final long seed;
    private final int size;
    private final int partitions;

    Load(long seed, int size, int partitions) {
        if (size < 1) {
            throw new IllegalArgumentException("uploads: " + size + " (expected: at least 1)");
        }
        this.seed = seed;
        this.size = size;
        this.partitions = partitions;
    }

    int size() {
        return size;
    }

    Upload upload(int number) {
        if (number < 0 || number >= size) {
            throw new IllegalArgumentException("upload: " + number + " (expected: 0 to " + (size - 1) + ")");
        }
        SplittableRandom random = random(number);
        Kind kind = Kind.at(random.nextInt(1000));
        int block = number / BLOCK * BLOCK;
        if (kind == Kind.DUPLICATE) {
            if (number > block) {
                Upload first = upload(block + random.nextInt(number - block));
                return new Upload(
                        number, first.origin(), first.kind(), first.imageId(), first.partition(), first.content());
            }
            kind = Kind.BY_URI;
        }
        int id = random.nextInt(IDS_OF_A_BLOCK);
        boolean popular = random.nextInt(100) < POPULAR_PER_HUNDRED && kind != Kind.POISON;
        long content = seed * 1_000_003 + (popular ? -1 - random.nextInt(POPULAR_CONTENTS) : number);
        String imageId = "image-" + block / BLOCK + "-" + id;
        return new Upload(number, number, kind, imageId, Math.floorMod(imageId.hashCode(), partitions), content);
    }

    /** Nearby seeds and numbers give unrelated streams. */
    private SplittableRandom random(int number) {
        return new SplittableRandom(new SplittableRandom(seed ^ (number * 0x9E3779B97F4A7C15L)).nextLong());
    }
}
