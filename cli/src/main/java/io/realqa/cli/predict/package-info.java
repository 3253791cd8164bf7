/** Answers for a whole data set, as a predictions file. */
@NullMarked
package io.realqa.cli.predict;

import org.jspecify.annotations.NullMarked;
