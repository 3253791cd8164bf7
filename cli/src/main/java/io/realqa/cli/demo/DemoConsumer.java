package io.realqa.cli.demo;

import io.realqa.cli.LocalStack;
import io.realqa.cli.ScoreTable;
import io.realqa.events.ImageAttributesAssessed;
import io.realqa.events.ImageScored;
import io.realqa.events.UploadDeadLettered;
import io.realqa.schemas.Topics;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.avro.generic.GenericContainer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.jspecify.annotations.Nullable;

/** The consumers' side of the demo: reads committed scores, attributes and dead letters. Owned by one thread. */
final class DemoConsumer implements AutoCloseable {
    /** The view and the summary need the last ones; an endless demo must not keep all. */
    private static final int MOST_KEPT = 500;

    private final KafkaConsumer<String, GenericContainer> consumer;
    private final Map<String, ImageScored> scores = new HashMap<>();
    private final Map<String, ImageAttributesAssessed> attributes = new HashMap<>();
    private final List<Finished> all = new ArrayList<>();
    private volatile int finished;
    private volatile int refused;

    /** An upload that came out: scored with its attributes, or dead-lettered. */
    record Finished(
            String name,
            @Nullable ImageScored score,
            List<ScoreTable.Cell> cells,
            @Nullable UploadDeadLettered dead) {
        String line(ScoreTable table) {
            if (dead != null) {
                return table.rejected(name, dead.getReason(), dead.getMessage());
            }
            ImageScored s = java.util.Objects.requireNonNull(score);
            return table.row(
                    name, s.getScore(), s.getStandardDeviation(), s.getIntervalLow(), s.getIntervalHigh(), cells);
        }
    }

    DemoConsumer(LocalStack stack) {
        consumer = stack.consumer("demo-view", Topics.SCORES, Topics.ATTRIBUTES, Topics.DEAD_LETTERS);
    }

    void poll(Duration longest) {
        for (ConsumerRecord<String, GenericContainer> record : consumer.poll(longest)) {
            GenericContainer event = record.value();
            if (event instanceof ImageScored s) {
                scores.put(s.getImageId(), s);
                join(s.getImageId());
            } else if (event instanceof ImageAttributesAssessed a) {
                attributes.put(a.getImageId(), a);
                join(a.getImageId());
            } else if (event instanceof UploadDeadLettered d) {
                add(new Finished(String.valueOf(d.getImageId()), null, List.of(), d));
            }
        }
    }

    private void join(String id) {
        ImageScored s = scores.get(id);
        ImageAttributesAssessed a = attributes.get(id);
        if (s == null || a == null) {
            return;
        }
        scores.remove(id);
        attributes.remove(id);
        List<ScoreTable.Cell> cells = a.getAttributes().stream()
                .map(x -> new ScoreTable.Cell(x.getName(), x.getValue()))
                .toList();
        add(new Finished(id, s, cells, null));
    }

    private void add(Finished one) {
        all.add(one);
        if (all.size() > MOST_KEPT) {
            all.remove(0);
        }
        finished++;
        if (one.score() == null) {
            refused++;
        }
    }

    /** How many uploads came out. */
    int finished() {
        return finished;
    }

    /** How many of them as dead letters. */
    int refused() {
        return refused;
    }

    /** The last of them, oldest first. */
    List<Finished> all() {
        return all;
    }

    @Override
    public void close() {
        consumer.close();
    }
}
