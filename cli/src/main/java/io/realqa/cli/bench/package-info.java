/** What {@code realqa bench} measures: ratios side by side in one run. */
@NullMarked
package io.realqa.cli.bench;

import org.jspecify.annotations.NullMarked;
