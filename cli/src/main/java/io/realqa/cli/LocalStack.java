package io.realqa.cli;

import io.realqa.local.LocalBroker;
import io.realqa.local.LocalRegistry;
import io.realqa.schemas.SchemaRegistryClient;
import io.realqa.schemas.Topics;
import io.realqa.streams.config.TopicNames;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.NewTopic;

/** A broker and a schema registry on free ports of this machine, with topics and contracts in place. */
public final class LocalStack implements AutoCloseable {
    private final Path data;
    private final LocalBroker broker;
    private final LocalRegistry registry;

    private LocalStack(Path data, LocalBroker broker, LocalRegistry registry) {
        this.data = data;
        this.broker = broker;
        this.registry = registry;
    }

    /** Starts both side by side. */
    public static LocalStack start(int partitions) {
        Path data;
        try {
            data = Files.createTempDirectory("realqa-demo");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        CompletableFuture<LocalRegistry> registryStart =
                CompletableFuture.supplyAsync(() -> LocalRegistry.start(registryHome()));
        LocalBroker broker = null;
        try {
            broker = LocalBroker.start(Files.createDirectory(data.resolve("broker")));
            List<NewTopic> topics = Stream.of(Topics.values())
                    .map(t -> new NewTopic(t.topic(), partitions, (short) 1).configs(t.topicConfig()))
                    .toList();
            broker.createTopics(topics);
            broker.createTopics(List.of(new NewTopic(TopicNames.DEFAULTS.replays(), 1, (short) 1)
                    .configs(Map.of("cleanup.policy", "compact"))));
            LocalRegistry registry = registryStart.join();
            Topics.register(new SchemaRegistryClient(registry.url(), null));
            return new LocalStack(data, broker, registry);
        } catch (IOException | RuntimeException e) {
            if (broker != null) {
                broker.close();
            }
            registryStart.thenAccept(LocalRegistry::close);
            delete(data);
            Throwable cause = e instanceof CompletionException c && c.getCause() != null ? c.getCause() : e;
            throw new IllegalStateException(String.valueOf(cause.getMessage()), cause);
        }
    }

    /** Where the build unpacks the registry. */
    static Path registryHome() {
        return ModelOptions.home().resolve("local/target/registry");
    }

    public String bootstrapServers() {
        return broker.bootstrapServers();
    }

    public String registryUrl() {
        return registry.url();
    }

    /** A folder that goes when the stack does. */
    public Path stateFolder() {
        return data.resolve("state");
    }

    @Override
    public void close() {
        try {
            registry.close();
            broker.close();
        } finally {
            delete(data);
        }
    }

    private static void delete(Path folder) {
        try (Stream<Path> files = Files.walk(folder)) {
            files.sorted(Comparator.reverseOrder()).forEach(f -> f.toFile().delete());
        } catch (IOException | UncheckedIOException e) {
            folder.toFile().deleteOnExit();
        }
    }
}
