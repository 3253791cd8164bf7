package io.realqa.streams.adapters;

import static io.realqa.streams.adapters.ReleaseEvents.active;
import static io.realqa.streams.adapters.ReleaseEvents.canary;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.realqa.events.AdapterRelease;
import io.realqa.events.AdapterStatus;
import io.realqa.events.ReleaseState;
import io.realqa.events.WorkerState;
import io.realqa.schemas.ReleaseKey;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Which release comes next when an operator wants something, and when all workers follow it. */
class ReleaseBookTest {
    private static final ReleaseKey ACTIVE = ReleaseKey.parse("shop/active");
    private static final Instant NOW = Instant.ofEpochSecond(1_000);

    private final ReleaseBook book = new ReleaseBook();

    private AdapterRelease write(ReleaseBook.Entry entry) {
        book.put(entry.key().toString(), entry.event());
        return entry.event();
    }

    private static void is(AdapterRelease event, ReleaseState state, long epoch, String digest) {
        assertThat(event.getState()).isEqualTo(state);
        assertThat(event.getEpoch()).isEqualTo(epoch);
        assertThat(event.getAdapterDigest()).isEqualTo(digest);
    }

    @Test
    void epochsGrowOverAllSlotsOfAPlatform() {
        book.put("shop/active", active("shop", 3, "a"));
        book.put("shop/canary", canary("shop", 7, "b", 0.1));
        book.put("other/active", active("other", 20, "c"));
        is(write(book.promote("shop", NOW)), ReleaseState.ACTIVE, 8, "b");
    }

    @Test
    void goingBackGivesWhatWasThereBeforeAndThenTheOtherAgain() {
        write(book.release(ACTIVE, active("", 1, "a"), 1, NOW));
        write(book.release(ACTIVE, active("", 1, "b"), 1, NOW));
        is(write(book.rollback("shop", NOW)), ReleaseState.ACTIVE, 3, "a");
        is(write(book.rollback("shop", NOW)), ReleaseState.ACTIVE, 4, "b");
        assertThat(book.at(ACTIVE))
                .extracting(r -> r.getPrevious().getPrevious())
                .isNull();
    }

    @Test
    void goingBackFromTheFirstReleaseEmptiesTheSlotAndBackAgainFillsIt() {
        write(book.release(ACTIVE, active("", 1, "a"), 1, NOW));
        is(write(book.rollback("shop", NOW)), ReleaseState.RETIRED, 2, "a");
        assertThat(book.at(ACTIVE)).isNull();
        is(write(book.rollback("shop", NOW)), ReleaseState.ACTIVE, 3, "a");
    }

    /** Neither goes back to it, nor starts with it: a worker that starts with a refused release serves the one before. */
    @Test
    void aReleaseThatEveryWorkerRefusedIsNothingToGoBackTo() {
        write(book.release(ACTIVE, active("", 1, "a"), 1, NOW));
        for (String digest : List.of("b", "c")) {
            long epoch =
                    write(book.release(ACTIVE, active("", 1, digest), 1, NOW)).getEpoch();
            book.note(fleet(status("one", epoch, WorkerState.REFUSED, 999)), NOW);
        }
        assertThat(book.at(ACTIVE))
                .extracting(r -> r.getPrevious().getAdapterDigest())
                .isEqualTo("a");
        is(write(book.rollback("shop", NOW)), ReleaseState.ACTIVE, 4, "a");
        is(write(book.rollback("shop", NOW)), ReleaseState.RETIRED, 5, "a");
    }

    @Test
    void whatTheWorkersTookBackIsNothingToGoBackToEither() {
        write(book.release(ACTIVE, active("", 1, "a"), 1, NOW));
        write(book.release(ACTIVE, active("", 1, "b"), 1, NOW));
        book.refuse(ACTIVE);
        AdapterRelease back = write(book.rollback("shop", NOW));
        is(back, ReleaseState.ACTIVE, 3, "a");
        assertThat(back.getPrevious()).isNull();
    }

    @Test
    void aReleaseThatOneWorkerServesOrMayYetServeCounts() {
        for (WorkerState other : List.of(WorkerState.SERVING, WorkerState.LOADING)) {
            write(book.release(ACTIVE, active("", 1, "a"), 1, NOW));
            long epoch = write(book.release(ACTIVE, active("", 1, "b"), 1, NOW)).getEpoch();
            book.note(fleet(status("one", epoch, WorkerState.REFUSED, 999), status("two", epoch, other, 999)), NOW);
            AdapterRelease next = write(book.release(ACTIVE, active("", 1, "c"), 1, NOW));
            assertThat(next.getPrevious().getAdapterDigest()).isEqualTo("b");
        }
        book.note(fleet(), NOW);
        assertThat(write(book.release(ACTIVE, active("", 1, "d"), 1, NOW))
                        .getPrevious()
                        .getAdapterDigest())
                .as("nobody is alive")
                .isEqualTo("c");
    }

    private static Fleet fleet(AdapterStatus... statuses) {
        return new Fleet(List.of(statuses), Duration.ofSeconds(30));
    }

    @Test
    void whatIsNotThereCannotBePromotedRolledBackOrRetired() {
        assertThatThrownBy(() -> book.promote("shop", NOW)).hasMessageContaining("platform: shop has neither");
        assertThatThrownBy(() -> book.rollback("shop", NOW)).hasMessageContaining("platform: shop has no active");
        assertThatThrownBy(() -> book.retire(ACTIVE, NOW)).hasMessageContaining("slot: shop/active is empty");
        assertThatThrownBy(() -> book.release(ACTIVE, active("", 1, "a"), 0, NOW))
                .hasMessageContaining("share: 0.0");
    }

    private static AdapterStatus status(String worker, long epoch, WorkerState state, long second) {
        return new SlotStatus(ACTIVE, epoch, "a", state, null, null).event(worker, Instant.ofEpochSecond(second));
    }

    @Test
    void aReleaseIsFollowedWhenEveryLivingWorkerServesOrRefusesIt() {
        AdapterStatus serving = status("one", 5, WorkerState.SERVING, 999);
        AdapterStatus refusing = status("two", 5, WorkerState.REFUSED, 990);
        AdapterStatus dead = status("three", 4, WorkerState.SERVING, 900);
        Duration alive = Duration.ofSeconds(30);
        assertThat(new Fleet(List.of(serving, refusing, dead), alive)
                        .progress(ACTIVE, 5, NOW)
                        .done())
                .isTrue();
        for (AdapterStatus behind :
                List.of(status("four", 4, WorkerState.SERVING, 999), status("four", 5, WorkerState.LOADING, 999))) {
            Fleet.Progress progress = new Fleet(List.of(serving, refusing, behind), alive).progress(ACTIVE, 5, NOW);
            assertThat(progress.done()).isFalse();
            assertThat(progress.waiting()).containsExactly("four");
        }
        assertThat(new Fleet(List.of(dead), alive).progress(ACTIVE, 4, NOW).done())
                .as("nobody is alive")
                .isFalse();
    }
}
