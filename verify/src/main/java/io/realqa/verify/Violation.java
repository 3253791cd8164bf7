package io.realqa.verify;

/** What the checker can find. */
enum Violation {
    NOT_SENT("uploads of the load that are not on the topic, or are there twice"),
    LOST("uploads without a result and without a dead letter"),
    DUPLICATED("uploads with more than one result, more than one dead letter, or both"),
    FOREIGN("results of no upload, or with what belongs to another one"),
    OUT_OF_ORDER("results of a key before those of its earlier uploads"),
    MIXED_VERSIONS("events of more than one version of the adapter"),
    UNPAIRED("scores without attributes, attributes without a score, or the two by different versions"),
    WRONG_OUTCOME("dead letters of good uploads, scores of bad ones, or a reason that does not fit"),
    CHANGED("dead letters whose upload is not as it was sent"),
    NOT_COMMITTED("partitions whose committed offset is not their end"),
    PENDING_LEFT("entries left in the pending store's changelog"),
    OPEN_TRANSACTION("transactions still open"),
    NOT_INJECTED("planned faults that were not injected"),
    NOT_CONVERGED("released adapters that not every instance served in the end"),
    NO_PROGRESS("minutes without a result"),
    NOT_STOPPED("instances that did not stop when told to, or ended by themselves");

    private final String description;

    Violation(String description) {
        this.description = description;
    }

    String description() {
        return description;
    }
}
