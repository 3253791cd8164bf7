/** How served versions do, from their score events and the labels that correct them. */
@NullMarked
package io.realqa.trainer.live;

import org.jspecify.annotations.NullMarked;
