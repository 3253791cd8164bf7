package io.realqa.cli;

/** Whether a person looks at what is written. The launcher asks the system: Java itself cannot tell the streams apart. */
public final class Terminal {
    private Terminal() {}

    public static boolean stdout() {
        return Boolean.getBoolean("realqa.stdout.terminal");
    }

    public static boolean stderr() {
        return Boolean.getBoolean("realqa.stderr.terminal");
    }
}
