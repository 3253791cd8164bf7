package io.realqa.scorer.video;

import io.realqa.scorer.image.RasterImage;

/**
 * One frame, upright.
 *
 * @param seconds from the clip's start
 */
public record VideoFrame(double seconds, RasterImage image) {}
