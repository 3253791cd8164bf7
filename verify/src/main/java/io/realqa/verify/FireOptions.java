package io.realqa.verify;

import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What a run is to do.
 *
 * @param registryHome the unpacked distribution of the registry
 * @param uploads size of the load
 * @param faults planned faults; without effect where killEvery is set
 * @param rate uploads a second
 * @param instances of the service at the start
 * @param deviceMillis time of a batch on the synthetic device
 * @param swaps releases of an adapter, forward and back, under way; 0: none
 * @param killEvery kill -9 of an instance so often; null: the planned faults
 * @param keep folder for logs and data, which stays; null: a temporary one, which goes
 * @param terminal whether the live line may overwrite itself
 */
public record FireOptions(
        Path registryHome,
        int uploads,
        int faults,
        long seed,
        int instances,
        int rate,
        long deviceMillis,
        int swaps,
        @Nullable Duration killEvery,
        Sabotage sabotage,
        @Nullable Path keep,
        boolean terminal) {

    public FireOptions {
        expect("--uploads", uploads, 1, 10_000_000);
        expect("--faults", faults, 0, 10_000);
        expect("--instances", instances, 2, 16);
        expect("--rate", rate, 1, 100_000);
        expect("--swaps", swaps, 0, 10_000);
        expect("--device-millis", deviceMillis, 0, 60_000);
    }

    private static void expect(String name, long value, long least, long most) {
        if (value < least || value > most) {
            throw new IllegalArgumentException(name + ": " + value + " (expected: " + least + " to " + most + ")");
        }
    }

    /** Time over which the load and the faults are spread. */
    Duration duration() {
        return Duration.ofMillis(uploads * 1000L / rate);
    }
}
