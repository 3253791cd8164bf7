/** LoRA training from labelled images: the training set, the loop, what it measures and what it leaves behind. */
@NullMarked
package io.realqa.trainer.training;

import org.jspecify.annotations.NullMarked;
