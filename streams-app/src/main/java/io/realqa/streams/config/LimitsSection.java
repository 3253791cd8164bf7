package io.realqa.streams.config;

import static io.realqa.settings.Values.duration;
import static io.realqa.settings.Values.or;

import io.realqa.schemas.Topics;
import io.realqa.scorer.image.ImageLimits;
import io.realqa.settings.SettingsException;
import io.realqa.streams.scoring.ClipConfig;
import io.realqa.streams.scoring.EngineConfig;
import org.jspecify.annotations.Nullable;

/**
 * What one upload, and all of them together, may cost.
 *
 * @param inFlightImages images in the engine at a time
 * @param inFlightBytes bytes of image files in the engine at a time
 * @param inlineBytes largest content inside an upload event
 * @param imageBytes largest image file
 * @param imagePixels largest image in pixels
 * @param offGrammarMass an answer with more probability outside the allowed scores is none
 * @param video how clips are scored, and what one may cost
 */
public record LimitsSection(
        @Nullable Integer inFlightImages,
        @Nullable Long inFlightBytes,
        @Nullable Integer inlineBytes,
        @Nullable Long imageBytes,
        @Nullable Long imagePixels,
        @Nullable Double offGrammarMass,
        @Nullable Video video) {
    public static final LimitsSection DEFAULTS = new LimitsSection(null, null, null, null, null, null, null);

    /** Default of {@code inlineBytes}. */
    public static final int DEFAULT_INLINE_BYTES = 1 << 20;

    /**
     * @param frames scored of each clip
     * @param length longest clip
     * @param bytes largest file
     * @param pixels largest frame in pixels
     * @param decoding longest time for decoding a clip
     * @param inFlight clips in the engine at a time
     */
    public record Video(
            @Nullable Integer frames,
            @Nullable String length,
            @Nullable Long bytes,
            @Nullable Long pixels,
            @Nullable String decoding,
            @Nullable Integer inFlight) {
        static final Video DEFAULTS = new Video(null, null, null, null, null, null);
    }

    /** What is in the engine at a time. */
    public EngineConfig.Limits engine() {
        EngineConfig.Limits d = EngineConfig.Limits.DEFAULTS;
        return new EngineConfig.Limits(or(inFlightImages, d.images()), or(inFlightBytes, d.bytes()));
    }

    public ImageLimits image() {
        ImageLimits d = ImageLimits.DEFAULTS;
        return new ImageLimits(or(imageBytes, d.maxBytes()), or(imagePixels, d.maxPixels()), d.maxSide());
    }

    /** Largest content inside an upload event. */
    public int inline() {
        int bytes = or(inlineBytes, DEFAULT_INLINE_BYTES);
        if (bytes < 1 || bytes > Topics.MAX_UPLOAD_BYTES) {
            throw new SettingsException(
                    "limits.inlineBytes: " + bytes + " (expected: 1 to " + Topics.MAX_UPLOAD_BYTES + ")");
        }
        return bytes;
    }

    /** Probability outside the allowed scores from which an answer is none. */
    public double offGrammar() {
        return or(offGrammarMass, EngineConfig.DEFAULTS.offGrammarMass());
    }

    public ClipConfig clips() {
        ClipConfig d = ClipConfig.DEFAULTS;
        Video v = or(video, Video.DEFAULTS);
        return new ClipConfig(
                or(v.frames(), d.frames()),
                duration("limits.video.length", v.length(), d.length()),
                or(v.bytes(), d.bytes()),
                or(v.pixels(), d.pixels()),
                duration("limits.video.decoding", v.decoding(), d.decoding()),
                or(v.inFlight(), d.inFlight()));
    }
}
