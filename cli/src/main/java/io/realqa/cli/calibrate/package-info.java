/** Maps to the platforms' own scales: fitted from labels, and applied to past score events. */
@NullMarked
package io.realqa.cli.calibrate;

import org.jspecify.annotations.NullMarked;
