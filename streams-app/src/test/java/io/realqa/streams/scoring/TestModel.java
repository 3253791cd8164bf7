package io.realqa.streams.scoring;

import io.realqa.scorer.Score;
import io.realqa.scorer.image.ImageDecoder;
import io.realqa.scorer.image.ImageLimits;
import io.realqa.scorer.image.ImageRejectedException;
import io.realqa.scorer.image.Preprocessing;
import io.realqa.scorer.image.VisualInput;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntConsumer;

/** Images of one grey each, and a model that sees the grey. Thread-safe. */
public final class TestModel implements BatchScorer {
    /** A grey whose score is not a number. */
    public static final int NAN = 99;
    /** What beforeEach is called with for the probe image. */
    public static final int PROBE = -1;

    private static final int SIDE = 28;

    private final List<Integer> seen = Collections.synchronizedList(new ArrayList<>());
    private final IntConsumer beforeEach;
    private final Identity identity;
    private final AtomicInteger calls = new AtomicInteger();

    /** @param beforeEach called with each image's grey; what it throws fails the batch */
    public TestModel(IntConsumer beforeEach) {
        this(beforeEach, new Identity("sha256:checkpoint", null, "sha256:profile", "sha256:preprocessing", 0));
    }

    public TestModel(IntConsumer beforeEach, Identity identity) {
        this.beforeEach = beforeEach;
        this.identity = identity;
    }

    /** A BMP file. */
    public static byte[] image(int grey) {
        int pixels = 3 * SIDE * SIDE;
        ByteBuffer file = ByteBuffer.allocate(54 + pixels).order(ByteOrder.LITTLE_ENDIAN);
        file.put((byte) 'B').put((byte) 'M').putInt(file.capacity()).putInt(0).putInt(54);
        file.putInt(40).putInt(SIDE).putInt(SIDE).putShort((short) 1).putShort((short) 24);
        file.position(54);
        for (int i = 0; i < pixels; i++) {
            file.put((byte) grey);
        }
        return file.array();
    }

    /** Greys of the images that were scored, in that order. */
    public List<Integer> seen() {
        synchronized (seen) {
            return List.copyOf(seen);
        }
    }

    private record Grey(VisualInput input) implements Prepared {
        @Override
        public int visualTokens() {
            return input.visualTokens();
        }
    }

    @Override
    public Prepared prepare(byte[] content) throws ImageRejectedException {
        List<Double> zeros = List.of(0.0, 0.0, 0.0);
        List<Double> ones = List.of(1.0, 1.0, 1.0);
        Preprocessing preprocessing = new Preprocessing(14, 2, 2, SIDE * SIDE, SIDE * SIDE, zeros, ones, 1.0, false);
        return new Grey(preprocessing.apply(new ImageDecoder(ImageLimits.DEFAULTS).decode(content)));
    }

    @Override
    public List<Score> score(List<Prepared> images) {
        calls.incrementAndGet();
        List<Integer> greys = images.stream()
                .map(i -> Byte.toUnsignedInt(((Grey) i).input().pixels()[0]))
                .toList();
        greys.forEach(beforeEach::accept);
        seen.addAll(greys);
        return greys.stream().map(TestModel::score).toList();
    }

    /** Device calls so far, failed ones included. */
    public int calls() {
        return calls.get();
    }

    @Override
    public void probe() {
        calls.incrementAndGet();
        beforeEach.accept(PROBE);
    }

    /** The answer to one grey; one of {@link #NAN} is no number. */
    private static Score score(int grey) {
        if (grey == NAN) {
            return new Score(Double.NaN, 0, 0, 0, List.of(), 0, 0, List.of(), null);
        }
        return new Score(grey, 0, grey, grey, List.of(), 0, 0, List.of(), null);
    }

    @Override
    public Identity identity() {
        return identity;
    }
}
