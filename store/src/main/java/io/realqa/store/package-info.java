/** Folders named by their content, on a disk and in object storage. */
@NullMarked
package io.realqa.store;

import org.jspecify.annotations.NullMarked;
