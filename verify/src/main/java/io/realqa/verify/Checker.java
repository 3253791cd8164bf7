package io.realqa.verify;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Decides whether what was committed is what the load must have become. Pure: it is told of uploads first, then of
 * events in the order of their partitions, then of the end state. Owned by one thread.
 */
final class Checker {
    private static final int MOST_EXAMPLES = 5;

    /** What was found. */
    record Verdict(Map<String, Long> counts, Map<Violation, Long> violations, List<String> examples) {
        boolean clean() {
            return violations.isEmpty();
        }

        long of(Violation violation) {
            return violations.getOrDefault(violation, 0L);
        }
    }

    /** An upload record and what has come of it. */
    private static final class Fate {
        final Upload upload;
        final String valueDigest;
        final List<Seen.Scored> scores = new ArrayList<>(1);
        final List<Seen.Assessed> attributes = new ArrayList<>(1);
        final List<Seen.DeadLettered> dead = new ArrayList<>(1);

        Fate(Upload upload, String valueDigest) {
            this.upload = upload;
            this.valueDigest = valueDigest;
        }
    }

    private final Load load;
    private final Set<String> excused;
    private final Map<Long, String> released;
    private final Map<Seen.Place, Fate> fates = new HashMap<>();
    private final int[] sent;
    private final Map<Class<?>, Map<String, Seen.Place>> latest = new HashMap<>();
    private final Map<Violation, Long> violations = new EnumMap<>(Violation.class);
    private final Map<Violation, List<String>> examples = new EnumMap<>(Violation.class);
    private final Map<String, Long> counts = new TreeMap<>();

    /**
     * @param excused digests of images that a commanded fault of the device struck alone
     * @param released the adapter of each epoch that was released
     */
    Checker(Load load, Set<String> excused, Map<Long, String> released) {
        this.load = load;
        this.excused = Set.copyOf(excused);
        this.released = Map.copyOf(released);
        this.sent = new int[load.size()];
    }

    private void violated(Violation violation, String what) {
        violations.merge(violation, 1L, Long::sum);
        List<String> some = examples.computeIfAbsent(violation, v -> new ArrayList<>());
        if (some.size() < MOST_EXAMPLES) {
            some.add(violation + ": " + what);
        }
    }

    /** A record on the topic of the uploads. */
    void uploaded(int number, Seen.Place at, String valueDigest) {
        sent[number]++;
        fates.put(at, new Fate(load.upload(number), valueDigest));
    }

    /** A committed event. */
    void saw(Seen event) {
        Fate fate = fates.get(event.source());
        if (fate == null) {
            violated(Violation.FOREIGN, event + " (expected: the place of an upload)");
            return;
        }
        if (!event.key().equals(fate.upload.imageId())) {
            violated(Violation.FOREIGN, event + " (expected: the key " + fate.upload.imageId() + ")");
        }
        inOrder(event);
        if (event instanceof Seen.Scored s) {
            fate.scores.add(s);
            expectIdentity(fate, s.imageId(), s);
            expectReleased(s.epoch(), s.by(), s);
        } else if (event instanceof Seen.Assessed a) {
            fate.attributes.add(a);
            expectIdentity(fate, a.imageId(), a);
            expectReleased(a.epoch(), a.by(), a);
            if (!a.by().equals(a.answered())) {
                violated(Violation.MIXED_VERSIONS, a + " (expected: one version)");
            }
        } else if (event instanceof Seen.DeadLettered d) {
            fate.dead.add(d);
        }
    }

    /** An epoch is one adapter, on every instance; before the first release it is 0. */
    private void expectReleased(long epoch, String by, Seen event) {
        if (epoch != 0 && !by.equals(released.get(epoch))) {
            violated(Violation.MIXED_VERSIONS, event + " (expected: " + released.get(epoch) + " in this epoch)");
        }
    }

    private void expectIdentity(Fate fate, String imageId, Seen event) {
        if (!imageId.equals(fate.upload.imageId())) {
            violated(Violation.FOREIGN, event + " (expected: the image id " + fate.upload.imageId() + ")");
        }
    }

    /** All uploads of a key are in one partition, and so are its events of one topic. */
    private void inOrder(Seen event) {
        Seen.Place before =
                latest.computeIfAbsent(event.getClass(), c -> new HashMap<>()).put(event.key(), event.source());
        if (before != null && before.offset() > event.source().offset()) {
            violated(Violation.OUT_OF_ORDER, event + " after that of " + before);
        }
    }

    /** Where the group stands in a partition of the uploads. */
    void committed(int partition, long committed, long end) {
        if (committed != end) {
            violated(
                    Violation.NOT_COMMITTED,
                    "partition " + partition + ": committed " + committed + " (expected: " + end + ")");
        }
    }

    /** Something else that must not be. */
    void found(Violation violation, String what) {
        violated(violation, what);
    }

    /** The end of the evidence. */
    Verdict verdict() {
        for (int n = 0; n < sent.length; n++) {
            if (sent[n] != 1) {
                violated(Violation.NOT_SENT, "upload " + n + ": " + sent[n] + " records (expected: 1)");
            }
        }
        fates.forEach(this::judge);
        List<String> all = examples.values().stream().flatMap(List::stream).toList();
        return new Verdict(Map.copyOf(counts), Map.copyOf(violations), all);
    }

    private void count(String what, long n) {
        counts.merge(what, n, Long::sum);
    }

    private void judge(Seen.Place at, Fate fate) {
        count("uploads", 1);
        count("scores", fate.scores.size());
        count("attributes", fate.attributes.size());
        fate.dead.forEach(d -> count("dead letters " + d.stage() + " " + d.reason(), 1));
        String what = "upload " + fate.upload.number() + " at " + at + " (" + fate.upload.kind() + ")";
        int results = fate.scores.size() + fate.dead.size();
        if (results == 0 && fate.attributes.isEmpty()) {
            violated(Violation.LOST, what);
            return;
        }
        if (results > 1 || fate.attributes.size() > 1) {
            violated(
                    Violation.DUPLICATED,
                    what + ": " + fate.scores.size() + " scores, " + fate.attributes.size() + " attributes, "
                            + fate.dead.size() + " dead letters");
        }
        if (fate.scores.size() != fate.attributes.size()) {
            violated(
                    Violation.UNPAIRED,
                    what + ": " + fate.scores.size() + " scores, " + fate.attributes.size() + " attributes");
        }
        String sha256 = SyntheticImage.sha256(fate.upload.bytes());
        fate.scores.forEach(s -> judge(what, fate, sha256, s));
        fate.attributes.forEach(a -> {
            if (!a.sha256().equals(sha256)) {
                violated(Violation.FOREIGN, what + ": " + a + " (expected: the content " + sha256 + ")");
            }
        });
        fate.dead.forEach(d -> judge(what, fate, sha256, d));
    }

    private void judge(String what, Fate fate, String sha256, Seen.Scored s) {
        if (!fate.upload.expected().score()) {
            violated(Violation.WRONG_OUTCOME, what + ": " + s + " (expected: a dead letter)");
            return;
        }
        double right = SyntheticImage.score(sha256, s.by());
        if (!s.sha256().equals(sha256) || Double.compare(s.score(), right) != 0) {
            violated(Violation.FOREIGN, what + ": " + s + " (expected: " + right + " for the content " + sha256 + ")");
        }
        for (Seen.Assessed a : fate.attributes) {
            if (!a.by().equals(s.by())
                    || a.epoch() != s.epoch()
                    || !a.scoreEventId().equals(s.eventId())) {
                violated(Violation.UNPAIRED, what + ": " + s + " and " + a);
            }
        }
    }

    private void judge(String what, Fate fate, String sha256, Seen.DeadLettered d) {
        Upload.Expected expected = fate.upload.expected();
        boolean struckAlone = expected.score() && d.stage().equals("SCORE") && excused.contains(sha256);
        if (!expected.allows(d.stage(), d.reason()) && !struckAlone) {
            violated(Violation.WRONG_OUTCOME, what + ": " + d + " (expected: " + expected + ")");
        }
        if (!d.valueDigest().equals(fate.valueDigest)) {
            violated(Violation.CHANGED, what + ": " + d);
        }
    }
}
