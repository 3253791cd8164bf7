/** Labels from the feedback topic: checked, joined with the answer that they correct, and kept, each exactly once. */
@NullMarked
package io.realqa.trainer.feedback;

import org.jspecify.annotations.NullMarked;
