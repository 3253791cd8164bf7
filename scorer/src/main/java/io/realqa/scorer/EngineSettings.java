package io.realqa.scorer;

import ai.djl.pytorch.jni.JniUtils;

/** Settings of the engine that it reads from system properties when it is loaded; what the caller has set stays. */
public final class EngineSettings {
    private static final String THREADS = "ai.djl.pytorch.num_threads";

    static {
        // Nothing is to be downloaded or reported at run time: the natives are on the class path or pointed at.
        byDefault("ai.djl.offline", "true");
        byDefault("OPT_OUT_TRACKING", "true");
        // Shapes change from call to call: specialising the graph for each costs more than it brings.
        byDefault("ai.djl.pytorch.graph_optimizer", "false");
        // On a CPU several batches run side by side, one thread each: threads that share one batch wait for each other
        // at
        // every operation, and where anything else runs on the machine (a broker, decoding) they wait most of the time.
        byDefault(THREADS, "1");
        byDefault("ai.djl.pytorch.num_interop_threads", "1");
    }

    /** Whether the calling thread has told the engine how many threads its calls may use. */
    private static final ThreadLocal<Boolean> COUNTED = ThreadLocal.withInitial(() -> false);

    private EngineSettings() {}

    /** Has its effect once, before the engine's first use. */
    public static void apply() {
        // The work is the static initialiser's, which runs exactly once.
    }

    /**
     * A thread for calls that must give the same bits each time: without the graph optimiser, which runs a method's
     * first calls otherwise than its later ones. libtorch has that setting for each thread, and DJL hands its property on
     * only in {@code Block.forward}.
     */
    public static Thread steadyThread(Runnable work, String name) {
        Thread thread = new Thread(
                () -> {
                    JniUtils.setGraphExecutorOptimize(false);
                    work.run();
                },
                name);
        thread.setDaemon(true);
        return thread;
    }

    /**
     * To be called before a native call. The matrix library counts its threads for each calling thread, and a new one has all
     * cores: products would be cut by the number of cores, with other roundings, beside what the other batches compute.
     */
    static void countThreads() {
        if (!COUNTED.get()) {
            JniUtils.setNumThreads(threadsPerBatch());
            COUNTED.set(true);
        }
    }

    /** Threads that compute one batch on a CPU. */
    static int threadsPerBatch() {
        return Math.max(1, Integer.getInteger(THREADS, 1));
    }

    private static void byDefault(String key, String value) {
        if (System.getProperty(key) == null) {
            System.setProperty(key, value);
        }
    }
}
