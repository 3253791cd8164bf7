package io.realqa.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LocalClusterTest {
    static final Path REGISTRY_HOME = Path.of(System.getProperty("realqa.home"), "local/target/registry");

    @Test
    void theBrokerCarriesARecordOverItsAdvertisedAddress(@TempDir Path data) throws Exception {
        try (LocalBroker broker = LocalBroker.start(data)) {
            broker.createTopics(List.of(new NewTopic("t", 1, (short) 1)));
            broker.createTopics(List.of(new NewTopic("t", 1, (short) 1)));
            try (var producer = new KafkaProducer<>(
                            Map.of("bootstrap.servers", broker.bootstrapServers()),
                            new StringSerializer(),
                            new StringSerializer());
                    var consumer = new KafkaConsumer<>(
                            Map.of(
                                    "bootstrap.servers",
                                    broker.bootstrapServers(),
                                    ConsumerConfig.AUTO_OFFSET_RESET_CONFIG,
                                    "earliest"),
                            new StringDeserializer(),
                            new StringDeserializer())) {
                producer.send(new ProducerRecord<>("t", "k", "v")).get(20, TimeUnit.SECONDS);
                consumer.assign(List.of(new TopicPartition("t", 0)));
                assertThat(consumer.poll(Duration.ofSeconds(20))
                                .iterator()
                                .next()
                                .value())
                        .isEqualTo("v");
            }
        }
    }

    @Test
    void theRegistryAnswersAndEndsWithItsHandle() throws Exception {
        ProcessHandle child;
        try (LocalRegistry registry = LocalRegistry.start(REGISTRY_HOME)) {
            child = ProcessHandle.of(registry.pid()).orElseThrow();
            var answer = HttpClient.newHttpClient()
                    .send(
                            HttpRequest.newBuilder(URI.create(registry.url() + "/subjects"))
                                    .build(),
                            BodyHandlers.ofString());
            assertThat(answer.statusCode()).isEqualTo(200);
            assertThat(answer.body()).isEqualTo("[]");
        }
        child.onExit().get(20, TimeUnit.SECONDS);
        assertThat(child.isAlive()).isFalse();
    }

    @Test
    void anEmptyRegistryHomeIsNamed(@TempDir Path empty) {
        assertThatThrownBy(() -> LocalRegistry.start(empty)).hasMessageContaining(empty.toString());
    }
}
