package io.realqa.cli.bench;

import java.util.List;

/** The middle of what was measured. */
final class Median {
    private Median() {}

    /** @return of an even number of values the upper middle one; NaN: there are none */
    static double of(List<Double> values) {
        List<Double> sorted = values.stream().sorted().toList();
        return sorted.isEmpty() ? Double.NaN : sorted.get(sorted.size() / 2);
    }
}
