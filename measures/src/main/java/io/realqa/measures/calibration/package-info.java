/** Maps from raw scores to a platform's own scale, fitted from few labels. */
@NullMarked
package io.realqa.measures.calibration;

import org.jspecify.annotations.NullMarked;
