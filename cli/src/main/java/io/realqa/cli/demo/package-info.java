/** The demonstration: photographs and degraded versions of them as a stream of uploads, and a view of their scores. */
@NullMarked
package io.realqa.cli.demo;

import org.jspecify.annotations.NullMarked;
