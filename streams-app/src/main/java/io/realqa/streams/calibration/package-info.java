/** Scores on the platforms' own scales: which map holds for which score. */
@NullMarked
package io.realqa.streams.calibration;

import org.jspecify.annotations.NullMarked;
