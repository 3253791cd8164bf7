package io.realqa.trainer.training;

import io.realqa.scorer.ScoringProfile;
import java.awt.Color;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.BitmapEncoder.BitmapFormat;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries.XYSeriesRenderStyle;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** A run in pictures: PNG files, and one HTML page that holds them all. */
final class TrainingReport {
    private static final int WIDTH = 720;
    private static final int HEIGHT = 440;
    private static final int SMOOTHED_OVER = 20;

    private TrainingReport() {}

    /**
     * Writes loss.png, predicted.png, calibration.png and index.html to a new folder.
     *
     * @param name what was trained: adapter or model
     */
    static void write(
            Path folder,
            ScoringProfile profile,
            List<LossPoint> losses,
            List<Prediction> before,
            List<Prediction> after,
            String name)
            throws IOException {
        Files.createDirectory(folder);
        StringBuilder html = new StringBuilder();
        html.append("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Training report</title>")
                .append(
                        "<style>body{font:16px/1.5 system-ui,sans-serif;max-width:48rem;margin:2rem auto;padding:0 1rem}")
                .append("table{border-collapse:collapse}td,th{padding:.2rem .8rem;text-align:right}")
                .append("td:first-child,th:first-child{text-align:left}img{max-width:100%}</style></head><body>\n")
                .append("<h1>Training report: ")
                .append(escaped(profile.name()))
                .append("</h1>\n");
        boolean scored = after.stream().anyMatch(p -> !Double.isNaN(p.label()));
        if (!after.isEmpty()) {
            html.append("<p>Held-out images, the base model's answers and the ")
                    .append(name)
                    .append("'s:</p>\n")
                    .append(table(Agreement.of(before), Agreement.of(after), name));
        }
        section(html, folder, "loss", "Loss of each step", loss(losses));
        if (scored) {
            section(html, folder, "predicted", "Held-out: predicted against label", predicted(before, after, name));
            section(
                    html,
                    folder,
                    "calibration",
                    "Held-out: mean label of images scored alike",
                    calibration(before, after, name));
        }
        html.append("</body></html>\n");
        Files.writeString(folder.resolve("index.html"), html);
    }

    private static void section(StringBuilder html, Path folder, String name, String title, XYChart chart)
            throws IOException {
        Path png = folder.resolve(name + ".png");
        Files.write(png, BitmapEncoder.getBitmapBytes(chart, BitmapFormat.PNG));
        html.append("<h2>")
                .append(title)
                .append("</h2>\n<img alt=\"")
                .append(title)
                .append("\" src=\"data:image/png;base64,")
                .append(Base64.getEncoder().encodeToString(Files.readAllBytes(png)))
                .append("\">\n");
    }

    private static String table(Agreement before, Agreement after, String name) {
        StringBuilder table = new StringBuilder("<table><tr><th>measure</th><th>base</th><th>" + name + "</th></tr>\n");
        Map<String, Double> a = TrainingOutput.numbers(before);
        Map<String, Double> b = TrainingOutput.numbers(after);
        TreeSet<String> names = new TreeSet<>(a.keySet());
        names.addAll(b.keySet());
        for (String measure : names) {
            table.append("<tr><td>")
                    .append(escaped(measure))
                    .append("</td><td>")
                    .append(number(a.get(measure)))
                    .append("</td><td>")
                    .append(number(b.get(measure)))
                    .append("</td></tr>\n");
        }
        return table.append("</table>\n").toString();
    }

    private static String number(@org.jspecify.annotations.Nullable Double value) {
        return value == null ? "–" : String.format(Locale.ROOT, "%.4g", value);
    }

    private static String escaped(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
    }

    private static XYChart chart(String x, String y) {
        XYChart chart = new XYChartBuilder()
                .width(WIDTH)
                .height(HEIGHT)
                .xAxisTitle(x)
                .yAxisTitle(y)
                .build();
        chart.getStyler().setChartBackgroundColor(Color.WHITE);
        chart.getStyler().setLegendVisible(true);
        return chart;
    }

    private static XYChart loss(List<LossPoint> losses) {
        XYChart chart = chart("step", "cross entropy, nats per token");
        List<Integer> steps = losses.stream().map(LossPoint::step).toList();
        List<Double> raw = losses.stream().map(LossPoint::crossEntropy).toList();
        chart.addSeries("step", steps, raw).setMarker(SeriesMarkers.NONE).setLineColor(new Color(0xB8, 0xC4, 0xD6));
        List<Double> smooth = new ArrayList<>();
        for (int i = 0; i < raw.size(); i++) {
            smooth.add(raw.subList(Math.max(0, i - SMOOTHED_OVER + 1), i + 1).stream()
                    .mapToDouble(v -> v)
                    .average()
                    .orElseThrow());
        }
        chart.addSeries("mean of " + SMOOTHED_OVER, steps, smooth)
                .setMarker(SeriesMarkers.NONE)
                .setLineColor(new Color(0x1F, 0x4E, 0x9E));
        return chart;
    }

    private static XYChart predicted(List<Prediction> before, List<Prediction> after, String name) {
        XYChart chart = chart("label", "expectation");
        chart.getStyler().setDefaultSeriesRenderStyle(XYSeriesRenderStyle.Scatter);
        chart.getStyler().setMarkerSize(5);
        points(chart, "base", before, new Color(0xB8, 0xC4, 0xD6));
        points(chart, name, after, new Color(0x1F, 0x4E, 0x9E));
        return chart;
    }

    private static void points(XYChart chart, String name, List<Prediction> all, Color colour) {
        List<Prediction> scored =
                all.stream().filter(p -> !Double.isNaN(p.label())).toList();
        chart.addSeries(
                        name,
                        scored.stream().map(Prediction::label).toList(),
                        scored.stream().map(Prediction::expectation).toList())
                .setMarker(SeriesMarkers.CIRCLE)
                .setMarkerColor(colour);
    }

    private static XYChart calibration(List<Prediction> before, List<Prediction> after, String name) {
        XYChart chart = chart("mean expectation", "mean label");
        line(chart, "base", Agreement.bins(before), new Color(0xB8, 0xC4, 0xD6));
        List<Agreement.Bin> bins = Agreement.bins(after);
        line(chart, name, bins, new Color(0x1F, 0x4E, 0x9E));
        double low = bins.stream()
                .mapToDouble(b -> Math.min(b.expectation(), b.label()))
                .min()
                .orElse(0);
        double high = bins.stream()
                .mapToDouble(b -> Math.max(b.expectation(), b.label()))
                .max()
                .orElse(1);
        chart.addSeries("equal", List.of(low, high), List.of(low, high))
                .setMarker(SeriesMarkers.NONE)
                .setLineColor(Color.GRAY);
        return chart;
    }

    private static void line(XYChart chart, String name, List<Agreement.Bin> bins, Color colour) {
        chart.addSeries(
                        name,
                        bins.stream().map(Agreement.Bin::expectation).toList(),
                        bins.stream().map(Agreement.Bin::label).toList())
                .setMarker(SeriesMarkers.CIRCLE)
                .setMarkerColor(colour)
                .setLineColor(colour);
    }
}
