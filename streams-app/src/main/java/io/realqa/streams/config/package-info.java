/** The sections of the service's settings, and what each means to the part that it configures. */
@NullMarked
package io.realqa.streams.config;

import org.jspecify.annotations.NullMarked;
