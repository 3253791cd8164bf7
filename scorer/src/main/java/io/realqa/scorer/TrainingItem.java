package io.realqa.scorer;

import io.realqa.scorer.image.VisualInput;

/** What training learns from: an image and what is to be answered about it. */
public sealed interface TrainingItem permits TrainingExample, TrainingChat {
    /** As the checkpoint's preprocessing made it. */
    VisualInput image();
}
