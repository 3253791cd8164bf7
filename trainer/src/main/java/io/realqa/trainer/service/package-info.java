/** The trainer as a service: its settings, its threads, its metrics. */
@NullMarked
package io.realqa.trainer.service;

import org.jspecify.annotations.NullMarked;
