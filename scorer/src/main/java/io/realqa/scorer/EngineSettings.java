package io.realqa.scorer;

/** Settings of the engine that it reads from system properties when it is loaded; what the caller has set stays. */
public final class EngineSettings {
    static {
        // Nothing is to be downloaded or reported at run time: the natives are on the class path or pointed at.
        byDefault("ai.djl.offline", "true");
        byDefault("OPT_OUT_TRACKING", "true");
        // Shapes change from call to call: specialising the graph for each costs more than it brings.
        byDefault("ai.djl.pytorch.graph_optimizer", "false");
    }

    private EngineSettings() {}

    /** Has its effect once, before the engine's first use. */
    public static void apply() {
        // The work is the static initialiser's, which runs exactly once.
    }

    private static void byDefault(String key, String value) {
        if (System.getProperty(key) == null) {
            System.setProperty(key, value);
        }
    }
}
