package io.realqa.streams;

import static io.realqa.settings.Values.duration;
import static io.realqa.settings.Values.or;

import io.realqa.schemas.AvroSerde;
import io.realqa.schemas.ForeignSerde;
import io.realqa.schemas.SchemaRegistryClient;
import io.realqa.schemas.Topics;
import io.realqa.scorer.Precision;
import io.realqa.scorer.image.ImageLimits;
import io.realqa.settings.SettingsException;
import io.realqa.settings.SettingsFile;
import io.realqa.settings.Values;
import io.realqa.streams.adapters.AdaptersConfig;
import io.realqa.streams.calibration.Calibrations;
import io.realqa.streams.config.AdaptersSection;
import io.realqa.streams.config.BatchSection;
import io.realqa.streams.config.ContentSection;
import io.realqa.streams.config.LimitsSection;
import io.realqa.streams.config.TopicNames;
import io.realqa.streams.content.ContentPolicy;
import io.realqa.streams.scoring.EngineConfig;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.apache.avro.generic.GenericContainer;
import org.apache.kafka.common.serialization.Serde;
import org.jspecify.annotations.Nullable;

/**
 * Everything that the service can be told, read from one YAML file. Each key but those of {@code kafka},
 * {@code registry} and {@code model.checkpoint} has a default; an unknown key is an error. Durations are written
 * {@code 20ms}, {@code 5s}, {@code 1m}, {@code 12h} or {@code 7d}.
 *
 * @param kafka settings of Kafka Streams and its clients, handed on as they are; bootstrap.servers is required
 * @param registry settings of the serdes under Confluent's names; schema.registry.url is required
 * @param serde class of the Avro serde; Confluent's may stand in
 * @param topics names of the topics (candidates' scores are published only if theirs is named)
 * @param stop how it stops
 * @param adapters how released adapters are taken into service; none: the release topic is not read
 * @param calibration files of the maps to the platforms' own scales, by platform; {@code *}: all others
 */
public record ServiceConfig(
        Map<String, String> kafka,
        Map<String, String> registry,
        @Nullable String serde,
        TopicNames topics,
        Model model,
        BatchSection batch,
        LimitsSection limits,
        ContentSection content,
        Cache cache,
        Http http,
        Stop stop,
        @Nullable AdaptersSection adapters,
        Map<String, String> calibration) {

    /**
     * @param checkpoint folder of the checkpoint
     * @param adapter folder of a PEFT adapter; none: the base model
     * @param profile scoring profile; none: the adapter's, else the checkpoint's
     * @param precision name of the type of numbers to compute in; none: auto
     */
    public record Model(
            String checkpoint,
            @Nullable String adapter,
            @Nullable String profile,
            @Nullable String precision) {
        public Model {
            if (checkpoint == null) {
                throw missing();
            }
        }

        /** The type of numbers to compute in. */
        public Precision computed() {
            return precision == null ? Precision.AUTO : Precision.of(precision);
        }

        static SettingsException missing() {
            return new SettingsException("model.checkpoint: missing (expected: a checkpoint's folder)");
        }
    }

    /** @param entries scores that are kept, so that equal content is scored once; 0: it is scored as often as it comes */
    public record Cache(@Nullable Integer entries) {}

    /**
     * Where /health/live, /health/ready and /metrics are.
     *
     * @param host address to listen on
     * @param port 0: any free one; none: no HTTP
     */
    public record Http(@Nullable String host, @Nullable Integer port) {
        public Http {
            Values.port("http.port", port);
            Values.host("http.host", host);
        }
    }

    /** @param drain longest time for what is in the engine to be finished */
    public record Stop(@Nullable String drain) {}

    /** A container's network is its own; elsewhere a deployment may narrow it. */
    static final String DEFAULT_HTTP_HOST = "0.0.0.0";

    static final Duration DEFAULT_DRAIN = Duration.ofSeconds(10);
    /** Whoever stops an instance waits for it. */
    private static final Duration LONGEST_DRAIN = Duration.ofHours(1);

    /** What the settings are called here, by the names that the policies behind them report. */
    private static final Map<String, String> KEYS = Map.of(
            "maxBytes", "limits.imageBytes",
            "maxPixels", "limits.imagePixels",
            "fileRoots", "content.fileRoots",
            "httpHosts", "content.httpHosts",
            "readTimeout", "content.timeout",
            "maxRedirects", "content.redirects",
            "attempts", "content.attempts",
            "precision", "model.precision",
            "s3.endpoint", "adapters.s3.endpoint");

    /** A section that is null has its defaults. */
    public ServiceConfig {
        kafka = Values.withAddress(kafka, "kafka", "bootstrap.servers");
        registry = Values.withAddress(registry, "registry", SchemaRegistryClient.URL);
        topics = or(topics, TopicNames.DEFAULTS);
        if (model == null) {
            throw Model.missing();
        }
        batch = or(batch, BatchSection.DEFAULTS);
        limits = or(limits, LimitsSection.DEFAULTS);
        content = or(content, ContentSection.DEFAULTS);
        cache = or(cache, new Cache(null));
        http = or(http, new Http(null, null));
        stop = or(stop, new Stop(null));
        calibration = Values.present(calibration, "calibration");
    }

    /** A configuration with the required settings alone. */
    public static ServiceConfig of(String bootstrapServers, String registryUrl, Path checkpoint) {
        return new ServiceConfigBuilder(
                        Map.of("bootstrap.servers", bootstrapServers),
                        Map.of(SchemaRegistryClient.URL, registryUrl),
                        new Model(checkpoint.toString(), null, null, null))
                .build();
    }

    /** The same with other settings. */
    public ServiceConfig with(UnaryOperator<ServiceConfigBuilder> changes) {
        return changes.apply(new ServiceConfigBuilder(this)).build();
    }

    /**
     * Reads a file.
     *
     * @throws SettingsException naming the key, its value and what was expected
     */
    public static ServiceConfig read(Path file) {
        return SettingsFile.read(file, ServiceConfig.class, ServiceConfig::check, KEYS);
    }

    /** Derives everything once, so that what is wrong is told when the settings are read. */
    private void check() {
        StreamsProperties.check(this);
        SchemaRegistryClient.check("registry", registry);
        if (serde != null) {
            ForeignSerde.named(serde);
        }
        Values.path("model.checkpoint", model.checkpoint());
        model.computed();
        calibration.forEach((platform, file) -> Values.path("calibration." + platform, file));
        engine(1);
        drain();
        limits.inline();
        contentPolicy();
        adaptersConfig();
    }

    /** @param workers batches that run at a time, if the settings do not say */
    EngineConfig engine(int workers) {
        return new EngineConfig(
                batch.policy(),
                limits.engine(),
                batch.device(workers),
                content.fetch(),
                or(cache.entries(), EngineConfig.DEFAULTS.cacheEntries()),
                limits.offGrammar(),
                limits.clips());
    }

    /** Address of the HTTP side. */
    String httpHost() {
        return or(http.host(), DEFAULT_HTTP_HOST);
    }

    /** Longest time for what is in the engine to be finished at a stop. */
    Duration drain() {
        Duration drain = duration("stop.drain", stop.drain(), DEFAULT_DRAIN);
        if (drain.compareTo(LONGEST_DRAIN) > 0) {
            throw new SettingsException(
                    "stop.drain: " + stop.drain() + " (expected: at most " + Values.written(LONGEST_DRAIN) + ")");
        }
        return drain;
    }

    ImageLimits imageLimits() {
        return limits.image();
    }

    ContentPolicy contentPolicy() {
        return content.policy(imageLimits().maxBytes());
    }

    /**
     * The maps to the platforms' own scales, read from their files.
     *
     * @throws SettingsException if one cannot be read, was changed, or is another platform's
     */
    public Calibrations calibrations() {
        return Calibrations.read(calibration.entrySet().stream()
                .collect(Collectors.toMap(Map.Entry::getKey, e -> Path.of(e.getValue()))));
    }

    /** How released adapters are taken into service; null: they are not. */
    public @Nullable AdaptersConfig adaptersConfig() {
        return adapters == null ? null : adapters.config(topics, limits.offGrammar());
    }

    /** The topics that must exist before the service starts, by what they hold. */
    public Map<Topics, String> requiredTopics() {
        Map<Topics, String> names = new EnumMap<>(topics.ofEvents());
        if (adapters != null) {
            names.put(Topics.ADAPTER_RELEASES, topics.releases());
            names.put(Topics.ADAPTER_STATUS, topics.status());
        }
        return names;
    }

    /** A serde for Avro values, as the settings say. */
    public Serde<GenericContainer> newSerde() {
        return serde == null ? new AvroSerde<>() : ForeignSerde.named(serde);
    }
}
