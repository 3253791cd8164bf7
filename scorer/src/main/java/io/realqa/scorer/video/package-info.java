/** Frames of video files, decoded by FFmpeg under limits. */
@NullMarked
package io.realqa.scorer.video;

import org.jspecify.annotations.NullMarked;
