/** Micro-batching of images onto the model. Knows the scorer and content, nothing of Kafka. */
@NullMarked
package io.realqa.streams.scoring;

import org.jspecify.annotations.NullMarked;
