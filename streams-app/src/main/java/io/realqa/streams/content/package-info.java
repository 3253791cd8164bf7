/** Image bytes from file and web addresses, within what a policy allows. */
@NullMarked
package io.realqa.streams.content;

import org.jspecify.annotations.NullMarked;
