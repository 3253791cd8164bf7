package io.realqa.streams.adapters;

import static io.realqa.streams.adapters.ReleaseEvents.active;
import static io.realqa.streams.adapters.ReleaseEvents.canary;
import static io.realqa.streams.adapters.ReleaseEvents.event;
import static io.realqa.streams.adapters.ReleaseEvents.retired;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.realqa.events.AdapterRelease;
import io.realqa.events.ReleaseState;
import io.realqa.events.WorkerState;
import io.realqa.schemas.ReleaseKey;
import io.realqa.streams.metrics.ServiceMetrics;
import io.realqa.streams.scoring.BatchScorer;
import io.realqa.streams.scoring.TestModel;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Which version answers, which stay in memory, and when one is freed. */
class AdapterHostTest {
    private static final ReleaseKey SHOP = ReleaseKey.parse("shop/active");

    private final List<String> loads = new ArrayList<>();
    private final List<String> freed = new ArrayList<>();
    private final List<SlotStatus> told = new ArrayList<>();
    private final TestModel start = new TestModel(grey -> {});
    private final List<String> alarms = new ArrayList<>();
    private final AdapterHost host = new AdapterHost(
            this::load,
            start,
            0.99,
            ServiceMetrics.unseen(),
            (key, status) -> {
                if (status != null) {
                    told.add(status);
                }
            },
            (release, why) -> alarms.add(release.adapter() + ": " + why));
    private Releases releases = Releases.NONE;
    private String away = "";

    private AdapterLoader.Loaded load(Release release) throws RefusedException {
        String digest = String.valueOf(release.adapter());
        loads.add(digest);
        if (digest.equals(away)) {
            throw new RefusedException("location: away", new java.io.IOException("no answer"), true);
        }
        if (digest.startsWith("bad")) {
            throw new RefusedException("content: " + digest + " (expected: a good one)");
        }
        if (digest.startsWith("bug")) {
            throw new IllegalStateException("a bug");
        }
        return new AdapterLoader.Loaded(new Resident(new TestModel(grey -> {}), () -> freed.add(digest)), "loaded");
    }

    private void release(AdapterRelease event, String slot) {
        releases = releases.with(event.getPlatform() + "/" + slot, event);
        assertThat(host.follow(releases, () -> false)).isTrue();
    }

    private BatchScorer route(String platform) {
        return host.route(platform, "an-image");
    }

    private String served(String platform) {
        return route(platform) instanceof Version v
                ? v.release().adapter() + " " + v.identity().epoch()
                : "start";
    }

    private SlotStatus status(ReleaseKey key) {
        return Objects.requireNonNull(host.statuses().get(key));
    }

    @Test
    void whatCannotBeReachedIsTriedAgainAndServedWhenItCan() throws Exception {
        release(active("shop", 1, "old"), "active");
        away = "new";
        release(active("shop", 2, "new"), "active");
        assertThat(served("shop")).isEqualTo("old 1");
        assertThat(status(SHOP).state()).isEqualTo(WorkerState.REFUSED);
        assertThat(status(SHOP).message()).isEqualTo("location: away (it is tried again)");
        assertThat(host.settled()).isFalse();
        away = "";
        assertThat(host.follow(releases, () -> false)).isTrue();
        assertThat(served("shop")).isEqualTo("new 2");
        assertThat(status(SHOP).state()).isEqualTo(WorkerState.SERVING);
        assertThat(host.settled()).isTrue();
    }

    @Test
    void whatIsRefusedForGoodOrReplacedIsNotWaitedFor() throws Exception {
        away = "bad";
        release(active("shop", 1, "bad"), "active");
        away = "";
        host.follow(releases, () -> false);
        assertThat(host.settled()).isTrue();
        host.follow(releases, () -> false);
        assertThat(loads).containsExactly("bad", "bad");
        away = "new";
        release(active("shop", 2, "new"), "active");
        assertThat(host.settled()).isFalse();
        release(active("shop", 3, "other"), "active");
        assertThat(host.settled()).isTrue();
    }

    @Test
    void whereNothingIsReleasedTheServiceServesWhatItStartedWith() {
        assertThat(route("shop")).isSameAs(start);
        assertThat(status(ReleaseKey.parse("*/active")).state()).isEqualTo(WorkerState.SERVING);
    }

    @Test
    void aPlatformsOwnReleaseComesBeforeTheOneForAll() {
        release(active("*", 1, "a"), "active");
        release(active("shop", 1, "b"), "active");
        assertThat(served("shop")).isEqualTo("b 1");
        assertThat(served("other")).isEqualTo("a 1");
        release(retired("shop", 2), "active");
        assertThat(served("shop")).isEqualTo("a 1");
        assertThat(status(SHOP).epoch()).isEqualTo(2);
        release(retired("*", 2), "active");
        assertThat(route("shop")).isSameAs(start);
    }

    @Test
    void aRefusedReleaseLeavesTheOldOneServingAndSaysWhy() {
        release(active("shop", 1, "a"), "active");
        BatchScorer before = route("shop");
        release(active("shop", 2, "bad"), "active");
        assertThat(route("shop")).isSameAs(before);
        SlotStatus status = status(SHOP);
        assertThat(status.state()).isEqualTo(WorkerState.REFUSED);
        assertThat(status.epoch()).isEqualTo(2);
        assertThat(status.adapter()).isEqualTo("a");
        assertThat(status.refused()).isEqualTo("bad");
        assertThat(status.message()).contains("content: bad");
        host.follow(releases, () -> false);
        assertThat(loads).as("a refusal is final for its epoch").containsExactly("a", "bad");
        release(active("shop", 3, "b"), "active");
        assertThat(served("shop")).isEqualTo("b 3");
    }

    @Test
    void whoStartsWithARefusedReleaseServesTheOneBefore() {
        release(after(active("shop", 2, "bad"), active("shop", 1, "a")), "active");
        assertThat(served("shop")).isEqualTo("a 1");
        assertThat(status(SHOP).state()).isEqualTo(WorkerState.REFUSED);
        assertThat(status(SHOP).adapter()).isEqualTo("a");
        assertThat(status(SHOP).refused()).isEqualTo("bad");
        host.follow(releases, () -> false);
        assertThat(loads).containsExactly("bad", "a");
        release(after(active("shop", 3, "b"), active("shop", 2, "bad")), "active");
        assertThat(served("shop")).isEqualTo("b 3");
    }

    @Test
    void whereTheOneBeforeIsRefusedTooTheServiceServesWhatItStartedWith() {
        release(after(active("shop", 2, "bad"), active("shop", 1, "bad-too")), "active");
        assertThat(route("shop")).isSameAs(start);
        assertThat(status(SHOP).state()).isEqualTo(WorkerState.REFUSED);
        assertThat(status(SHOP).adapter()).isNull();
    }

    private static AdapterRelease after(AdapterRelease event, AdapterRelease before) {
        return AdapterRelease.newBuilder(event).setPrevious(before).build();
    }

    @Test
    void whatARefusedPlatformFallsBackToIsNamed() {
        release(active("*", 1, "a"), "active");
        release(active("shop", 1, "bad"), "active");
        assertThat(served("shop")).isEqualTo("a 1");
        assertThat(status(SHOP).adapter()).isEqualTo("a");
    }

    @Test
    void anUnexpectedFailureIsARefusal() {
        release(active("shop", 1, "bug"), "active");
        assertThat(route("shop")).isSameAs(start);
        assertThat(status(SHOP).state()).isEqualTo(WorkerState.REFUSED);
        assertThat(status(SHOP).message()).contains("a bug");
    }

    @Test
    void goingBackNeedsNoLoadingAndOlderVersionsAreFreed() {
        release(active("shop", 1, "a"), "active");
        release(active("shop", 2, "b"), "active");
        release(active("shop", 3, "a"), "active");
        assertThat(loads).containsExactly("a", "b");
        assertThat(served("shop")).isEqualTo("a 3");
        assertThat(freed).isEmpty();
        release(active("shop", 4, "c"), "active");
        assertThat(freed).containsExactly("b");
    }

    @Test
    void aRetiredReleaseComesBackWithoutLoading() {
        release(active("shop", 1, "a"), "active");
        release(retired("shop", 2), "active");
        assertThat(route("shop")).isSameAs(start);
        release(active("shop", 3, "a"), "active");
        assertThat(served("shop")).isEqualTo("a 3");
        assertThat(loads).containsExactly("a");
    }

    @Test
    void aVersionInUseIsFreedWithItsLastBatch() {
        release(active("shop", 1, "a"), "active");
        BatchScorer used = route("shop");
        assertThat(used.enter()).isTrue();
        assertThat(used.enter()).isTrue();
        release(active("shop", 2, "b"), "active");
        release(active("shop", 3, "c"), "active");
        assertThat(freed).isEmpty();
        assertThat(used.enter()).as("nobody new comes in").isFalse();
        used.leave();
        assertThat(freed).isEmpty();
        used.leave();
        assertThat(freed).containsExactly("a");
    }

    @Test
    void aCanaryGetsItsShareByTheImagesIdAndKeepsItWhenTheShareGrows() {
        release(active("shop", 1, "a"), "active");
        release(canary("shop", 2, "b", 0.2), "canary");
        List<String> first = toCanary();
        assertThat(first.size() / 10_000.0).isCloseTo(0.2, within(0.02));
        release(canary("shop", 3, "b", 0.4), "canary");
        assertThat(toCanary()).hasSizeGreaterThan(first.size()).containsAll(first);
        assertThat(loads).containsExactly("a", "b");
        release(active("shop", 4, "b"), "active");
        assertThat(served("shop")).isEqualTo("b 4");
        assertThat(host.statuses()).doesNotContainKey(ReleaseKey.parse("shop/canary"));
    }

    private List<String> toCanary() {
        return IntStream.range(0, 10_000)
                .mapToObj(i -> "image-" + i)
                .filter(id -> host.route("shop", id) instanceof Version v
                        && v.release().key().slot() == ReleaseKey.Slot.CANARY)
                .toList();
    }

    @Test
    void aCanaryWithoutAnActiveReleaseLeavesTheRestToTheOneForAll() {
        release(active("*", 1, "a"), "active");
        release(canary("shop", 1, "b", 0.5), "canary");
        assertThat(IntStream.range(0, 100)
                        .mapToObj(i ->
                                host.route("shop", "image-" + i).identity().epoch()
                                        + String.valueOf(((Version) host.route("shop", "image-" + i))
                                                .release()
                                                .adapter()))
                        .distinct())
                .containsExactlyInAnyOrder("1a", "1b");
    }

    private List<String> toCandidate(String platform) {
        return IntStream.range(0, 10_000)
                .mapToObj(i -> "image-" + i)
                .filter(id -> host.shadow(platform, id) != null)
                .toList();
    }

    @Test
    void aCandidateScoresItsShareInTheShadowAndNoneOfTheCanarys() {
        assertThat(toCandidate("shop")).isEmpty();
        release(event("shop", ReleaseState.CANDIDATE, 1, "a", 0.3), "candidate");
        release(canary("shop", 2, "b", 0.5), "canary");
        List<String> shadowed = toCandidate("shop");
        assertThat(shadowed.size() / 10_000.0).isCloseTo(0.3, within(0.02));
        assertThat(toCanary()).doesNotContainAnyElementsOf(shadowed);
        assertThat(toCandidate("other")).isEmpty();
        release(event("*", ReleaseState.CANDIDATE, 1, "c", 1), "candidate");
        assertThat(toCandidate("other")).hasSize(10_000);
        assertThat(toCandidate("shop")).as("its own comes first").isEqualTo(shadowed);
        release(active("shop", 3, "a"), "active");
        assertThat(toCandidate("shop"))
                .as("a newer active release ends it, and that of all is left")
                .hasSize(10_000);
    }

    @Test
    void aCandidateIsLoadedAndCheckedAndNotServed() {
        release(event("shop", ReleaseState.CANDIDATE, 1, "a", 0.5), "candidate");
        assertThat(loads).containsExactly("a");
        assertThat(IntStream.range(0, 100).mapToObj(i -> host.route("shop", "image-" + i)))
                .allMatch(s -> s == start);
        release(active("shop", 2, "a"), "active");
        assertThat(loads).containsExactly("a");
    }

    @Test
    void newerReleasesOvertakeThoseThatWait() {
        releases = releases.with("shop/active", active("shop", 1, "a")).with("*/active", active("*", 1, "b"));
        assertThat(host.follow(releases, () -> !loads.isEmpty())).isFalse();
        assertThat(loads).hasSize(1);
        assertThat(host.follow(releases, () -> false)).isTrue();
        assertThat(loads).containsExactlyInAnyOrder("a", "b");
    }

    @Test
    void aReleaseWhoseLiveAnswersAreNoScoresIsTakenBackAndNotServedAgain() throws Exception {
        release(active("shop", 1, "a"), "active");
        release(active("shop", 2, "b"), "active");
        Version bad = (Version) route("shop");
        BatchScorer.Prepared nan = bad.prepare(TestModel.image(TestModel.NAN));
        BatchScorer.Prepared good = bad.prepare(TestModel.image(5));
        for (int i = 0; alarms.isEmpty(); i++) {
            assertThat(i).isLessThan(LiveAlarm.WATCHED);
            bad.score(List.of(i % 2 == 0 ? nan : good));
        }
        assertThat(alarms)
                .containsExactly("b: alarm: 15 of the last 30 answers were no scores (expected: at most 30 %)");
        assertThat(host.giveUp(bad.release(), "alarm")).isTrue();
        assertThat(served("shop")).isEqualTo("a 1");
        assertThat(status(SHOP).state()).isEqualTo(WorkerState.REFUSED);
        assertThat(freed).containsExactly("b");
        assertThat(host.giveUp(bad.release(), "alarm")).as("once").isFalse();
        host.follow(releases, () -> false);
        assertThat(served("shop")).isEqualTo("a 1");
        release(active("shop", 3, "a"), "active");
        assertThat(served("shop")).isEqualTo("a 3");
        assertThat(loads).containsExactly("a", "b");
    }

    @Test
    void theAlarmNeedsManyBadAnswersAmongTheFirst() {
        LiveAlarm few = new LiveAlarm();
        LiveAlarm late = new LiveAlarm();
        for (int i = 0; i < 2 * LiveAlarm.WATCHED; i++) {
            assertThat(few.raises(i % 4 == 0)).as("a quarter, answer %s", i).isFalse();
            assertThat(late.raises(i >= LiveAlarm.WATCHED)).as("answer %s", i).isFalse();
        }
        LiveAlarm sudden = new LiveAlarm();
        int raised = 0;
        for (int i = 0; i < 1_000; i++) {
            if (sudden.raises(i >= 500) && raised++ == 0) {
                assertThat(i).isEqualTo(530);
            }
        }
        assertThat(raised).isEqualTo(1);
    }

    @Test
    void closingFreesEveryVersionOnce() {
        release(active("shop", 1, "a"), "active");
        release(active("shop", 2, "b"), "active");
        host.close();
        host.close();
        assertThat(freed).containsExactlyInAnyOrder("a", "b");
    }

    @Test
    void aPlaceIsTheFirst53BitsOfTheIdsSha256() {
        // printf "" | sha256sum begins with e3b0c44298fc1c14
        assertThat(TrafficShare.place("")).isCloseTo(0xe3b0c44298fc1cL / (double) (1L << 56), within(1e-12));
        assertThat(TrafficShare.holds(0, "")).isFalse();
        assertThat(TrafficShare.holds(1, "")).isTrue();
    }
}
