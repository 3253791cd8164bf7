package io.realqa.streams.adapters;

/** Brings a release's model into memory, checked as far as it can be without serving it. */
@FunctionalInterface
interface AdapterLoader {
    /**
     * A model that is ready to serve.
     *
     * @param message what was checked, for people
     */
    record Loaded(Resident resident, String message) {}

    /**
     * Called on one thread at a time.
     *
     * @throws RefusedException if it must not be served, or cannot be for now
     */
    Loaded load(Release release) throws RefusedException;
}
