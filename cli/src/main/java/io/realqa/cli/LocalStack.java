package io.realqa.cli;

import io.realqa.local.LocalBroker;
import io.realqa.local.LocalRegistry;
import io.realqa.schemas.AvroDeserializer;
import io.realqa.schemas.AvroSerializer;
import io.realqa.schemas.SchemaRegistryClient;
import io.realqa.schemas.Topics;
import io.realqa.streams.config.TopicNames;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.stream.Stream;
import org.apache.avro.generic.GenericContainer;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

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
                Beside.start("registry-start", () -> LocalRegistry.start(registryHome()));
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

    /**
     * A producer of Avro events, of uploads too.
     *
     * @param settings besides
     */
    public <T extends GenericContainer> KafkaProducer<String, T> producer(Map<String, Object> settings) {
        AvroSerializer<T> serializer = new AvroSerializer<>();
        serializer.configure(Map.of(SchemaRegistryClient.URL, registryUrl()), false);
        Map<String, Object> all = new HashMap<>(settings);
        all.put("bootstrap.servers", bootstrapServers());
        all.put("max.request.size", Topics.MAX_UPLOAD_BYTES);
        return new KafkaProducer<>(all, new StringSerializer(), serializer);
    }

    /**
     * A consumer of all events that were committed to some topics, in a group of its own.
     *
     * @param name that the group's begins with
     */
    public <T extends GenericContainer> KafkaConsumer<String, T> consumer(String name, Topics... topics) {
        AvroDeserializer<T> deserializer = new AvroDeserializer<>();
        deserializer.configure(Map.of(SchemaRegistryClient.URL, registryUrl()), false);
        KafkaConsumer<String, T> consumer = new KafkaConsumer<>(
                Map.of(
                        "bootstrap.servers",
                        bootstrapServers(),
                        "group.id",
                        name + "-" + UUID.randomUUID(),
                        "isolation.level",
                        "read_committed",
                        "auto.offset.reset",
                        "earliest"),
                new StringDeserializer(),
                deserializer);
        consumer.subscribe(Stream.of(topics).map(Topics::topic).toList());
        return consumer;
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
