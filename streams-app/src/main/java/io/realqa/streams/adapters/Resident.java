package io.realqa.streams.adapters;

import io.realqa.streams.scoring.BatchScorer;

/**
 * A model in memory, with those counted that use it. Once it is retired it closes with its last user, so that no batch
 * computes with freed memory. Thread-safe.
 */
final class Resident {
    private final BatchScorer scorer;
    private final Runnable closing;
    private int users;
    private boolean retired;
    private boolean closed;

    /** @param closing frees it; called once */
    Resident(BatchScorer scorer, Runnable closing) {
        this.scorer = scorer;
        this.closing = closing;
    }

    BatchScorer scorer() {
        return scorer;
    }

    /** Counts a user. @return false if it is retired: it must not be used */
    synchronized boolean enter() {
        if (retired) {
            return false;
        }
        users++;
        return true;
    }

    synchronized void leave() {
        users--;
        closeIfUnused();
    }

    /** Nobody can enter from now on. */
    synchronized void retire() {
        retired = true;
        closeIfUnused();
    }

    private void closeIfUnused() {
        if (retired && users == 0 && !closed) {
            closed = true;
            closing.run();
        }
    }
}
