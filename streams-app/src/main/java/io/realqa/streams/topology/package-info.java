/** The Kafka Streams topology: uploads to scores, attributes and dead letters, exactly once. */
@NullMarked
package io.realqa.streams.topology;

import org.jspecify.annotations.NullMarked;
