/** The command realqa: what a person runs, and the one place where the modules are composed. */
@NullMarked
package io.realqa.cli;

import org.jspecify.annotations.NullMarked;
