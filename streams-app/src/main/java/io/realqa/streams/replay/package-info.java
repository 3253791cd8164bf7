/** Dead letters back through the uploads topic, each once. */
@NullMarked
package io.realqa.streams.replay;

import org.jspecify.annotations.NullMarked;
