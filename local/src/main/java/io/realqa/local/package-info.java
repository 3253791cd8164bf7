/** A Kafka broker and a schema registry on this machine, for the demo and for tests; nothing of this runs in production. */
@NullMarked
package io.realqa.local;

import org.jspecify.annotations.NullMarked;
