package io.realqa.cli;

import java.util.regex.Pattern;

/** Whether a person looks at what is written. The launcher asks the system: Java itself cannot tell the streams apart. */
public final class Terminal {
    private static final Pattern INVISIBLE = Pattern.compile("[\\p{C}\\p{Zl}\\p{Zp}]");
    private static final Pattern INVISIBLE_IN_LINES = Pattern.compile("[\\p{C}&&[^\\n\\t]]");

    private Terminal() {}

    /** Names come from whoever made the files: nothing in them may move the terminal's cursor or begin a line. */
    public static String plain(String text) {
        return INVISIBLE.matcher(text).replaceAll("?");
    }

    /** As above, for a text of several lines. */
    static String plainLines(String text) {
        return INVISIBLE_IN_LINES.matcher(text).replaceAll("?");
    }

    public static boolean stdout() {
        return Boolean.getBoolean("realqa.stdout.terminal");
    }

    public static boolean stderr() {
        return Boolean.getBoolean("realqa.stderr.terminal");
    }
}
