/** The commands that measure predictions files, and the one that turns conversations into labels and back. */
@NullMarked
package io.realqa.cli.evaluate;

import org.jspecify.annotations.NullMarked;
