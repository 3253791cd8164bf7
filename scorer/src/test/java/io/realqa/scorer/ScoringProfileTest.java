package io.realqa.scorer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A profile is read strictly: what is not understood is refused, with the file, the key and what was expected. */
class ScoringProfileTest {
    private static final String SCORE = """
            score:
              question: Rate it.
              answer: The score is {value}.
              minimum: 1.00
              maximum: 9.99
              decimals: 2
            """;
    private static final String FULL = """
            name: test
            system: You judge.
            """ + SCORE + """
            attributes:
              - name: clarity
                level: low
                question: How clear is it?
                answer: "Clarity: {value}."
                values: [poor, good]
            maxNewTokens: 32
            """;

    @TempDir
    Path folder;

    private ScoringProfile read(String yaml) throws IOException {
        return ScoringProfile.read(Files.writeString(folder.resolve(ScoringProfile.FILE_NAME), yaml));
    }

    private void refused(String yaml, String... parts) {
        List<String> expected = new ArrayList<>(List.of(parts));
        expected.add(folder.resolve(ScoringProfile.FILE_NAME).toString());
        assertThatThrownBy(() -> read(yaml))
                .isInstanceOf(ModelException.class)
                .hasMessageContainingAll(expected.toArray(String[]::new));
    }

    @Test
    void everythingInTheFileIsRead() throws IOException {
        ScoringProfile profile = read(FULL);
        assertThat(profile.name()).isEqualTo("test");
        assertThat(profile.system()).isEqualTo("You judge.");
        assertThat(profile.score().question()).isEqualTo("Rate it.");
        assertThat(profile.score().answer()).isEqualTo("The score is {value}.");
        assertThat(profile.score().minimum()).isEqualByComparingTo("1");
        assertThat(profile.score().maximum()).isEqualByComparingTo("9.99");
        assertThat(profile.score().decimals()).isEqualTo(2);
        assertThat(profile.maxNewTokens()).isEqualTo(32);
        assertThat(profile.attributes()).singleElement().satisfies(a -> {
            assertThat(a.name()).isEqualTo("clarity");
            assertThat(a.level()).isEqualTo(ScoringProfile.Level.LOW);
            assertThat(a.question()).isEqualTo("How clear is it?");
            assertThat(a.values()).containsExactly("poor", "good");
        });
    }

    @Test
    void systemTextAttributesAndTokenLimitHaveDefaults() throws IOException {
        ScoringProfile profile = read("name: test\n" + SCORE);
        assertThat(profile.system()).isEqualTo("You are a helpful assistant.");
        assertThat(profile.attributes()).isEmpty();
        assertThat(profile.maxNewTokens()).isEqualTo(64);
    }

    @Test
    void wordsThatYamlTakesForTruthStayWords() throws IOException {
        assertThat(read(FULL.replace("[poor, good]", "[no, yes, on, 1]"))
                        .attributes()
                        .get(0)
                        .values())
                .containsExactly("no", "yes", "on", "1");
    }

    @Test
    void aFolderWithoutTheFileHasNoProfile() {
        assertThat(ScoringProfile.in(folder)).isEmpty();
        assertThatThrownBy(() -> ScoringProfile.read(folder.resolve("x.yaml")))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("x.yaml: missing");
    }

    @ParameterizedTest
    @ValueSource(strings = {"name: test\n", "  decimals: 2\n", "    level: low\n"})
    void anUnknownKeyIsRefused(String line) {
        String unknown = line.replaceAll("\\w+: \\w+", "titel: x");
        refused(FULL.replace(line, line + unknown), "unknown key titel", "expected: one of");
    }

    @ParameterizedTest
    @ValueSource(strings = {"name: test", "  decimals: 2", "    level: low", "maxNewTokens: 32"})
    void aKeyTwiceIsRefused(String line) {
        String key = line.strip().replaceAll(":.*", "");
        refused(FULL.replace(line + "\n", line + "\n" + line + "\n"), "Duplicate", key, "line ");
    }

    @ParameterizedTest
    @ValueSource(strings = {"The score is.", "{value} of {value}", "The score is {score}."})
    void anAnswerHasOnePlaceForTheValue(String answer) {
        refused(FULL.replace("The score is {value}.", '"' + answer + '"'), "score.answer: " + answer, "one {value}");
        refused(FULL.replace("Clarity: {value}.", answer), "attribute clarity: answer: " + answer, "one {value}");
    }

    @ParameterizedTest
    @CsvSource({
        "minimum: 1.00, minimum: 9.99",
        "minimum: 1.00, minimum: 10",
        "minimum: 1.00, minimum: -1.00",
        "minimum: 1.00, minimum: 1.001",
        "maximum: 9.99, maximum: 9.999",
        "maximum: 9.99, maximum: 10000",
        "maximum: 9.99, maximum: 1e400000000",
        "decimals: 2, decimals: 1",
        "decimals: 2, decimals: 5",
        "decimals: 2, decimals: -1",
        "decimals: 2, decimals: 2.5"
    })
    void aBadRangeIsRefused(String line, String by) {
        refused(FULL.replace(line, by), "score");
    }

    @ParameterizedTest
    @ValueSource(strings = {"[poor, poor]", "[poor]", "[]", "[poor, '']", "[poor, null]", "null", "good"})
    void valuesAreAtLeastTwoDifferentTexts(String values) {
        refused(FULL.replace("[poor, good]", values), "values");
    }

    @ParameterizedTest
    @ValueSource(strings = {"maximum: .nan", "maximum: .inf", "maximum: ten", "maximum: [1]", "maximum: ~"})
    void aRangeThatIsNoNumberIsRefused(String line) {
        refused(FULL.replace("maximum: 9.99", line));
    }

    @Test
    void twoAttributesOfOneNameAreRefused() {
        String attribute = FULL.substring(FULL.indexOf("  - name"), FULL.indexOf("maxNewTokens"));
        refused(FULL.replace("maxNewTokens", attribute + "maxNewTokens"), "attributes: clarity: twice");
    }

    @Test
    void anotherLevelIsRefused() {
        refused(FULL.replace("level: low", "level: lowest"), "level: lowest", "high, middle or low");
    }

    @ParameterizedTest
    @ValueSource(strings = {"-1", "5000", "many", "1.5"})
    void aTokenLimitOutOfRangeIsRefused(String limit) {
        refused(FULL.replace("maxNewTokens: 32", "maxNewTokens: " + limit));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "~", "# nothing\n", "---\n", "text", "[1]", "name: test", "a: [", "name: \u0001", "- - -\n"})
    void aFileThatIsNoProfileIsRefused(String yaml) {
        refused(yaml);
    }

    @Test
    void aSecondDocumentIsRefused() {
        refused(FULL + "---\n" + FULL);
    }

    @Test
    void anEmptyAttributeIsRefused() {
        refused(FULL.replace("attributes:\n", "attributes:\n  - ~\n"), "attributes");
    }

    @Test
    void whatIsNoFileIsRefused() throws IOException {
        Path folderOfThatName = Files.createDirectory(folder.resolve(ScoringProfile.FILE_NAME));
        assertThatThrownBy(() -> ScoringProfile.read(folderOfThatName))
                .isInstanceOf(ModelException.class)
                .hasMessage(folderOfThatName + ": no regular file (expected: a scoring profile)");
    }

    @Test
    void aFileThatIsNoTextIsRefused() throws IOException {
        Path file = Files.write(folder.resolve(ScoringProfile.FILE_NAME), new byte[] {'a', (byte) 0xff, (byte) 0xfe});
        assertThatThrownBy(() -> ScoringProfile.read(file))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("not UTF-8");
    }

    @Test
    void theDigestDoesNotChangeWithTheLayout() throws IOException {
        String digest = read(FULL).digest();
        assertThat(digest).matches("sha256:[0-9a-f]{64}");
        assertThat(read("# A remark.\n" + FULL.replace("[poor, good]", "\n      - 'poor'\n      - \"good\""))
                        .digest())
                .isEqualTo(digest);
        assertThat(read(FULL.replace("name: test\n", "") + "name: test\n").digest())
                .isEqualTo(digest);
        assertThat(read(FULL.replace("minimum: 1.00", "minimum: 1")).digest()).isEqualTo(digest);
        assertThat(read("name: test\n" + SCORE).digest())
                .isEqualTo(read("name: test\nsystem: You are a helpful assistant.\nmaxNewTokens: 64\n" + SCORE)
                        .digest());
    }

    @ParameterizedTest
    @CsvSource({
        "name: test, name: other",
        "You judge, You score",
        "Rate it., Rate this.",
        "The score, A score",
        "minimum: 1.00, minimum: 0.00",
        "maximum: 9.99, maximum: 9.98",
        "name: clarity, name: focus",
        "level: low, level: high",
        "How clear, How sharp",
        "Clarity:, Sharpness:",
        "'[poor, good]', '[good, poor]'",
        "maxNewTokens: 32, maxNewTokens: 33"
    })
    void theDigestChangesWithAnyContent(String from, String to) throws IOException {
        String digest = read(FULL).digest();
        assertThat(FULL).contains(from);
        assertThat(read(FULL.replace(from, to)).digest()).isNotEqualTo(digest);
    }

    @Test
    void theDigestChangesWithTheDecimals() throws IOException {
        String whole = FULL.replace("9.99", "9");
        assertThat(read(whole.replace("decimals: 2", "decimals: 1")).digest())
                .isNotEqualTo(read(whole).digest());
    }
}
