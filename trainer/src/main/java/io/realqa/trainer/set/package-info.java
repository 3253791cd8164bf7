/** Training sets out of accepted labels: merged by image, parted so that near-duplicates stay together, reproducible. */
@NullMarked
package io.realqa.trainer.set;

import org.jspecify.annotations.NullMarked;
