package io.realqa.scorer;

import ai.djl.pytorch.jni.IValue;
import io.realqa.scorer.BranchSession.Feed;
import io.realqa.scorer.FormPlan.Choice;
import io.realqa.scorer.FormPlan.Free;
import io.realqa.scorer.FormPlan.Segment;
import io.realqa.scorer.FormTemplate.Slot;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/**
 * The form mode: the template's tokens are fed, not generated, and all that follows from them in the same step.
 *
 * <p>A slot with allowed values costs one step: the template before it and its values go through the model together, as
 * a token tree under a mask, and the text goes on with the value that greedy decoding gives among the allowed ones; what
 * each value would have had is known, too. Free text is generated token by token. Where it comes to characters that
 * could be the template's, the template is fed as a guess and kept only if it is what the model would have said: so free
 * text ends where greedy decoding ends it, and costs no step for the template either. Immutable, safe for any thread.
 */
final class FormReader {
    private final FormPlan plan;
    private final int maxTextTokens;
    private final Set<Long> ends;
    private final Checkpoint checkpoint;

    FormReader(FormPlan plan, int maxTextTokens, Set<Long> ends, Checkpoint checkpoint) {
        this.plan = plan;
        this.maxTextTokens = maxTextTokens;
        this.ends = ends;
        this.checkpoint = checkpoint;
    }

    /**
     * One filled-in form.
     *
     * @param tokens of the whole answer, without the end token
     * @param distributions of the slots with allowed values, given what stands before them
     * @param values what stands in each slot
     */
    record Form(List<Long> tokens, Map<Slot, ValueDistribution> distributions, Map<Slot, String> values) {}

    /** The images' forms, and the device steps that followed the prefill. */
    record Forms(List<Form> forms, int steps) {}

    Forms read(BranchSession session, int images) {
        List<Cursor> cursors = new ArrayList<>();
        for (int b = 0; b < images; b++) {
            cursors.add(new Cursor());
        }
        int steps = 0;
        while (cursors.stream().anyMatch(c -> !c.done)) {
            step(session, cursors);
            steps++;
        }
        return new Forms(cursors.stream().map(Cursor::form).toList(), steps);
    }

    private static void step(BranchSession session, List<Cursor> cursors) {
        List<Feed> feeds = cursors.stream().map(Cursor::feed).toList();
        IValue hidden = session.feed(feeds);
        int rows = feeds.stream().mapToInt(f -> f.reads().length).sum();
        int width = widest(
                cursors, c -> c.targets.stream().mapToInt(t -> t.length).max().orElse(0));
        // The two kinds of slots ask the last layer different things; most steps have one kind only.
        long[] best = cursors.stream().anyMatch(c -> c.guessed != null) ? session.mostProbable(hidden) : new long[0];
        float[] log = new float[0];
        if (width > 0) {
            long[] targets = new long[rows * width];
            int row = 0;
            for (Cursor c : cursors) {
                for (long[] of : c.targets) {
                    System.arraycopy(of, 0, targets, row++ * width, of.length);
                }
            }
            log = session.logProbabilities(hidden, targets, width);
        }
        int row = 0;
        for (Cursor c : cursors) {
            int from = row;
            row += c.targets.size();
            c.take(from, best, log, width);
        }
    }

    private static int widest(List<Cursor> cursors, ToIntFunction<Cursor> width) {
        return cursors.stream().mapToInt(width).max().orElse(0);
    }

    /** One image's form in the making. */
    private final class Cursor {
        private final List<Long> emitted = new ArrayList<>();
        private final Map<Slot, ValueDistribution> distributions = new LinkedHashMap<>();
        private final Map<Slot, String> values = new LinkedHashMap<>();
        /** Tokens of the answer that are decided and not yet fed. */
        private final List<Long> pending = new ArrayList<>();
        /** Place of the last token of the answer that was fed. */
        private int last = BranchSession.PREFILL;

        private int fed;
        private boolean done;
        private int index;

        /** Of a slot with values: what was read of it. */
        private AnswerTrie.@Nullable Reading reading;

        private long[] rest = new long[0];
        private List<Integer> nodes = List.of();

        /** Of free text: its tokens so far. */
        private final List<Long> text = new ArrayList<>();

        private @Nullable Free free;
        private int overlap;

        /** Template tokens fed as a guess after the free text's last token; null outside free text. */
        private @Nullable List<Long> guessed;
        /** The template token after them, which must be the model's, too. */
        private long lastGuess = -1;

        /** For each row to be read of the current step, the tokens that it is read at. */
        private List<long[]> targets = List.of();

        Cursor() {
            add(pending, plan.turn());
            enter(plan.segment(0));
        }

        private void enter(Segment segment) {
            emit(segment.lead());
            reading = null;
            guessed = null;
            free = null;
            if (segment instanceof Choice choice) {
                reading = choice.trie().read();
                rest = choice.rest();
                nodes = reading.wanted();
            } else if (segment instanceof Free slot) {
                free = slot;
                text.clear();
                guess(List.of(), -1);
            }
        }

        private void emit(long[] tokens) {
            add(pending, tokens);
            add(emitted, tokens);
        }

        private static void add(List<Long> to, long[] tokens) {
            for (long token : tokens) {
                to.add(token);
            }
        }

        private void guess(List<Long> tokens, long lastToken) {
            guessed = tokens;
            lastGuess = lastToken;
        }

        Feed feed() {
            List<Long> tokens = new ArrayList<>();
            List<Integer> parents = new ArrayList<>();
            List<Integer> reads = new ArrayList<>();
            targets = new ArrayList<>();
            if (!done) {
                pending.forEach(token -> chain(token, tokens, parents));
                pending.clear();
                if (reading != null) {
                    feedNodes(reading, tokens, parents, reads);
                } else if (guessed != null) {
                    int from = tokens.size() - 1;
                    int kept = last;
                    guessed.forEach(token -> chain(token, tokens, parents));
                    last = kept;
                    for (int i = from; i < tokens.size(); i++) {
                        reads.add(i);
                        targets.add(new long[0]);
                    }
                }
            }
            return new Feed(
                    tokens.stream().mapToLong(Long::longValue).toArray(),
                    parents.stream().mapToInt(Integer::intValue).toArray(),
                    reads.stream().mapToInt(Integer::intValue).toArray());
        }

        private void chain(long token, List<Long> tokens, List<Integer> parents) {
            tokens.add(token);
            parents.add(last);
            last = fed++;
        }

        private void feedNodes(AnswerTrie.Reading of, List<Long> tokens, List<Integer> parents, List<Integer> reads) {
            if (!of.started()) {
                of.start(last);
                reads.add(tokens.size() - 1);
                targets.add(childTokens(of.trie(), AnswerTrie.ROOT));
            }
            for (int node : nodes) {
                reads.add(tokens.size());
                targets.add(childTokens(of.trie(), node));
                tokens.add(of.trie().token(node));
                parents.add(of.fedAt(of.trie().parent(node)));
                of.fed(node, fed++);
            }
        }

        private static long[] childTokens(AnswerTrie trie, int node) {
            int[] children = trie.children(node);
            long[] tokens = new long[children.length];
            for (int i = 0; i < tokens.length; i++) {
                tokens[i] = trie.token(children[i]);
            }
            return tokens;
        }

        /** Takes what the step gave: row is the first of this image's. */
        void take(int row, long[] best, float[] log, int width) {
            if (done) {
                return;
            }
            if (reading != null) {
                takeProbabilities(reading, row, log, width);
            } else if (guessed != null) {
                takeTokens(guessed, row, best);
            }
        }

        private void takeProbabilities(AnswerTrie.Reading of, int row, float[] log, int width) {
            List<Integer> read = new ArrayList<>(nodes);
            if (targets.size() > nodes.size()) {
                read.add(0, AnswerTrie.ROOT);
            }
            for (int i = 0; i < read.size(); i++) {
                int[] children = of.trie().children(read.get(i));
                for (int c = 0; c < children.length; c++) {
                    float value = log[(row + i) * width + c];
                    if (Float.isNaN(value)) {
                        throw new ModelException("the model's probabilities are not numbers (expected: finite weights, "
                                + "and activations that the type of computation can hold)");
                    }
                    of.probability(children[c], value);
                }
            }
            nodes = of.wanted();
            if (nodes.isEmpty()) {
                close(of);
            }
        }

        private void close(AnswerTrie.Reading of) {
            Slot slot = plan.segment(index).slot();
            distributions.put(slot, of.distribution());
            values.put(slot, of.greedyValue());
            for (int node : of.greedyPath()) {
                emitted.add(of.trie().token(node));
                if (of.fed(node)) {
                    last = of.fedAt(node);
                } else {
                    pending.add(of.trie().token(node));
                }
            }
            emit(rest);
            index++;
            if (index == plan.size()) {
                finish();
            } else {
                enter(plan.segment(index));
            }
        }

        private void takeTokens(List<Long> guess, int row, long[] best) {
            int kept = 0;
            long next = best[row];
            while (kept < guess.size() && guess.get(kept) == next) {
                kept++;
                next = best[row + kept];
            }
            if (kept > 0) {
                // the guess was fed right after the free text's last token
                last = fed - guess.size() + kept - 1;
            }
            Free slot = Objects.requireNonNull(free);
            if (lastGuess >= 0 && kept == guess.size() && next == lastGuess) {
                endText(slot, overlap);
                enter(Objects.requireNonNull(plan.after(slot, overlap)));
                // all of the lead but its last token was fed with the guess
                pending.subList(0, kept).clear();
                return;
            }
            for (int i = 0; i < kept; i++) {
                text.add(guess.get(i));
                emitted.add(guess.get(i));
            }
            takeToken(slot, next);
        }

        private void takeToken(Free slot, long next) {
            boolean ended = ends.contains(next);
            if (!ended) {
                text.add(next);
                emitted.add(next);
                pending.add(next);
            }
            overlap = overlap(detokenize(text), plan.literalAfter(slot.index()));
            Segment following = plan.after(slot, overlap);
            if (ended || text.size() >= maxTextTokens) {
                cutOff(slot, following);
                return;
            }
            guess(List.of(), -1);
            if (overlap == 0 || following == null) {
                return;
            }
            long[] lead = following.lead();
            if (lead.length == 0) {
                endText(slot, overlap);
                enter(following);
                return;
            }
            List<Long> tokens = new ArrayList<>();
            for (int i = 0; i < lead.length - 1; i++) {
                tokens.add(lead[i]);
            }
            guess(tokens, lead[lead.length - 1]);
        }

        /** The model ended its turn, or the free text is as long as it may be: the template goes on. */
        private void cutOff(Free slot, @Nullable Segment following) {
            if (following != null && following.lead().length == 0 && pending.isEmpty()) {
                // something has to be fed
                overlap = 0;
                following = plan.after(slot, 0);
            }
            endText(slot, overlap);
            if (following == null) {
                finish();
            } else {
                enter(following);
            }
        }

        /** The free text is complete: what the template shares with its end is not part of it. */
        private void endText(Free slot, int shared) {
            String all = detokenize(text);
            values.put(slot.slot(), all.substring(0, all.length() - shared).strip());
            index = slot.index() + 1;
        }

        private void finish() {
            done = true;
            reading = null;
            guessed = null;
            while (!emitted.isEmpty() && ends.contains(emitted.get(emitted.size() - 1))) {
                emitted.remove(emitted.size() - 1);
            }
        }

        Form form() {
            return new Form(emitted, distributions, values);
        }
    }

    private String detokenize(List<Long> tokens) {
        return checkpoint.detokenize(tokens.stream().mapToLong(Long::longValue).toArray());
    }

    String text(Form form) {
        return detokenize(form.tokens());
    }

    /** Characters at the end of a text that are the first ones of another, as many as there are. */
    static int overlap(String text, String literal) {
        for (int n = Math.min(text.length(), literal.length()); n > 0; n--) {
            if (text.endsWith(literal.substring(0, n))) {
                return n;
            }
        }
        return 0;
    }
}
