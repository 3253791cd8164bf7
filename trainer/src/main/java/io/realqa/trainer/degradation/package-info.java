/** Ways to spoil a photograph by degrees: what scores should fall with, for the gate and the demonstration. */
@NullMarked
package io.realqa.trainer.degradation;

import org.jspecify.annotations.NullMarked;
