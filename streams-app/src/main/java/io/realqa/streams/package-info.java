/** The service: configuration, start and stop. The composition of topology and scoring engine. */
@NullMarked
package io.realqa.streams;

import org.jspecify.annotations.NullMarked;
