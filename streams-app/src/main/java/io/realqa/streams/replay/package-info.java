/** Dead letters back through the uploads topic, each once; past scores on the scale of later calibrations. */
@NullMarked
package io.realqa.streams.replay;

import org.jspecify.annotations.NullMarked;
