package io.realqa.cli.bench;

import java.io.PrintWriter;
import java.lang.management.CompilationMXBean;
import java.lang.management.ManagementFactory;
import java.util.Locale;

/**
 * Repeats work until the JVM has compiled most of what runs. Until then the compiler has the scorer's cores, which a
 * service that runs for hours does not notice.
 */
final class WarmUp {
    /** Share of the processors' time below which the compiler no longer counts. */
    private static final double COMPILED = 0.05;

    private WarmUp() {}

    /** Something to measure later. */
    interface Work<E extends Exception> {
        /** @param round counted from 1 */
        void run(int round) throws E;
    }

    /**
     * @param name of the work, for the display
     * @param most rounds, whatever the compiler still does
     */
    static <E extends Exception> void run(PrintWriter out, String name, int most, Work<E> work) throws E {
        CompilationMXBean compiler = ManagementFactory.getCompilationMXBean();
        double share = 1;
        for (int round = 1; round <= most && share > COMPILED; round++) {
            long compiled = compiler.getTotalCompilationTime();
            long start = System.nanoTime();
            work.run(round);
            double millis =
                    (System.nanoTime() - start) / 1e6 * Runtime.getRuntime().availableProcessors();
            share = (compiler.getTotalCompilationTime() - compiled) / millis;
            out.printf(
                    Locale.ROOT,
                    "%s %d: the JVM compiled in %.1f %% of the processors' time%n",
                    name,
                    round,
                    100 * share);
            out.flush();
        }
    }
}
