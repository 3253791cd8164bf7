package io.realqa.trainer.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.realqa.scorer.ScoringProfile;
import io.realqa.trainer.Label;
import io.realqa.trainer.data.DatasetSpec.Formatting;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class LabelConverterTest {
    private static final ScoringProfile PROFILE = ScoringProfile.in(
                    Path.of(System.getProperty("realqa.home"), "models/demo"))
            .orElseThrow();
    private static final LabelConverter CONVERTER = new LabelConverter(PROFILE);

    @TempDir
    Path folder;

    private static Conversation conversation(String question, String answer, String... images) {
        return new Conversation(
                "d",
                Path.of("d.json"),
                4,
                Optional.empty(),
                List.of(new Turn(Turn.Role.USER, "<image>" + question), new Turn(Turn.Role.ASSISTANT, answer)),
                List.of(),
                List.of(),
                List.of(images),
                OptionalDouble.of(0.5));
    }

    @ParameterizedTest
    @EnumSource
    void labelsBecomeConversationsAndTheSameLabelsAgain(Formatting formatting) throws IOException {
        List<Label> labels = List.of(
                new Label("a.jpg", OptionalDouble.of(6.59), OptionalDouble.of(1.25), Map.of("exposure", "overexposed")),
                new Label("b.jpg", OptionalDouble.of(7), OptionalDouble.empty(), Map.of()),
                new Label(
                        "c.jpg",
                        OptionalDouble.empty(),
                        OptionalDouble.empty(),
                        Map.of("composition", "7", "subject-clutter", "uncluttered", "saturation", "very low")));
        try (ConversationWriter writer = new ConversationWriter(folder, "set", formatting)) {
            for (Label label : labels) {
                for (LabelConverter.Question q : CONVERTER.toQuestions(label)) {
                    writer.write(q);
                }
            }
            assertThat(folder.resolve("set.json")).doesNotExist();
            writer.finish();
        }
        assertThat(folder).isDirectoryNotContaining("glob:**.part");
        List<Label> back = new ArrayList<>();
        try (ConversationReader reader =
                ConversationReader.open(DatasetInfo.in(folder).get("set"), folder, Long.MAX_VALUE)) {
            reader.forEachRemaining(c -> {
                Label label = CONVERTER.toLabel(c);
                int last = back.size() - 1;
                if (last >= 0 && back.get(last).imageId().equals(label.imageId())) {
                    back.set(last, LabelConverter.merge(back.get(last), label));
                } else {
                    back.add(label);
                }
            });
        }
        assertThat(back).isEqualTo(labels);
    }

    @Test
    void anEntryIsAddedToTheDataSetsThatAreThere() throws IOException {
        Files.writeString(folder.resolve("dataset_info.json"), "{\"old\": {\"file_name\": \"old.json\"}}");
        try (ConversationWriter writer = new ConversationWriter(folder, "new", Formatting.SHAREGPT)) {
            writer.finish();
        }
        assertThat(DatasetInfo.in(folder).names()).containsExactly("old", "new");
    }

    @Test
    void aFormStatesScoreAndAttributesAtOnceAndItsReasonsAreNotTakenForValues() {
        Label label = CONVERTER.toLabel(conversation(
                "Rate it with the regular form.",
                "1.1 Reason for Composition Score: 9 lines lead in, 1.2 Composition Score: 7 2.1 Subject Clutter: uncluttered,"
                        + " 3.1 Exposure: Severely overexposed. The final score is <6.59>.",
                "a.jpg"));
        assertThat(label.score()).hasValue(6.59);
        assertThat(label.deviation()).hasValue(0.5);
        assertThat(label.attributes())
                .containsOnly(
                        Map.entry("composition", "7"),
                        Map.entry("subject-clutter", "uncluttered"),
                        Map.entry("exposure", "severely overexposed"));
    }

    @Test
    void whatDoesNotMakeALabelIsNamed() {
        refuses(
                conversation("Rate it.", "Nice.", "a.jpg"),
                "d.json, row 4: answer: Nice. (expected: a score or attributes");
        refuses(
                conversation("What is the exposure of this image?", "Exposure: odd.", "a.jpg"),
                "row 4: answer: Exposure: odd. (expected: Exposure: {value}. with one of [severely under");
        refuses(
                conversation("Rate it.", "The score of this image is 10.50.", "a.jpg"),
                "score: 10.50 (expected: 0.00 to 9.99)");
        refuses(conversation("Rate it.", "The score of this image is 5.50."), "images: 0 (expected: 1, the image");
        assertThatThrownBy(() -> LabelConverter.merge(
                        new Label("a", OptionalDouble.of(1), OptionalDouble.empty(), Map.of()),
                        new Label("a", OptionalDouble.of(2), OptionalDouble.empty(), Map.of())))
                .hasMessage("a: score: 1.0 and 2.0 (expected: one score)");
    }

    private static void refuses(Conversation conversation, String message) {
        assertThatThrownBy(() -> CONVERTER.toLabel(conversation))
                .isInstanceOf(DataException.class)
                .hasMessageContaining(message);
    }

    @Test
    void labelLinesAreReadAsTheyAreWrittenAndChecked() throws IOException {
        Label label = new Label("a.jpg", OptionalDouble.of(6.59), OptionalDouble.of(0.7), Map.of("composition", "7"));
        Path file = Files.writeString(folder.resolve("labels.jsonl"), LabelFile.line(label) + "\n\n");
        List<Label> read = new ArrayList<>();
        LabelFile.read(file, PROFILE, read::add);
        assertThat(read).containsExactly(label);
        lineRefuses("{\"score\": 5}", "line 1: image: missing (expected: a path or an id)");
        lineRefuses("{\"image\": \"a\", \"score\": 12}", "line 1: score: 12.0 (expected: 0.0 to 9.99)");
        lineRefuses("{\"image\": \"a\", \"score\": \"5\"}", "line 1: score: \"5\" (expected: a number)");
        lineRefuses(
                "{\"image\": \"a\", \"scor\": 5}", "line 1: scor: unknown (expected: image, score, deviation, attr");
        lineRefuses("{\"image\": \"a\"", "line 1: not JSON");
        lineRefuses("{\"image\": \"a\", \"score\": 5, \"score\": 6}", "line 1: not JSON: Duplicate field 'score'");
    }

    private void lineRefuses(String line, String message) throws IOException {
        Path file = Files.writeString(folder.resolve("bad.jsonl"), line);
        assertThatThrownBy(() -> LabelFile.read(file, PROFILE, l -> {}))
                .isInstanceOf(DataException.class)
                .hasMessageContaining(message);
    }
}
