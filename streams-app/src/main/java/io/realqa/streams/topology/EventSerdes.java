package io.realqa.streams.topology;

import io.realqa.events.ImageAttributesAssessed;
import io.realqa.events.ImageScored;
import io.realqa.events.ImageUploaded;
import io.realqa.events.UploadDeadLettered;
import io.realqa.schemas.EventClasses;
import io.realqa.schemas.Topics;
import java.util.Map;
import org.apache.avro.generic.GenericContainer;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serializer;
import org.jspecify.annotations.Nullable;

/**
 * Events to bytes and back. Kafka Streams itself moves bytes only: so what cannot be read becomes a dead letter rather
 * than a failed thread, and an upload that is dead-lettered keeps its bytes.
 */
public final class EventSerdes {
    private final Serializer<GenericContainer> serializer;
    private final Deserializer<GenericContainer> deserializer;
    private final Map<Topics, String> names;

    /**
     * @param serde a serde for Avro values in Confluent's wire format: this project's or Confluent's
     * @param settings its settings, such as schema.registry.url
     * @param names what the topics are called here
     */
    public EventSerdes(Serde<GenericContainer> serde, Map<String, ?> settings, Map<Topics, String> names) {
        EventClasses.trust();
        serde.configure(settings, false);
        this.serializer = serde.serializer();
        this.deserializer = serde.deserializer();
        this.names = Map.copyOf(names);
    }

    /**
     * Makes the registry know every contract that is written, so that it is not needed any more when scores are there.
     *
     * @throws SerializationException if the registry does not answer or refuses
     */
    public void register() {
        SampleEvents samples = new SampleEvents(topic(Topics.UPLOADS));
        score(samples.score());
        if (publishesShadows()) {
            shadowScore(samples.score());
        }
        attributes(samples.attributes());
        deadLetter(samples.deadLetter());
    }

    String topic(Topics topic) {
        return names.getOrDefault(topic, topic.topic());
    }

    /** Reads an upload; anything else is a {@link SerializationException}. */
    ImageUploaded upload(String topic, byte @Nullable [] value) {
        if (value == null) {
            throw new SerializationException(
                    "topic " + topic + ": a record without a value (expected: an upload event)");
        }
        GenericContainer event = deserializer.deserialize(topic, value);
        if (event instanceof ImageUploaded upload) {
            return upload;
        }
        throw new SerializationException("topic " + topic + ": a value of "
                + (event == null ? null : event.getSchema().getFullName()) + " (expected: "
                + ImageUploaded.getClassSchema().getFullName() + ")");
    }

    byte[] score(ImageScored event) {
        return serializer.serialize(topic(Topics.SCORES), event);
    }

    /** Whether candidates' scores go out at all: their topic has a name only if somebody wants them. */
    boolean publishesShadows() {
        return names.containsKey(Topics.SHADOW_SCORES);
    }

    byte[] shadowScore(ImageScored event) {
        return serializer.serialize(topic(Topics.SHADOW_SCORES), event);
    }

    byte[] attributes(ImageAttributesAssessed event) {
        return serializer.serialize(topic(Topics.ATTRIBUTES), event);
    }

    byte[] deadLetter(UploadDeadLettered event) {
        return serializer.serialize(topic(Topics.DEAD_LETTERS), event);
    }
}
