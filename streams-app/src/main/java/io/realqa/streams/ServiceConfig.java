package io.realqa.streams;

import io.realqa.schemas.AvroSerde;
import io.realqa.schemas.Topics;
import io.realqa.scorer.image.ImageLimits;
import io.realqa.store.S3Location;
import io.realqa.store.S3Settings;
import io.realqa.streams.adapters.AdaptersConfig;
import io.realqa.streams.calibration.Calibrations;
import io.realqa.streams.content.ContentPolicy;
import io.realqa.streams.scoring.BatchPolicy;
import io.realqa.streams.scoring.ClipConfig;
import io.realqa.streams.scoring.EngineConfig;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apache.avro.generic.GenericContainer;
import org.apache.kafka.common.serialization.Serde;
import org.jspecify.annotations.Nullable;

/**
 * Everything that the service can be told, read from one YAML file. Each key but those of {@code kafka},
 * {@code registry} and {@code model.checkpoint} has a default; an unknown key is an error. Durations are written
 * {@code 20ms}, {@code 5s} or {@code 1m}.
 *
 * @param kafka settings of Kafka Streams and its clients, handed on as they are; bootstrap.servers is required
 * @param registry settings of the serdes under Confluent's names; schema.registry.url is required
 * @param topics names of the topics, by what they hold: uploads, scores, attributes, dead-letters, replays,
 *     adapter-releases, adapter-status, recalibrated-scores, shadow-scores (candidates' scores are
 *     published only if it is named)
 * @param serde class of the Avro serde; Confluent's may stand in
 * @param stop how it stops
 * @param adapters how released adapters are taken into service; none: the release topic is not read
 * @param calibration files of the maps to the platforms' own scales, by platform; {@code *}: all others
 */
public record ServiceConfig(
        Map<String, String> kafka,
        Map<String, String> registry,
        @Nullable String serde,
        @Nullable Map<String, String> topics,
        Model model,
        @Nullable Batch batch,
        @Nullable Limits limits,
        @Nullable Content content,
        @Nullable Cache cache,
        @Nullable Http http,
        @Nullable Stop stop,
        @Nullable Adapters adapters,
        @Nullable Map<String, String> calibration) {

    /**
     * @param checkpoint folder of the checkpoint
     * @param adapter folder of a PEFT adapter; none: the base model
     * @param profile scoring profile; none: the adapter's, else the checkpoint's
     */
    public record Model(
            String checkpoint,
            @Nullable String adapter,
            @Nullable String profile) {}

    /**
     * When a batch closes, and how the device is used.
     *
     * @param workers batches that run at a time; none: as many as the device suits
     * @param callTimeout a device call that takes longer hangs: the instance hands its work on and ends
     * @param attempts device calls that fail with an image before it is given up
     */
    public record Batch(
            @Nullable Integer images,
            @Nullable Integer visualTokens,
            @Nullable String delay,
            @Nullable Integer workers,
            @Nullable String callTimeout,
            @Nullable Integer attempts) {}

    /** @param entries scores that are kept, so that equal content is scored once; 0: it is scored as often as it comes */
    public record Cache(@Nullable Integer entries) {}

    /**
     * Where /health/live, /health/ready and /metrics are.
     *
     * @param host address to listen on
     * @param port 0: any free one; none: no HTTP
     */
    public record Http(@Nullable String host, @Nullable Integer port) {}

    /**
     * @param roots folders, or places such as s3://BUCKET/PREFIX, under which released adapters may lie
     * @param cache folder that adapters from S3 are brought to
     * @param s3 how S3 is reached; none: as AWS's tools would
     * @param workerId name of this instance on the status topic; none: of its host and process
     * @param heartbeat how often the status is written again
     * @param patience longest wait for the released adapters at the start
     * @param goldenTolerance largest difference of a golden image's score, as a share of the profile's scale
     * @param goldenRequired whether an adapter without golden images is refused
     * @param autoRollback whether a release with bad live answers is rolled back for all; none: it is
     */
    public record Adapters(
            @Nullable List<String> roots,
            @Nullable String cache,
            @Nullable S3Settings s3,
            @Nullable String workerId,
            @Nullable String heartbeat,
            @Nullable String patience,
            @Nullable Double goldenTolerance,
            @Nullable Boolean goldenRequired,
            @Nullable Boolean autoRollback) {
        /** Adapters under some folders, all else by default. */
        public static Adapters roots(List<String> roots) {
            return new Adapters(roots, null, null, null, null, null, null, null, null);
        }
    }

    /** @param drain longest time for what is in the engine to be finished */
    public record Stop(@Nullable String drain) {}

    /**
     * @param inFlightImages images in the engine at a time
     * @param inFlightBytes bytes of image files in the engine at a time
     * @param inlineBytes largest content inside an upload event
     * @param imageBytes largest image file
     * @param imagePixels largest image in pixels
     * @param offGrammarMass an answer with more probability outside the allowed scores is none
     * @param video how clips are scored, and what one may cost
     */
    public record Limits(
            @Nullable Integer inFlightImages,
            @Nullable Long inFlightBytes,
            @Nullable Integer inlineBytes,
            @Nullable Long imageBytes,
            @Nullable Long imagePixels,
            @Nullable Double offGrammarMass,
            @Nullable Video video) {}

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
            @Nullable Integer inFlight) {}

    /**
     * @param fileRoots folders under which file: URIs may be read
     * @param httpHosts hosts that http: and https: URIs may name
     * @param timeout longest transfer
     * @param perHost fetches that run against one host at a time
     * @param patience longest wait for a host that is left alone because it failed too often
     */
    public record Content(
            @Nullable List<String> fileRoots,
            @Nullable List<String> httpHosts,
            @Nullable String timeout,
            @Nullable Integer redirects,
            @Nullable Integer attempts,
            @Nullable Integer perHost,
            @Nullable String patience) {
        /** Files under some folders, and nothing else. */
        public static Content roots(List<String> fileRoots) {
            return new Content(fileRoots, null, null, null, null, null, null);
        }
    }

    /** Default of {@code limits.inlineBytes}. */
    public static final int DEFAULT_INLINE_BYTES = 1 << 20;

    /** A container's network is its own; elsewhere a deployment may narrow it. */
    static final String DEFAULT_HTTP_HOST = "0.0.0.0";

    static final Duration DEFAULT_DRAIN = Duration.ofSeconds(10);

    private static final Pattern DURATION = Pattern.compile("(\\d{1,9})(ms|s|m)");

    public ServiceConfig {
        require(kafka, "kafka", "bootstrap.servers");
        require(registry, "registry", "schema.registry.url");
        if (model == null || model.checkpoint() == null) {
            throw new ConfigException("model.checkpoint: missing (expected: a checkpoint's folder)");
        }
        requireValues(kafka, "kafka");
        requireValues(registry, "registry");
        requireValues(topics == null ? Map.of() : topics, "topics");
        requireValues(calibration == null ? Map.of() : calibration, "calibration");
        if (topics != null && topics.containsValue("")) {
            throw new ConfigException("topics: " + topics + " (expected: a name for each)");
        }
        Set<String> known = Set.of(
                "uploads",
                "scores",
                "attributes",
                "dead-letters",
                "replays",
                "adapter-releases",
                "adapter-status",
                "recalibrated-scores",
                "shadow-scores");
        for (String topic : topics == null ? Set.<String>of() : topics.keySet()) {
            if (!known.contains(topic)) {
                throw new ConfigException("topics." + topic + ": unknown (expected: one of "
                        + known.stream().sorted().collect(Collectors.joining(", ")) + ")");
            }
        }
        kafka = Map.copyOf(kafka);
        registry = Map.copyOf(registry);
    }

    private static void require(@Nullable Map<String, String> settings, String section, String key) {
        if (settings == null || settings.get(key) == null) {
            throw new ConfigException(section + "." + key + ": missing (expected: an address)");
        }
    }

    private static void requireValues(Map<String, @Nullable String> settings, String section) {
        settings.forEach((key, value) -> {
            if (value == null) {
                throw new ConfigException(section + "." + key + ": null (expected: a value)");
            }
        });
    }

    private static <T> List<T> requireElements(List<@Nullable T> values, String key) {
        List<T> all = new ArrayList<>();
        for (T value : values) {
            if (value == null) {
                throw new ConfigException(key + ": null (expected: no empty element)");
            }
            all.add(value);
        }
        return all;
    }

    /** A configuration with the required settings alone. */
    public static ServiceConfig of(String bootstrapServers, String registryUrl, Path checkpoint) {
        return new ServiceConfig(
                Map.of("bootstrap.servers", bootstrapServers),
                Map.of("schema.registry.url", registryUrl),
                null,
                null,
                new Model(checkpoint.toString(), null, null),
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null);
    }

    /** The same with other settings for Kafka Streams and its clients. */
    public ServiceConfig withKafka(Map<String, String> settings) {
        return new ServiceConfig(
                settings,
                registry,
                serde,
                topics,
                model,
                batch,
                limits,
                content,
                cache,
                http,
                stop,
                adapters,
                calibration);
    }

    /** The same with other places that content may come from. */
    public ServiceConfig withContent(Content places) {
        return new ServiceConfig(
                kafka, registry, serde, topics, model, batch, limits, places, cache, http, stop, adapters, calibration);
    }

    /** The same with other batches. */
    public ServiceConfig withBatch(Batch batches) {
        return new ServiceConfig(
                kafka,
                registry,
                serde,
                topics,
                model,
                batches,
                limits,
                content,
                cache,
                http,
                stop,
                adapters,
                calibration);
    }

    /** The same with other limits. */
    public ServiceConfig withLimits(Limits other) {
        return new ServiceConfig(
                kafka, registry, serde, topics, model, batch, other, content, cache, http, stop, adapters, calibration);
    }

    /** The same with another cache. */
    public ServiceConfig withCache(Cache other) {
        return new ServiceConfig(
                kafka,
                registry,
                serde,
                topics,
                model,
                batch,
                limits,
                content,
                other,
                http,
                stop,
                adapters,
                calibration);
    }

    /** The same with released adapters, or without. */
    public ServiceConfig withAdapters(@Nullable Adapters released) {
        return new ServiceConfig(
                kafka,
                registry,
                serde,
                topics,
                model,
                batch,
                limits,
                content,
                cache,
                http,
                stop,
                released,
                calibration);
    }

    /** The same with other calibrations. */
    public ServiceConfig withCalibration(Map<String, String> files) {
        return new ServiceConfig(
                kafka, registry, serde, topics, model, batch, limits, content, cache, http, stop, adapters, files);
    }

    /** The same with another HTTP side. */
    public ServiceConfig withHttp(Http side) {
        return new ServiceConfig(
                kafka,
                registry,
                serde,
                topics,
                model,
                batch,
                limits,
                content,
                cache,
                side,
                stop,
                adapters,
                calibration);
    }

    /**
     * Reads a file.
     *
     * @throws ConfigException naming the key, its value and what was expected
     */
    public static ServiceConfig read(Path file) {
        return ServiceConfigReader.read(file);
    }

    /** Derives everything once, so that what is wrong is told when the settings are read. */
    void check() {
        engine(1);
        httpPort();
        drain();
        inlineBytes();
        imageLimits();
        contentPolicy();
        adaptersConfig();
    }

    /** @param workers batches that run at a time, if the settings do not say */
    EngineConfig engine(int workers) {
        EngineConfig d = EngineConfig.DEFAULTS;
        return new EngineConfig(
                batchPolicy(),
                engineLimits(),
                device(workers),
                fetch(),
                cache == null || cache.entries() == null ? d.cacheEntries() : cache.entries(),
                limits == null || limits.offGrammarMass() == null ? d.offGrammarMass() : limits.offGrammarMass(),
                clips());
    }

    ClipConfig clips() {
        ClipConfig d = ClipConfig.DEFAULTS;
        Video v = limits == null ? null : limits.video();
        if (v == null) {
            return d;
        }
        return new ClipConfig(
                v.frames() == null ? d.frames() : v.frames(),
                duration("limits.video.length", v.length(), d.length()),
                v.bytes() == null ? d.bytes() : v.bytes(),
                v.pixels() == null ? d.pixels() : v.pixels(),
                duration("limits.video.decoding", v.decoding(), d.decoding()),
                v.inFlight() == null ? d.inFlight() : v.inFlight());
    }

    private BatchPolicy batchPolicy() {
        BatchPolicy d = BatchPolicy.DEFAULTS;
        if (batch == null) {
            return d;
        }
        return new BatchPolicy(
                batch.images() == null ? d.maxImages() : batch.images(),
                batch.visualTokens() == null ? d.maxVisualTokens() : batch.visualTokens(),
                duration("batch.delay", batch.delay(), d.maxDelay()));
    }

    private EngineConfig.Device device(int workers) {
        EngineConfig.Device d = EngineConfig.Device.DEFAULTS.withWorkers(workers);
        if (batch == null) {
            return d;
        }
        return new EngineConfig.Device(
                batch.workers() == null ? d.workers() : batch.workers(),
                duration("batch.callTimeout", batch.callTimeout(), d.callTimeout()),
                batch.attempts() == null ? d.attempts() : batch.attempts(),
                d.backoff());
    }

    private EngineConfig.Fetch fetch() {
        EngineConfig.Fetch d = EngineConfig.Fetch.DEFAULTS;
        if (content == null) {
            return d;
        }
        return new EngineConfig.Fetch(
                content.perHost() == null ? d.perHost() : content.perHost(),
                duration("content.patience", content.patience(), d.patience()),
                d.pause());
    }

    private EngineConfig.Limits engineLimits() {
        EngineConfig.Limits d = EngineConfig.Limits.DEFAULTS;
        if (limits == null) {
            return d;
        }
        return new EngineConfig.Limits(
                limits.inFlightImages() == null ? d.images() : limits.inFlightImages(),
                limits.inFlightBytes() == null ? d.bytes() : limits.inFlightBytes());
    }

    /** Address of the HTTP side. */
    String httpHost() {
        return http == null || http.host() == null ? DEFAULT_HTTP_HOST : http.host();
    }

    /** Port of the HTTP side; null: there is none. */
    @Nullable
    Integer httpPort() {
        Integer port = http == null ? null : http.port();
        if (port != null && (port < 0 || port > 65_535)) {
            throw new ConfigException("http.port: " + port + " (expected: 0 to 65535)");
        }
        return port;
    }

    /** Longest time for what is in the engine to be finished at a stop. */
    Duration drain() {
        return duration("stop.drain", stop == null ? null : stop.drain(), DEFAULT_DRAIN);
    }

    ImageLimits imageLimits() {
        ImageLimits d = ImageLimits.DEFAULTS;
        if (limits == null) {
            return d;
        }
        return new ImageLimits(
                limits.imageBytes() == null ? d.maxBytes() : limits.imageBytes(),
                limits.imagePixels() == null ? d.maxPixels() : limits.imagePixels(),
                d.maxSide());
    }

    int inlineBytes() {
        int bytes = limits == null || limits.inlineBytes() == null ? DEFAULT_INLINE_BYTES : limits.inlineBytes();
        if (bytes < 1 || bytes > Topics.MAX_UPLOAD_BYTES) {
            throw new ConfigException(
                    "limits.inlineBytes: " + bytes + " (expected: 1 to " + Topics.MAX_UPLOAD_BYTES + ")");
        }
        return bytes;
    }

    ContentPolicy contentPolicy() {
        ContentPolicy d = ContentPolicy.defaults();
        long maxBytes = imageLimits().maxBytes();
        if (content == null) {
            return new ContentPolicy(
                    maxBytes,
                    d.fileRoots(),
                    d.httpHosts(),
                    d.connectTimeout(),
                    d.readTimeout(),
                    d.maxRedirects(),
                    d.attempts(),
                    d.backoff());
        }
        return new ContentPolicy(
                maxBytes,
                content.fileRoots() == null
                        ? d.fileRoots()
                        : requireElements(content.fileRoots(), "content.fileRoots").stream()
                                .map(r -> Path.of(r).toAbsolutePath())
                                .toList(),
                content.httpHosts() == null
                        ? d.httpHosts()
                        : Set.copyOf(requireElements(content.httpHosts(), "content.httpHosts")),
                d.connectTimeout(),
                duration("content.timeout", content.timeout(), d.readTimeout()),
                content.redirects() == null ? d.maxRedirects() : content.redirects(),
                content.attempts() == null ? d.attempts() : content.attempts(),
                d.backoff());
    }

    /**
     * The maps to the platforms' own scales, read from their files.
     *
     * @throws ConfigException if one cannot be read, was changed, or is another platform's
     */
    public Calibrations calibrations() {
        if (calibration == null) {
            return Calibrations.NONE;
        }
        return Calibrations.read(calibration.entrySet().stream()
                .collect(Collectors.toMap(Map.Entry::getKey, e -> Path.of(e.getValue()))));
    }

    /** How released adapters are taken into service; null: they are not. */
    public @Nullable AdaptersConfig adaptersConfig() {
        return adapters == null ? null : adaptersConfig(adapters);
    }

    private AdaptersConfig adaptersConfig(Adapters a) {
        List<String> roots = a.roots() == null ? List.of() : requireElements(a.roots(), "adapters.roots");
        return new AdaptersConfig(
                roots.stream()
                        .filter(r -> !S3Location.isOne(r))
                        .map(r -> Path.of(r).toAbsolutePath().normalize())
                        .toList(),
                remote(a, roots.stream().filter(S3Location::isOne).toList()),
                a.workerId() == null ? AdaptersConfig.workerOfThisProcess() : a.workerId(),
                releasesTopic(),
                statusTopic(),
                duration("adapters.heartbeat", a.heartbeat(), AdaptersConfig.DEFAULT_HEARTBEAT),
                duration("adapters.patience", a.patience(), AdaptersConfig.DEFAULT_PATIENCE),
                a.goldenTolerance() == null ? AdaptersConfig.DEFAULT_GOLDEN_TOLERANCE : a.goldenTolerance(),
                Boolean.TRUE.equals(a.goldenRequired()),
                !Boolean.FALSE.equals(a.autoRollback()),
                engine(1).offGrammarMass());
    }

    private static AdaptersConfig.@Nullable Remote remote(Adapters a, List<String> roots) {
        if (roots.isEmpty()) {
            return null;
        }
        if (a.cache() == null) {
            throw new ConfigException("adapters.cache: missing (expected: a folder for the adapters of " + roots + ")");
        }
        try {
            return new AdaptersConfig.Remote(
                    roots.stream().map(S3Location::parse).toList(),
                    a.s3() == null ? S3Settings.DEFAULTS : a.s3(),
                    Path.of(a.cache()).toAbsolutePath().normalize());
        } catch (IllegalArgumentException e) {
            throw new ConfigException("adapters.roots: " + e.getMessage(), e);
        }
    }

    /** Name of the topic of scores. */
    public String scoresTopic() {
        return topic("scores", Topics.SCORES.topic());
    }

    /** Name of the topic of candidates' scores; null: they are not published. */
    @Nullable
    String shadowTopic() {
        return topics == null ? null : topics.get("shadow-scores");
    }

    /** Name of the topic of past scores on the scale of later calibrations. */
    public String recalibratedTopic() {
        return topic("recalibrated-scores", scoresTopic() + ".recalibrated");
    }

    /** Name of the topic of releases. */
    public String releasesTopic() {
        return topic("adapter-releases", Topics.ADAPTER_RELEASES.topic());
    }

    /** Name of the topic on which workers say what they serve. */
    public String statusTopic() {
        return topic("adapter-status", Topics.ADAPTER_STATUS.topic());
    }

    /** Names of the topics that must exist before the service starts. */
    public List<String> topicNames() {
        List<String> names = new ArrayList<>(List.of(
                topic("uploads", Topics.UPLOADS.topic()),
                topic("scores", Topics.SCORES.topic()),
                topic("attributes", Topics.ATTRIBUTES.topic()),
                topic("dead-letters", Topics.DEAD_LETTERS.topic())));
        String shadows = shadowTopic();
        if (shadows != null) {
            names.add(shadows);
        }
        if (adapters != null) {
            names.add(releasesTopic());
            names.add(statusTopic());
        }
        return names;
    }

    /** A serde for Avro values, as the settings say. */
    @SuppressWarnings("unchecked") // the class is the deployment's choice; a wrong one fails at the first event
    public Serde<GenericContainer> newSerde() {
        if (serde == null) {
            return new AvroSerde<>();
        }
        try {
            return (Serde<GenericContainer>) Class.forName(serde)
                    .asSubclass(Serde.class)
                    .getDeclaredConstructor()
                    .newInstance();
        } catch (ReflectiveOperationException | ClassCastException e) {
            throw new ConfigException(
                    "serde: " + serde + ": " + e + " (expected: a class on the class path"
                            + " that is a Kafka Serde with a constructor without arguments)",
                    e);
        }
    }

    String topic(String what, String byDefault) {
        return topics == null ? byDefault : topics.getOrDefault(what, byDefault);
    }

    private static Duration duration(String key, @Nullable String text, Duration byDefault) {
        if (text == null) {
            return byDefault;
        }
        Matcher m = DURATION.matcher(text);
        if (!m.matches()) {
            throw new ConfigException(key + ": " + text + " (expected: a duration such as 20ms, 5s or 1m)");
        }
        long n = Long.parseLong(m.group(1));
        return switch (m.group(2)) {
            case "ms" -> Duration.ofMillis(n);
            case "s" -> Duration.ofSeconds(n);
            default -> Duration.ofMinutes(n);
        };
    }
}
