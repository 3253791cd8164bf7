package io.realqa.trainer.training;

import java.awt.Color;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.BitmapEncoder.BitmapFormat;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** Draws a curve of a log. Needs no display. */
final class LossPlot {
    private static final Color COLOUR = new Color(0x1F, 0x4E, 0x9E);

    private LossPlot() {}

    /** Writes a PNG; none where the log has no such values. */
    static void write(Path file, String name, double[][] curve) throws IOException {
        if (curve[0].length == 0) {
            Files.deleteIfExists(file);
            return;
        }
        XYChart chart = new XYChartBuilder()
                .width(720)
                .height(440)
                .xAxisTitle("step")
                .yAxisTitle("cross entropy, nats per token")
                .build();
        chart.getStyler().setChartBackgroundColor(Color.WHITE);
        XYSeries series = chart.addSeries(name, curve[0], curve[1]);
        series.setLineColor(COLOUR);
        series.setMarker(SeriesMarkers.CIRCLE);
        series.setMarkerColor(COLOUR);
        chart.getStyler().setMarkerSize(4);
        Files.write(file, BitmapEncoder.getBitmapBytes(chart, BitmapFormat.PNG));
    }
}
