package io.realqa.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Scores as a table for people: a bar, the number with its deviation and 90 % interval, and the attributes. */
public final class ScoreTable {
    private static final int NAME_WIDTH = 24;
    private static final int BAR_WIDTH = 10;
    private static final String EIGHTHS = " ▏▎▍▌▋▊▉█";

    private final double maximum;
    private final List<String> attributeNames;
    private final List<Integer> attributeWidths = new ArrayList<>();

    /** One attribute as shown: its name and value. */
    public record Cell(String name, String value) {}

    /**
     * @param maximum largest score, the end of the bar
     * @param attributeNames the columns
     * @param widest for each attribute its longest value
     */
    public ScoreTable(double maximum, List<String> attributeNames, List<Integer> widest) {
        this.maximum = maximum;
        this.attributeNames = List.copyOf(attributeNames);
        for (int i = 0; i < attributeNames.size(); i++) {
            attributeWidths.add(Math.max(attributeNames.get(i).length(), widest.get(i)));
        }
    }

    /** A table whose columns are a profile's attributes. */
    public static ScoreTable of(io.realqa.scorer.ScoringProfile profile) {
        return new ScoreTable(
                profile.score().maximum().doubleValue(),
                profile.attributes().stream().map(a -> a.name()).toList(),
                profile.attributes().stream()
                        .map(a -> a.values().stream()
                                .mapToInt(String::length)
                                .max()
                                .orElse(0))
                        .toList());
    }

    public String header() {
        StringBuilder line = new StringBuilder(pad("image", NAME_WIDTH))
                .append("  ")
                .append(pad("score", BAR_WIDTH + 12))
                .append("  ")
                .append(pad("90 % interval", 13));
        for (int i = 0; i < attributeNames.size(); i++) {
            line.append("  ").append(pad(attributeNames.get(i), attributeWidths.get(i)));
        }
        return line.toString().stripTrailing();
    }

    public String row(String name, double score, double deviation, double low, double high, List<Cell> attributes) {
        String number = Double.isNaN(deviation)
                ? String.format(Locale.ROOT, "%5.2f      ", score)
                : String.format(Locale.ROOT, "%5.2f ±%4.2f", score, deviation);
        String interval = Double.isNaN(low) ? "" : String.format(Locale.ROOT, "%5.2f – %5.2f", low, high);
        StringBuilder line = new StringBuilder(pad(name, NAME_WIDTH))
                .append("  ")
                .append(bar(score))
                .append(' ')
                .append(number)
                .append("  ")
                .append(pad(interval, 13));
        for (int i = 0; i < attributeNames.size(); i++) {
            String attribute = attributeNames.get(i);
            String value = attributes.stream()
                    .filter(a -> a.name().equals(attribute))
                    .map(Cell::value)
                    .findFirst()
                    .orElse("–");
            line.append("  ").append(pad(value, attributeWidths.get(i)));
        }
        return line.toString().stripTrailing();
    }

    /** The line of an image that was not scored. */
    public String rejected(String name, String reason, String message) {
        return pad(name, NAME_WIDTH) + "  not scored: " + reason + ": " + Terminal.plain(message);
    }

    private String bar(double score) {
        int eighths = (int) Math.round(Math.max(0, Math.min(1, score / maximum)) * BAR_WIDTH * 8);
        StringBuilder bar = new StringBuilder();
        for (int i = 0; i < BAR_WIDTH; i++) {
            bar.append(EIGHTHS.charAt(Math.max(0, Math.min(8, eighths - 8 * i))));
        }
        return bar.toString();
    }

    /** Exactly as wide as asked: a longer text keeps its end, which tells files apart. */
    private static String pad(String any, int width) {
        String text = Terminal.plain(any);
        if (text.length() > width) {
            return "…" + text.substring(text.length() - width + 1);
        }
        return text + " ".repeat(width - text.length());
    }
}
