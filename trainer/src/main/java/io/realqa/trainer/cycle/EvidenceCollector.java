package io.realqa.trainer.cycle;

import io.realqa.scorer.Score;
import io.realqa.scorer.Scorer;
import io.realqa.scorer.image.ImageDecoder;
import io.realqa.scorer.image.ImageLimits;
import io.realqa.scorer.image.ImageRejectedException;
import io.realqa.scorer.image.Preprocessing;
import io.realqa.scorer.image.RasterImage;
import io.realqa.scorer.image.VisualInput;
import io.realqa.trainer.degradation.Degradation;
import io.realqa.trainer.gate.Evidence;
import io.realqa.trainer.gate.Evidence.Judged;
import io.realqa.trainer.gate.Evidence.RightOrWrong;
import io.realqa.trainer.gate.Evidence.Series;
import io.realqa.trainer.training.ImageScores;
import io.realqa.trainer.training.LabelledImage;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.IntConsumer;

/** Lets the serving model and a candidate answer the same held-out and degraded images. */
final class EvidenceCollector {
    private static final long SEED = 1;
    private static final int BATCH = 8;

    /**
     * The monotonicity suite.
     *
     * @param images held-out images that are degraded
     * @param degradations of each, in all strengths
     */
    record Suite(int images, List<Degradation> degradations) {
        int views() {
            return degradations.size() * Degradation.STRENGTHS;
        }
    }

    private final List<LabelledImage> heldOut;
    private final Map<String, String> platforms;
    private final Suite suite;
    private final ImageDecoder decoder = new ImageDecoder(ImageLimits.DEFAULTS);

    /** @param platforms of each image by its digest */
    EvidenceCollector(List<LabelledImage> heldOut, Map<String, String> platforms, Suite suite) {
        this.heldOut =
                heldOut.stream().filter(i -> i.label().score().isPresent()).toList();
        this.platforms = platforms;
        this.suite = suite;
    }

    private List<LabelledImage> degraded() {
        return heldOut.subList(0, Math.min(suite.images(), heldOut.size()));
    }

    /** Scores that each model gives. */
    int views() {
        return heldOut.size() + degraded().size() * suite.views();
    }

    /** What both models say. */
    Evidence collect(Scorer serving, Scorer candidate, IntConsumer servingDone, IntConsumer candidateDone)
            throws InterruptedException {
        List<Score> before = ImageScores.of(serving, images(serving), BATCH, servingDone);
        List<Score> after = ImageScores.of(candidate, images(candidate), BATCH, candidateDone);
        List<Judged> judged = new ArrayList<>();
        for (int i = 0; i < heldOut.size(); i++) {
            judged.add(judged(heldOut.get(i), before.get(i), after.get(i)));
        }
        return new Evidence(judged, series(before, after));
    }

    /** The held-out images, then each degraded one by kind and rising strength. */
    private List<Callable<VisualInput>> images(Scorer scorer) {
        Preprocessing preprocessing = scorer.checkpoint().preprocessing();
        List<Callable<VisualInput>> all = new ArrayList<>();
        for (LabelledImage image : heldOut) {
            all.add(() -> prepare(image, preprocessing, decode(image)));
        }
        for (LabelledImage image : degraded()) {
            for (Degradation kind : suite.degradations()) {
                for (int strength = 1; strength <= Degradation.STRENGTHS; strength++) {
                    int amount = strength;
                    all.add(() -> prepare(image, preprocessing, kind.apply(decode(image), amount, SEED)));
                }
            }
        }
        return all;
    }

    private RasterImage decode(LabelledImage image) throws IOException {
        try {
            return decoder.decode(Files.readAllBytes(image.file()));
        } catch (ImageRejectedException e) {
            throw new IllegalArgumentException(image.file() + ": " + e.getMessage(), e);
        }
    }

    private static VisualInput prepare(LabelledImage image, Preprocessing preprocessing, RasterImage raster) {
        try {
            return preprocessing.apply(raster);
        } catch (ImageRejectedException e) {
            throw new IllegalArgumentException(image.file() + ": " + e.getMessage(), e);
        }
    }

    private List<Series> series(List<Score> before, List<Score> after) {
        List<Series> all = new ArrayList<>();
        int next = heldOut.size();
        for (int i = 0; i < degraded().size(); i++) {
            for (Degradation kind : suite.degradations()) {
                List<Double> serving = new ArrayList<>(List.of(before.get(i).expectation()));
                List<Double> candidate = new ArrayList<>(List.of(after.get(i).expectation()));
                for (int s = 0; s < Degradation.STRENGTHS; s++, next++) {
                    serving.add(before.get(next).expectation());
                    candidate.add(after.get(next).expectation());
                }
                all.add(new Series(kind.label(), serving, candidate));
            }
        }
        return all;
    }

    private Judged judged(LabelledImage image, Score before, Score after) {
        Map<String, String> slices = new HashMap<>(image.label().attributes());
        slices.put("platform", platforms.getOrDefault(image.sha256(), ""));
        Map<String, RightOrWrong> attributes = new LinkedHashMap<>();
        Map<String, String> first = values(before);
        Map<String, String> second = values(after);
        image.label()
                .attributes()
                .forEach((name, value) -> attributes.put(
                        name, new RightOrWrong(value.equals(first.get(name)), value.equals(second.get(name)))));
        return new Judged(
                image.name(),
                image.label().score().orElseThrow(),
                before.expectation(),
                after.expectation(),
                slices,
                attributes);
    }

    private static Map<String, String> values(Score score) {
        Map<String, String> values = new HashMap<>();
        score.attributes().forEach(a -> values.put(a.name(), a.value()));
        return values;
    }
}
