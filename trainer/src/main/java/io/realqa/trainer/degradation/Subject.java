package io.realqa.trainer.degradation;

import io.realqa.scorer.image.RasterImage;

/**
 * The most conspicuous part of a picture: the cells of a coarse grid whose color is far from the picture's mean.
 *
 * @param placement 1 where its middle lies on the picture's or on a crossing of the thirds, 0 far from all of them
 * @param cut share of the picture's edge that it covers
 * @param contrast mean distance of its color from the rest's, 0 to 1
 * @param clutter mean step of luma between neighbouring cells inside, 0 to 1
 * @param backgroundClutter the same outside
 */
record Subject(double placement, double cut, double contrast, double clutter, double backgroundClutter) {
    /** Cells of the grid's longer side. */
    private static final int GRID = 64;
    /** Standard deviations above the mean distance from which a cell belongs to it. */
    private static final double CONSPICUOUS = 0.8;

    private static final double THIRD = 1 / 3.0;

    static double luma(byte[] rgb, int at) {
        return (0.299 * (rgb[at] & 0xff) + 0.587 * (rgb[at + 1] & 0xff) + 0.114 * (rgb[at + 2] & 0xff)) / 255;
    }

    static Subject of(RasterImage image) {
        RasterImage grid = AreaShrink.toLongerSide(image, GRID);
        int width = grid.width();
        int height = grid.height();
        byte[] rgb = grid.rgb();
        double[] mean = new double[3];
        for (int i = 0; i < rgb.length; i++) {
            mean[i % 3] += (rgb[i] & 0xff) / (rgb.length / 3.0);
        }
        double[] distance = new double[width * height];
        double sum = 0;
        double squares = 0;
        for (int i = 0; i < distance.length; i++) {
            double square = 0;
            for (int c = 0; c < 3; c++) {
                double d = (rgb[3 * i + c] & 0xff) - mean[c];
                square += d * d;
            }
            distance[i] = Math.sqrt(square / 3) / 255;
            sum += distance[i];
            squares += distance[i] * distance[i];
        }
        double middle = sum / distance.length;
        double spread = Math.sqrt(Math.max(0, squares / distance.length - middle * middle));
        double from = middle + CONSPICUOUS * spread;
        double inside = 0;
        double x = 0;
        double y = 0;
        double near = 0;
        int edge = 0;
        int covered = 0;
        double[] steps = new double[2];
        int[] stepped = new int[2];
        for (int i = 0; i < distance.length; i++) {
            int column = i % width;
            int row = i / width;
            boolean subject = distance[i] >= from && spread > 0;
            boolean atEdge = column == 0 || row == 0 || column == width - 1 || row == height - 1;
            edge += atEdge ? 1 : 0;
            covered += atEdge && subject ? 1 : 0;
            if (subject) {
                inside++;
                x += (column + 0.5) / width;
                y += (row + 0.5) / height;
                near += distance[i];
            }
            int part = subject ? 0 : 1;
            if (column + 1 < width) {
                steps[part] += Math.abs(luma(rgb, 3 * (i + 1)) - luma(rgb, 3 * i));
                stepped[part]++;
            }
        }
        if (inside == 0) {
            return new Subject(0.5, 0, 0, 0, steps[1] / Math.max(1, stepped[1]));
        }
        double outside = (sum - near) / Math.max(1, distance.length - inside);
        return new Subject(
                placement(x / inside, y / inside),
                (double) covered / edge,
                Math.max(0, near / inside - outside),
                steps[0] / Math.max(1, stepped[0]),
                steps[1] / Math.max(1, stepped[1]));
    }

    private static double placement(double x, double y) {
        double nearest = Math.hypot(x - 0.5, y - 0.5);
        for (double column : new double[] {THIRD, 2 * THIRD}) {
            for (double row : new double[] {THIRD, 2 * THIRD}) {
                nearest = Math.min(nearest, Math.hypot(x - column, y - row));
            }
        }
        return Math.max(0, 1 - nearest / 0.25);
    }
}
