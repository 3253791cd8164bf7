package io.realqa.streams.adapters;

import static io.realqa.streams.adapters.ReleaseEvents.active;
import static io.realqa.streams.adapters.ReleaseEvents.canary;
import static io.realqa.streams.adapters.ReleaseEvents.event;
import static io.realqa.streams.adapters.ReleaseEvents.retired;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.realqa.events.AdapterRelease;
import io.realqa.events.ReleaseState;
import io.realqa.schemas.ReleaseKey;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The release topic, folded. */
class ReleasesTest {
    private static List<String> inForce(Releases releases) {
        return releases.inForce().stream()
                .map(r -> r.key() + " " + r.epoch() + " " + r.adapter())
                .sorted()
                .toList();
    }

    @Test
    void aStaleEpochIsIgnoredAndAHigherOneReplaces() {
        Releases first = Releases.NONE.with("shop/active", active("shop", 5, "a"));
        Releases stale = first.with("shop/active", active("shop", 4, "b"));
        assertThat(stale).isSameAs(first);
        assertThat(inForce(stale.with("shop/active", active("shop", 6, "c")))).containsExactly("shop/active 6 c");
    }

    @Test
    void aCanaryStandsBesideTheActiveReleaseUntilANewerOneEndsIt() {
        Releases both = Releases.NONE
                .with("shop/active", active("shop", 1, "a"))
                .with("shop/canary", canary("shop", 2, "b", 0.1));
        assertThat(inForce(both)).containsExactly("shop/active 1 a", "shop/canary 2 b");
        assertThat(inForce(both.with("shop/active", active("shop", 3, "b")))).containsExactly("shop/active 3 b");
    }

    @Test
    void aRetiredSlotIsEmptyAndStaysSoForLowerEpochs() {
        Releases releases = Releases.NONE
                .with("shop/active", active("shop", 1, "a"))
                .with("shop/active", retired("shop", 3))
                .with("shop/active", active("shop", 2, "b"));
        assertThat(releases.inForce()).isEmpty();
        assertThat(releases.retiredAt(ReleaseKey.parse("shop/active"))).isEqualTo(3);
    }

    @Test
    void aRecordThatIsRemovedForgetsItsSlot() {
        Releases releases =
                Releases.NONE.with("shop/active", active("shop", 7, "a")).with("shop/active", null);
        assertThat(releases.inForce()).isEmpty();
        assertThat(inForce(releases.with("shop/active", active("shop", 1, "b"))))
                .containsExactly("shop/active 1 b");
    }

    @Test
    void aShareOfNothingIsNotInForce() {
        assertThat(Releases.NONE.with("shop/canary", canary("shop", 1, "a", 0)).inForce())
                .isEmpty();
    }

    @Test
    void theOrderOfDifferentSlotsDoesNotMatterAndCompactionLosesNothing() {
        List<Map.Entry<String, AdapterRelease>> log = List.of(
                Map.entry("shop/active", active("shop", 1, "a")),
                Map.entry("shop/canary", canary("shop", 2, "b", 0.2)),
                Map.entry("*/active", active("*", 1, "c")),
                Map.entry("shop/active", active("shop", 3, "b")),
                Map.entry("shop/canary", canary("shop", 4, "d", 0.2)),
                Map.entry("*/active", retired("*", 2)));
        List<String> expected = List.of("shop/active 3 b", "shop/canary 4 d");
        List<Map.Entry<String, AdapterRelease>> compacted = log.subList(3, 6);
        Random random = new Random(7);
        for (int i = 0; i < 50; i++) {
            List<Map.Entry<String, AdapterRelease>> shuffled = new ArrayList<>(i % 2 == 0 ? log : compacted);
            Collections.shuffle(shuffled, random);
            Releases releases = Releases.NONE;
            for (Map.Entry<String, AdapterRelease> e : shuffled) {
                releases = releases.with(e.getKey(), e.getValue());
            }
            assertThat(inForce(releases)).isEqualTo(expected);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"shop", "shop/", "/active", "shop/other", "active"})
    void aKeyThatNamesNoSlotIsRefused(String key) {
        assertThatThrownBy(() -> Releases.NONE.with(key, active("shop", 1, "a")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("key: " + key, "PLATFORM/active");
    }

    @Test
    void whatDoesNotFitItsKeyOrIsOutOfRangeIsRefused() {
        refused("shop/active", active("other", 1, "a"), "platform: other");
        refused("shop/active", canary("shop", 1, "a", 0.1), "state: CANARY");
        refused("shop/active", event("shop", ReleaseState.UNKNOWN, 1, "a", 1), "state: UNKNOWN");
        refused("shop/active", active("shop", 0, "a"), "epoch: 0");
        refused("shop/canary", canary("shop", 1, "a", 1.5), "trafficShare: 1.5");
        refused("shop/canary", canary("shop", 1, "a", Double.NaN), "trafficShare: NaN");
    }

    private static void refused(String key, AdapterRelease event, String message) {
        assertThatThrownBy(() -> Releases.NONE.with(key, event))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll(message, "expected");
    }

    @Test
    void platformsMayHaveSlashesInTheirNames() {
        assertThat(inForce(Releases.NONE.with("eu/shop/active", active("eu/shop", 1, "a"))))
                .containsExactly("eu/shop/active 1 a");
    }
}
