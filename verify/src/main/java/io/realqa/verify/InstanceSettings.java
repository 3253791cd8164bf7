package io.realqa.verify;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;

/** The settings of the service for each slot, as `realqa serve` would read them. Thread-safe. */
final class InstanceSettings {
    static final String APPLICATION = "realqa-fire";

    /** A device call that takes longer hangs. */
    static final Duration CALL_TIMEOUT = Duration.ofSeconds(10);

    private final String bootstrapServers;
    private final String registryUrl;
    private final List<String> hosts;
    private final Path folder;
    private final Duration sessionTimeout;
    private final boolean adapters;
    private final Ports ports;
    private final Map<Integer, Integer> httpPorts = new ConcurrentHashMap<>();

    /**
     * @param hosts that uploads' URIs name, as host:port
     * @param adapters whether released adapters are followed
     */
    InstanceSettings(
            String bootstrapServers,
            String registryUrl,
            List<String> hosts,
            Path folder,
            Duration sessionTimeout,
            boolean adapters,
            Ports ports) {
        this.bootstrapServers = bootstrapServers;
        this.registryUrl = registryUrl;
        this.hosts = List.copyOf(hosts);
        this.folder = folder;
        this.sessionTimeout = sessionTimeout;
        this.adapters = adapters;
        this.ports = ports;
    }

    /** Where a slot's instance tells how it is. */
    int httpPort(int slot) {
        return httpPorts.computeIfAbsent(slot, s -> ports.next());
    }

    /** Timeouts are short, so that what a crash leaves behind costs seconds. */
    String yaml(int slot) {
        return """
                kafka:
                  bootstrap.servers: %s
                  application.id: %s
                  state.dir: %s
                  num.stream.threads: "2"
                  replication.factor: "3"
                  session.timeout.ms: "%d"
                  heartbeat.interval.ms: "%d"
                  producer.transaction.timeout.ms: "10000"
                  acceptable.recovery.lag: "1000000000"
                registry:
                  schema.registry.url: %s
                model:
                  checkpoint: synthetic
                batch:
                  images: 32
                  delay: 20ms
                  callTimeout: %ds
                limits:
                  imageBytes: 65536
                content:
                  httpHosts: [%s]
                  timeout: 15s
                  attempts: 3
                http:
                  host: 127.0.0.1
                  port: %d
                """.formatted(
                                bootstrapServers,
                                APPLICATION,
                                folder.resolve("instance-" + slot).resolve("state"),
                                sessionTimeout.toMillis(),
                                sessionTimeout.toMillis() / 4,
                                registryUrl,
                                CALL_TIMEOUT.toSeconds(),
                                hosts.stream().map(h -> '"' + h + '"').collect(Collectors.joining(", ")),
                                httpPort(slot))
                + (adapters ? adapters(slot) : "");
    }

    private static String adapters(int slot) {
        return """
                adapters:
                  roots: []
                  workerId: %s
                  heartbeat: 1s
                  patience: 10s
                """.formatted(worker(slot));
    }

    /** Name of a slot's instance on the status topic. */
    static String worker(int slot) {
        return "instance-" + slot;
    }
}
