package io.realqa.trainer.degradation;

import io.realqa.scorer.image.RasterImage;

/** A camera held askew: turns the picture and crops it, so that no empty corners tell. */
final class Tilt {
    private final RasterImage image;
    private final double sin;
    private final double cos;

    private Tilt(RasterImage image, double degrees) {
        this.image = image;
        this.sin = StrictMath.sin(StrictMath.toRadians(degrees));
        this.cos = StrictMath.cos(StrictMath.toRadians(degrees));
    }

    /** The picture turned clockwise, cropped to the largest upright rectangle within it. */
    static RasterImage apply(RasterImage image, double degrees) {
        return new Tilt(image, degrees).crop();
    }

    private RasterImage crop() {
        double[] size = inscribed(image.width(), image.height(), Math.abs(sin), cos);
        int width = Math.max(1, (int) size[0]);
        int height = Math.max(1, (int) size[1]);
        byte[] out = new byte[3 * width * height];
        for (int y = 0, at = 0; y < height; y++) {
            double down = y + 0.5 - height / 2.0;
            for (int x = 0; x < width; x++, at += 3) {
                double right = x + 0.5 - width / 2.0;
                sample(
                        image.width() / 2.0 - 0.5 + cos * right + sin * down,
                        image.height() / 2.0 - 0.5 - sin * right + cos * down,
                        out,
                        at);
            }
        }
        return new RasterImage(width, height, out);
    }

    /** Width and height of the largest upright rectangle in a turned one; the angle is within ±45 degrees. */
    private static double[] inscribed(double width, double height, double sin, double cos) {
        double longer = Math.max(width, height);
        double shorter = Math.min(width, height);
        if (shorter <= 2 * sin * cos * longer) {
            // Two of its corners touch the long sides midway; the short sides are out of reach.
            double half = shorter / 2;
            return width >= height ? new double[] {half / sin, half / cos} : new double[] {half / cos, half / sin};
        }
        double cosOfDouble = cos * cos - sin * sin;
        return new double[] {(width * cos - height * sin) / cosOfDouble, (height * cos - width * sin) / cosOfDouble};
    }

    /** Between the four pixels around a place, given in pixels from the centre of the first one. */
    private void sample(double x, double y, byte[] out, int at) {
        double inX = Math.max(0, Math.min(image.width() - 1, x));
        double inY = Math.max(0, Math.min(image.height() - 1, y));
        int left = (int) inX;
        int top = (int) inY;
        int right = Math.min(image.width() - 1, left + 1);
        int bottom = Math.min(image.height() - 1, top + 1);
        for (int c = 0; c < 3; c++) {
            double upper = mix(value(left, top, c), value(right, top, c), inX - left);
            double lower = mix(value(left, bottom, c), value(right, bottom, c), inX - left);
            out[at + c] = Samples.toByte(mix(upper, lower, inY - top));
        }
    }

    private int value(int x, int y, int c) {
        return image.rgb()[3 * (y * image.width() + x) + c] & 0xff;
    }

    private static double mix(double a, double b, double share) {
        return a + (b - a) * share;
    }
}
