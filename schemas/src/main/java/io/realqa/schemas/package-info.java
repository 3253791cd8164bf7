/** The Confluent wire format over Avro: the client of the schema registry, the serdes, the topics. */
@NullMarked
package io.realqa.schemas;

import org.jspecify.annotations.NullMarked;
