package io.realqa.verify;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/**
 * The faults of a run: a pure function of seed, number and duration. With enough faults each kind comes at least once;
 * the rest is drawn by weight. They are spread evenly, each at a random moment of its share of the time.
 */
final class FaultPlan {

    /**
     * @param number from 1
     * @param atMillis earliest moment, from the start of the load
     * @param seed of what else there is to choose: the instance, how many calls, how long
     */
    record Planned(int number, FaultKind kind, long atMillis, long seed) {}

    private FaultPlan() {}

    static List<Planned> of(long seed, int faults, Duration duration) {
        if (faults < 0) {
            throw new IllegalArgumentException("faults: " + faults + " (expected: at least 0)");
        }
        Random random = new Random(seed * 31 + 7);
        List<FaultKind> kinds = new ArrayList<>(Arrays.asList(FaultKind.values()));
        Collections.shuffle(kinds, random);
        List<FaultKind> drawn = new ArrayList<>(kinds.subList(0, Math.min(faults, kinds.size())));
        while (drawn.size() < faults) {
            drawn.add(draw(random));
        }
        Collections.shuffle(drawn, random);
        balanceScaling(drawn);
        List<Planned> plan = new ArrayList<>();
        double share = (double) duration.toMillis() / Math.max(1, faults);
        for (int i = 0; i < faults; i++) {
            plan.add(new Planned(i + 1, drawn.get(i), (long) ((i + random.nextDouble()) * share), random.nextLong()));
        }
        return List.copyOf(plan);
    }

    private static FaultKind draw(Random random) {
        int total =
                Arrays.stream(FaultKind.values()).mapToInt(FaultKind::weight).sum();
        int left = random.nextInt(total);
        for (FaultKind k : FaultKind.values()) {
            left -= k.weight();
            if (left < 0) {
                return k;
            }
        }
        throw new IllegalStateException("weights: " + total + " (expected: their sum)");
    }

    /** There are as many instances as at the start, or one more. */
    private static void balanceScaling(List<FaultKind> drawn) {
        boolean more = false;
        for (int i = 0; i < drawn.size(); i++) {
            if (drawn.get(i) == FaultKind.SCALE_UP || drawn.get(i) == FaultKind.SCALE_DOWN) {
                drawn.set(i, more ? FaultKind.SCALE_DOWN : FaultKind.SCALE_UP);
                more = !more;
            }
        }
    }

    /** kill -9 of an instance again and again. */
    static List<Planned> kills(long seed, Duration every, Duration duration) {
        if (every.toMillis() < 1) {
            throw new IllegalArgumentException("kill-every: " + every + " (expected: at least 1 ms)");
        }
        Random random = new Random(seed * 31 + 7);
        List<Planned> plan = new ArrayList<>();
        for (long at = every.toMillis(); at < duration.toMillis(); at += every.toMillis()) {
            plan.add(new Planned(plan.size() + 1, FaultKind.KILL, at, random.nextLong()));
        }
        return List.copyOf(plan);
    }
}
