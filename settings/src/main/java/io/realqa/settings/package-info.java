/** Settings from YAML files. */
@NullMarked
package io.realqa.settings;

import org.jspecify.annotations.NullMarked;
