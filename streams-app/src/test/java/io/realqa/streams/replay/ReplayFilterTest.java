package io.realqa.streams.replay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.realqa.events.UploadDeadLettered;
import io.realqa.streams.scoring.Reason;
import io.realqa.streams.scoring.Stage;
import java.time.Instant;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ReplayFilterTest {
    private static final UploadDeadLettered LETTER =
            Letters.of("up", "cat", Reason.TIMEOUT).build();

    private static boolean takes(Set<Reason> reasons, Set<Stage> stages, Set<String> platforms, Set<String> images) {
        return new ReplayFilter(reasons, stages, platforms, images, null, null).takes(LETTER);
    }

    private static boolean takes(@Nullable Instant from, @Nullable Instant to) {
        return new ReplayFilter(Set.of(), Set.of(), Set.of(), Set.of(), from, to).takes(LETTER);
    }

    @Test
    void whatIsNotNamedIsNotFiltered() {
        assertThat(ReplayFilter.ALL.takes(LETTER)).isTrue();
    }

    @Test
    void eachFilterSelectsAnyOfItsValuesAndAllMustHold() {
        assertThat(takes(Set.of(Reason.NOT_FOUND, Reason.TIMEOUT), Set.of(), Set.of(), Set.of()))
                .isTrue();
        assertThat(takes(Set.of(Reason.NOT_FOUND), Set.of(), Set.of(), Set.of()))
                .isFalse();
        assertThat(takes(Set.of(), Set.of(Stage.FETCH), Set.of(), Set.of())).isTrue();
        assertThat(takes(Set.of(), Set.of(Stage.SCORE), Set.of(), Set.of())).isFalse();
        assertThat(takes(Set.of(), Set.of(), Set.of("tests"), Set.of("cat"))).isTrue();
        assertThat(takes(Set.of(), Set.of(), Set.of("test"), Set.of("cat"))).isFalse();
        assertThat(takes(Set.of(), Set.of(), Set.of("tests"), Set.of("Cat"))).isFalse();
        assertThat(takes(Set.of(Reason.TIMEOUT), Set.of(Stage.DECODE), Set.of("tests"), Set.of("cat")))
                .isFalse();
    }

    @Test
    void aLetterWithoutPlatformOrImageIdFitsNoPlatformAndNoImage() {
        UploadDeadLettered unread = Letters.of("up", "cat", Reason.NOT_AN_UPLOAD_EVENT)
                .setPlatform(null)
                .setImageId(null)
                .build();
        assertThat(ReplayFilter.ALL.takes(unread)).isTrue();
        assertThat(new ReplayFilter(Set.of(), Set.of(), Set.of("tests"), Set.of(), null, null).takes(unread))
                .isFalse();
        assertThat(new ReplayFilter(Set.of(), Set.of(), Set.of(), Set.of("cat"), null, null).takes(unread))
                .isFalse();
    }

    @Test
    void fromIsIncludedAndToIsNot() {
        Instant failed = Letters.FAILED;
        assertThat(takes(failed, null)).isTrue();
        assertThat(takes(failed.plusMillis(1), null)).isFalse();
        assertThat(takes(null, failed)).isFalse();
        assertThat(takes(null, failed.plusMillis(1))).isTrue();
        assertThat(takes(failed.minusSeconds(1), failed.plusSeconds(1))).isTrue();
        assertThatExceptionOfType(IllegalArgumentException.class)
                .isThrownBy(() -> takes(failed, failed))
                .withMessage("from: 2026-11-25T10:00:00Z (expected: before to, 2026-11-25T10:00:00Z)");
    }

    @ParameterizedTest
    @CsvSource({"NOT_FOUND, NOT_FOUND", "not_found, NOT_FOUND", "not-found, NOT_FOUND", "internal, INTERNAL"})
    void aReasonMayBeWrittenInAnyCase(String text, Reason expected) {
        assertThat(ReplayFilter.reason(text)).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({"NOTFOUND, NOT_FOUND", "TIME_OUT, TIMEOUT", "UNREACHABEL, UNREACHABLE", "off_grammer, OFF_GRAMMAR"})
    void anUnknownReasonIsRefusedWithTheNearestOne(String text, String nearest) {
        assertThatExceptionOfType(IllegalArgumentException.class)
                .isThrownBy(() -> ReplayFilter.reason(text))
                .withMessageStartingWith("reason: " + text + ": unknown (expected: " + nearest + "?");
    }

    @Test
    void anUnknownStageIsRefusedWithTheNearestOne() {
        assertThat(ReplayFilter.stage("fetch")).isEqualTo(Stage.FETCH);
        assertThatExceptionOfType(IllegalArgumentException.class)
                .isThrownBy(() -> ReplayFilter.stage("fetching"))
                .withMessageStartingWith("stage: fetching: unknown (expected: FETCH?");
    }

    @ParameterizedTest
    @CsvSource({
        "2026-11-25T09:30:00Z, 2026-11-25T09:30:00Z",
        "2026-11-25T09:30:00+01:00, 2026-11-25T08:30:00Z",
        "90s, 2026-11-25T09:58:30Z",
        "30m, 2026-11-25T09:30:00Z",
        "2h, 2026-11-25T08:00:00Z",
        "7d, 2026-11-18T10:00:00Z"
    })
    void aTimeIsAnInstantOrHowLongAgo(String text, Instant expected) {
        assertThat(ReplayFilter.instant("--from", text, Letters.FAILED)).isEqualTo(expected);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "yesterday", "2026-11-25", "2026-11-25T09:30:00", "2 h", "-2h", "2w", "1.5h"})
    void otherTimesAreRefused(String text) {
        assertThatExceptionOfType(IllegalArgumentException.class)
                .isThrownBy(() -> ReplayFilter.instant("--from", text, Letters.FAILED))
                .withMessageStartingWith("--from: " + text + " (expected: an instant such as ");
    }

    @Test
    void theDistanceIsLevenshteins() {
        assertThat(ReplayFilter.distance("kitten", "sitting")).isEqualTo(3);
        assertThat(ReplayFilter.distance("", "abc")).isEqualTo(3);
        assertThat(ReplayFilter.distance("abc", "")).isEqualTo(3);
        assertThat(ReplayFilter.distance("same", "same")).isZero();
    }
}
