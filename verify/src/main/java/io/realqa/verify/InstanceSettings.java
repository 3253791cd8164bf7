package io.realqa.verify;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** The settings of the service for each slot, as `realqa serve` would read them. */
record InstanceSettings(
        String bootstrapServers,
        String registryUrl,
        List<String> hosts,
        Path folder,
        Duration sessionTimeout,
        Sabotage sabotage,
        Ports ports) {
    static final String APPLICATION = "realqa-fire";

    /** Timeouts are short, so that what a crash leaves behind costs seconds. */
    String yaml(int slot) {
        String interceptor = sabotage == Sabotage.PENDING
                ? "  producer.interceptor.classes: " + DropPendingEntries.class.getName() + "\n"
                : "";
        return """
                kafka:
                  bootstrap.servers: %s
                  application.id: %s
                  state.dir: %s
                  num.stream.threads: "2"
                  replication.factor: "3"
                  commit.interval.ms: "200"
                  session.timeout.ms: "%d"
                  heartbeat.interval.ms: "%d"
                  producer.transaction.timeout.ms: "10000"
                  producer.delivery.timeout.ms: "60000"
                  reconnect.backoff.max.ms: "500"
                  acceptable.recovery.lag: "1000000000"
                %sregistry:
                  schema.registry.url: %s
                model:
                  checkpoint: synthetic
                batch:
                  images: 32
                  delay: 20ms
                limits:
                  imageBytes: 65536
                content:
                  httpHosts: [%s]
                  timeout: 15s
                  attempts: 3
                """
                .formatted(
                        bootstrapServers,
                        APPLICATION,
                        folder.resolve("instance-" + slot).resolve("state"),
                        sessionTimeout.toMillis(),
                        sessionTimeout.toMillis() / 4,
                        interceptor,
                        registryUrl,
                        hosts.stream()
                                .map(h -> '"' + h + '"')
                                .collect(java.util.stream.Collectors.joining(", ")));
    }
}
