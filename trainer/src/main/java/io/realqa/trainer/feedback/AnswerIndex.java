package io.realqa.trainer.feedback;

import io.realqa.events.AttributeAssessment;
import io.realqa.events.ImageAttributesAssessed;
import io.realqa.events.ImageLabelled;
import io.realqa.events.ImageScored;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The newest answers of the service, by their event and by their image. Bounded; for one thread. */
final class AnswerIndex {
    private final int most;
    /** By id of the score event, oldest first. */
    private final LinkedHashMap<String, Answer> answers = new LinkedHashMap<>();
    /** Attributes that were read before their score. */
    private final LinkedHashMap<String, Map<String, String>> early = new LinkedHashMap<>();

    private final Map<String, String> newestOfImage = new HashMap<>();

    /** @param most answers that are kept */
    AnswerIndex(int most) {
        this.most = most;
    }

    void put(ImageScored score) {
        Map<String, String> attributes = early.remove(score.getEventId());
        answers.put(score.getEventId(), new Answer(score, attributes == null ? Map.of() : attributes));
        newestOfImage.put(image(score.getPlatform(), score.getImageId()), score.getEventId());
        if (answers.size() > most) {
            var first = answers.entrySet().iterator();
            ImageScored oldest = first.next().getValue().score();
            first.remove();
            newestOfImage.remove(image(oldest.getPlatform(), oldest.getImageId()), oldest.getEventId());
        }
    }

    void put(ImageAttributesAssessed event) {
        Map<String, String> values = new HashMap<>();
        for (AttributeAssessment a : event.getAttributes()) {
            values.put(a.getName(), a.getValue());
        }
        Answer known = answers.get(event.getScoreEventId());
        if (known != null) {
            answers.put(event.getScoreEventId(), new Answer(known.score(), values));
            return;
        }
        early.put(event.getScoreEventId(), values);
        if (early.size() > most) {
            early.remove(early.keySet().iterator().next());
        }
    }

    /**
     * The answer that a label corrects: that of the event it names, else the newest of its image.
     *
     * @throws RejectedException if the named event is of another image or platform
     */
    Optional<Answer> find(ImageLabelled label) throws RejectedException {
        String named = label.getScoreEventId();
        if (named == null) {
            String newest = newestOfImage.get(image(label.getPlatform(), label.getImageId()));
            return newest == null ? Optional.empty() : Optional.ofNullable(answers.get(newest));
        }
        @Nullable Answer answer = answers.get(named);
        if (answer == null) {
            return Optional.empty();
        }
        ImageScored score = answer.score();
        if (!score.getImageId().equals(label.getImageId())
                || !score.getPlatform().equals(label.getPlatform())) {
            throw new RejectedException(
                    RejectReason.FOREIGN_ANSWER,
                    "scoreEventId: " + named + " is of image " + score.getImageId() + " on " + score.getPlatform()
                            + " (expected: " + label.getImageId() + " on " + label.getPlatform() + ")");
        }
        return Optional.of(answer);
    }

    int size() {
        return answers.size();
    }

    private static String image(String platform, String imageId) {
        return platform.length() + ":" + platform + imageId;
    }
}
