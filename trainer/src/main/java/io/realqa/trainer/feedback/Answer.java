package io.realqa.trainer.feedback;

import io.realqa.events.ImageScored;
import java.util.Map;

/**
 * What a served version said of an image.
 *
 * @param attributes value of each attribute, by its name; empty as long as they have not been read
 */
public record Answer(ImageScored score, Map<String, String> attributes) {
    public Answer {
        attributes = Map.copyOf(attributes);
    }
}
