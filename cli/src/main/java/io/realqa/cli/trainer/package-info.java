/** The trainer composed: releases, content and HTTP from the service's side, the rest from the trainer's. */
@NullMarked
package io.realqa.cli.trainer;

import org.jspecify.annotations.NullMarked;
