package io.realqa.measures;

import java.util.Arrays;

/** A map from predictions to the labels' scale that keeps the order, or reverses it as a whole. Immutable. */
public interface MonotoneMap {
    /** Where a prediction lands. */
    double apply(double prediction);

    /** What kind of map it is, for people. */
    String description();

    /** Each element mapped: [n]. */
    default double[] apply(double[] predictions) {
        return Arrays.stream(predictions).map(this::apply).toArray();
    }
}
