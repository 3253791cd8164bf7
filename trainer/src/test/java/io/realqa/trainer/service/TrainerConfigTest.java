package io.realqa.trainer.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.realqa.trainer.cycle.ReleaseDesk;
import io.realqa.trainer.cycle.TriggerPolicy;
import io.realqa.trainer.feedback.FeedbackSettings;
import io.realqa.trainer.feedback.Labels;
import io.realqa.trainer.gate.GateSettings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TrainerConfigTest {
    private static final String LEAST = """
            kafka: {bootstrap.servers: "localhost:9092"}
            registry: {schema.registry.url: "http://localhost:8081"}
            model: {checkpoint: models/demo}
            folder: /var/lib/trainer
            """;

    @TempDir
    Path folder;

    private TrainerConfig read(String more) throws Exception {
        return TrainerConfig.read(Files.writeString(folder.resolve("trainer.yaml"), LEAST + more));
    }

    @Test
    void withTheRequiredKeysAloneEverythingHasItsDefault() throws Exception {
        TrainerConfig config = read("");
        assertThat(config.platforms()).containsExactly("*");
        assertThat(config.feedbackSettings()).isEqualTo(FeedbackSettings.DEFAULTS);
        assertThat(config.triggerSettings()).isEqualTo(TriggerPolicy.Settings.DEFAULTS);
        assertThat(config.cycle().gate()).isEqualTo(GateSettings.DEFAULTS);
        assertThat(config.cycle().target()).isEqualTo(ReleaseDesk.Target.ACTIVE);
        assertThat(config.topic("feedback-rejects")).isEqualTo("image.feedback.rejects");
    }

    @Test
    void theExampleSaysTheDefaults() throws Exception {
        TrainerConfig example = TrainerConfig.read(Labels.HOME.resolve("deploy/trainer.example.yaml"));
        TrainerConfig least = read("");
        assertThat(example.feedbackSettings()).isEqualTo(least.feedbackSettings());
        assertThat(example.triggerSettings()).isEqualTo(least.triggerSettings());
        assertThat(example.cycle()).isEqualTo(least.cycle());
        assertThat(example.feedbackTopics()).isEqualTo(least.feedbackTopics());
        assertThat(example.measuresEvery()).isEqualTo(least.measuresEvery());
        assertThat(example.measuresWindow()).isEqualTo(least.measuresWindow());
        assertThat(example.trainerName()).isEqualTo(least.trainerName());
        assertThat(example.answers()).isEqualTo(least.answers());
        assertThat(example.platforms()).isEqualTo(least.platforms());
    }

    @Test
    void aFileIsNoFolder() throws Exception {
        Path file = Files.writeString(folder.resolve("taken"), "");
        Path settings = folder.resolve("trainer.yaml");
        Files.writeString(settings, LEAST.replace("/var/lib/trainer", file.toString()));
        assertThatThrownBy(() -> TrainerConfig.read(settings))
                .hasMessage(settings + ": folder: " + file + " (expected: a folder)");
    }

    @Test
    void whatIsSetCounts() throws Exception {
        TrainerConfig config = read("""
                platforms: [vivid, plain]
                topics: {feedback: labels.in}
                trigger: {every: never, newLabels: 7, pause: 1m}
                release: {as: canary, share: 0.2}
                gate: {degradations: [blur, TILT], confidence: 0.9}
                training: {rank: 4, softLabels: true}
                """);
        assertThat(config.triggerSettings().every()).isNull();
        assertThat(config.triggerSettings().newLabels()).isEqualTo(7);
        assertThat(config.triggerSettings().pause()).isEqualTo(Duration.ofMinutes(1));
        assertThat(config.cycle().target()).isEqualTo(ReleaseDesk.Target.CANARY);
        assertThat(config.cycle().share()).isEqualTo(0.2);
        assertThat(config.cycle().degradations()).hasSize(2);
        assertThat(config.cycle().training().lora())
                .extracting(lora -> lora.alpha())
                .isEqualTo(8.0);
        assertThat(config.topic("feedback")).isEqualTo("labels.in");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "triger: {newLabels: 3} | triger: unknown key",
                "trigger: {newLables: 3} | trigger.newLables: unknown key",
                "trigger: {every: daily} | trigger.every: daily (expected: a duration such as 20ms",
                "trigger: {minimumLabels: 0} | trigger.minimumLabels: 0 (expected: at least 1)",
                "topics: {uploads: x} | topics.uploads: unknown (expected: one of",
                "feedback: {labellerShare: 2} | feedback.labellerShare: 2.0 (expected: above 0, at most 1)",
                "release: {as: candidate} | release.as: candidate (expected: active or canary)",
                "gate: {degradations: [fog]} | gate.degradations: fog (expected: some of [blur",
                "gate: {resamples: 3} | gate.resamples: 3 (expected: 100 to 1000000)",
                "training: {epochs: 0} | training.epochs: 0 (expected: at least 1)",
                "training: {epochs: many} | training.epochs",
                "measures: {every: 0s} | measures.every: 0 (expected: above 0)",
                "content: {fileRoots: [~]} | content.fileRoots: null (expected: no empty element)",
                "content: {httpHosts: [~]} | content.httpHosts: null (expected: no empty element)",
                "http: {host: '', port: 0} | http.host: \"\" (expected: an address of this machine)",
                "http: {port: 70000} | http.port: 70000 (expected: 0 to 65535)",
                "topics: {scores: ~} | topics.scores: null (expected: a value)",
                "platforms: [~] | platforms: null (expected: no empty element)",
                "platforms: [a, a] | platforms: [a, a] (expected: at least one, each once)",
                "set: {heldOut: 1.1} | set.heldOut: 1.1 (expected: above 0 and less than 1)",
                "set: {near: -1} | set.near: -1 (expected: 0 to",
                "training: {saveEvery: 0} | training.saveEvery: 0 (expected: at least 1)",
                "training: {batch: 0} | training.batch: 0 (expected: at least 1)",
                "training: {plain: 2} | training.plain: 2.0 (expected: 0 to 1)",
                "training: {rank: 0} | training.rank: 0 (expected: 1 to 4096)",
                "training: {targets: ['regex:(']} | training.targets: regex:( (expected: a regular expression;",
                "gate: {minimumImages: 0} | gate.minimumImages, gate.minimumSliceImages: 0, 20 (expected: at least 3)",
                "gate: {confidence: 2} | gate.confidence: 2.0 (expected: ",
                "feedback: {answers: -1} | feedback.answers: -1 (expected: at least 1)",
                "measures: {window: 0} | measures.window: 0 (expected: 50 to 1000000)",
                "trigger: {every: 999999999d} | trigger.every: 999999999d (expected: at most 3650d)",
                "topics: {feedback: ''} | topics.feedback: \"\" (expected: ",
                "topics: {feedback: no such topic} | topics.feedback: \"no such topic\" (expected: ",
                "topics: {feedback: image.scores} | topics.scores: image.scores (expected: another topic than",
                "name: '' | name: \"\" (expected: ",
                "platforms: [''] | platforms: \"\" (expected: no empty element)",
                "content: {fileRoots: ['']} | content.fileRoots: \"\" (expected: no empty element)",
                "release: {s3: {endpoint: x}} | release.s3.endpoint: x (expected: ",
                "folder: /twice | Duplicate field 'folder'"
            })
    void anErrorNamesTheKeyItsValueAndWhatWasExpected(String more, String message) {
        assertThatThrownBy(() -> read(more))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("trainer.yaml: ")
                .hasMessageContaining(message);
    }

    @Test
    void aRegistryWithoutSchemeIsRefused() {
        String settings = LEAST.replace("http://localhost:8081", "localhost:8081");
        assertThatThrownBy(() -> TrainerConfig.read(Files.writeString(folder.resolve("trainer.yaml"), settings)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("registry.schema.registry.url: localhost:8081 (expected: an address such as");
    }
}
