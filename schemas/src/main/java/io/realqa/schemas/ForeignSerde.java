package io.realqa.schemas;

import java.io.EOFException;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.avro.generic.GenericContainer;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.InvalidConfigurationException;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serializer;
import org.jspecify.annotations.Nullable;

/**
 * A serde that is not this project's, such as Confluent's, whose failures are told as {@link AvroSerde} tells them: what
 * is wrong with a value is a {@link SerializationException}, what is wrong with the registry a {@link
 * SchemaRegistryException}. Confluent's uses the former for a registry that cannot be reached, too, and for others of its
 * failures any of Kafka's exceptions; then a registry that is away would make every upload a dead letter.
 *
 * @param <T> type of the values
 */
public final class ForeignSerde<T extends GenericContainer> implements Serde<T> {
    /** Of Confluent's client, which is not on the class path here; without its package, since it is often shaded. */
    private static final String REST_EXCEPTION = "RestClientException";
    /** What Confluent's client adds to each message; a code such as 40403 begins with the HTTP status. */
    private static final Pattern CODE = Pattern.compile("; error code: (\\d{3})");

    private static final int UNAUTHORIZED = 401;
    private static final int FORBIDDEN = 403;
    private static final int MOST_CAUSES = 16;

    private final Serde<T> serde;

    /** @param serde to be configured through {@link #configure} */
    ForeignSerde(Serde<T> serde) {
        EventClasses.trust();
        this.serde = serde;
    }

    /**
     * A new serde for Avro values, to be configured.
     *
     * @param className as the setting {@code serde} has it
     * @throws IllegalArgumentException naming it, if it cannot be had
     */
    @SuppressWarnings("unchecked") // the class is the deployment's choice; a wrong one fails at the first event
    public static Serde<GenericContainer> named(String className) {
        try {
            return new ForeignSerde<>((Serde<GenericContainer>) Class.forName(className)
                    .asSubclass(Serde.class)
                    .getDeclaredConstructor()
                    .newInstance());
        } catch (ReflectiveOperationException | ClassCastException | LinkageError e) {
            Throwable why = e instanceof InvocationTargetException && e.getCause() != null ? e.getCause() : e;
            throw new IllegalArgumentException(
                    "serde: " + className + ": " + why
                            + " (expected: a Kafka Serde with a constructor without arguments"
                            + " on the class path, to which REALQA_CLASSPATH adds libraries)",
                    e);
        }
    }

    /**
     * Events are read into their generated classes, if the settings do not say otherwise.
     *
     * @throws ConfigException if the serde lacks a library of its own
     */
    @Override
    public void configure(Map<String, ?> configs, boolean isKey) {
        Map<String, Object> settings = new HashMap<>(configs);
        settings.putIfAbsent(RegistryConfig.SPECIFIC_READER, "true");
        try {
            serde.configure(settings, isKey);
        } catch (LinkageError e) {
            throw new ConfigException("serde: " + serde.getClass().getName() + ": " + e
                    + " (expected: all its libraries on the class path, REALQA_CLASSPATH)");
        }
    }

    @Override
    public void close() {
        serde.close();
    }

    @Override
    public Serializer<T> serializer() {
        Serializer<T> serializer = serde.serializer();
        return (topic, value) -> {
            try {
                return serializer.serialize(topic, value);
            } catch (RuntimeException e) {
                SerializationException told = told(topic, e);
                if (e instanceof SerializationException || told instanceof SchemaRegistryException) {
                    throw told;
                }
                throw wrong(e);
            }
        };
    }

    /** An event of ours that it cannot write is no matter of waiting: it is the wrong serde. */
    private ConfigException wrong(RuntimeException failure) {
        ConfigException wrong = new ConfigException("serde: " + serde.getClass().getName() + ": " + failure
                + " (expected: a serde for Avro values of generated classes)");
        wrong.initCause(failure);
        return wrong;
    }

    @Override
    public Deserializer<T> deserializer() {
        Deserializer<T> deserializer = serde.deserializer();
        return (topic, bytes) -> {
            try {
                return deserializer.deserialize(topic, bytes);
            } catch (RuntimeException | StackOverflowError e) {
                // A value that is nested without end has no exception of its own.
                throw told(topic, e);
            }
        };
    }

    private static SerializationException told(String topic, Throwable e) {
        if (e instanceof SchemaRegistryException known) {
            return known;
        }
        List<Throwable> causes = causes(e);
        String message = "topic " + topic + ": " + shown(causes);
        OptionalInt status = status(causes);
        return status.isPresent()
                ? new SchemaRegistryException(status.getAsInt(), "schema registry: " + message, e)
                : new SerializationException(message, e);
    }

    private static List<Throwable> causes(Throwable failure) {
        List<Throwable> causes = new ArrayList<>();
        for (Throwable t = failure; t != null && causes.size() < MOST_CAUSES; t = t.getCause()) {
            causes.add(t);
        }
        return causes;
    }

    /** What it says itself, and what was behind that. */
    private static String shown(List<Throwable> causes) {
        Throwable first = causes.get(0);
        Throwable last = causes.get(causes.size() - 1);
        String said = first.getMessage() == null ? first.toString() : first.getMessage();
        return first == last ? said : said + ": " + last;
    }

    /** Of the registry's answer, or {@link SchemaRegistryException#NO_ANSWER}; empty if it is the value that is wrong. */
    private static OptionalInt status(List<Throwable> causes) {
        for (Throwable t : causes) {
            Integer answered = answered(t);
            if (answered != null) {
                return OptionalInt.of(answered);
            }
        }
        for (Throwable t : causes) {
            if (t instanceof AuthenticationException) {
                return OptionalInt.of(UNAUTHORIZED);
            }
            if (t instanceof AuthorizationException) {
                return OptionalInt.of(FORBIDDEN);
            }
            if (t instanceof RetriableException || t instanceof InvalidConfigurationException || ofTheNetwork(t)) {
                return OptionalInt.of(SchemaRegistryException.NO_ANSWER);
            }
        }
        return OptionalInt.empty();
    }

    /** The status that Confluent's client was answered with; null if it is no exception about that. */
    private static @Nullable Integer answered(Throwable t) {
        if (t.getClass().getSimpleName().equals(REST_EXCEPTION)) {
            try {
                return (Integer) t.getClass().getMethod("getStatus").invoke(t);
            } catch (NoSuchMethodException | IllegalAccessException | InvocationTargetException e) {
                throw new IllegalStateException(t.getClass().getName() + " without getStatus()", e);
            }
        }
        // Its earlier versions pass on no more than the message.
        Matcher code = CODE.matcher(String.valueOf(t.getMessage()));
        return t instanceof InvalidConfigurationException && code.find() ? Integer.valueOf(code.group(1)) : null;
    }

    /** Reading a value from memory there are two kinds of these: bytes that end early, and Avro's own. */
    private static boolean ofTheNetwork(Throwable t) {
        return t instanceof IOException
                && !(t instanceof EOFException)
                && !t.getClass().getName().startsWith("org.apache.avro.");
    }
}
