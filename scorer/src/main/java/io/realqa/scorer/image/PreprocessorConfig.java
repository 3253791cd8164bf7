package io.realqa.scorer.image;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.List;
import java.util.stream.StreamSupport;

/** preprocessor_config.json, as Qwen2VLImageProcessor understands it. */
final class PreprocessorConfig {
    private static final ObjectMapper JSON = new ObjectMapper();

    // Qwen2VLImageProcessor's defaults.
    private static final int PATCH_SIZE = 14;
    private static final int TEMPORAL_PATCH_SIZE = 2;
    private static final int MERGE_SIZE = 2;
    private static final long MIN_PIXELS = 56 * 56;
    private static final long MAX_PIXELS = 28 * 28 * 1280;
    private static final double RESCALE_FACTOR = 1 / 255.0;
    private static final List<Double> CLIP_MEAN = List.of(0.48145466, 0.4578275, 0.40821073);
    private static final List<Double> CLIP_STD = List.of(0.26862954, 0.26130258, 0.27577711);

    private static final int BICUBIC = 3;

    private PreprocessorConfig() {}

    static Preprocessing parse(String json) {
        JsonNode config;
        try {
            config = JSON.readTree(json);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(
                    "preprocessor_config.json: " + e.getOriginalMessage() + " (expected: JSON)", e);
        }
        if (!config.isObject()) {
            throw new IllegalArgumentException(
                    "preprocessor_config.json: " + config.getNodeType() + " (expected: an object)");
        }
        for (String step : List.of("do_resize", "do_rescale", "do_normalize", "do_convert_rgb")) {
            JsonNode value = config.path(step);
            if (isGiven(value) && !(value.isBoolean() && value.booleanValue())) {
                throw new IllegalArgumentException(step + ": " + value + " (expected: true, others are unsupported)");
            }
        }
        if (whole(config, "resample", BICUBIC) != BICUBIC) {
            throw new IllegalArgumentException(
                    "resample: " + config.path("resample") + " (expected: 3, which is bicubic)");
        }
        JsonNode size = config.path("size");
        return new Preprocessing(
                Math.toIntExact(whole(config, "patch_size", PATCH_SIZE)),
                Math.toIntExact(whole(config, "temporal_patch_size", TEMPORAL_PATCH_SIZE)),
                Math.toIntExact(whole(config, "merge_size", MERGE_SIZE)),
                // The older names win over size, as in the reference.
                whole(config, "min_pixels", whole(size, "shortest_edge", MIN_PIXELS)),
                whole(config, "max_pixels", whole(size, "longest_edge", MAX_PIXELS)),
                numbers(config, "image_mean", CLIP_MEAN),
                numbers(config, "image_std", CLIP_STD),
                number(config, "rescale_factor", RESCALE_FACTOR),
                false);
    }

    private static boolean isGiven(JsonNode value) {
        return !value.isMissingNode() && !value.isNull();
    }

    private static long whole(JsonNode node, String name, long absent) {
        JsonNode value = node.path(name);
        if (!isGiven(value)) {
            return absent;
        }
        if (!value.isIntegralNumber() || !value.canConvertToInt()) {
            throw new IllegalArgumentException(name + ": " + value + " (expected: a whole number below 2^31)");
        }
        return value.longValue();
    }

    private static double number(JsonNode node, String name, double absent) {
        JsonNode value = node.path(name);
        if (!isGiven(value)) {
            return absent;
        }
        if (!value.isNumber()) {
            throw new IllegalArgumentException(name + ": " + value + " (expected: a number)");
        }
        return value.doubleValue();
    }

    private static List<Double> numbers(JsonNode node, String name, List<Double> absent) {
        JsonNode value = node.path(name);
        if (!isGiven(value)) {
            return absent;
        }
        if (!value.isArray() || StreamSupport.stream(value.spliterator(), false).anyMatch(item -> !item.isNumber())) {
            throw new IllegalArgumentException(name + ": " + value + " (expected: 3 numbers)");
        }
        return StreamSupport.stream(value.spliterator(), false)
                .map(JsonNode::doubleValue)
                .toList();
    }
}
