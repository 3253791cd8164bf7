package io.realqa.trainer.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.realqa.trainer.data.Turn.Role;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConversationReaderTest {
    private static final String OPENAI_TAGS =
            "'tags': {'role_tag': 'role', 'content_tag': 'content', 'user_tag': 'user',"
                    + " 'assistant_tag': 'assistant', 'system_tag': 'system'}";

    @TempDir
    Path folder;

    @BeforeEach
    void images() throws IOException {
        Files.createDirectories(folder.resolve("images"));
        Files.writeString(folder.resolve("images/1.jpg"), "");
    }

    private void write(String name, String json) throws IOException {
        Files.writeString(folder.resolve(name), json.replace('\'', '"'));
    }

    /** A data set "d" of one file. */
    private void dataset(String entry, String fileName, String content) throws IOException {
        write(
                "dataset_info.json",
                "{'d': {'file_name': '" + fileName + "'" + (entry.isEmpty() ? "" : ", " + entry) + "}}");
        write(fileName, content);
    }

    private List<Conversation> read() {
        List<Conversation> rows = new ArrayList<>();
        try (ConversationReader reader =
                ConversationReader.open(DatasetInfo.in(folder).get("d"), folder, Long.MAX_VALUE)) {
            reader.forEachRemaining(rows::add);
        }
        return rows;
    }

    @Test
    void shareGptConversationsAreReadWithTheirDefaults() throws IOException {
        dataset(
                "'formatting': 'sharegpt', 'columns': {'messages': 'conversations', 'images': 'images'}",
                "d.json",
                """
                [{'conversations': [{'from': 'human', 'value': '<image>Rate it.'}, {'from': 'gpt', 'value': 'A.'}],
                  'images': ['images/1.jpg'], 'other': 1},
                 {'conversations': [{'from': 'system', 'value': 'Be kind.'}, {'from': 'human', 'value': 'Hello'},
                                    {'from': 'gpt', 'value': 'Yes'}, {'from': 'human', 'value': 'So?'},
                                    {'from': 'gpt', 'value': 'B.'}]}]
                """);
        List<Conversation> rows = read();
        assertThat(rows).hasSize(2);
        assertThat(rows.get(0).question()).isEqualTo("Rate it.");
        assertThat(rows.get(0).answer()).hasValue("A.");
        assertThat(rows.get(0).images()).containsExactly(folder.resolve("images/1.jpg"));
        assertThat(rows.get(0).imageNames()).containsExactly("images/1.jpg");
        assertThat(rows.get(1).system()).hasValue("Be kind.");
        assertThat(rows.get(1).turns())
                .containsExactly(
                        new Turn(Role.USER, "Hello"),
                        new Turn(Role.ASSISTANT, "Yes"),
                        new Turn(Role.USER, "So?"),
                        new Turn(Role.ASSISTANT, "B."));
        assertThat(rows.get(1).prompt()).hasSize(3);
        assertThat(rows.get(1).index()).isEqualTo(1);
    }

    @Test
    void openAiTagsAndJsonLinesAreRead() throws IOException {
        dataset(
                "'formatting': 'sharegpt', 'columns': {'messages': 'messages', 'images': 'images'}, " + OPENAI_TAGS,
                "d.jsonl",
                """
                {'messages': [{'role': 'system', 'content': 'S'}, {'role': 'user', 'content': '<image>Q'}, {'role': 'assistant', 'content': 'A'}], 'images': 'images/1.jpg'}

                {'messages': [{'role': 'user', 'content': 'Q2'}, {'role': 'assistant', 'content': 'A2'}], 'images': []}
                """);
        List<Conversation> rows = read();
        assertThat(rows).hasSize(2);
        assertThat(rows.get(0).system()).hasValue("S");
        assertThat(rows.get(0).images()).hasSize(1);
        assertThat(rows.get(1).answer()).hasValue("A2");
    }

    @Test
    void theOpenAiFormattingNeedsNoTags() throws IOException {
        dataset("'formatting': 'openai'", "d.json", """
                [{'messages': [{'role': 'user', 'content': 'Q'}, {'role': 'assistant', 'content': 'A'}]}]
                """);
        assertThat(read().get(0).answer()).hasValue("A");
    }

    @Test
    void alpacaRowsAreReadWithDefaultsAndRenamedColumns() throws IOException {
        dataset("", "d.json", "[{'instruction': 'Rate', 'input': 'this', 'output': 'A', 'system': 'ignored'}]");
        assertThat(read().get(0).turns())
                .containsExactly(new Turn(Role.USER, "Rate\nthis"), new Turn(Role.ASSISTANT, "A"));
        assertThat(read().get(0).system()).isEmpty();

        dataset(
                "'columns': {'prompt': 'q', 'response': 'a', 'system': 's', 'history': 'h', 'images': 'pics'}",
                "d.json",
                """
                [{'q': '<image>Rate', 'input': 'not named, so not read', 'a': 'A', 's': 'S', 'h': [['Hi', 'Ho']],
                  'pics': ['images/1.jpg']}]
                """);
        Conversation row = read().get(0);
        assertThat(row.system()).hasValue("S");
        assertThat(row.turns())
                .containsExactly(
                        new Turn(Role.USER, "Hi"),
                        new Turn(Role.ASSISTANT, "Ho"),
                        new Turn(Role.USER, "<image>Rate"),
                        new Turn(Role.ASSISTANT, "A"));
    }

    @Test
    void aRowWithoutAnAnswerIsAllPrompt() throws IOException {
        dataset("", "d.json", "[{'instruction': 'Rate', 'input': ''}]");
        assertThat(read().get(0).answer()).isEmpty();
        assertThat(read().get(0).prompt()).hasSize(1);
    }

    @Test
    void videosHaveTheirOwnPlaceholder() throws IOException {
        dataset("'formatting': 'openai', 'columns': {'messages': 'messages', 'videos': 'videos'}", "d.json", """
                [{'messages': [{'role': 'user', 'content': '<video>Q'}, {'role': 'assistant', 'content': 'A'}], 'videos': ['v.mp4']}]
                """);
        assertThat(read().get(0).videos()).containsExactly(folder.resolve("v.mp4"));
    }

    @Test
    void relativePathsAreTakenFromTheMediaFolderAndAbsoluteOnesAsTheyAre() throws IOException {
        Path media = Files.createDirectories(folder.resolve("elsewhere"));
        Path absolute = folder.resolve("images/1.jpg").toAbsolutePath();
        dataset(
                "'columns': {'prompt': 'instruction', 'images': 'images'}",
                "d.json",
                "[{'instruction': '<image><image>Q', 'images': ['x/2.jpg', '" + absolute + "']}]");
        try (ConversationReader reader =
                ConversationReader.open(DatasetInfo.in(folder).get("d"), media, 10)) {
            assertThat(reader.next().images()).containsExactly(media.resolve("x/2.jpg"), absolute);
        }
    }

    @Test
    void rowsAreReadOneByOneSoABrokenEndShowsOnlyThere() throws IOException {
        dataset("", "d.json", "[{'instruction': 'Q0'}, {'instruction': 'Q1'}, {'instruction': 'Q2' ");
        try (ConversationReader reader =
                ConversationReader.open(DatasetInfo.in(folder).get("d"), folder, Long.MAX_VALUE)) {
            assertThat(reader.next().question()).isEqualTo("Q0");
            assertThat(reader.next().question()).isEqualTo("Q1");
            assertThatThrownBy(reader::hasNext)
                    .isInstanceOf(DataException.class)
                    .hasMessageContaining("d.json, row 2, line 1: not JSON: ");
        }
        dataset("", "d.json", "[{'instruction': 'Q0'}");
        assertThatThrownBy(this::read).hasMessageContaining("d.json, row 1");
        dataset("", "d.jsonl", "{'instruction': 'Q0'}\n{'instruction': 'Q1'\n");
        assertThatThrownBy(this::read).hasMessageContaining("d.jsonl, row 1, line ");
    }

    @Test
    void theFirstRowsOfAllFilesOfAFolderAreReadUpToTheLimit() throws IOException {
        Files.createDirectories(folder.resolve("parts"));
        write("parts/a.json", "[{'instruction': 'a0'}, {'instruction': 'a1'}]");
        write("parts/b.jsonl", "{'instruction': 'b0'}\n{'instruction': 'b1'}");
        write("dataset_info.json", "{'d': {'file_name': 'parts'}, 'few': {'file_name': 'parts', 'num_samples': 3}}");
        assertThat(read()).extracting(Conversation::question).containsExactly("a0", "a1", "b0", "b1");
        assertThat(read()).extracting(Conversation::index).containsExactly(0L, 1L, 0L, 1L);
        try (ConversationReader reader =
                ConversationReader.open(DatasetInfo.in(folder).get("few"), folder, Long.MAX_VALUE)) {
            List<String> questions = new ArrayList<>();
            reader.forEachRemaining(c -> questions.add(c.question()));
            assertThat(questions).containsExactly("a0", "a1", "b0");
        }
        assertThat(ConversationReader.count(DatasetInfo.in(folder).get("d"), Long.MAX_VALUE))
                .isEqualTo(4);
        assertThat(ConversationReader.count(DatasetInfo.in(folder).get("few"), Long.MAX_VALUE))
                .isEqualTo(3);
    }

    @Test
    void rowsOfSeveralDataSetsAreReadInAnyOrder() throws IOException {
        write(
                "a.json",
                "[ {'instruction': 'ä0 €', 'output': '[{'}, {'instruction': '日本1'},\n\n {'instruction': 'a2'}]");
        Files.writeString(folder.resolve("b.jsonl"), "\uFEFF{\"instruction\": \"b0\"}\n{\"instruction\": 7}\n");
        write("dataset_info.json", "{'a': {'file_name': 'a.json'}, 'b': {'file_name': 'b.jsonl'}}");
        ConversationIndex index =
                ConversationIndex.open(DatasetInfo.in(folder), List.of("b", "a"), folder, Long.MAX_VALUE);
        assertThat(index.size()).isEqualTo(5);
        assertThat(index.get(4).question()).isEqualTo("a2");
        assertThat(index.get(0).question()).isEqualTo("b0");
        assertThat(index.get(3).question()).isEqualTo("日本1");
        assertThat(index.get(2).question()).isEqualTo("ä0 €");
        assertThat(index.get(2).index()).isZero();
        assertThat(index.get(2).dataset()).isEqualTo("a");
        assertThatThrownBy(() -> index.get(1))
                .hasMessageContaining("b.jsonl, row 1: instruction: 7 (expected: a text)");
        assertThat(ConversationIndex.open(DatasetInfo.in(folder), List.of("b", "a"), folder, 1)
                        .size())
                .isEqualTo(2);
        write("a.json", "[{'instruction': 'a0'}, {");
        assertThatThrownBy(() -> ConversationIndex.open(DatasetInfo.in(folder), List.of("a"), folder, Long.MAX_VALUE))
                .hasMessageContaining("a.json, row ");
    }

    @Test
    void anEmptyFileHasNoRows() throws IOException {
        dataset("", "d.json", "[]");
        assertThat(read()).isEmpty();
        dataset("", "d.jsonl", "");
        assertThat(read()).isEmpty();
    }

    @Test
    void whatIsWrongWithARowIsNamedWithFileRowAndField() throws IOException {
        String sharegpt = "'formatting': 'sharegpt', 'columns': {'messages': 'conversations', 'images': 'images'}";
        refuses(sharegpt, "{'conversations': 5}", "d.json, row 0: conversations: 5 (expected: a list of messages)");
        refuses(sharegpt, "{'messages': []}", "row 0: conversations: missing (expected: a list of messages)");
        refuses(
                sharegpt,
                "{'conversations': [{'from': 'human'}]}",
                "row 0: conversations[0].value: missing (expected: a text)");
        refuses(
                sharegpt,
                "{'conversations': [{'from': 'user', 'value': 'Q'}]}",
                "row 0: conversations[0].from: user (expected: human or observation)");
        refuses(
                sharegpt,
                "{'conversations': [{'from': 'human', 'value': 'Q'}, {'from': 'human', 'value': 'Q'}]}",
                "row 0: conversations[1].from: human (expected: gpt or function_call)");
        refuses(
                sharegpt,
                "{'conversations': [{'from': 'human', 'value': '<image><image>Q'}], 'images': ['a.jpg']}",
                "row 0: images: 1 (expected: 2, one for each <image> in the messages)");
        refuses(
                sharegpt,
                "{'conversations': [{'from': 'human', 'value': 'Q'}], 'images': ['a.jpg']}",
                "row 0: images: 1 (expected: 0, one for each <image>");
        refuses(
                sharegpt,
                "{'conversations': [{'from': 'human', 'value': '<image>Q'}], 'images': [7]}",
                "row 0: images[0]: 7 (expected: a path)");
        refuses(sharegpt, "[1]", "d.json, row 0: not an object (expected: a conversation)");
        refuses("", "{'input': ''}", "row 0: instruction: missing or empty (expected: a question)");
        refuses("", "{'instruction': 'Q', 'output': 7}", "row 0: output: 7 (expected: a text)");
        refuses("", "{'instruction': 'Q', 'score_deviation': -1}", "row 0: score_deviation: -1 (expected: 0 or more)");
    }

    private void refuses(String entry, String row, String message) throws IOException {
        dataset(entry, "d.json", "[" + row + "]");
        assertThatThrownBy(this::read).isInstanceOf(DataException.class).hasMessageContaining(message);
    }

    @Test
    void whatIsWrongWithDatasetInfoIsNamed() throws IOException {
        assertThatThrownBy(() -> DatasetInfo.in(folder)).hasMessageContaining("dataset_info.json: missing");
        write("dataset_info.json", "[]");
        assertThatThrownBy(() -> DatasetInfo.in(folder)).hasMessageContaining("not a JSON object");
        write("dataset_info.json", "{'a': {'file_name': 'none.json'},\n 'h': {'hf_hub_url': 'x/y'}}");
        DatasetInfo info = DatasetInfo.in(folder);
        assertThat(info.names()).containsExactly("a", "h");
        assertThatThrownBy(() -> info.get("b")).hasMessageContaining("b: missing (expected: one of [a, h])");
        assertThatThrownBy(() -> info.get("a")).hasMessageContaining("a: file_name: none.json: no such file");
        assertThatThrownBy(() -> info.get("h")).hasMessageContaining("h: hf_hub_url: \"x/y\" (expected: file_name;");
        infoRefuses("'formatting': 'chat'", "d: formatting: chat (expected: alpaca, sharegpt or openai)");
        infoRefuses("'colums': {}", "d: colums: unknown (expected: one of [columns,");
        infoRefuses("'columns': {'image': 'x'}", "d: columns: image: unknown (expected: one of [audios,");
        infoRefuses("'columns': {'tools': 'x'}", "d: columns: tools: \"x\" (expected: no such column");
        infoRefuses("'ranking': true", "d: ranking: true (expected: false");
        infoRefuses("'num_samples': 0", "d: num_samples: 0 (expected: a positive integer)");
        infoRefuses("'tags': {'user_tag': 5}", "d: tags: user_tag: 5 (expected: a text)");
        dataset("", "d.csv", "a");
        assertThatThrownBy(this::read)
                .hasMessageContaining("d.csv: csv (expected: a file that ends in .json or .jsonl)");
    }

    private void infoRefuses(String entry, String message) throws IOException {
        dataset(entry, "d.json", "[]");
        assertThatThrownBy(() -> DatasetInfo.in(folder).get("d")).hasMessageContaining(message);
    }

    @Test
    void tagsThatAreNotNamedAreNone() throws IOException {
        dataset("'formatting': 'sharegpt', 'tags': {'user_tag': 'U', 'assistant_tag': 'B'}", "d.json", "[]");
        DatasetSpec.Tags tags = DatasetInfo.in(folder).get("d").tags();
        assertThat(tags.role()).isEqualTo("from");
        assertThat(tags.system()).isEqualTo(Optional.empty());
        assertThat(tags.roles()).containsExactly("U", "B");
    }
}
