package io.realqa.cli;

import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/** Work that is started beside other work. */
public final class Beside {
    private Beside() {}

    /** On a thread of its own: the common pool of two cores is a single thread, so two starts would follow each other. */
    public static <T> CompletableFuture<T> start(String name, Supplier<T> work) {
        return CompletableFuture.supplyAsync(work, task -> {
            Thread thread = new Thread(task, name);
            thread.setDaemon(true);
            thread.start();
        });
    }
}
