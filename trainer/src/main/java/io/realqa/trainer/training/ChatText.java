package io.realqa.trainer.training;

import io.realqa.measures.ScoreText;
import io.realqa.scorer.TrainingChat.Exchange;
import io.realqa.trainer.data.Conversation;
import io.realqa.trainer.data.DataException;
import io.realqa.trainer.data.Turn;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A conversation in LLaMA-Factory's template qwen2_vl: ChatML, where an answer ends with the end of the turn and a line
 * break, both learnt.
 *
 * @param before the chat before the image
 * @param exchanges the rest: questions and answers
 */
record ChatText(String before, List<Exchange> exchanges) {
    private static final String SYSTEM = "You are a helpful assistant.";
    private static final String END = "<|im_end|>\n";

    /**
     * Writes a conversation's chat.
     *
     * @throws DataException naming file, row and field, if it is none that can be trained on: it has one image, in its first
     *     question, no video, and an answer to each question
     */
    static ChatText of(Conversation c) {
        check(c);
        List<Exchange> exchanges = new ArrayList<>();
        String opened = "<|im_start|>system\n" + c.system().orElse(SYSTEM) + END;
        String before = "";
        int scored = lastScored(c);
        for (int i = 0; i < c.turns().size(); i += 2) {
            String source = (i == 0 ? opened : "") + "<|im_start|>user\n"
                    + c.turns().get(i).text() + END + "<|im_start|>assistant\n";
            if (i == 0) {
                int at = source.indexOf(Conversation.IMAGE, opened.length());
                before = source.substring(0, at);
                source = source.substring(at + Conversation.IMAGE.length());
            }
            String answer = c.turns().get(i + 1).text();
            int[] digits = i == scored ? digits(answer) : new int[] {0, 0};
            exchanges.add(new Exchange(source, answer + END, digits[0], digits[1]));
        }
        return new ChatText(before, List.copyOf(exchanges));
    }

    /** What an exchange's answer says, without the end of its turn. */
    static String answer(Exchange exchange) {
        return exchange.target().substring(0, exchange.target().length() - END.length());
    }

    private static void check(Conversation c) {
        String where = c.where() + ": ";
        if (!c.videos().isEmpty()) {
            throw new DataException(
                    where + "videos: " + c.videos().size() + " (expected: none; training on videos is not supported)");
        }
        if (c.images().size() != 1) {
            throw new DataException(where + "images: " + c.images().size()
                    + " (expected: 1; training on none or several is not supported)");
        }
        if (c.turns().size() % 2 != 0) {
            throw new DataException(where + "messages: the last question has no answer (expected: one; it is learnt)");
        }
        for (int i = 0; i < c.turns().size(); i++) {
            Turn turn = c.turns().get(i);
            if (turn.role() != (i % 2 == 0 ? Turn.Role.USER : Turn.Role.ASSISTANT)) {
                throw new DataException(where + "message " + i + ": " + turn.role()
                        + " (expected: user and assistant in turn; training on tools is not supported)");
            }
        }
        if (!c.turns().get(0).text().contains(Conversation.IMAGE)) {
            throw new DataException(where + Conversation.IMAGE
                    + ": not in the first question (expected: there; elsewhere is not supported in training)");
        }
        if (!Files.isRegularFile(c.images().get(0))) {
            throw new DataException(where + "images: " + c.images().get(0) + " (expected: a file)");
        }
    }

    /** Index of the last turn but one before an answer with a score; -2: no answer has one. */
    private static int lastScored(Conversation c) {
        int scored = -2;
        for (int i = 0; i < c.turns().size(); i += 2) {
            scored = ScoreText.find(c.turns().get(i + 1).text()).isPresent() ? i : scored;
        }
        return scored;
    }

    /** First and end index of the score's digits among all digits of an answer. */
    private static int[] digits(String answer) {
        Optional<ScoreText.Found> score = ScoreText.find(answer);
        int first = score.map(s -> count(answer.substring(0, s.start()))).orElse(0);
        return new int[] {
            first,
            first + score.map(s -> count(answer.substring(s.start(), s.end()))).orElse(0)
        };
    }

    private static int count(String text) {
        return (int) text.chars().filter(c -> c >= '0' && c <= '9').count();
    }
}
