package io.realqa.measures;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Counts of expected and predicted values of one attribute. Not thread-safe. */
public final class ClassTable {
    private final List<String> classes = new ArrayList<>();
    private final Map<String, Integer> index = new LinkedHashMap<>();
    private final Map<Cell, Long> counts = new LinkedHashMap<>();

    private record Cell(int expected, int predicted) {}

    private static final int MISSING = -1;

    /** @param order classes known beforehand, in the order to show them; others follow as they come */
    public ClassTable(List<String> order) {
        order.forEach(this::indexOf);
    }

    private int indexOf(String value) {
        return index.computeIfAbsent(value, v -> {
            classes.add(v);
            return classes.size() - 1;
        });
    }

    /** @param predicted empty where the prediction holds no value for this attribute: counted, and wrong */
    public void add(String expected, Optional<String> predicted) {
        int p = predicted.isPresent() ? indexOf(predicted.get()) : MISSING;
        counts.merge(new Cell(indexOf(expected), p), 1L, Long::sum);
    }

    public List<String> classes() {
        return List.copyOf(classes);
    }

    /** Rows with this expected and predicted class; predicted empty: with none. */
    public long count(String expected, Optional<String> predicted) {
        int e = index.getOrDefault(expected, Integer.MIN_VALUE);
        int p = predicted.map(v -> index.getOrDefault(v, Integer.MIN_VALUE)).orElse(MISSING);
        return counts.getOrDefault(new Cell(e, p), 0L);
    }

    public long rows() {
        return counts.values().stream().mapToLong(c -> c).sum();
    }

    /** Rows whose prediction holds no value. */
    public long missing() {
        return sum(-2, MISSING);
    }

    /** Share of rows predicted right; NaN without rows. */
    public double accuracy() {
        long right = 0;
        for (Map.Entry<Cell, Long> e : counts.entrySet()) {
            right += e.getKey().expected() == e.getKey().predicted() ? e.getValue() : 0;
        }
        return (double) right / rows();
    }

    /** 2·TP / (2·TP + FP + FN) of one class; NaN where it is neither expected nor predicted. */
    public double f1(String value) {
        int c = index.getOrDefault(value, Integer.MIN_VALUE);
        long right = counts.getOrDefault(new Cell(c, c), 0L);
        long all = sum(c, -2) + sum(-2, c);
        return all == 0 ? Double.NaN : 2.0 * right / all;
    }

    /** Mean F1 of the classes that are expected or predicted somewhere; NaN without rows. */
    public double macroF1() {
        return classes.stream()
                .mapToDouble(this::f1)
                .filter(f -> !Double.isNaN(f))
                .average()
                .orElse(Double.NaN);
    }

    /** Rows of an expected class (-2: any) and a predicted one (-2: any). */
    private long sum(int expected, int predicted) {
        long sum = 0;
        for (Map.Entry<Cell, Long> e : counts.entrySet()) {
            boolean matches = (expected == -2 || e.getKey().expected() == expected)
                    && (predicted == -2 || e.getKey().predicted() == predicted);
            sum += matches ? e.getValue() : 0;
        }
        return sum;
    }
}
