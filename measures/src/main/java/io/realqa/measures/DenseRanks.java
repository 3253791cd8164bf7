package io.realqa.measures;

import java.util.Arrays;

/**
 * The order of a sample's values with ties told apart: row i has the {@code rank[i]}-th smallest distinct value.
 *
 * @param rank [n], 0 to distinct - 1
 * @param distinct number of different values
 */
record DenseRanks(int[] rank, int distinct) {
    /** Values must not be NaN. */
    static DenseRanks of(double[] values) {
        double[] sorted = new double[values.length];
        for (int i = 0; i < values.length; i++) {
            sorted[i] = values[i] + 0.0; // -0.0 and 0.0 are one value
        }
        Arrays.sort(sorted);
        int distinct = 0;
        for (double value : sorted) {
            if (distinct == 0 || value != sorted[distinct - 1]) {
                sorted[distinct++] = value;
            }
        }
        int[] rank = new int[values.length];
        for (int i = 0; i < rank.length; i++) {
            rank[i] = Arrays.binarySearch(sorted, 0, distinct, values[i] + 0.0);
        }
        return new DenseRanks(rank, distinct);
    }

    /** Rows from the smallest value to the largest: [n]. */
    int[] order() {
        int[] next = new int[distinct + 1];
        for (int r : rank) {
            next[r + 1]++;
        }
        for (int r = 0; r < distinct; r++) {
            next[r + 1] += next[r];
        }
        int[] order = new int[rank.length];
        for (int i = 0; i < rank.length; i++) {
            order[next[rank[i]]++] = i;
        }
        return order;
    }

    /** How often each distinct value occurs when row i counts {@code times[i]} times: [distinct]. */
    long[] tally(int[] times) {
        long[] tally = new long[distinct];
        for (int i = 0; i < rank.length; i++) {
            tally[rank[i]] += times[i];
        }
        return tally;
    }
}
