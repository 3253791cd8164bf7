/** From accepted labels to a release: when, and in steps that survive being killed. */
@NullMarked
package io.realqa.trainer.cycle;

import org.jspecify.annotations.NullMarked;
