package io.realqa.streams.adapters;

import io.realqa.events.AdapterStatus;
import io.realqa.events.WorkerState;
import io.realqa.schemas.ReleaseKey;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * How a slot is on this worker.
 *
 * @param epoch of the release that the state is about
 * @param adapter digest of what is served there; null: the base model
 * @param refused digest of what was refused
 */
record SlotStatus(
        ReleaseKey key,
        long epoch,
        @Nullable String adapter,
        WorkerState state,
        @Nullable String refused,
        @Nullable String message) {

    /** Key on the status topic. */
    String topicKey(String workerId) {
        return workerId + "/" + key;
    }

    AdapterStatus event(String workerId, Instant at) {
        return AdapterStatus.newBuilder()
                .setWorkerId(workerId)
                .setPlatform(key.platform())
                .setEpoch(epoch)
                .setAdapterDigest(adapter)
                .setState(state)
                .setRefusedDigest(refused)
                .setMessage(message)
                .setAt(at)
                .setSlot(key.slot().state())
                .build();
    }
}
