package io.realqa.trainer.feedback;

import io.realqa.trainer.Label;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;

/**
 * What the accepted labels say together, for the checks that need more than one: duplicates, conflicts, one labeller's
 * share. Holds nothing that the accepted labels do not: filled from them anew at each start. Pure; for one thread.
 */
final class LabelLedger {
    private record Image(String platform, String sha256) {}

    private record Vote(Image image, String labeller) {}

    private static final class Scores {
        int count;
        double sum;
    }

    private static final class Counts {
        int all;
        final Map<String, Integer> byLabeller = new HashMap<>();
    }

    private final FeedbackSettings settings;
    private final double scale;
    private final Set<Vote> votes = new HashSet<>();
    private final Map<Image, Scores> scores = new HashMap<>();
    private final Map<String, Counts> platforms = new HashMap<>();

    /** @param scale width of the profile's scale */
    LabelLedger(FeedbackSettings settings, double scale) {
        this.settings = settings;
        this.scale = scale;
    }

    /** @throws RejectedException if the label cannot stand beside the accepted ones */
    void check(String platform, String sha256, String labeller, Label label) throws RejectedException {
        Image image = new Image(platform, sha256);
        if (votes.contains(new Vote(image, labeller))) {
            throw new RejectedException(
                    RejectReason.DUPLICATE,
                    "labeller: " + labeller + " has labelled image " + sha256 + " (expected: one label each)");
        }
        Scores others = scores.get(image);
        OptionalDouble score = label.score();
        if (others != null && score.isPresent()) {
            double mean = others.sum / others.count;
            double most = settings.conflictTolerance() * scale;
            if (Math.abs(score.getAsDouble() - mean) > most) {
                throw new RejectedException(
                        RejectReason.CONFLICT,
                        "score: " + score.getAsDouble() + " (expected: within " + most + " of " + mean
                                + ", the mean of " + others.count + " others)");
            }
        }
        Counts counts = platforms.getOrDefault(platform, new Counts());
        int own = counts.byLabeller.getOrDefault(labeller, 0) + 1;
        if (own > settings.labellerFreely() && own > settings.labellerShare() * (counts.all + 1)) {
            throw new RejectedException(
                    RejectReason.LABELLER_SHARE,
                    "labeller: " + labeller + " would have given " + own + " of " + (counts.all + 1)
                            + " labels (expected: at most a share of " + settings.labellerShare() + ")");
        }
    }

    void add(String platform, String sha256, String labeller, Label label) {
        Image image = new Image(platform, sha256);
        votes.add(new Vote(image, labeller));
        label.score().ifPresent(s -> {
            Scores all = scores.computeIfAbsent(image, k -> new Scores());
            all.count++;
            all.sum += s;
        });
        Counts counts = platforms.computeIfAbsent(platform, k -> new Counts());
        counts.all++;
        counts.byLabeller.merge(labeller, 1, Integer::sum);
    }
}
