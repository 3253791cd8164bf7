/** The sections of the trainer's settings, and what each means to the part that it configures. */
@NullMarked
package io.realqa.trainer.service.config;

import org.jspecify.annotations.NullMarked;
