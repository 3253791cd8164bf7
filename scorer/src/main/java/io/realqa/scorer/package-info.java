/** Checkpoint, adapter, profile and image to score and attributes. Knows the engine, nothing of Kafka. */
@NullMarked
package io.realqa.scorer;

import org.jspecify.annotations.NullMarked;
