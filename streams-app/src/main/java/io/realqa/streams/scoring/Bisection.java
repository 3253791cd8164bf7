package io.realqa.streams.scoring;

import io.realqa.streams.scoring.MicroBatcher.Ready;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Scores one batch, come what may. A batch that fails is halved until the image that makes it fail is alone, with one
 * call for each halving; what was not tried meanwhile is then scored at once. A batch that does not fit the device's
 * memory is cut. What failed is tried again, alone, after all others: so nobody waits for its pauses. An image that has
 * failed in as many attempts as the settings allow, the last of them alone, is a {@link Suspect}.
 *
 * <p>For one batch; owned by the worker's thread.
 */
final class Bisection {
    private static final Logger LOG = LoggerFactory.getLogger(Bisection.class);

    /** The device, as one batch sees it. */
    interface Calls {
        /**
         * One call.
         *
         * @return the images whose answer is no score, with what is wrong with it; the others are done
         */
        List<Flawed> call(List<Ready> batch);

        /** A call failed. */
        void failed(List<Ready> batch, boolean outOfMemory);

        /** Nobody waits for these any more. */
        void dropped(Ready image);

        /** Waits before an image is tried again; true: the engine closed meanwhile. */
        boolean pause(int failures);

        boolean closed();
    }

    record Flawed(Ready image, Answers.Flaw flaw) {}

    /** An image that failed in every attempt. */
    record Suspect(Ready image, Failure failure, int attempts) {}

    record Failure(Reason reason, String message, @Nullable Throwable cause) {}

    private final Calls calls;
    private final int mostAttempts;
    private final List<Open> open = new ArrayList<>();

    /**
     * To be tried again, alone.
     *
     * @param attempts that failed: a batch that was divided down to it counts as one
     * @param alone whether the last of them was with it alone
     */
    private record Open(Ready image, Failure failure, int attempts, boolean alone) {}

    /** @param mostAttempts failures after which an image is given up */
    Bisection(Calls calls, int mostAttempts) {
        this.calls = calls;
        this.mostAttempts = mostAttempts;
    }

    /** Scores all that can be scored. Returns the others, unless the engine closes. */
    List<Suspect> solve(List<Ready> batch) {
        scoreTogether(batch);
        List<Suspect> suspects = new ArrayList<>();
        for (Open o : open) {
            Suspect left = alone(o);
            if (left != null) {
                suspects.add(left);
            }
        }
        return suspects;
    }

    private void scoreTogether(List<Ready> batch) {
        List<Ready> left = batch;
        while (!left.isEmpty()) {
            if (calls.closed()) {
                left.forEach(calls::dropped);
                return;
            }
            Failure failure = attempt(left);
            if (failure == null) {
                return;
            }
            if (isMemory(failure) && left.size() > 1) {
                // Too little memory says nothing of any image.
                int half = left.size() / 2;
                scoreTogether(left.subList(0, half));
                left = left.subList(half, left.size());
            } else {
                left = without(left, failure);
            }
        }
    }

    /**
     * Finds the image that makes a batch fail.
     *
     * @return those that were not tried alone or in a smaller batch
     */
    private List<Ready> without(List<Ready> batch, Failure why) {
        List<Ready> failing = batch;
        Failure failure = why;
        List<Ready> untried = new ArrayList<>();
        boolean together = batch.size() > 1;
        boolean alone = !together;
        while (failing.size() > 1) {
            if (calls.closed()) {
                failing.forEach(calls::dropped);
                untried.forEach(calls::dropped);
                return List.of();
            }
            int half = failing.size() / 2;
            List<Ready> first = failing.subList(0, half);
            List<Ready> second = failing.subList(half, failing.size());
            Failure again = attempt(first);
            if (again == null) {
                // It is in the second half, which has not failed by itself yet.
                failing = second;
                alone = false;
            } else if (isMemory(again) && first.size() > 1) {
                scoreTogether(first);
                untried.addAll(second);
                return untried;
            } else {
                failure = again;
                untried.addAll(second);
                failing = first;
                alone = first.size() == 1;
            }
        }
        open.add(new Open(failing.get(0), failure, together && alone ? 2 : 1, alone));
        return untried;
    }

    /** @return why the call failed; null: it did not, and what had a flaw is open */
    private @Nullable Failure attempt(List<Ready> batch) {
        try {
            for (Flawed f : calls.call(batch)) {
                open.add(new Open(f.image(), failure(f.flaw()), 1, batch.size() == 1));
            }
            return null;
        } catch (Throwable e) {
            Failure failure = failure(e);
            if (calls.closed()) {
                // The failure may be the end's doing.
                return failure;
            }
            calls.failed(batch, isMemory(failure));
            if (batch.size() > 1) {
                LOG.warn("a batch of {} images failed and is divided: {}", batch.size(), e.toString());
            }
            return failure;
        }
    }

    /** @return what has failed once too often; null: it is done */
    private @Nullable Suspect alone(Open last) {
        List<Ready> image = List.of(last.image());
        Failure failure = last.failure();
        int attempts = last.attempts();
        boolean alone = last.alone();
        while (attempts < mostAttempts || !alone) {
            if (calls.pause(attempts)) {
                calls.dropped(last.image());
                return null;
            }
            attempts++;
            alone = true;
            try {
                List<Flawed> flawed = calls.call(image);
                if (flawed.isEmpty()) {
                    return null;
                }
                failure = failure(flawed.get(0).flaw());
            } catch (Throwable e) {
                failure = failure(e);
                calls.failed(image, isMemory(failure));
            }
        }
        return new Suspect(last.image(), failure, attempts);
    }

    private static boolean isMemory(Failure failure) {
        return failure.reason() == Reason.OUT_OF_DEVICE_MEMORY;
    }

    private static Failure failure(Answers.Flaw flaw) {
        return new Failure(flaw.reason(), flaw.message(), null);
    }

    private static Failure failure(Throwable cause) {
        return new Failure(
                isOutOfMemory(cause) ? Reason.OUT_OF_DEVICE_MEMORY : Reason.SCORING_FAILED, cause.toString(), cause);
    }

    /** libtorch says so in words: "CUDA out of memory", or "not enough memory" from the CPU's allocator. */
    static boolean isOutOfMemory(Throwable failure) {
        for (Throwable t = failure; t != null; t = t.getCause()) {
            String message = String.valueOf(t.getMessage());
            if (message.contains("out of memory") || message.contains("not enough memory")) {
                return true;
            }
        }
        return false;
    }
}
