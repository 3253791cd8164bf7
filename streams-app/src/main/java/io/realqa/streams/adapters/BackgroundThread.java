package io.realqa.streams.adapters;

import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.Platform;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Threads whose work may wait for that of others. Java's own thread priorities do nothing on Linux unless the process is
 * root's and a flag of the virtual machine is set.
 */
final class BackgroundThread {
    private static final Logger LOG = LoggerFactory.getLogger(BackgroundThread.class);
    /** A fifteenth of the processor beside a thread at 0, where both want all of it. */
    private static final int NICE = 12;

    private static final int PRIO_PROCESS = 0;

    private BackgroundThread() {}

    /** Of the C library. */
    private interface Nice extends Library {
        int setpriority(int which, int who, int priority);
    }

    /**
     * Makes the calling thread, and native threads that it starts from now on, give way to all others of the process. There
     * is no way back. Linux counts niceness by thread; elsewhere, and where it fails, nothing changes.
     *
     * @return whether it gives way now
     */
    static boolean giveWay() {
        if (!Platform.isLinux()) {
            return false;
        }
        try {
            // of "process" 0, which is the calling thread
            int failed = Native.load("c", Nice.class).setpriority(PRIO_PROCESS, 0, NICE);
            if (failed != 0) {
                LOG.info("adapters are loaded at the priority of all other work: setpriority returned {}", failed);
            }
            return failed == 0;
        } catch (LinkageError e) {
            LOG.info("adapters are loaded at the priority of all other work: {}", e.toString());
            return false;
        }
    }
}
