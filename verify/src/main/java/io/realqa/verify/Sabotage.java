package io.realqa.verify;

/** What a deliberately broken instance does wrong: the checker must notice each of them. */
public enum Sabotage {
    /** Nothing: the service as it is. */
    NONE,
    /** It commits offsets without the pending entries: what was in the engine at a crash is lost. */
    PENDING,
    /** It answers with one version of the adapter and names another. */
    VERSION,
    /** It gives uploads scores of other images. */
    FOREIGN
}
