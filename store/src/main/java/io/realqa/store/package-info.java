/** Folders in object storage. */
@NullMarked
package io.realqa.store;

import org.jspecify.annotations.NullMarked;
