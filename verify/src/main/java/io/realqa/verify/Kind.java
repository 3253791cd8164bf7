package io.realqa.verify;

/** What an upload of the load is like, with its share of the load in thousandths. */
enum Kind {
    /** Content on a host that answers. */
    BY_URI(770),
    /** Content inside the event. */
    INLINE(120),
    /** Content on a host that takes its time. */
    SLOW_HOST(30),
    /** Content on a host that often fails at first and at times altogether. */
    FAILING_HOST(30),
    /** Content that its host does not have. */
    MISSING(10),
    /** An image that makes the model fail. */
    POISON(4),
    /** Bytes that are no image. */
    UNDECODABLE(8),
    /** A record that is no event. */
    SCHEMALESS(8),
    /** Content that is not what the event says. */
    WRONG_DIGEST(5),
    /** An earlier upload once more, id and content the same. */
    DUPLICATE(15);

    private final int thousandths;

    Kind(int thousandths) {
        this.thousandths = thousandths;
    }

    /** The kind at a place in [0, 1000). */
    static Kind at(int place) {
        int left = place;
        for (Kind k : values()) {
            left -= k.thousandths;
            if (left < 0) {
                return k;
            }
        }
        throw new IllegalArgumentException("place: " + place + " (expected: 0 to 999)");
    }
}
