/**
 * The verifier of exactly-once under fire: a cluster of broker processes, processes of the service with a synthetic
 * scorer, uploads whose outcome is known, faults from a seed, and a checker of what was committed.
 */
@NullMarked
package io.realqa.verify;

import org.jspecify.annotations.NullMarked;
