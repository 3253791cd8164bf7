package io.realqa.trainer.service;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import io.realqa.schemas.Topics;
import io.realqa.scorer.LoraSettings;
import io.realqa.scorer.LossSettings;
import io.realqa.store.S3Location;
import io.realqa.store.S3Settings;
import io.realqa.trainer.cycle.Cycle;
import io.realqa.trainer.cycle.ReleaseDesk;
import io.realqa.trainer.cycle.TriggerPolicy;
import io.realqa.trainer.degradation.Degradation;
import io.realqa.trainer.feedback.FeedbackSettings;
import io.realqa.trainer.feedback.FeedbackTopics;
import io.realqa.trainer.gate.GateSettings;
import io.realqa.trainer.training.TrainingSettings;
import io.realqa.trainer.training.TrainingSettings.QuestionMix;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Everything that the trainer can be told, read from one YAML file. Each key but those of {@code kafka}, {@code registry},
 * {@code model.checkpoint} and {@code folder} has a default; an unknown key is an error. Durations are written {@code 500ms},
 * {@code 5s}, {@code 1m}, {@code 12h} or {@code 7d}.
 *
 * @param kafka settings of Kafka's clients, handed on as they are; bootstrap.servers is required
 * @param registry settings of the serdes under Confluent's names; schema.registry.url is required
 * @param serde class of the Avro serde; Confluent's may stand in
 * @param name group and transactional id: of two trainers under one name the later takes over
 * @param topics names of the topics, by what they hold
 * @param platforms whose adapters are trained; {@code *}: one adapter for all
 * @param folder for images, cycles and adapters; workers must be able to read the adapters
 */
public record TrainerConfig(
        Map<String, String> kafka,
        Map<String, String> registry,
        @Nullable String serde,
        @Nullable String name,
        @Nullable Map<String, String> topics,
        Model model,
        @Nullable List<String> platforms,
        String folder,
        @Nullable Feedback feedback,
        @Nullable SetSection set,
        @Nullable Trigger trigger,
        @Nullable Training training,
        @Nullable GateSection gate,
        @Nullable Release release,
        @Nullable Measures measures,
        @Nullable Content content,
        @Nullable Http http) {

    /**
     * @param checkpoint folder of the checkpoint
     * @param profile scoring profile; none: the checkpoint's
     */
    public record Model(String checkpoint, @Nullable String profile) {}

    /**
     * @param conflictTolerance as in {@link FeedbackSettings}
     * @param answers newest answers of the service that are kept for labels to come
     */
    public record Feedback(
            @Nullable Double conflictTolerance,
            @Nullable Double labellerShare,
            @Nullable Integer labellerFreely,
            @Nullable Integer fetchAttempts,
            @Nullable Integer answers) {}

    /**
     * @param heldOut share of the images that judge
     * @param near bits of the perceptual hash in which near-duplicates differ at most
     */
    public record SetSection(
            @Nullable Double heldOut, @Nullable Integer near) {}

    /** As in {@link TriggerPolicy.Settings}; {@code every: never} is no schedule. */
    public record Trigger(
            @Nullable Integer minimumLabels,
            @Nullable Integer newLabels,
            @Nullable String every,
            @Nullable Double psi,
            @Nullable Double ksP,
            @Nullable String pause) {}

    /** As the options of {@code realqa train}. */
    public record Training(
            @Nullable Integer rank,
            @Nullable Double alpha,
            @Nullable Double dropout,
            @Nullable Boolean rankStabilised,
            @Nullable List<String> targets,
            @Nullable List<Double> digitWeights,
            @Nullable Double expectationWeight,
            @Nullable Boolean softLabels,
            @Nullable Integer epochs,
            @Nullable Integer batch,
            @Nullable Integer pass,
            @Nullable Double learningRate,
            @Nullable Double warmUp,
            @Nullable Double decay,
            @Nullable Double clip,
            @Nullable Double plain,
            @Nullable Double attributes,
            @Nullable Double rehearsal,
            @Nullable Long seed,
            @Nullable Integer saveEvery) {}

    /** As in {@link GateSettings}, and the monotonicity suite. */
    public record GateSection(
            @Nullable Integer minimumImages,
            @Nullable Integer minimumSliceImages,
            @Nullable Double confidence,
            @Nullable Integer resamples,
            @Nullable Double sliceTolerance,
            @Nullable Double accuracyTolerance,
            @Nullable Double calibrationTolerance,
            @Nullable Double monotonicityTolerance,
            @Nullable Integer suiteImages,
            @Nullable List<String> degradations) {}

    /**
     * @param as active or canary
     * @param share of the platform's images that a canary gets
     * @param store place such as s3://BUCKET/PREFIX that adapters are written to; none: workers read them where they are
     * @param s3 how S3 is reached; none: as AWS's tools would
     */
    public record Release(
            @Nullable String as,
            @Nullable Double share,
            @Nullable String store,
            @Nullable S3Settings s3) {}

    /**
     * @param every how often they are published
     * @param window newest scores and labels of a version that are measured
     */
    public record Measures(@Nullable String every, @Nullable Integer window) {}

    /**
     * @param fileRoots folders under which file: URIs may be read
     * @param httpHosts hosts that http: and https: URIs may name
     * @param timeout longest transfer
     */
    public record Content(
            @Nullable List<String> fileRoots,
            @Nullable List<String> httpHosts,
            @Nullable String timeout) {}

    /**
     * Where /health and /metrics are.
     *
     * @param port 0: any free one
     */
    public record Http(@Nullable String host, int port) {}

    static final String DEFAULT_NAME = "realqa-trainer";
    static final int DEFAULT_ANSWERS = 20_000;
    static final double DEFAULT_HELD_OUT = 0.2;
    /** In six of 64 bits a photograph differs from itself resized, recompressed or retouched; others in over ten. */
    static final int DEFAULT_NEAR = 6;

    static final int DEFAULT_SUITE_IMAGES = 8;
    static final double DEFAULT_SHARE = 0.1;
    static final int DEFAULT_WINDOW = 1000;
    static final int DEFAULT_SAVE_EVERY = 20;
    static final Duration DEFAULT_MEASURES = Duration.ofMinutes(1);

    private static final Map<String, String> TOPICS = Map.of(
            "feedback", Topics.FEEDBACK.topic(),
            "feedback-rejects", Topics.FEEDBACK_REJECTS.topic(),
            "training-labels", Topics.TRAINING_LABELS.topic(),
            "scores", Topics.SCORES.topic(),
            "attributes", Topics.ATTRIBUTES.topic(),
            "model-measures", Topics.MODEL_MEASURES.topic(),
            "adapter-releases", Topics.ADAPTER_RELEASES.topic(),
            "adapter-status", Topics.ADAPTER_STATUS.topic());

    private static final Pattern DURATION = Pattern.compile("(\\d{1,9})(ms|s|m|h|d)");
    private static final ObjectMapper YAML = new ObjectMapper(YAMLFactory.builder()
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .build())
            .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT);

    public TrainerConfig {
        require(kafka, "kafka", "bootstrap.servers");
        require(registry, "registry", "schema.registry.url");
        if (model == null || model.checkpoint() == null) {
            throw new IllegalArgumentException("model.checkpoint: missing (expected: a checkpoint's folder)");
        }
        if (folder == null || folder.isBlank()) {
            throw new IllegalArgumentException("folder: missing (expected: a folder for images and adapters)");
        }
        kafka = Map.copyOf(kafka);
        registry = Map.copyOf(registry);
        topics = topics == null ? Map.of() : Map.copyOf(topics);
        for (String topic : topics.keySet()) {
            if (!TOPICS.containsKey(topic)) {
                throw new IllegalArgumentException("topics." + topic + ": unknown (expected: one of "
                        + TOPICS.keySet().stream().sorted().collect(Collectors.joining(", ")) + ")");
            }
        }
        platforms = platforms == null ? List.of("*") : List.copyOf(platforms);
        if (platforms.isEmpty() || platforms.size() != Set.copyOf(platforms).size()) {
            throw new IllegalArgumentException("platforms: " + platforms + " (expected: at least one, each once)");
        }
    }

    private static void require(@Nullable Map<String, String> settings, String section, String key) {
        if (settings == null || settings.get(key) == null) {
            throw new IllegalArgumentException(section + "." + key + ": missing (expected: an address)");
        }
    }

    /**
     * Reads a file.
     *
     * @throws IllegalArgumentException naming the key, its value and what was expected
     */
    public static TrainerConfig read(Path file) {
        try {
            TrainerConfig config = YAML.readValue(Files.readString(file), TrainerConfig.class);
            if (config == null) {
                throw new IllegalArgumentException("empty (expected: the trainer's settings)");
            }
            config.feedbackSettings();
            config.triggerSettings();
            config.cycle();
            config.measuresEvery();
            config.contentTimeout();
            config.store();
            return config;
        } catch (java.nio.file.NoSuchFileException e) {
            throw new IllegalArgumentException(file + ": no such file (expected: a YAML file)", e);
        } catch (UnrecognizedPropertyException e) {
            throw new IllegalArgumentException(
                    file + ": " + path(e) + ": unknown key (expected: one of " + e.getKnownPropertyIds() + ")", e);
        } catch (JsonMappingException e) {
            Throwable cause = e.getCause();
            String message = cause instanceof IllegalArgumentException
                    ? String.valueOf(cause.getMessage())
                    : path(e) + ": " + e.getOriginalMessage();
            throw new IllegalArgumentException(file + ": " + message, e);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(
                    file + ": " + e.getOriginalMessage() + " (expected: YAML, each key once)", e);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(file + ": " + e.getMessage(), e);
        } catch (IOException e) {
            throw new IllegalArgumentException(file + ": " + e, e);
        }
    }

    private static String path(JsonMappingException e) {
        return e.getPath().stream()
                .map(r -> r.getFieldName() == null ? "[" + r.getIndex() + "]" : r.getFieldName())
                .collect(Collectors.joining("."));
    }

    private static <T> T or(@Nullable T value, T otherwise) {
        return value == null ? otherwise : value;
    }

    private static Duration duration(String key, @Nullable String text, Duration otherwise) {
        if (text == null) {
            return otherwise;
        }
        Matcher m = DURATION.matcher(text);
        if (!m.matches()) {
            throw new IllegalArgumentException(key + ": " + text + " (expected: such as 500ms, 5s, 1m, 12h or 7d)");
        }
        long n = Long.parseLong(m.group(1));
        return switch (m.group(2)) {
            case "ms" -> Duration.ofMillis(n);
            case "s" -> Duration.ofSeconds(n);
            case "m" -> Duration.ofMinutes(n);
            case "h" -> Duration.ofHours(n);
            default -> Duration.ofDays(n);
        };
    }

    /** Name of a topic by what it holds. */
    public String topic(String what) {
        return or(or(topics, Map.<String, String>of()).get(what), java.util.Objects.requireNonNull(TOPICS.get(what)));
    }

    FeedbackTopics feedbackTopics() {
        return new FeedbackTopics(
                topic("feedback"),
                topic("feedback-rejects"),
                topic("training-labels"),
                topic("scores"),
                topic("attributes"));
    }

    String trainerName() {
        return or(name, DEFAULT_NAME);
    }

    Path home() {
        return Path.of(folder).toAbsolutePath().normalize();
    }

    FeedbackSettings feedbackSettings() {
        FeedbackSettings d = FeedbackSettings.DEFAULTS;
        return feedback == null
                ? d
                : new FeedbackSettings(
                        or(feedback.conflictTolerance(), d.conflictTolerance()),
                        or(feedback.labellerShare(), d.labellerShare()),
                        or(feedback.labellerFreely(), d.labellerFreely()),
                        or(feedback.fetchAttempts(), d.fetchAttempts()));
    }

    int answers() {
        return feedback == null ? DEFAULT_ANSWERS : or(feedback.answers(), DEFAULT_ANSWERS);
    }

    TriggerPolicy.Settings triggerSettings() {
        TriggerPolicy.Settings d = TriggerPolicy.Settings.DEFAULTS;
        if (trigger == null) {
            return d;
        }
        boolean never = "never".equals(trigger.every());
        return new TriggerPolicy.Settings(
                or(trigger.minimumLabels(), d.minimumLabels()),
                or(trigger.newLabels(), d.newLabels()),
                never ? null : duration("trigger.every", trigger.every(), java.util.Objects.requireNonNull(d.every())),
                or(trigger.psi(), d.psi()),
                or(trigger.ksP(), d.ksP()),
                duration("trigger.pause", trigger.pause(), d.pause()));
    }

    Cycle.Settings cycle() {
        SetSection s = or(set, new SetSection(null, null));
        Release r = or(release, new Release(null, null, null, null));
        GateSection g = or(gate, new GateSection(null, null, null, null, null, null, null, null, null, null));
        return new Cycle.Settings(
                or(s.heldOut(), DEFAULT_HELD_OUT),
                or(s.near(), DEFAULT_NEAR),
                trainingSettings(),
                training == null ? DEFAULT_SAVE_EVERY : or(training.saveEvery(), DEFAULT_SAVE_EVERY),
                gateSettings(g),
                or(g.suiteImages(), DEFAULT_SUITE_IMAGES),
                g.degradations() == null
                        ? Cycle.Settings.DEGRADATIONS
                        : g.degradations().stream()
                                .map(TrainerConfig::degradation)
                                .toList(),
                target(r.as()),
                or(r.share(), DEFAULT_SHARE));
    }

    private static ReleaseDesk.Target target(@Nullable String as) {
        if (as == null || as.equals("active")) {
            return ReleaseDesk.Target.ACTIVE;
        }
        if (as.equals("canary")) {
            return ReleaseDesk.Target.CANARY;
        }
        throw new IllegalArgumentException("release.as: " + as + " (expected: active or canary)");
    }

    private static Degradation degradation(String name) {
        for (Degradation d : Degradation.values()) {
            if (d.label().equals(name.toLowerCase(Locale.ROOT))) {
                return d;
            }
        }
        throw new IllegalArgumentException("gate.degradations: " + name + " (expected: some of "
                + List.of(Degradation.values()).stream().map(Degradation::label).toList() + ")");
    }

    private static GateSettings gateSettings(GateSection g) {
        GateSettings d = GateSettings.DEFAULTS;
        return new GateSettings(
                or(g.minimumImages(), d.minimumImages()),
                or(g.minimumSliceImages(), d.minimumSliceImages()),
                or(g.confidence(), d.confidence()),
                or(g.resamples(), d.resamples()),
                or(g.sliceTolerance(), d.sliceTolerance()),
                or(g.accuracyTolerance(), d.accuracyTolerance()),
                or(g.calibrationTolerance(), d.calibrationTolerance()),
                or(g.monotonicityTolerance(), d.monotonicityTolerance()),
                d.seed());
    }

    private TrainingSettings trainingSettings() {
        Training t = or(
                training,
                new Training(
                        null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null,
                        null, null, null, null));
        int rank = or(t.rank(), 16);
        LoraSettings lora = new LoraSettings(
                rank,
                or(t.alpha(), 2.0 * rank),
                or(t.dropout(), 0.05),
                or(t.rankStabilised(), false),
                or(t.targets(), LoraSettings.ALL_BUT_THE_MERGER),
                List.of(),
                Map.of(),
                Map.of());
        LossSettings loss = new LossSettings(
                or(t.digitWeights(), List.<Double>of()), or(t.expectationWeight(), 0.0), or(t.softLabels(), false));
        return new TrainingSettings(
                lora,
                loss,
                or(t.epochs(), 3),
                or(t.batch(), 16),
                or(t.pass(), 8),
                or(t.learningRate(), 1e-4),
                or(t.warmUp(), 0.1),
                or(t.decay(), 0.0),
                or(t.clip(), 1.0),
                new QuestionMix(or(t.plain(), 1.0), or(t.attributes(), 0.5), 0, Optional.empty()),
                or(t.rehearsal(), 0.0),
                0,
                or(t.seed(), 1L));
    }

    Duration measuresEvery() {
        Duration every = duration("measures.every", measures == null ? null : measures.every(), DEFAULT_MEASURES);
        if (every.isZero()) {
            throw new IllegalArgumentException("measures.every: 0 (expected: above 0)");
        }
        return every;
    }

    int measuresWindow() {
        return measures == null ? DEFAULT_WINDOW : or(measures.window(), DEFAULT_WINDOW);
    }

    /** Longest transfer of an image; null: the fetcher's own. */
    public @Nullable Duration contentTimeout() {
        return content == null || content.timeout() == null
                ? null
                : duration("content.timeout", content.timeout(), Duration.ZERO);
    }

    /** Where released adapters are written to; null: nowhere else than {@link #adapters}. */
    public @Nullable S3Location store() {
        return release == null || release.store() == null ? null : s3Location("release.store", release.store());
    }

    private static S3Location s3Location(String key, String text) {
        try {
            return S3Location.parse(text);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(key + ": " + e.getMessage(), e);
        }
    }

    /** How that place is reached. */
    public S3Settings s3() {
        return release == null || release.s3() == null ? S3Settings.DEFAULTS : release.s3();
    }

    /** Folder that released adapters are in. */
    public Path adapters() {
        return Cycle.adapters(home());
    }
}
