package io.realqa.trainer.degradation;

import io.realqa.scorer.image.RasterImage;
import java.util.Random;

/** Effects that change every pixel by itself. */
public final class Tones {
    private Tones() {}

    /**
     * Gaussian noise, independent in each channel.
     *
     * @param deviation standard, as a share of full scale
     */
    static RasterImage addNoise(RasterImage image, double deviation, long seed) {
        Random random = new Random(seed);
        byte[] in = image.rgb();
        byte[] out = new byte[in.length];
        for (int i = 0; i < in.length; i++) {
            out[i] = Samples.toByte((in[i] & 0xff) + 255 * deviation * random.nextGaussian());
        }
        return new RasterImage(image.width(), image.height(), out);
    }

    /** As if the camera had gathered 2^ev times the light; sRGB samples are made linear for it. */
    static RasterImage expose(RasterImage image, double ev) {
        double gain = StrictMath.pow(2, ev);
        byte[] exposed = new byte[256];
        for (int i = 0; i < exposed.length; i++) {
            exposed[i] = Samples.toByte(255 * encode(Math.min(1, gain * linear(i / 255.0))));
        }
        byte[] in = image.rgb();
        byte[] out = new byte[in.length];
        for (int i = 0; i < in.length; i++) {
            out[i] = exposed[in[i] & 0xff];
        }
        return new RasterImage(image.width(), image.height(), out);
    }

    private static double linear(double srgb) {
        return srgb <= 0.04045 ? srgb / 12.92 : StrictMath.pow((srgb + 0.055) / 1.055, 2.4);
    }

    private static double encode(double linear) {
        return linear <= 0.0031308 ? 12.92 * linear : 1.055 * StrictMath.pow(linear, 1 / 2.4) - 0.055;
    }

    /** Moves each pixel towards its own grey (BT.601 luma): 1 leaves it, 0 makes it grey. */
    public static RasterImage saturate(RasterImage image, double share) {
        byte[] in = image.rgb();
        byte[] out = new byte[in.length];
        for (int i = 0; i < in.length; i += 3) {
            double luma = 0.299 * (in[i] & 0xff) + 0.587 * (in[i + 1] & 0xff) + 0.114 * (in[i + 2] & 0xff);
            for (int c = i; c < i + 3; c++) {
                out[c] = Samples.toByte(luma + share * ((in[c] & 0xff) - luma));
            }
        }
        return new RasterImage(image.width(), image.height(), out);
    }
}
