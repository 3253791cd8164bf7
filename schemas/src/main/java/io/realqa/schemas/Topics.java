package io.realqa.schemas;

import io.realqa.events.AdapterRelease;
import io.realqa.events.AdapterStatus;
import io.realqa.events.FeedbackRejected;
import io.realqa.events.ImageAttributesAssessed;
import io.realqa.events.ImageLabelled;
import io.realqa.events.ImageScored;
import io.realqa.events.ImageUploaded;
import io.realqa.events.LabelAccepted;
import io.realqa.events.ModelMeasured;
import io.realqa.events.UploadDeadLettered;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.avro.Schema;

/** The topics and the contract on each. Keys are UTF-8 strings. */
@SuppressWarnings("ImmutableEnumChecker") // an Avro schema is immutable once parsed
public enum Topics {
    UPLOADS("image.uploads", ImageUploaded.getClassSchema(), false),
    SCORES("image.scores", ImageScored.getClassSchema(), false),
    SHADOW_SCORES("image.scores.shadow", ImageScored.getClassSchema(), false),
    ATTRIBUTES("image.attributes", ImageAttributesAssessed.getClassSchema(), false),
    DEAD_LETTERS("image.uploads.dlq", UploadDeadLettered.getClassSchema(), false),
    FEEDBACK("image.feedback", ImageLabelled.getClassSchema(), false),
    FEEDBACK_REJECTS("image.feedback.rejects", FeedbackRejected.getClassSchema(), false),
    TRAINING_LABELS("training.labels", LabelAccepted.getClassSchema(), false),
    MODEL_MEASURES("model.measures", ModelMeasured.getClassSchema(), false),
    ADAPTER_RELEASES("adapter.releases", AdapterRelease.getClassSchema(), true),
    ADAPTER_STATUS("adapter.status", AdapterStatus.getClassSchema(), true);

    /** Largest record on the upload topic: inline content of up to a mebibyte by default, and room for more. */
    public static final int MAX_UPLOAD_BYTES = 2 << 20;
    /** Largest record that may hold a whole upload record: a dead letter, an entry of the pending store. */
    public static final int MAX_DEAD_LETTER_BYTES = 3 << 20;

    private final String topic;
    private final Schema schema;
    private final boolean compacted;

    Topics(String topic, Schema schema, boolean compacted) {
        this.topic = topic;
        this.schema = schema;
        this.compacted = compacted;
    }

    /** Default name of the topic. */
    public String topic() {
        return topic;
    }

    /** Contract of the value. */
    public Schema schema() {
        return schema;
    }

    /** Subject of the value under TopicNameStrategy. */
    public String subject() {
        return subject(topic);
    }

    /** Settings with which the topic is to be created. */
    public Map<String, String> topicConfig() {
        return switch (this) {
            case UPLOADS -> Map.of("max.message.bytes", Integer.toString(MAX_UPLOAD_BYTES));
            case DEAD_LETTERS -> Map.of("max.message.bytes", Integer.toString(MAX_DEAD_LETTER_BYTES));
            // Labels are the training set's memory: they stay until somebody removes them.
            case TRAINING_LABELS -> Map.of("retention.ms", "-1");
            default -> compacted ? Map.of("cleanup.policy", "compact") : Map.of();
        };
    }

    /** Partitions with which the topic is to be created, where the others have so many. */
    public int partitions(int others) {
        return switch (this) {
            // Either one order is wanted of all records, or there are few.
            case TRAINING_LABELS, MODEL_MEASURES, ADAPTER_RELEASES, ADAPTER_STATUS -> 1;
            default -> others;
        };
    }

    /** Registers every contract and sets each subject's compatibility to BACKWARD_TRANSITIVE first. */
    public static void register(SchemaRegistryClient registry) {
        for (Topics t : List.of(values())) {
            t.register(registry, t.topic);
        }
    }

    /**
     * Registers the contract, and sets its subject's compatibility to BACKWARD_TRANSITIVE first, if it is not the stricter
     * FULL_TRANSITIVE.
     *
     * @param name of the topic
     * @return the compatibility that holds
     */
    public Compatibility register(SchemaRegistryClient registry, String name) {
        Optional<Compatibility> strict = strict(registry, name);
        if (strict.isEmpty()) {
            registry.setCompatibility(subject(name), Compatibility.BACKWARD_TRANSITIVE);
        }
        registry.register(subject(name), schema);
        return strict.orElse(Compatibility.BACKWARD_TRANSITIVE);
    }

    /**
     * What is not as {@link #register} leaves it; empty: nothing.
     *
     * @param name of the topic
     */
    public Optional<String> unregistered(SchemaRegistryClient registry, String name) {
        try {
            registry.idOf(subject(name), schema);
        } catch (SchemaRegistryException e) {
            if (SchemaRegistryException.ofRegistry(e)) {
                throw e;
            }
            return Optional.of("not registered (expected: this version's contract)");
        }
        return strict(registry, name).isPresent()
                ? Optional.empty()
                : Optional.of(
                        registry.compatibility(subject(name)) + " (expected: BACKWARD_TRANSITIVE, set for itself)");
    }

    /** The subject's own compatibility, where it is strict enough. */
    private static Optional<Compatibility> strict(SchemaRegistryClient registry, String name) {
        return registry.ownCompatibility(subject(name))
                .filter(own -> own == Compatibility.BACKWARD_TRANSITIVE || own == Compatibility.FULL_TRANSITIVE);
    }

    /** Subject of the values of a topic under TopicNameStrategy. */
    public static String subject(String name) {
        return name + "-value";
    }
}
