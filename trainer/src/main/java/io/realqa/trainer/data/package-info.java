/** Conversation data sets as LLaMA-Factory lays them out, read row by row, and their way to labels and back. */
@NullMarked
package io.realqa.trainer.data;

import org.jspecify.annotations.NullMarked;
