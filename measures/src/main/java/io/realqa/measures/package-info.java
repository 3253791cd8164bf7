/** How well predictions agree with labels. Knows numbers and texts; nothing of Kafka, images or models. */
@NullMarked
package io.realqa.measures;

import org.jspecify.annotations.NullMarked;
