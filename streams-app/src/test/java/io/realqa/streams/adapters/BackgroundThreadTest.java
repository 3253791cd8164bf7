package io.realqa.streams.adapters;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

class BackgroundThreadTest {
    @Test
    @EnabledOnOs(OS.LINUX)
    void onlyTheCallingThreadGivesWay() throws Exception {
        int before = niceness();
        boolean gaveWay = on(BackgroundThread::giveWay, niced -> {
            assertTrue(niced > before, niced + " after " + before);
            assertTrue(niced >= 10, "niceness " + niced);
        });
        assertTrue(gaveWay);
        assertEquals(before, niceness());
    }

    private interface Check {
        void accept(int niceness);
    }

    private static boolean on(Callable<Boolean> first, Check then) throws Exception {
        ExecutorService thread = Executors.newSingleThreadExecutor();
        try {
            return thread.submit(() -> {
                        boolean result = first.call();
                        then.accept(niceness());
                        return result;
                    })
                    .get(10, TimeUnit.SECONDS);
        } finally {
            thread.shutdownNow();
        }
    }

    /** Of the calling thread, as the kernel has it. */
    private static int niceness() throws Exception {
        String stat = Files.readString(Path.of("/proc/thread-self/stat"));
        // after the name in brackets, which may hold anything: state is field 3, niceness 19
        return Integer.parseInt(stat.substring(stat.lastIndexOf(')') + 2).split(" ")[16]);
    }
}
