/** What the service tells over HTTP: health and metrics. */
@NullMarked
package io.realqa.streams.http;

import org.jspecify.annotations.NullMarked;
