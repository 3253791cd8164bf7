package io.realqa.streams.scoring;

/** What is in flight, in images and bytes, and never more than the limits say. Thread-safe. */
final class Admission {
    private final EngineConfig.Limits limits;
    private int images;
    private long bytes;

    Admission(EngineConfig.Limits limits) {
        this.limits = limits;
    }

    /** Makes room for an image; false if there is none. An image larger than the limit is admitted alone. */
    synchronized boolean enter(long size) {
        if (images >= limits.images() || (images > 0 && bytes + size > limits.bytes())) {
            return false;
        }
        images++;
        bytes += size;
        return true;
    }

    synchronized void resize(Flight flight, long to) {
        bytes += to - flight.bytes();
        flight.resize(to);
    }

    synchronized void leave(Flight flight) {
        images--;
        bytes -= flight.bytes();
    }

    synchronized int images() {
        return images;
    }

    synchronized long bytes() {
        return bytes;
    }
}
