package io.realqa.cli.demo;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.realqa.cli.LocalStack;
import io.realqa.cli.trainer.CyclePrinter;
import io.realqa.cli.trainer.TrainerParts;
import io.realqa.events.ImageLabelled;
import io.realqa.events.ImageScored;
import io.realqa.events.ImageUploaded;
import io.realqa.measures.Agreement;
import io.realqa.schemas.SchemaRegistryClient;
import io.realqa.schemas.Topics;
import io.realqa.scorer.ModelHandle;
import io.realqa.streams.Model;
import io.realqa.streams.ScoringService;
import io.realqa.streams.ServiceConfig;
import io.realqa.streams.config.AdaptersSection;
import io.realqa.trainer.cycle.CycleJournal;
import io.realqa.trainer.cycle.CycleRecord;
import io.realqa.trainer.service.TrainerConfig;
import io.realqa.trainer.service.TrainerService;
import io.realqa.trainer.service.config.GateSection;
import io.realqa.trainer.service.config.TrainingSection;
import io.realqa.trainer.service.config.TriggerSection;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.IntStream;
import org.apache.avro.generic.GenericContainer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.Serde;
import org.jspecify.annotations.Nullable;

/**
 * The loop in one process: pictures are uploaded and scored, labellers with a taste of their own correct the scores, an
 * adapter is trained of their labels, gated, released, and swapped into the running workers. What it reports is read from
 * the published events. Owned by one thread.
 */
final class TrainDemo implements AutoCloseable {
    private static final String PLATFORM = "evening";
    private static final List<String> LABELLERS = List.of("ana", "ben", "cleo");
    /** Points by which two labellers' opinions of a picture differ, as a standard deviation. */
    private static final double DISAGREEMENT = 0.4;

    private static final int LIT_PICTURES = 100;
    private static final int SERIES = 24;
    private static final int MOST_AHEAD = 32;
    private static final long SEED = 7;
    private static final Duration LIVE_EVERY = Duration.ofSeconds(3);
    private static final Duration REFRESH = Duration.ofMillis(200);
    private static final Duration LONGEST = Duration.ofMinutes(60);
    private static final double GAIN = 0.2;
    private static final double LOSS = 0.03;

    private final PrintWriter out;
    private final int labels;
    private final Path home;
    private final ScoringService service;
    private final TrainerService trainer;
    private final KafkaProducer<String, GenericContainer> producer;
    private final KafkaConsumer<String, ImageScored> consumer;
    private final Map<String, ImageScored> scores = new HashMap<>();
    private final long start = System.nanoTime();
    private final TastePictures learning;
    private final TastePictures testing;
    private final Random random = new Random(SEED);

    TrainDemo(
            PrintWriter out,
            boolean terminal,
            Photographs photographs,
            int labels,
            Path home,
            LocalStack stack,
            ModelHandle model) {
        this.out = out;
        this.labels = labels;
        this.home = home;
        this.learning = new TastePictures(photographs, TastePictures.Part.LEARNING, SEED);
        this.testing = new TastePictures(photographs, TastePictures.Part.TESTING, SEED + 1);
        TrainerConfig config = trainerConfig(stack, model, home, labels);
        ServiceConfig serving = ServiceConfig.of(
                        stack.bootstrapServers(),
                        stack.registryUrl(),
                        model.scorer().checkpoint().folder())
                .with(c -> c.kafka(Map.of("state.dir", stack.stateFolder().toString()))
                        .adapters(
                                AdaptersSection.roots(List.of(config.adapters().toString()))));
        this.service = new ScoringService(serving, () -> Model.of(model.scorer(), serving));
        Serde<GenericContainer> serde = serving.newSerde();
        serde.configure(serving.registry(), false);
        this.trainer = new TrainerService(
                config,
                new TrainerService.Parts(
                        model.scorer().checkpoint(),
                        model.scorer().profile(),
                        serde,
                        TrainerParts.content(config),
                        TrainerParts.desk(config),
                        new SimpleMeterRegistry(),
                        new CyclePrinter(out, terminal),
                        Clock.systemUTC()));
        this.producer = stack.producer(Map.of());
        this.consumer = stack.consumer("demo-labellers", Topics.SCORES);
    }

    private static TrainerConfig trainerConfig(LocalStack stack, ModelHandle model, Path home, int labels) {
        return new TrainerConfig(
                Map.of("bootstrap.servers", stack.bootstrapServers()),
                Map.of(SchemaRegistryClient.URL, stack.registryUrl()),
                null,
                null,
                Map.of(),
                new TrainerConfig.Model(model.scorer().checkpoint().folder().toString(), null),
                List.of(PLATFORM),
                home.toString(),
                TrainerConfig.Feedback.DEFAULTS,
                new TrainerConfig.TrainingSet(0.25, null),
                new TriggerSection(labels, labels, "never", 0.0, null, null),
                new TrainingSection(
                        8, 16.0, 0.0, null, null, null, 0.5, null, 6, 16, 8, 5e-4, 0.05, null, null, 1.0, 0.0, 0.5,
                        null, null),
                new GateSection(40, null, null, null, null, null, 0.5, 0.1, 16, null),
                TrainerConfig.Release.DEFAULTS,
                new TrainerConfig.Measures("10s", 200),
                TrainerConfig.Content.DEFAULTS,
                null);
    }

    /** A picture and what the events say of it. */
    private record Tested(TastePictures.Picture picture, ImageScored score) {}

    /** @return 0: a better adapter answers now, and the old task is as good as before */
    int run() throws IOException, InterruptedException {
        service.start();
        trainer.start();
        List<TastePictures.Picture> test = testing.test(LIT_PICTURES, SERIES);
        say("scoring " + test.size() + " test pictures that nobody labels, with the base model");
        List<Tested> before = score("before", test);
        say("streaming " + labels + " pictures; " + String.join(", ", LABELLERS)
                + " correct their scores: they like warm light");
        label();
        say("the trainer has what it needs: " + labels + " labels");
        Swap swap = awaitSwap();
        if (swap == null) {
            return 1;
        }
        say(String.format(
                Locale.ROOT,
                "scores change version: %s is the last of %s (epoch %d), %s the first of %s (epoch %d)",
                swap.last().getImageId(),
                version(swap.last()),
                swap.last().getProvenance().getEpoch(),
                swap.first().getImageId(),
                version(swap.first()),
                swap.first().getProvenance().getEpoch()));
        say("scoring the test pictures again");
        List<Tested> after = score("after", test);
        return report(before, after, swap);
    }

    /** The last score of one version and the first of the next. */
    private record Swap(ImageScored last, ImageScored first, CycleRecord cycle) {}

    private List<Tested> score(String name, List<TastePictures.Picture> pictures) throws InterruptedException {
        Map<String, TastePictures.Picture> sent = new LinkedHashMap<>();
        int next = 0;
        while (next < pictures.size() || !scores.keySet().containsAll(sent.keySet())) {
            long open =
                    sent.keySet().stream().filter(id -> !scores.containsKey(id)).count();
            if (next < pictures.size() && open < MOST_AHEAD) {
                String id = String.format(Locale.ROOT, "%s-%04d", name, next);
                sent.put(id, pictures.get(next));
                upload(id, pictures.get(next++));
            } else {
                poll();
            }
        }
        List<Tested> all = new ArrayList<>();
        sent.forEach((id, picture) -> all.add(new Tested(picture, Objects.requireNonNull(scores.get(id)))));
        return all;
    }

    /** Uploads pictures, and answers each score with a label. */
    private void label() throws IOException, InterruptedException {
        Map<String, TastePictures.Picture> open = new LinkedHashMap<>();
        int sent = 0;
        int labelled = 0;
        while (labelled < labels) {
            if (sent < labels && open.size() < MOST_AHEAD) {
                TastePictures.Picture picture = learning.next();
                String id = String.format(Locale.ROOT, "picture-%04d", sent++);
                open.put(id, picture);
                upload(id, picture);
                continue;
            }
            poll();
            for (String id : List.copyOf(open.keySet())) {
                ImageScored score = scores.get(id);
                if (score != null) {
                    send(Topics.FEEDBACK, id, opinion(score, Objects.requireNonNull(open.remove(id))));
                    labelled++;
                }
            }
        }
    }

    private ImageLabelled opinion(ImageScored score, TastePictures.Picture picture) {
        double opinion = Taste.clip(picture.opinion() + DISAGREEMENT * random.nextGaussian());
        return ImageLabelled.newBuilder()
                .setImageId(score.getImageId())
                .setPlatform(PLATFORM)
                .setScore(Math.round(100 * opinion) / 100.0)
                .setLabeller(LABELLERS.get(random.nextInt(LABELLERS.size())))
                .setLabelledAt(Instant.now())
                .setScoreEventId(score.getEventId())
                .build();
    }

    /** Goes on uploading until a score is another version's; null: the gate let none through. */
    private @Nullable Swap awaitSwap() throws IOException, InterruptedException {
        CycleJournal journal = io.realqa.trainer.cycle.Cycle.journal(home);
        ImageScored last = null;
        int live = 0;
        String id = "";
        long nextUpload = System.nanoTime();
        while (System.nanoTime() - start < LONGEST.toNanos()) {
            if (System.nanoTime() >= nextUpload && (id.isEmpty() || scores.containsKey(id))) {
                nextUpload = System.nanoTime() + LIVE_EVERY.toNanos();
                id = String.format(Locale.ROOT, "live-%04d", live++);
                upload(id, learning.next());
            }
            poll();
            ImageScored score = scores.get(id);
            CycleRecord cycle = journal.last(PLATFORM).orElse(null);
            if (score != null && score.getProvenance().getAdapterDigest() != null && cycle != null) {
                return new Swap(last == null ? score : last, score, cycle);
            }
            last = score == null ? last : score;
            if (cycle != null && cycle.ended() && !"PROMOTE".equals(cycle.decision())) {
                say("no release: " + cycle.decision() + ": " + String.join("; ", cycle.reasons()));
                return null;
            }
            if (trainer.lost() || service.end() != ScoringService.End.STOPPED) {
                throw new IllegalStateException("the service or the trainer ended; see the log above");
            }
        }
        throw new IllegalStateException("no adapter within " + LONGEST + " (expected: one)");
    }

    private int report(List<Tested> before, List<Tested> after, Swap swap) {
        String served = swap.first().getProvenance().getAdapterDigest();
        boolean pure = after.stream()
                .allMatch(t -> Objects.equals(t.score().getProvenance().getAdapterDigest(), served));
        double[] taste = {taste(before), taste(after)};
        double[] old = {old(before), old(after)};
        out.println();
        out.println(
                "SRCC on test pictures, of parts of the photographs that the trainer never saw, from image.scores:");
        out.printf(Locale.ROOT, "  %-34s %8s %8s %8s%n", "", "base", "adapter", "change");
        row("new preference (warm light)", taste);
        row("old task (strength of damage)", old);
        out.printf(
                Locale.ROOT,
                "adapter %s, epoch %d, trained of set %s%n",
                served,
                swap.first().getProvenance().getEpoch(),
                swap.cycle().set());
        boolean good = pure && taste[1] - taste[0] >= GAIN && old[0] - old[1] <= LOSS;
        out.println(
                good
                        ? "the new preference is learned, and the old task is as good as before"
                        : "NOT as it should be (expected: a rise of at least " + GAIN + ", a fall of at most " + LOSS
                                + ", all scores of one version)");
        out.flush();
        return good ? 0 : 1;
    }

    private void row(String name, double[] values) {
        out.printf(Locale.ROOT, "  %-38s %8.3f %8.3f %+8.3f%n", name, values[0], values[1], values[1] - values[0]);
    }

    private static double taste(List<Tested> all) {
        return srcc(all.stream()
                .filter(t -> t.picture().kind() == TastePictures.Kind.LIGHT)
                .toList());
    }

    /** The mean over the series. */
    private static double old(List<Tested> all) {
        return IntStream.range(0, SERIES)
                .mapToDouble(i ->
                        srcc(all.stream().filter(t -> t.picture().series() == i).toList()))
                .average()
                .orElseThrow();
    }

    private static double srcc(List<Tested> all) {
        return Agreement.of(
                        all.stream().mapToDouble(t -> t.picture().opinion()).toArray(),
                        all.stream().mapToDouble(t -> t.score().getScore()).toArray())
                .srcc();
    }

    private static String version(ImageScored score) {
        String adapter = score.getProvenance().getAdapterDigest();
        return adapter == null ? "the base model" : adapter.substring(0, Math.min(19, adapter.length()));
    }

    private void upload(String id, TastePictures.Picture picture) throws InterruptedException {
        send(
                Topics.UPLOADS,
                id,
                ImageUploaded.newBuilder()
                        .setImageId(id)
                        .setPlatform(PLATFORM)
                        .setContent(ByteBuffer.wrap(picture.file()))
                        .setMediaType("image/jpeg")
                        .setUploadedAt(Instant.now())
                        .build());
    }

    private void send(Topics topic, String key, GenericContainer event) throws InterruptedException {
        try {
            producer.send(new ProducerRecord<>(topic.topic(), key, event)).get(60, TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException e) {
            throw new IllegalStateException(topic.topic() + ": not taken: " + e, e);
        }
    }

    private void poll() {
        for (ConsumerRecord<String, ImageScored> r : consumer.poll(REFRESH)) {
            scores.put(r.value().getImageId(), r.value());
        }
        if (System.nanoTime() - start > LONGEST.toNanos()) {
            throw new IllegalStateException("no end within " + LONGEST + "; see the log above");
        }
    }

    private void say(String text) {
        long seconds = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - start);
        out.printf(Locale.ROOT, "%3d:%02d  %s%n", seconds / 60, seconds % 60, text);
        out.flush();
    }

    @Override
    public void close() {
        trainer.close();
        service.close();
        consumer.close();
        producer.close(Duration.ofSeconds(10));
    }
}
