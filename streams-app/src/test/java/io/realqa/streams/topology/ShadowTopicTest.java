package io.realqa.streams.topology;

import static org.assertj.core.api.Assertions.assertThat;

import io.realqa.events.ImageScored;
import io.realqa.events.ImageUploaded;
import io.realqa.schemas.EventClasses;
import io.realqa.schemas.Topics;
import io.realqa.streams.content.ContentPolicy;
import io.realqa.streams.metrics.ServiceMetrics;
import io.realqa.streams.scoring.BatchScorer;
import io.realqa.streams.scoring.EngineConfig;
import io.realqa.streams.scoring.ModelRouter;
import io.realqa.streams.scoring.ScoringEngine;
import io.realqa.streams.scoring.TestModel;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.TopologyTestDriver;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class ShadowTopicTest {
    static {
        EventClasses.trust();
    }

    private static final String SHADOWS = "shadows";

    @TempDir
    Path state;

    private static final class Router implements ModelRouter {
        private final TestModel answers = new TestModel(grey -> {});
        private final TestModel candidate = new TestModel(
                grey -> {},
                new BatchScorer.Identity("sha256:checkpoint", "sha256:candidate", "sha256:p", "sha256:x", 9));

        @Override
        public BatchScorer route(String platform, String imageId) {
            return answers;
        }

        @Override
        public BatchScorer shadow(String platform, String imageId) {
            return candidate;
        }
    }

    /** Events on scores and shadows after one upload. */
    private void run(Map<Topics, String> names, Checks checks) throws Exception {
        Properties properties = new Properties();
        properties.put(StreamsConfig.STATE_DIR_CONFIG, state.toString());
        try (TestRegistry registry = new TestRegistry();
                ScoringEngine engine = new ScoringEngine(
                        new Router(),
                        ContentPolicy.defaults(),
                        EngineConfig.DEFAULTS,
                        ServiceMetrics.unseen(),
                        fault -> {})) {
            EventSerdes serdes = registry.serdes(names);
            serdes.register();
            Tasks tasks = new Tasks(
                    engine,
                    serdes,
                    new Tasks.Settings(1 << 20, Duration.ofSeconds(1), Duration.ZERO, "fences", true),
                    ServiceMetrics.unseen(),
                    Clock.systemUTC());
            try (TopologyTestDriver driver = new TopologyTestDriver(ScoringTopology.build(tasks), properties)) {
                var in = driver.createInputTopic(
                        Topics.UPLOADS.topic(), new ByteArraySerializer(), new ByteArraySerializer());
                var scores = driver.createOutputTopic(
                        Topics.SCORES.topic(), new ByteArrayDeserializer(), new ByteArrayDeserializer());
                var shadows =
                        driver.createOutputTopic(SHADOWS, new ByteArrayDeserializer(), new ByteArrayDeserializer());
                ImageUploaded upload = ImageUploaded.newBuilder()
                        .setImageId("id")
                        .setPlatform("tests")
                        .setUploadedAt(Instant.EPOCH)
                        .setContent(ByteBuffer.wrap(TestModel.image(9)))
                        .build();
                in.pipeInput("id".getBytes(StandardCharsets.UTF_8), registry.write(Topics.UPLOADS.topic(), upload));
                long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
                while (scores.isEmpty()) {
                    assertThat(System.nanoTime()).isLessThan(deadline);
                    driver.advanceWallClockTime(Duration.ofMillis(5));
                    Thread.onSpinWait();
                }
                ImageScored score = registry.read(ImageScored.class, scores.readValue());
                checks.check(score, shadows.isEmpty() ? null : registry.read(ImageScored.class, shadows.readValue()));
            }
        }
    }

    private interface Checks {
        void check(ImageScored score, @org.jspecify.annotations.Nullable ImageScored shadow);
    }

    @Test
    void aCandidatesScoreGoesToItsOwnTopicAsAnEventOfItsOwn() throws Exception {
        run(Map.of(Topics.SHADOW_SCORES, SHADOWS), (score, shadow) -> {
            assertThat(score.getProvenance().getAdapterDigest()).isNull();
            assertThat(shadow).isNotNull();
            assertThat(shadow.getProvenance().getAdapterDigest()).isEqualTo("sha256:candidate");
            assertThat(shadow.getProvenance().getEpoch()).isEqualTo(9);
            assertThat(shadow.getImageId()).isEqualTo("id");
            assertThat(shadow.getSource()).isEqualTo(score.getSource());
            assertThat(shadow.getContentSha256()).isEqualTo(score.getContentSha256());
            assertThat(shadow.getEventId()).isNotEqualTo(score.getEventId());
        });
    }

    @Test
    void withoutATopicForThemCandidatesScoresAreNotPublished() throws Exception {
        run(Map.of(), (score, shadow) -> {
            assertThat(score.getProvenance().getAdapterDigest()).isNull();
            assertThat(shadow).isNull();
        });
    }
}
