package io.realqa.cli.demo;

import io.realqa.cli.demo.DemoConsumer.Finished;
import io.realqa.events.ImageScored;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Mean score by degradation and strength, as a small table. */
final class DemoSummary {
    private static final Pattern NAME = Pattern.compile("\\d+ [^+]+(?:\\+([a-z]+)(\\d))?");
    private static final int STRENGTHS = 5;

    private DemoSummary() {}

    /** By strength; 0 is the untouched photograph. */
    private static final class Means {
        final double[] sum = new double[STRENGTHS + 1];
        final int[] count = new int[STRENGTHS + 1];
    }

    /**
     * @param scored uploads in all
     * @param refused uploads in all
     * @param last of them, which the means are of
     */
    static List<String> lines(int scored, int refused, List<Finished> last) {
        Map<String, Means> rows = new TreeMap<>();
        for (Finished f : last) {
            ImageScored s = f.score();
            if (s == null) {
                continue;
            }
            Matcher m = NAME.matcher(f.name());
            boolean degraded = m.matches() && m.group(1) != null;
            String row = degraded ? m.group(1) : "";
            int column = degraded ? Integer.parseInt(m.group(2)) : 0;
            Means means = rows.computeIfAbsent(row, k -> new Means());
            means.sum[column] += s.getScore();
            means.count[column]++;
        }
        List<String> lines = new ArrayList<>();
        lines.add(String.format(Locale.ROOT, "%d images scored, %d refused", scored, refused));
        if (scored + refused > last.size()) {
            lines.add("of the last " + last.size() + ":");
        }
        Means untouched = rows.remove("");
        if (untouched != null) {
            lines.add(String.format(
                    Locale.ROOT, "mean score of untouched photographs: %.2f", untouched.sum[0] / untouched.count[0]));
        }
        if (!rows.isEmpty()) {
            lines.add("");
            lines.add("mean score by strength       1      2      3      4      5");
            rows.forEach((row, means) -> lines.add(row(row, means)));
        }
        return lines;
    }

    private static String row(String name, Means means) {
        StringBuilder line = new StringBuilder(String.format(Locale.ROOT, "  %-20s", name));
        for (int strength = 1; strength <= STRENGTHS; strength++) {
            int n = means.count[strength];
            line.append(n == 0 ? "      –" : String.format(Locale.ROOT, "  %5.2f", means.sum[strength] / n));
        }
        return line.toString();
    }
}
