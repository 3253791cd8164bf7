package io.realqa.verify;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Feeds the checker a run as it should be, then each thing that may go wrong, and sees it say so. */
class CheckerTest {
    private static final String VERSION = "sha256:adapter-1";
    private static final long EPOCH = 3;
    private static final String OTHER = "sha256:adapter-2";
    private static final long OTHER_EPOCH = 4;
    private static final Map<Long, String> RELEASED = Map.of(EPOCH, VERSION, OTHER_EPOCH, OTHER);
    private static final Load LOAD = new Load(5, 2_000, 4);

    private final Set<String> excused = new HashSet<>();
    private Checker checker = new Checker(LOAD, excused, RELEASED);

    @BeforeEach
    void aNewChecker() {
        checker = new Checker(LOAD, excused, RELEASED);
    }

    private static Seen.Place at(int number) {
        return new Seen.Place(LOAD.upload(number).partition(), number);
    }

    private static String sha(Upload u) {
        return SyntheticImage.sha256(u.bytes());
    }

    private static Seen.Scored score(int number) {
        Upload u = LOAD.upload(number);
        double score = SyntheticImage.score(sha(u), VERSION);
        return new Seen.Scored(at(number), u.imageId(), u.imageId(), "event-" + number, sha(u), score, VERSION, EPOCH);
    }

    private static Seen.Assessed attributes(int number) {
        Upload u = LOAD.upload(number);
        return new Seen.Assessed(
                at(number), u.imageId(), u.imageId(), "event-" + number, sha(u), VERSION, VERSION, EPOCH);
    }

    private static Seen.DeadLettered dead(int number, String stage, String reason) {
        Upload u = LOAD.upload(number);
        return new Seen.DeadLettered(at(number), u.imageId(), u.imageId(), stage, reason, "value-" + number);
    }

    private void upload(int number) {
        checker.uploaded(number, at(number), "value-" + number);
    }

    /** The event or events that an upload ends in when all is well. */
    private void outcome(int number) {
        Upload.Expected expected = LOAD.upload(number).expected();
        if (expected.score()) {
            checker.saw(score(number));
            checker.saw(attributes(number));
        } else {
            String reason = expected.reason() == null ? "SCORING_FAILED" : expected.reason();
            checker.saw(dead(number, String.valueOf(expected.stage()), reason));
        }
    }

    private void uploadAll() {
        IntStream.range(0, LOAD.size()).forEach(this::upload);
    }

    private void outcomesBut(int... without) {
        IntStream.range(0, LOAD.size())
                .filter(n -> IntStream.of(without).noneMatch(w -> w == n))
                .forEach(this::outcome);
    }

    private static int first(Predicate<Upload> wanted) {
        return IntStream.range(0, LOAD.size())
                .filter(n -> wanted.test(LOAD.upload(n)))
                .findFirst()
                .orElseThrow();
    }

    private static int good() {
        return first(u -> u.kind() == Kind.BY_URI);
    }

    private void expectOnly(Violation violation, long times) {
        Checker.Verdict verdict = checker.verdict();
        assertThat(verdict.violations()).hasSize(1).containsEntry(violation, times);
        assertThat(verdict.clean()).isFalse();
        assertThat(verdict.examples()).isNotEmpty().allMatch(e -> e.startsWith(violation + ": "));
    }

    @Test
    void aRunAsItShouldBeIsClean() {
        uploadAll();
        outcomesBut();
        checker.committed(0, 500, 500);
        Checker.Verdict verdict = checker.verdict();
        assertThat(verdict.examples()).isEmpty();
        assertThat(verdict.clean()).isTrue();
        assertThat(verdict.counts()).containsEntry("uploads", 2_000L);
        assertThat(verdict.counts().get("scores")).isEqualTo(verdict.counts().get("attributes"));
    }

    @Test
    void anUploadWithoutAnOutcomeIsLost() {
        uploadAll();
        outcomesBut(good());
        expectOnly(Violation.LOST, 1);
    }

    @Test
    void aScoreTwiceIsADuplicate() {
        uploadAll();
        outcomesBut(good());
        outcome(good());
        checker.saw(score(good()));
        assertThat(checker.verdict().violations()).containsKey(Violation.DUPLICATED);
    }

    @Test
    void attributesTwiceAreADuplicate() {
        uploadAll();
        outcomesBut(1_999);
        outcome(1_999);
        checker.saw(attributes(1_999));
        assertThat(checker.verdict().violations()).containsKey(Violation.DUPLICATED);
    }

    @Test
    void aScoreAndADeadLetterAreADuplicate() {
        uploadAll();
        outcomesBut();
        int failing = first(u -> u.kind() == Kind.FAILING_HOST);
        checker.saw(dead(failing, "FETCH", "TIMEOUT"));
        assertThat(checker.verdict().of(Violation.DUPLICATED)).isEqualTo(1);
    }

    @Test
    void aResultOfNoUploadIsForeign() {
        uploadAll();
        outcomesBut();
        Seen.Scored s = score(good());
        checker.saw(new Seen.Scored(
                new Seen.Place(0, 99_999),
                s.key(),
                s.imageId(),
                s.eventId(),
                s.sha256(),
                s.score(),
                s.by(),
                s.epoch()));
        expectOnly(Violation.FOREIGN, 1);
    }

    @Test
    void aScoreOfAnotherImageIsForeign() {
        uploadAll();
        outcomesBut(1_999);
        Seen.Scored s = score(1_999);
        checker.saw(new Seen.Scored(
                s.source(),
                s.key(),
                s.imageId(),
                s.eventId(),
                s.sha256(),
                score(good()).score(),
                s.by(),
                s.epoch()));
        checker.saw(attributes(1_999));
        expectOnly(Violation.FOREIGN, 1);
    }

    @Test
    void aScoreThatIsNoNumberIsForeign() {
        uploadAll();
        outcomesBut(1_999);
        Seen.Scored s = score(1_999);
        checker.saw(new Seen.Scored(
                s.source(), s.key(), s.imageId(), s.eventId(), s.sha256(), Double.NaN, s.by(), s.epoch()));
        checker.saw(attributes(1_999));
        expectOnly(Violation.FOREIGN, 1);
    }

    @Test
    void aLaterUploadsScoreBeforeAnEarliersIsOutOfOrder() {
        uploadAll();
        int earlier = good();
        int later = first(u -> u.number() > earlier
                && u.imageId().equals(LOAD.upload(earlier).imageId())
                && u.expected().score());
        outcomesBut(earlier, later);
        checker.saw(score(later));
        checker.saw(score(earlier));
        checker.saw(attributes(earlier));
        checker.saw(attributes(later));
        assertThat(checker.verdict().violations()).containsKey(Violation.OUT_OF_ORDER);
    }

    @Test
    void attributesOfAnotherVersionThanTheyNameAreMixed() {
        uploadAll();
        outcomesBut(1_999);
        Seen.Assessed a = attributes(1_999);
        checker.saw(score(1_999));
        checker.saw(new Seen.Assessed(
                a.source(), a.key(), a.imageId(), a.scoreEventId(), a.sha256(), a.by(), OTHER, a.epoch()));
        expectOnly(Violation.MIXED_VERSIONS, 1);
    }

    @Test
    void aScoreAndAttributesOfTwoVersionsAreUnpaired() {
        uploadAll();
        outcomesBut(1_999);
        Seen.Assessed a = attributes(1_999);
        checker.saw(score(1_999));
        checker.saw(new Seen.Assessed(
                a.source(), a.key(), a.imageId(), a.scoreEventId(), a.sha256(), OTHER, OTHER, OTHER_EPOCH));
        expectOnly(Violation.UNPAIRED, 1);
    }

    @Test
    void aScoreByAnotherAdapterThanItsEpochsIsMixed() {
        uploadAll();
        outcomesBut(1_999);
        Upload u = LOAD.upload(1_999);
        double by = SyntheticImage.score(sha(u), OTHER);
        Seen.Assessed a = attributes(1_999);
        checker.saw(new Seen.Scored(at(1_999), u.imageId(), u.imageId(), "event-1999", sha(u), by, OTHER, EPOCH));
        checker.saw(
                new Seen.Assessed(a.source(), a.key(), a.imageId(), a.scoreEventId(), a.sha256(), OTHER, OTHER, EPOCH));
        expectOnly(Violation.MIXED_VERSIONS, 2);
    }

    @Test
    void aScoreOfAnEpochThatWasNeverReleasedIsMixed() {
        uploadAll();
        outcomesBut(1_999);
        Seen.Scored s = score(1_999);
        Seen.Assessed a = attributes(1_999);
        checker.saw(new Seen.Scored(s.source(), s.key(), s.imageId(), s.eventId(), s.sha256(), s.score(), s.by(), 9));
        checker.saw(new Seen.Assessed(
                a.source(), a.key(), a.imageId(), a.scoreEventId(), a.sha256(), a.by(), a.answered(), 9));
        expectOnly(Violation.MIXED_VERSIONS, 2);
    }

    @Test
    void aScoreAndAttributesOfTwoEpochsOfOneAdapterAreUnpaired() {
        checker = new Checker(LOAD, excused, Map.of(EPOCH, VERSION, OTHER_EPOCH, VERSION));
        uploadAll();
        outcomesBut(1_999);
        Seen.Assessed a = attributes(1_999);
        checker.saw(score(1_999));
        checker.saw(new Seen.Assessed(
                a.source(), a.key(), a.imageId(), a.scoreEventId(), a.sha256(), a.by(), a.answered(), OTHER_EPOCH));
        expectOnly(Violation.UNPAIRED, 1);
    }

    @Test
    void aScoreWithoutAttributesIsUnpaired() {
        uploadAll();
        outcomesBut(1_999);
        checker.saw(score(1_999));
        expectOnly(Violation.UNPAIRED, 1);
    }

    @Test
    void aDeadLetterOfAGoodImageIsAWrongOutcome() {
        uploadAll();
        outcomesBut(good());
        checker.saw(dead(good(), "SCORE", "SCORING_FAILED"));
        expectOnly(Violation.WRONG_OUTCOME, 1);
    }

    @Test
    void aDeadLetterOfAnImageThatAFaultStruckAloneIsRight() {
        excused.add(sha(LOAD.upload(good())));
        aNewChecker();
        uploadAll();
        outcomesBut(good());
        checker.saw(dead(good(), "SCORE", "SCORING_FAILED"));
        assertThat(checker.verdict().clean()).isTrue();
    }

    @Test
    void aDeadLetterForAnotherReasonIsAWrongOutcome() {
        uploadAll();
        int missing = first(u -> u.kind() == Kind.MISSING);
        outcomesBut(missing);
        checker.saw(dead(missing, "FETCH", "TIMEOUT"));
        expectOnly(Violation.WRONG_OUTCOME, 1);
    }

    @Test
    void aScoreOfAPoisonImageIsAWrongOutcome() {
        uploadAll();
        int poison = first(u -> u.kind() == Kind.POISON);
        outcomesBut(poison);
        checker.saw(score(poison));
        checker.saw(attributes(poison));
        expectOnly(Violation.WRONG_OUTCOME, 1);
    }

    @Test
    void aDeadLetterWithAnotherValueThanItsUploadIsChanged() {
        uploadAll();
        int missing = first(u -> u.kind() == Kind.MISSING);
        outcomesBut(missing);
        Upload u = LOAD.upload(missing);
        checker.saw(new Seen.DeadLettered(at(missing), u.imageId(), u.imageId(), "FETCH", "NOT_FOUND", "other"));
        expectOnly(Violation.CHANGED, 1);
    }

    @Test
    void anUploadThatWasNotSentOrSentTwiceIsTold() {
        IntStream.range(1, LOAD.size()).forEach(this::upload);
        outcomesBut(0);
        checker.uploaded(1_999, new Seen.Place(at(1_999).partition(), 5_000), "value-1999");
        assertThat(checker.verdict().of(Violation.NOT_SENT)).isEqualTo(2);
    }

    @Test
    void offsetsThatAreNotCommittedAreTold() {
        uploadAll();
        outcomesBut();
        checker.committed(2, 480, 500);
        expectOnly(Violation.NOT_COMMITTED, 1);
    }

    @Test
    void whatIsFoundAtTheEndIsTold() {
        uploadAll();
        outcomesBut();
        checker.found(Violation.NOT_INJECTED, "fault 3 PAUSE: it never came to it");
        expectOnly(Violation.NOT_INJECTED, 1);
    }
}
