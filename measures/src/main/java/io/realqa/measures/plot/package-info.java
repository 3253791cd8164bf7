/** Plots of agreement, as PNG images. */
@NullMarked
package io.realqa.measures.plot;

import org.jspecify.annotations.NullMarked;
