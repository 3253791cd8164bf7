package io.realqa.verify;

import java.io.PrintWriter;
import java.util.concurrent.TimeUnit;

/** The one line that changes on a terminal; elsewhere a line now and then. Owned by one thread. */
final class LiveLine {
    private static final long EVERY_NANOS = TimeUnit.SECONDS.toNanos(5);

    private final PrintWriter out;
    private final boolean terminal;
    private long last;
    private boolean shown;

    LiveLine(PrintWriter out, boolean terminal) {
        this.out = out;
        this.terminal = terminal;
    }

    void show(String text) {
        long now = System.nanoTime();
        if (terminal) {
            out.print("\r" + text + "\u001b[K");
        } else if (!shown || now - last >= EVERY_NANOS) {
            out.println(text);
            last = now;
        } else {
            return;
        }
        shown = true;
        out.flush();
    }

    /** What comes now is not part of it. */
    void end() {
        if (terminal && shown) {
            out.println();
        }
        out.flush();
    }
}
