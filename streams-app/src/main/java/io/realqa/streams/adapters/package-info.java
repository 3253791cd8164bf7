/** Adapters in service: releases in, checked and loaded beside the current ones, swapped between two batches. */
@NullMarked
package io.realqa.streams.adapters;

import org.jspecify.annotations.NullMarked;
