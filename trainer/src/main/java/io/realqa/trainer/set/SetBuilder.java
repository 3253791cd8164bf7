package io.realqa.trainer.set;

import io.realqa.scorer.ScoringProfile;
import io.realqa.trainer.Label;
import io.realqa.trainer.feedback.AcceptedLabel;
import io.realqa.trainer.feedback.ImageVault;
import io.realqa.trainer.training.HeldOut;
import io.realqa.trainer.training.LabelledImage;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.TreeMap;

/** Makes a training set of accepted labels. Pure: the same labels in the same order give the same set. */
public final class SetBuilder {
    /** All platforms. */
    public static final String ALL = "*";

    private final String platform;
    private final double heldOut;
    private final int near;
    private final ScoringProfile profile;

    /**
     * @param platform whose labels count; {@value #ALL}: all
     * @param heldOut share of the images to hold out, on average
     * @param near bits of the perceptual hash in which near-duplicates differ at most
     */
    public SetBuilder(String platform, double heldOut, int near, ScoringProfile profile) {
        this.platform = platform;
        this.heldOut = heldOut;
        this.near = near;
        this.profile = profile;
    }

    /**
     * A set.
     *
     * @param platforms of each image by its digest, the first that labelled it
     * @param left images on neither side
     */
    public record Built(HeldOut.Split split, Map<String, String> platforms, int left) {}

    /**
     * Builds a set.
     *
     * @param labels in the order of acceptance
     * @param images folder that images lie in, as in {@link ImageVault}
     * @param missing digests of images that are left out, since they are not there; their near-duplicates keep their side
     */
    public Built build(List<AcceptedLabel> labels, Path images, Set<String> missing) {
        Map<String, List<AcceptedLabel>> byImage = new LinkedHashMap<>();
        SplitBook book = new SplitBook(heldOut, near);
        for (AcceptedLabel label : labels) {
            // Images of other platforms have a side, too: it must not depend on whose adapter is trained.
            book.add(label.sha256(), label.hash());
            if (platform.equals(ALL) || platform.equals(label.platform())) {
                byImage.computeIfAbsent(label.sha256(), k -> new ArrayList<>()).add(label);
            }
        }
        List<LabelledImage> training = new ArrayList<>();
        List<LabelledImage> held = new ArrayList<>();
        Map<String, String> platforms = new LinkedHashMap<>();
        int left = 0;
        for (Map.Entry<String, List<AcceptedLabel>> e : byImage.entrySet()) {
            AcceptedLabel first = e.getValue().get(0);
            SplitBook.Side side = book.add(first.sha256(), first.hash());
            Label merged = merge(e.getValue());
            if (side == SplitBook.Side.NEITHER
                    || missing.contains(first.sha256())
                    || (merged.score().isEmpty() && merged.attributes().isEmpty())) {
                left++;
                continue;
            }
            platforms.put(first.sha256(), first.platform());
            String name = ImageVault.name(first.sha256());
            LabelledImage image = new LabelledImage(name, images.resolve(name), first.sha256(), merged);
            (side == SplitBook.Side.HELD_OUT ? held : training).add(image);
        }
        return new Built(new HeldOut.Split(List.copyOf(training), List.copyOf(held)), Map.copyOf(platforms), left);
    }

    /** Mean of the labellers' scores; each attribute's most frequent value, or none where two are as frequent. */
    private Label merge(List<AcceptedLabel> labels) {
        List<Double> scores = new ArrayList<>();
        Map<String, Map<String, Integer>> votes = new TreeMap<>();
        for (AcceptedLabel l : labels) {
            l.label().score().ifPresent(scores::add);
            l.label()
                    .attributes()
                    .forEach((name, value) ->
                            votes.computeIfAbsent(name, k -> new TreeMap<>()).merge(value, 1, Integer::sum));
        }
        OptionalDouble score = scores.stream().mapToDouble(s -> s).average();
        Map<String, String> attributes = new TreeMap<>();
        votes.forEach((name, counts) -> {
            int most = counts.values().stream().mapToInt(n -> n).max().orElse(0);
            List<String> winners = counts.entrySet().stream()
                    .filter(e -> e.getValue() == most)
                    .map(Map.Entry::getKey)
                    .toList();
            if (winners.size() == 1) {
                attributes.put(name, winners.get(0));
            }
        });
        if (score.isEmpty() && attributes.isEmpty()) {
            return new Label(labels.get(0).imageId(), score, OptionalDouble.empty(), Map.of());
        }
        return Label.of(labels.get(0).imageId(), score, deviation(labels, scores), attributes, profile);
    }

    /** Of one labeller what the label says; of several, the sample standard deviation of their scores. */
    private static OptionalDouble deviation(List<AcceptedLabel> labels, List<Double> scores) {
        if (scores.size() < 2) {
            return labels.stream()
                    .filter(l -> l.label().score().isPresent())
                    .map(l -> l.label().deviation())
                    .findFirst()
                    .orElse(OptionalDouble.empty());
        }
        double mean = scores.stream().mapToDouble(s -> s).average().orElseThrow();
        double squares =
                scores.stream().mapToDouble(s -> (s - mean) * (s - mean)).sum();
        return OptionalDouble.of(Math.sqrt(squares / (scores.size() - 1)));
    }
}
