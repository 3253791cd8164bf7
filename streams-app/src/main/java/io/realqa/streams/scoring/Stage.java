package io.realqa.streams.scoring;

/** Where an upload was when it failed. */
public enum Stage {
    DESERIALIZE,
    VALIDATE,
    FETCH,
    DECODE,
    PREPROCESS,
    SCORE
}
