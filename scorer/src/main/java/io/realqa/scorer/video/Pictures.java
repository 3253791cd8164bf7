package io.realqa.scorer.video;

import static org.bytedeco.ffmpeg.global.avutil.AVCOL_RANGE_JPEG;
import static org.bytedeco.ffmpeg.global.avutil.AVCOL_SPC_BT709;
import static org.bytedeco.ffmpeg.global.avutil.AVCOL_SPC_RGB;
import static org.bytedeco.ffmpeg.global.avutil.AVCOL_SPC_UNSPECIFIED;
import static org.bytedeco.ffmpeg.global.avutil.AV_PIX_FMT_RGB24;
import static org.bytedeco.ffmpeg.global.swscale.SWS_ACCURATE_RND;
import static org.bytedeco.ffmpeg.global.swscale.SWS_BICUBIC;
import static org.bytedeco.ffmpeg.global.swscale.SWS_CS_DEFAULT;
import static org.bytedeco.ffmpeg.global.swscale.SWS_FULL_CHR_H_INT;
import static org.bytedeco.ffmpeg.global.swscale.sws_freeContext;
import static org.bytedeco.ffmpeg.global.swscale.sws_getCoefficients;
import static org.bytedeco.ffmpeg.global.swscale.sws_getContext;
import static org.bytedeco.ffmpeg.global.swscale.sws_scale;
import static org.bytedeco.ffmpeg.global.swscale.sws_setColorspaceDetails;

import io.realqa.scorer.image.RasterImage;
import io.realqa.scorer.video.VideoRejectedException.Reason;
import org.bytedeco.ffmpeg.avutil.AVFrame;
import org.bytedeco.ffmpeg.swscale.SwsContext;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.PointerPointer;
import org.jspecify.annotations.Nullable;

/** Turns decoded frames into upright RGB pictures. Owned by one thread; closing it frees its native memory. */
final class Pictures implements AutoCloseable {
    /** From so many rows on a stream that does not say so is BT.709, as players take it. */
    private static final int HIGH_DEFINITION_ROWS = 720;

    private final VideoLimits limits;
    private int turns;
    private @Nullable SwsContext converter;
    private int width;
    private int height;
    private int format = -1;

    Pictures(VideoLimits limits) {
        this.limits = limits;
    }

    /** quarterTurns: clockwise. */
    void rotation(int quarterTurns) {
        turns = quarterTurns;
    }

    RasterImage of(AVFrame frame) throws VideoRejectedException {
        // a stream may change its size on the way
        limits.checkSize(frame.width(), frame.height());
        SwsContext context = converter(frame);
        byte[] rgb = new byte[Math.multiplyExact(3, Math.multiplyExact(width, height))];
        // rows of a multiple of 64 bytes, which the converter's vector code may write in full
        int stride = (3 * width + 63) / 64 * 64;
        try (BytePointer pixels = new BytePointer((long) stride * height + 64);
                PointerPointer<BytePointer> planes = new PointerPointer<>(4);
                IntPointer strides = new IntPointer(stride, 0, 0, 0)) {
            planes.put(0, pixels)
                    .put(1, (BytePointer) null)
                    .put(2, (BytePointer) null)
                    .put(3, (BytePointer) null);
            if (sws_scale(context, frame.data(), frame.linesize(), 0, height, planes, strides) != height) {
                throw new VideoRejectedException(
                        Reason.CORRUPT,
                        "video: a frame in pixel format " + format + " (expected: one that converts to RGB)");
            }
            for (int y = 0; y < height; y++) {
                pixels.position((long) y * stride).get(rgb, y * 3 * width, 3 * width);
            }
            pixels.position(0);
        }
        return turned(new RasterImage(width, height, rgb), turns);
    }

    private SwsContext converter(AVFrame frame) throws VideoRejectedException {
        if (converter != null && frame.width() == width && frame.height() == height && frame.format() == format) {
            return converter;
        }
        close();
        width = frame.width();
        height = frame.height();
        format = frame.format();
        SwsContext context = sws_getContext(
                width,
                height,
                format,
                width,
                height,
                AV_PIX_FMT_RGB24,
                SWS_BICUBIC | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT,
                null,
                null,
                (DoublePointer) null);
        if (context == null || context.isNull()) {
            throw new VideoRejectedException(
                    Reason.UNSUPPORTED_FORMAT,
                    "video: pixel format " + format + " (expected: one that converts to RGB)");
        }
        int space = frame.colorspace();
        int matrix = space == AVCOL_SPC_UNSPECIFIED || space == AVCOL_SPC_RGB
                ? (height >= HIGH_DEFINITION_ROWS ? AVCOL_SPC_BT709 : SWS_CS_DEFAULT)
                : space;
        int one = 1 << 16;
        sws_setColorspaceDetails(
                context,
                sws_getCoefficients(matrix),
                frame.color_range() == AVCOL_RANGE_JPEG ? 1 : 0,
                sws_getCoefficients(SWS_CS_DEFAULT),
                1,
                0,
                one,
                one);
        converter = context;
        return context;
    }

    /** The picture turned clockwise by quarters. */
    static RasterImage turned(RasterImage image, int quarters) {
        if (quarters == 0) {
            return image;
        }
        int w = image.width();
        int h = image.height();
        int width = quarters == 2 ? w : h;
        int height = quarters == 2 ? h : w;
        byte[] rgb = new byte[image.rgb().length];
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                int fromX = quarters == 1 ? y : quarters == 2 ? w - 1 - x : w - 1 - y;
                int fromY = quarters == 1 ? h - 1 - x : quarters == 2 ? h - 1 - y : x;
                System.arraycopy(image.rgb(), 3 * (fromY * w + fromX), rgb, 3 * (y * width + x), 3);
            }
        }
        return new RasterImage(width, height, rgb);
    }

    @Override
    public void close() {
        if (converter != null) {
            sws_freeContext(converter);
            converter = null;
        }
    }
}
