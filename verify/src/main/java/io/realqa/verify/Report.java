package io.realqa.verify;

import java.io.PrintWriter;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.TreeMap;

/** The counts as a table, what was violated, and the command that repeats the run. */
final class Report {
    private final PrintWriter out;

    Report(PrintWriter out) {
        this.out = out;
    }

    void print(
            FireOptions options,
            Checker.Verdict verdict,
            FaultLanes lanes,
            Swapper swapper,
            Fleet fleet,
            Duration took) {
        out.printf("%n%-34s %10s%n", "committed", "records");
        new TreeMap<>(verdict.counts()).forEach((what, n) -> out.printf("%-34s %,10d%n", what, n));
        Map<FaultKind, Integer> faults = new EnumMap<>(FaultKind.class);
        lanes.all().stream()
                .filter(d -> d.problem() == null)
                .forEach(d -> faults.merge(d.fault().kind(), 1, Integer::sum));
        out.printf("%n%-34s %10s%n", "injected", "times");
        faults.forEach((kind, n) -> out.printf("%-34s %,10d  %s%n", name(kind), n, kind.description()));
        if (options.swaps() > 0) {
            out.printf("%-34s %,10d  %s%n", "swaps", swapper.finished(), "another adapter released, forward and back");
        }
        out.printf("%n%-34s %10s%n", "violated", "times");
        for (Violation v : Violation.values()) {
            out.printf("%-34s %,10d  %s%n", name(v), verdict.of(v), v.description());
        }
        verdict.examples().forEach(e -> out.println("  " + e));
        if (fleet.unexpectedEnds() > 0) {
            out.printf(
                    "%n%d processes of the service ended by themselves and were started again%n",
                    fleet.unexpectedEnds());
        }
        out.printf(
                "%n%s in %d s; again: %s%n", verdict.clean() ? "HELD" : "VIOLATED", took.toSeconds(), command(options));
        out.flush();
    }

    private static String name(Enum<?> constant) {
        return constant.name().toLowerCase(java.util.Locale.ROOT).replace('_', ' ');
    }

    private static String command(FireOptions o) {
        StringBuilder command = new StringBuilder("./realqa verify-exactly-once");
        command.append(" --uploads ").append(o.uploads());
        Duration every = o.killEvery();
        if (every == null) {
            command.append(" --faults ").append(o.faults());
        } else {
            command.append(" --kill-every ").append(every.toMillis()).append("ms");
        }
        if (o.swaps() > 0) {
            command.append(" --swaps ").append(o.swaps());
        }
        command.append(" --seed ").append(o.seed());
        command.append(" --instances ").append(o.instances());
        command.append(" --rate ").append(o.rate());
        command.append(" --device-millis ").append(o.deviceMillis());
        if (o.sabotage() != Sabotage.NONE) {
            command.append(" --break ").append(name(o.sabotage()));
        }
        return command.toString();
    }
}
