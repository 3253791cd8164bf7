package io.realqa.streams;

import io.realqa.streams.config.AdaptersSection;
import io.realqa.streams.config.BatchSection;
import io.realqa.streams.config.ContentSection;
import io.realqa.streams.config.LimitsSection;
import io.realqa.streams.config.TopicNames;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Settings in the making; what is not told has its default. */
public final class ServiceConfigBuilder {
    private Map<String, String> kafka;
    private Map<String, String> registry;
    private @Nullable String serde;
    private TopicNames topics = TopicNames.DEFAULTS;
    private final ServiceConfig.Model model;
    private BatchSection batch = BatchSection.DEFAULTS;
    private LimitsSection limits = LimitsSection.DEFAULTS;
    private ContentSection content = ContentSection.DEFAULTS;
    private ServiceConfig.Cache cache = new ServiceConfig.Cache(null);
    private ServiceConfig.Http http = new ServiceConfig.Http(null, null);
    private ServiceConfig.Stop stop = new ServiceConfig.Stop(null);
    private @Nullable AdaptersSection adapters;
    private Map<String, String> calibration = Map.of();

    /** With the sections that are required. */
    public ServiceConfigBuilder(Map<String, String> kafka, Map<String, String> registry, ServiceConfig.Model model) {
        this.kafka = kafka;
        this.registry = registry;
        this.model = model;
    }

    ServiceConfigBuilder(ServiceConfig from) {
        this(from.kafka(), from.registry(), from.model());
        serde = from.serde();
        topics = from.topics();
        batch = from.batch();
        limits = from.limits();
        content = from.content();
        cache = from.cache();
        http = from.http();
        stop = from.stop();
        adapters = from.adapters();
        calibration = from.calibration();
    }

    /** Settings beside, or instead of, those that there are. */
    public ServiceConfigBuilder kafka(Map<String, String> more) {
        kafka = new HashMap<>(kafka);
        kafka.putAll(more);
        return this;
    }

    /** Settings beside, or instead of, those that there are. */
    public ServiceConfigBuilder registry(Map<String, String> more) {
        registry = new HashMap<>(registry);
        registry.putAll(more);
        return this;
    }

    public ServiceConfigBuilder serde(@Nullable String className) {
        serde = className;
        return this;
    }

    public ServiceConfigBuilder topics(Map<String, String> names) {
        topics = new TopicNames(names);
        return this;
    }

    public ServiceConfigBuilder batch(BatchSection settings) {
        batch = settings;
        return this;
    }

    public ServiceConfigBuilder limits(LimitsSection settings) {
        limits = settings;
        return this;
    }

    public ServiceConfigBuilder content(ContentSection settings) {
        content = settings;
        return this;
    }

    /** @param entries scores that are kept */
    public ServiceConfigBuilder cache(int entries) {
        cache = new ServiceConfig.Cache(entries);
        return this;
    }

    public ServiceConfigBuilder http(String host, int port) {
        http = new ServiceConfig.Http(host, port);
        return this;
    }

    /** @param drain longest time for what is in the engine to be finished */
    public ServiceConfigBuilder stop(String drain) {
        stop = new ServiceConfig.Stop(drain);
        return this;
    }

    public ServiceConfigBuilder adapters(AdaptersSection settings) {
        adapters = settings;
        return this;
    }

    /** @param files by platform */
    public ServiceConfigBuilder calibration(Map<String, String> files) {
        calibration = files;
        return this;
    }

    public ServiceConfig build() {
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
                adapters,
                calibration);
    }
}
