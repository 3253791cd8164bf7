/** What the service measures of itself: one catalogue, on Micrometer. */
@NullMarked
package io.realqa.streams.metrics;

import org.jspecify.annotations.NullMarked;
