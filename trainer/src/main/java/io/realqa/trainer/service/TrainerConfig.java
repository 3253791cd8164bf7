package io.realqa.trainer.service;

import static io.realqa.settings.Values.duration;
import static io.realqa.settings.Values.or;

import io.realqa.schemas.SchemaRegistryClient;
import io.realqa.schemas.Topics;
import io.realqa.settings.KafkaSettings;
import io.realqa.settings.SettingsException;
import io.realqa.settings.SettingsFile;
import io.realqa.settings.Values;
import io.realqa.store.S3Location;
import io.realqa.store.S3Settings;
import io.realqa.trainer.cycle.Cycle;
import io.realqa.trainer.cycle.ReleaseDesk;
import io.realqa.trainer.cycle.TriggerPolicy;
import io.realqa.trainer.feedback.FeedbackSettings;
import io.realqa.trainer.feedback.FeedbackTopics;
import io.realqa.trainer.live.LiveMeasures;
import io.realqa.trainer.service.config.GateSection;
import io.realqa.trainer.service.config.TrainingSection;
import io.realqa.trainer.service.config.TriggerSection;
import io.realqa.trainer.set.SplitBook;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
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
        Map<String, String> topics,
        Model model,
        List<String> platforms,
        String folder,
        Feedback feedback,
        TrainingSet set,
        TriggerSection trigger,
        TrainingSection training,
        GateSection gate,
        Release release,
        Measures measures,
        Content content,
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
            @Nullable Integer answers) {
        public static final Feedback DEFAULTS = new Feedback(null, null, null, null, null);
    }

    /**
     * @param heldOut share of the images that judge
     * @param near bits of the perceptual hash in which near-duplicates differ at most
     */
    public record TrainingSet(
            @Nullable Double heldOut, @Nullable Integer near) {}

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
            @Nullable S3Settings s3) {
        public static final Release DEFAULTS = new Release(null, null, null, null);
    }

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
            @Nullable String timeout) {
        public static final Content DEFAULTS = new Content(null, null, null);
    }

    /**
     * Where /health and /metrics are.
     *
     * @param port 0: any free one
     */
    public record Http(@Nullable String host, int port) {
        public Http {
            Values.port("http.port", port);
            Values.host("http.host", host);
        }
    }

    static final String DEFAULT_NAME = "realqa-trainer";
    static final int DEFAULT_ANSWERS = 20_000;
    static final double DEFAULT_HELD_OUT = 0.2;
    /** In six of 64 bits a photograph differs from itself resized, recompressed or retouched; others in over ten. */
    static final int DEFAULT_NEAR = 6;

    static final double DEFAULT_SHARE = 0.1;
    static final int DEFAULT_WINDOW = 1000;
    static final Duration DEFAULT_MEASURES = Duration.ofMinutes(1);

    private static final Map<String, Topics> TOPICS = Map.of(
            "feedback", Topics.FEEDBACK,
            "feedback-rejects", Topics.FEEDBACK_REJECTS,
            "training-labels", Topics.TRAINING_LABELS,
            "scores", Topics.SCORES,
            "attributes", Topics.ATTRIBUTES,
            "model-measures", Topics.MODEL_MEASURES,
            "adapter-releases", Topics.ADAPTER_RELEASES,
            "adapter-status", Topics.ADAPTER_STATUS);

    /** What the settings are called here, by the names that the records behind them report. */
    private static final Map<String, String> KEYS = Map.ofEntries(
            Map.entry("rank", "training.rank"),
            Map.entry("alpha", "training.alpha"),
            Map.entry("dropout", "training.dropout"),
            Map.entry("targets", "training.targets"),
            Map.entry("digitWeights", "training.digitWeights"),
            Map.entry("expectationWeight", "training.expectationWeight"),
            Map.entry("epochs", "training.epochs"),
            Map.entry("stepImages", "training.batch"),
            Map.entry("passImages", "training.pass"),
            Map.entry("learningRate", "training.learningRate"),
            Map.entry("warmUp", "training.warmUp"),
            Map.entry("decay", "training.decay"),
            Map.entry("clip", "training.clip"),
            Map.entry("questions", "training.plain, training.attributes"),
            Map.entry("questions.plain", "training.plain"),
            Map.entry("questions.attributes", "training.attributes"),
            Map.entry("rehearsal", "training.rehearsal"),
            Map.entry("minimumImages, minimumSliceImages", "gate.minimumImages, gate.minimumSliceImages"),
            Map.entry("confidence", "gate.confidence"),
            Map.entry("resamples", "gate.resamples"),
            Map.entry("sliceTolerance", "gate.sliceTolerance"),
            Map.entry("accuracyTolerance", "gate.accuracyTolerance"),
            Map.entry("calibrationTolerance", "gate.calibrationTolerance"),
            Map.entry("monotonicityTolerance", "gate.monotonicityTolerance"),
            Map.entry("s3.endpoint", "release.s3.endpoint"));

    public TrainerConfig {
        kafka = Values.withAddress(kafka, "kafka", "bootstrap.servers");
        registry = Values.withAddress(registry, "registry", SchemaRegistryClient.URL);
        if (model == null || model.checkpoint() == null) {
            throw new SettingsException("model.checkpoint: missing (expected: a checkpoint's folder)");
        }
        if (folder == null || folder.isBlank()) {
            throw new SettingsException("folder: missing (expected: a folder for images and adapters)");
        }
        topics = Values.present(topics, "topics");
        Values.known("topics", topics.keySet(), TOPICS.keySet());
        Map<String, String> roles = new HashMap<>();
        TOPICS.forEach((what, holds) -> roles.put(what, holds.topic()));
        roles.putAll(topics);
        KafkaSettings.topics("topics", roles);
        feedback = or(feedback, Feedback.DEFAULTS);
        set = or(set, new TrainingSet(null, null));
        release = or(release, Release.DEFAULTS);
        measures = or(measures, new Measures(null, null));
        content = or(content, Content.DEFAULTS);
        trigger = or(trigger, TriggerSection.DEFAULTS);
        training = or(training, TrainingSection.DEFAULTS);
        gate = or(gate, GateSection.DEFAULTS);
        platforms = Values.elements("platforms", platforms, List.of("*"));
        if (platforms.isEmpty() || platforms.size() != Set.copyOf(platforms).size()) {
            throw new SettingsException("platforms: " + platforms + " (expected: at least one, each once)");
        }
    }

    /**
     * Reads a file.
     *
     * @throws SettingsException naming the key, its value and what was expected
     */
    public static TrainerConfig read(Path file) {
        return SettingsFile.read(file, TrainerConfig.class, TrainerConfig::check, KEYS);
    }

    /** Derives everything once, so that what is wrong is told when the settings are read. */
    private void check() {
        KafkaSettings.check("kafka", kafka);
        SchemaRegistryClient.check("registry", registry);
        KafkaSettings.name("name", trainerName());
        Values.path("model.checkpoint", model.checkpoint());
        if (model.profile() != null) {
            Values.path("model.profile", model.profile());
        }
        if (Files.exists(home()) && !Files.isDirectory(home())) {
            throw new SettingsException("folder: " + folder + " (expected: a folder)");
        }
        new SplitBook(or(set.heldOut(), DEFAULT_HELD_OUT), or(set.near(), DEFAULT_NEAR));
        atLeastOne("training.saveEvery", training.stepsBetweenStates());
        atLeastOne("feedback.answers", answers());
        LiveMeasures.requireSize(measuresWindow());
        feedbackSettings();
        triggerSettings();
        cycle();
        measuresEvery();
        contentRoots();
        contentHosts();
        contentTimeout();
        store();
    }

    private static void atLeastOne(String key, int value) {
        if (value < 1) {
            throw new SettingsException(key + ": " + value + " (expected: at least 1)");
        }
    }

    /** Name of a topic by what it holds. */
    public String topic(String what) {
        return topics.getOrDefault(
                what, Objects.requireNonNull(TOPICS.get(what)).topic());
    }

    /** The topics that must exist before the trainer starts, by what they hold. */
    public Map<Topics, String> requiredTopics() {
        Map<Topics, String> names = new EnumMap<>(Topics.class);
        TOPICS.forEach((what, holds) -> names.put(holds, topic(what)));
        return names;
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
        return Values.path("folder", folder).toAbsolutePath().normalize();
    }

    FeedbackSettings feedbackSettings() {
        FeedbackSettings d = FeedbackSettings.DEFAULTS;
        return new FeedbackSettings(
                or(feedback.conflictTolerance(), d.conflictTolerance()),
                or(feedback.labellerShare(), d.labellerShare()),
                or(feedback.labellerFreely(), d.labellerFreely()),
                or(feedback.fetchAttempts(), d.fetchAttempts()));
    }

    int answers() {
        return or(feedback.answers(), DEFAULT_ANSWERS);
    }

    TriggerPolicy.Settings triggerSettings() {
        return trigger.settings();
    }

    Cycle.Settings cycle() {
        return new Cycle.Settings(
                or(set.heldOut(), DEFAULT_HELD_OUT),
                or(set.near(), DEFAULT_NEAR),
                training.settings(),
                training.stepsBetweenStates(),
                gate.settings(),
                gate.suiteSize(),
                gate.suite(),
                target(release.as()),
                or(release.share(), DEFAULT_SHARE));
    }

    private static ReleaseDesk.Target target(@Nullable String as) {
        if (as == null || as.equals("active")) {
            return ReleaseDesk.Target.ACTIVE;
        }
        if (as.equals("canary")) {
            return ReleaseDesk.Target.CANARY;
        }
        throw new SettingsException("release.as: " + as + " (expected: active or canary)");
    }

    Duration measuresEvery() {
        Duration every = duration("measures.every", measures.every(), DEFAULT_MEASURES);
        if (every.isZero()) {
            throw new SettingsException("measures.every: 0 (expected: above 0)");
        }
        return every;
    }

    int measuresWindow() {
        return or(measures.window(), DEFAULT_WINDOW);
    }

    /** Folders under which file: URIs may be read. */
    public List<Path> contentRoots() {
        List<String> roots = Values.elements("content.fileRoots", content.fileRoots(), List.of());
        return roots.stream()
                .map(r -> Values.path("content.fileRoots", r).toAbsolutePath().normalize())
                .toList();
    }

    /** Hosts that http: and https: URIs may name. */
    public Set<String> contentHosts() {
        return Set.copyOf(Values.elements("content.httpHosts", content.httpHosts(), List.of()));
    }

    /** Longest transfer of an image; null: the fetcher's own. */
    public @Nullable Duration contentTimeout() {
        return content.timeout() == null ? null : duration("content.timeout", content.timeout(), Duration.ZERO);
    }

    /** Where released adapters are written to; null: nowhere else than {@link #adapters}. */
    public @Nullable S3Location store() {
        if (release.store() == null) {
            return null;
        }
        try {
            return S3Location.parse(release.store());
        } catch (IllegalArgumentException e) {
            throw new SettingsException("release.store: " + e.getMessage(), e);
        }
    }

    /** How that place is reached. */
    public S3Settings s3() {
        return or(release.s3(), S3Settings.DEFAULTS);
    }

    /** Folder that released adapters are in. */
    public Path adapters() {
        return Cycle.adapters(home());
    }
}
