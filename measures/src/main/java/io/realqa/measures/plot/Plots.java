package io.realqa.measures.plot;

import io.realqa.measures.MonotoneMap;
import io.realqa.measures.Reliability;
import io.realqa.measures.ScorePairs;
import java.awt.BasicStroke;
import java.awt.Color;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.BitmapEncoder.BitmapFormat;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.XYSeries.XYSeriesRenderStyle;
import org.knowm.xchart.style.Styler.LegendPosition;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** Draws predictions against labels. Needs no display. */
public final class Plots {
    /** More points than this only blacken the picture: an even sample is drawn. */
    public static final int MOST_POINTS = 5000;

    private static final int SIDE = 560;
    private static final int CURVE_POINTS = 200;
    private static final Color POINTS = new Color(0x30, 0x60, 0xa0, 0x60);
    private static final Color CURVE = new Color(0xc0, 0x50, 0x20);
    private static final Color IDEAL = new Color(0x90, 0x90, 0x90);

    private Plots() {}

    /**
     * Labels over predictions, the fitted map through them, and the diagonal of perfect predictions.
     *
     * @param pairs finite, at least one row; of more than {@value #MOST_POINTS} a seeded sample is drawn
     * @return PNG
     */
    public static byte[] scatter(ScorePairs pairs, MonotoneMap map, String title) {
        double[] labels = pairs.labels();
        double[] predictions = pairs.predictions();
        Range x = Range.of(predictions);
        int[] rows = sample(labels.length);
        XYChart chart = chart(title, "prediction", "label");
        line(chart, "prediction = label", new double[] {x.low, x.high}, new double[] {x.low, x.high}, IDEAL);
        XYSeries points = chart.addSeries(
                "rows",
                Arrays.stream(rows).mapToDouble(i -> predictions[i]).toArray(),
                Arrays.stream(rows).mapToDouble(i -> labels[i]).toArray());
        points.setXYSeriesRenderStyle(XYSeriesRenderStyle.Scatter);
        points.setMarker(SeriesMarkers.CIRCLE).setMarkerColor(POINTS);
        double[] at = x.steps(CURVE_POINTS);
        line(chart, map.description(), at, map.apply(at), CURVE);
        return png(chart);
    }

    /**
     * Mean label over mean prediction of each bin, the diagonal, and a fitted map.
     *
     * @param reliability at least one bin
     * @return PNG
     */
    public static byte[] calibration(Reliability reliability, MonotoneMap map, String title) {
        double[] predictions = reliability.bins().stream()
                .mapToDouble(Reliability.Bin::prediction)
                .toArray();
        double[] labels =
                reliability.bins().stream().mapToDouble(Reliability.Bin::label).toArray();
        Range x = Range.of(predictions);
        XYChart chart = chart(title, "mean prediction", "mean label");
        line(chart, "prediction = label", new double[] {x.low, x.high}, new double[] {x.low, x.high}, IDEAL);
        double[] at = x.steps(CURVE_POINTS);
        line(chart, map.description(), at, map.apply(at), CURVE);
        XYSeries points = chart.addSeries("bins of equally many rows", predictions, labels);
        points.setXYSeriesRenderStyle(XYSeriesRenderStyle.Scatter);
        points.setMarker(SeriesMarkers.CIRCLE).setMarkerColor(new Color(POINTS.getRGB()));
        return png(chart);
    }

    private static XYChart chart(String title, String xTitle, String yTitle) {
        XYChart chart = new XYChartBuilder()
                .width(SIDE)
                .height(SIDE)
                .title(title)
                .xAxisTitle(xTitle)
                .yAxisTitle(yTitle)
                .build();
        chart.getStyler().setChartBackgroundColor(Color.WHITE);
        chart.getStyler().setPlotBorderVisible(false);
        chart.getStyler().setLegendPosition(LegendPosition.InsideNW);
        chart.getStyler().setMarkerSize(5);
        return chart;
    }

    private static void line(XYChart chart, String name, double[] x, double[] y, Color color) {
        XYSeries series = chart.addSeries(name, x, y);
        series.setMarker(SeriesMarkers.NONE).setLineColor(color).setLineStyle(new BasicStroke(2));
    }

    private static byte[] png(XYChart chart) {
        try {
            return BitmapEncoder.getBitmapBytes(chart, BitmapFormat.PNG);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static int[] sample(int rows) {
        int[] all = new int[rows];
        Arrays.setAll(all, i -> i);
        if (rows <= MOST_POINTS) {
            return all;
        }
        SplittableRandom random = new SplittableRandom(rows);
        for (int i = 0; i < MOST_POINTS; i++) {
            int j = i + random.nextInt(rows - i);
            int row = all[j];
            all[j] = all[i];
            all[i] = row;
        }
        return Arrays.copyOf(all, MOST_POINTS);
    }

    private record Range(double low, double high) {
        static Range of(double[] values) {
            double low = Arrays.stream(values).min().orElseThrow();
            double high = Arrays.stream(values).max().orElseThrow();
            return low < high ? new Range(low, high) : new Range(low - 0.5, high + 0.5);
        }

        double[] steps(int count) {
            double[] steps = new double[count];
            Arrays.setAll(steps, i -> low + (high - low) * i / (count - 1));
            return steps;
        }
    }
}
