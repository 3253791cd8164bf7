package io.realqa.streams.scoring;

import io.realqa.scorer.Score;
import io.realqa.scorer.Scorer;
import io.realqa.scorer.image.Preprocessing;
import io.realqa.scorer.image.VisualInput;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.IntConsumer;

/** Images of one grey each, and a model that sees the grey. Thread-safe. */
public final class TestModel implements BatchScorer {
    private static final int SIDE = 28;

    private final List<Integer> seen = Collections.synchronizedList(new ArrayList<>());
    private final IntConsumer beforeEach;

    /** @param beforeEach called with each image's grey; what it throws fails the batch */
    public TestModel(IntConsumer beforeEach) {
        this.beforeEach = beforeEach;
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

    @Override
    public Preprocessing preprocessing() {
        List<Double> zeros = List.of(0.0, 0.0, 0.0);
        List<Double> ones = List.of(1.0, 1.0, 1.0);
        return new Preprocessing(14, 2, 2, SIDE * SIDE, SIDE * SIDE, zeros, ones, 1.0, false);
    }

    @Override
    public Scorer.Batch score(List<VisualInput> images) {
        List<Integer> greys = images.stream().map(i -> Math.round(i.frame()[0])).toList();
        greys.forEach(beforeEach::accept);
        seen.addAll(greys);
        return new Scorer.Batch(greys.stream().map(TestModel::score).toList(), new Scorer.Timings(0, 0, 0));
    }

    private static Score score(int grey) {
        return new Score(grey, 0, grey, grey, List.of(), 0, 0, List.of(), null);
    }

    @Override
    public Identity identity() {
        return new Identity("sha256:checkpoint", null, "sha256:profile", "sha256:preprocessing");
    }
}
