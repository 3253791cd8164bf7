package io.realqa.schemas;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.EOFException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.ConnectException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.avro.AvroRuntimeException;
import org.apache.avro.InvalidNumberEncodingException;
import org.apache.avro.generic.GenericContainer;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.DisconnectException;
import org.apache.kafka.common.errors.InvalidConfigurationException;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.errors.ThrottlingQuotaExceededException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class ForeignSerdeTest {
    /** As Confluent's client has it. */
    public static final class RestClientException extends Exception {
        private static final long serialVersionUID = 1L;
        private final int status;

        RestClientException(String message, int status, int code) {
            super(message + "; error code: " + code);
            this.status = status;
        }

        public int getStatus() {
            return status;
        }
    }

    /** Fails as it is told to, both ways. */
    private static final class Failing implements Serde<GenericContainer> {
        final Map<String, Object> settings = new HashMap<>();
        private final Throwable failure;

        Failing(Throwable failure) {
            this.failure = failure;
        }

        @Override
        public void configure(Map<String, ?> configs, boolean isKey) {
            settings.putAll(configs);
            if (failure instanceof LinkageError e) {
                throw e;
            }
        }

        private <R> R fail() {
            if (failure instanceof Error e) {
                throw e;
            }
            throw (RuntimeException) failure;
        }

        @Override
        public Serializer<GenericContainer> serializer() {
            return (topic, value) -> fail();
        }

        @Override
        public Deserializer<GenericContainer> deserializer() {
            return (topic, bytes) -> fail();
        }
    }

    private static RestClientException answer(int status, int code) {
        return new RestClientException("answer", status, code);
    }

    static Stream<Arguments> ofTheRegistry() {
        String reading = "Error retrieving Avro value schema version for id 7";
        return Stream.of(
                Arguments.of(new SerializationException(reading, new ConnectException("refused")), 0),
                Arguments.of(new SerializationException(reading, new IOException("not JSON")), 0),
                Arguments.of(new TimeoutException(reading, new InterruptedIOException("late")), 0),
                Arguments.of(new TimeoutException(reading, answer(500, 50001)), 500),
                Arguments.of(new DisconnectException(reading), 0),
                Arguments.of(new ThrottlingQuotaExceededException("too many"), 0),
                Arguments.of(new AuthenticationException(reading, answer(401, 401)), 401),
                Arguments.of(new AuthorizationException(reading), 403),
                Arguments.of(new SerializationException(reading, answer(422, 42201)), 422),
                Arguments.of(new InvalidConfigurationException("Unauthorized; error code: 40101"), 401),
                Arguments.of(new InvalidConfigurationException("no client"), 0));
    }

    @ParameterizedTest
    @MethodSource("ofTheRegistry")
    void whatTheRegistryDidIsToldAsSuch(RuntimeException failure, int status) {
        for (Runnable use : uses(failure)) {
            assertThatThrownBy(use::run)
                    .isInstanceOfSatisfying(SchemaRegistryException.class, e -> {
                        assertThat(e.status()).isEqualTo(status);
                        assertThat(SchemaRegistryException.ofRegistry(e)).isTrue();
                    })
                    .hasMessageStartingWith("schema registry: topic t: " + failure.getMessage());
        }
    }

    static Stream<Throwable> ofTheValue() {
        return Stream.of(
                new SerializationException("Unknown magic byte!"),
                new SerializationException("Error deserializing Avro message for id 7", new EOFException()),
                new SerializationException("id 7", new InvalidNumberEncodingException("Invalid int encoding")),
                new SerializationException("no such schema", answer(404, 40403)),
                new InvalidConfigurationException("Schema 7 not found; error code: 40403"),
                new AvroRuntimeException("Malformed data"),
                new ClassCastException("a record is no upload"),
                new StackOverflowError());
    }

    @ParameterizedTest
    @MethodSource("ofTheValue")
    void whatIsWrongWithAValueIsToldAsSuch(Throwable failure) {
        assertThatThrownBy(uses(failure).get(0)::run)
                .isInstanceOfSatisfying(
                        SerializationException.class,
                        e -> assertThat(SchemaRegistryException.ofRegistry(e)).isFalse())
                .hasMessageContaining("topic t: ");
    }

    /** Else whoever writes it would wait for the registry for ever. */
    @Test
    void anEventThatTheSerdeCannotWriteIsADefectOfTheSettings() {
        ClassCastException failure = new ClassCastException("an event is no String");
        assertThatThrownBy(uses(failure).get(1)::run)
                .isInstanceOf(ConfigException.class)
                .hasCause(failure)
                .hasMessageContaining("Failing: " + failure + " (expected: a serde for Avro values");
    }

    public static final class Incomplete implements Serde<GenericContainer> {
        public Incomplete() {
            throw new NoClassDefFoundError("org/apache/hc/Client");
        }

        @Override
        public Serializer<GenericContainer> serializer() {
            throw new UnsupportedOperationException();
        }

        @Override
        public Deserializer<GenericContainer> deserializer() {
            throw new UnsupportedOperationException();
        }
    }

    @Test
    void whatItsConstructorLacksIsNamed() {
        assertThatThrownBy(() -> ForeignSerde.named(Incomplete.class.getName()))
                .hasMessageContaining("Incomplete: java.lang.NoClassDefFoundError: org/apache/hc/Client (expected: ");
    }

    private static List<Runnable> uses(Throwable failure) {
        ForeignSerde<GenericContainer> serde = new ForeignSerde<>(new Failing(failure));
        return List.of(
                () -> serde.deserializer().deserialize("t", new byte[0]),
                () -> serde.serializer().serialize("t", null));
    }

    @Test
    void eventsAreReadIntoTheirClassesUnlessTheSettingsSayOtherwise() {
        Failing given = new Failing(new ClassCastException());
        new ForeignSerde<>(given).configure(Map.of("schema.registry.url", "http://a"), false);
        assertThat(given.settings).containsEntry("specific.avro.reader", "true").containsKey("schema.registry.url");
    }

    @Test
    void aLibraryThatTheSerdeLacksIsNamed() {
        ForeignSerde<GenericContainer> serde =
                new ForeignSerde<>(new Failing(new NoClassDefFoundError("org/apache/hc/Client")));
        assertThatThrownBy(() -> serde.configure(Map.of(), false))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("org/apache/hc/Client (expected: all its libraries on the class path");
    }
}
