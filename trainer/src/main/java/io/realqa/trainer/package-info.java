/** Labelled feedback. Knows the contracts and the scoring profile. */
@NullMarked
package io.realqa.trainer;

import org.jspecify.annotations.NullMarked;
