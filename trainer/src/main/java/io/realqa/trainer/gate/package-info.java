/** Whether a candidate adapter may replace the one that serves: a decision from measurements, without any I/O. */
@NullMarked
package io.realqa.trainer.gate;

import org.jspecify.annotations.NullMarked;
