package io.realqa.scorer;

import ai.djl.pytorch.jni.IValue;
import io.realqa.scorer.BranchSession.Feed;
import io.realqa.scorer.TextGenerator.Generation;
import io.realqa.scorer.TextGenerator.Request;
import io.realqa.scorer.TextGenerator.Text;
import io.realqa.scorer.image.VisualInput;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * A checkpoint and an adapter that answer chats about images as they stand in a data set, without a scoring profile.
 *
 * <p>Any thread may call it. It does not own checkpoint and adapter: close it first.
 */
public final class Predictor implements AutoCloseable {
    private static final String VISION_START = "<|vision_start|>";
    private static final String VISION_END = "<|vision_end|>";

    private final Checkpoint checkpoint;
    private final @Nullable Adapter adapter;
    private final IValue base;
    private final TextGenerator generator;
    private final long[] visionEnd;
    private final long[] digits;

    /**
     * A predictor.
     *
     * @param adapter null for the base model alone
     */
    public Predictor(Checkpoint checkpoint, @Nullable Adapter adapter) {
        if (adapter != null && adapter.checkpoint() != checkpoint) {
            throw new IllegalArgumentException(
                    "adapter: " + adapter.folder() + " (expected: one loaded for " + checkpoint.folder() + ")");
        }
        this.checkpoint = checkpoint;
        this.adapter = adapter;
        this.generator = new TextGenerator(checkpoint);
        this.visionEnd = checkpoint.tokenize(VISION_END);
        this.digits = LongStream.range(0, 10)
                .map(d -> checkpoint.tokenize(Long.toString(d))[0])
                .toArray();
        this.base = checkpoint.program().newWeights();
    }

    /**
     * One chat up to the answer that is wanted.
     *
     * @param image as the chat shows it, once
     * @param before the chat before the image, in ChatML
     * @param after the chat after it, the assistant's last turn opened
     * @param label the true answer
     * @param id tells this chat's random draws from those of others
     */
    public record Chat(VisualInput image, String before, String after, String label, long id) {}

    /**
     * How to answer.
     *
     * @param maxNewTokens where an answer is cut off
     * @param cutoffLength prompt and label together are cut to so many tokens, as LLaMA-Factory does it
     * @param digitLogits whether to read the label's digits
     */
    public record Settings(Sampling sampling, int maxNewTokens, int cutoffLength, boolean digitLogits) {
        public Settings {
            if (maxNewTokens < 1) {
                throw new IllegalArgumentException("max-new-tokens: " + maxNewTokens + " (expected: at least 1)");
            }
            if (cutoffLength < 1) {
                throw new IllegalArgumentException("cutoff-len: " + cutoffLength + " (expected: at least 1)");
            }
        }
    }

    /**
     * One answer.
     *
     * @param prompt the chat's text, special tokens left out
     * @param label the true answer, as far as the cut-off left it
     * @param text the model's answer
     * @param digitLogits [digits in label][10]: logits of 0 to 9 where each digit of the label is predicted, the label
     *     so far given; empty if not asked for
     */
    public record Reply(String prompt, String label, String text, List<float[]> digitLogits) {}

    /** A chat as tokens. */
    @SuppressWarnings("ArrayRecordComponent")
    private record Encoded(long[] before, long[] after, long[] label, String labelText) {}

    /**
     * Answers chats, of images of any sizes, in one batch where they begin alike (in turn where not).
     *
     * @throws IllegalArgumentException if the cut-off leaves no room for a chat's image
     */
    public List<Reply> predict(List<Chat> chats, Settings settings) {
        List<Encoded> encoded =
                chats.stream().map(c -> encode(c, settings.cutoffLength())).toList();
        Map<List<Long>, List<Integer>> alike = new LinkedHashMap<>();
        for (int i = 0; i < chats.size(); i++) {
            alike.computeIfAbsent(Arrays.stream(encoded.get(i).before()).boxed().toList(), k -> new ArrayList<>())
                    .add(i);
        }
        Reply[] replies = new Reply[chats.size()];
        for (List<Integer> group : alike.values()) {
            List<Reply> of = predict(
                    group.stream().map(chats::get).toList(),
                    group.stream().map(encoded::get).toList(),
                    settings);
            for (int i = 0; i < group.size(); i++) {
                replies[group.get(i)] = of.get(i);
            }
        }
        return List.of(replies);
    }

    private Encoded encode(Chat chat, int cutoff) {
        long[] before = checkpoint.tokenize(chat.before() + VISION_START);
        long[] after = checkpoint.tokenize(chat.after());
        long[] label = checkpoint.tokenize(chat.label());
        int fixed = before.length + chat.image().visualTokens() + visionEnd.length;
        // the end token counts, as it does in the data
        int[] kept = cut(fixed + after.length, label.length + 1, cutoff);
        if (kept[0] <= fixed) {
            throw new IllegalArgumentException("cutoff-len: " + cutoff + " (expected: at least " + (fixed + 1)
                    + " for the prompt's " + fixed + " tokens up to the image's end)");
        }
        long[] keptLabel = Arrays.copyOf(label, Math.min(label.length, kept[1]));
        return new Encoded(
                before,
                Arrays.copyOf(after, kept[0] - fixed),
                keptLabel,
                keptLabel.length == label.length ? chat.label() : checkpoint.detokenize(keptLabel));
    }

    /**
     * How many tokens of prompt and label are kept: the rule of LLaMA-Factory's {@code infer_seqlen}, by which the longer
     * of the two gives way, or both in proportion where both are long.
     */
    static int[] cut(int source, int target, int cutoff) {
        int mostTarget = target * 2 < cutoff
                ? cutoff
                : source * 2 < cutoff ? cutoff - source : (int) (cutoff * ((double) target / (source + target)));
        int keptTarget = Math.min(mostTarget, target);
        return new int[] {Math.min(Math.max(cutoff - keptTarget, 0), source), keptTarget};
    }

    private List<Reply> predict(List<Chat> chats, List<Encoded> encoded, Settings settings) {
        long[] before = encoded.get(0).before();
        List<VisualInput> images = chats.stream().map(Chat::image).toList();
        var context = Scorer.context(before, visionEnd, checkpoint.config().imageToken());
        List<Request> requests = new ArrayList<>();
        for (int i = 0; i < chats.size(); i++) {
            requests.add(new Request(
                    context,
                    List.of(encoded.get(i).after()),
                    List.of(chats.get(i).id())));
        }
        IValue lora = adapter == null ? base : adapter.lora();
        try (Prefix prefix = new Prefix(checkpoint, lora, before);
                BranchSession session = new BranchSession(checkpoint, lora, images, prefix, visionEnd)) {
            List<List<float[]>> logits = settings.digitLogits()
                    ? digitLogits(session, encoded)
                    : encoded.stream().map(e -> List.<float[]>of()).toList();
            // the label's branch is fed already: places of later tokens count from there
            Generation generation = generator.generate(
                    session,
                    requests,
                    settings.sampling(),
                    settings.maxNewTokens(),
                    settings.digitLogits() ? lengths(encoded) : new int[encoded.size()]);
            List<Reply> replies = new ArrayList<>();
            for (int i = 0; i < chats.size(); i++) {
                Encoded e = encoded.get(i);
                Text text = generation.texts().get(i).get(0);
                String prompt =
                        checkpoint.detokenize(LongStream.concat(Arrays.stream(e.before()), Arrays.stream(e.after()))
                                .toArray());
                replies.add(new Reply(prompt, e.labelText(), generator.text(text), logits.get(i)));
            }
            return replies;
        }
    }

    private static int[] lengths(List<Encoded> encoded) {
        return encoded.stream()
                .mapToInt(e -> e.after().length + e.label().length)
                .toArray();
    }

    /** Feeds prompt and label as one branch and reads each digit's logits off the token before it. */
    private List<List<float[]>> digitLogits(BranchSession session, List<Encoded> encoded) {
        List<Feed> feeds = new ArrayList<>();
        for (Encoded e : encoded) {
            long[] tokens = LongStream.concat(Arrays.stream(e.after()), Arrays.stream(e.label()))
                    .toArray();
            int[] parents = new int[tokens.length];
            for (int i = 0; i < parents.length; i++) {
                parents[i] = i == 0 ? BranchSession.PREFILL : i - 1;
            }
            feeds.add(new Feed(tokens, parents, beforeDigits(e)));
        }
        IValue hidden = session.feed(feeds);
        float[] logits = session.logits(hidden);
        int vocabulary = checkpoint.config().vocabularySize();
        List<List<float[]>> all = new ArrayList<>();
        int row = 0;
        for (Feed feed : feeds) {
            List<float[]> of = new ArrayList<>();
            for (int r = 0; r < feed.reads().length; r++, row++) {
                float[] ten = new float[10];
                for (int d = 0; d < 10; d++) {
                    ten[d] = logits[row * vocabulary + (int) digits[d]];
                }
                of.add(ten);
            }
            all.add(of);
        }
        return all;
    }

    private int[] beforeDigits(Encoded e) {
        int[] places = new int[e.label().length];
        int n = 0;
        for (int i = 0; i < places.length; i++) {
            long token = e.label()[i];
            if (Arrays.stream(digits).anyMatch(d -> d == token)) {
                places[n++] = e.after().length + i - 1;
            }
        }
        long written = e.labelText().chars().filter(c -> c >= '0' && c <= '9').count();
        if (written != n) {
            throw new ModelException(checkpoint.folder() + ": tokenizer.json: " + n + " digit tokens in \""
                    + e.labelText() + "\" (expected: " + written + ", a token for each digit)");
        }
        return Arrays.copyOf(places, n);
    }

    @Override
    public void close() {
        base.close();
    }
}
