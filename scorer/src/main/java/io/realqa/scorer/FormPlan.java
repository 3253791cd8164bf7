package io.realqa.scorer;

import io.realqa.scorer.FormTemplate.Kind;
import io.realqa.scorer.FormTemplate.Slot;
import io.realqa.scorer.ScoringProfile.FormQuestion;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * The regular form as tokens. A tokenizer joins characters over the seams between template and values, so no literal can
 * be tokenised alone: each is cut where both sides' tokens are the same whatever stands in the slots, and what lies
 * between two cuts is tokenised together with each allowed value. Put one after the other the pieces are the tokens of
 * the whole answer, those that the model was trained on. Immutable, safe for any thread.
 */
final class FormPlan {
    private static final String END = "<|im_end|>";
    /** Free text may go on with any of these; the template's tokens before it must be the same for all. */
    private static final List<String> PROBES = List.of("A", "a", "1", ".", "(", "\"", "\u00e9");
    /** Values that a cut is tried with. */
    private static final int MOST_TRIED = 24;

    /** What is between two cuts. */
    sealed interface Segment {
        Slot slot();

        /** Tokens of the template before the slot. */
        long[] lead();
    }

    /** A slot with allowed values; rest: the template's tokens after it, the same for all of them. */
    @SuppressWarnings("ArrayRecordComponent")
    record Choice(Slot slot, long[] lead, AnswerTrie trie, long[] rest) implements Segment {}

    /** A slot for free text; index: its place in the form. */
    @SuppressWarnings("ArrayRecordComponent")
    record Free(Slot slot, long[] lead, int index) implements Segment {}

    private final FormTemplate template;
    private final Map<String, List<String>> values;
    private final List<String> numbers;
    private final Function<String, long[]> tokenize;
    private final long[] turn;
    /** For each literal, where it is cut. */
    private final int[] cuts;

    private final List<Segment> segments = new ArrayList<>();
    private final Map<List<Integer>, Segment> afterFree = new ConcurrentHashMap<>();

    /**
     * Compiles the form.
     *
     * @throws ModelException if a literal is too short to be cut
     */
    FormPlan(ScoringProfile profile, FormQuestion form, Function<String, long[]> tokenize) {
        Map<String, List<String>> of = new ConcurrentHashMap<>();
        profile.attributes().forEach(a -> of.put(a.name(), a.values()));
        this.values = Map.copyOf(of);
        this.numbers = QuestionTree.numbers(profile.score());
        this.template = FormTemplate.parse(form.answer(), values.keySet());
        this.tokenize = tokenize;
        this.turn = tokenize.apply(QuestionTree.turn(form.question()));
        this.cuts = new int[template.literals().size()];
        int slots = template.slots().size();
        cuts[slots] = literal(slots).length();
        for (int i = 1; i < slots; i++) {
            cuts[i] = free(i - 1) ? 0 : cut(i);
        }
        for (int i = 0; i < slots; i++) {
            segments.add(segment(i, before(i)));
        }
    }

    /** The question and the assistant's turn. */
    long[] turn() {
        return turn;
    }

    int size() {
        return segments.size();
    }

    Segment segment(int index) {
        return segments.get(index);
    }

    /** The template's text after a slot. */
    String literalAfter(int index) {
        return literal(index + 1);
    }

    /**
     * The segment that follows a free text, whose last characters are the first ones of the literal between them.
     *
     * @param overlap how many of them
     * @return null after the last slot
     */
    @Nullable
    Segment after(Free text, int overlap) {
        int next = text.index() + 1;
        if (next == size()) {
            return null;
        }
        return afterFree.computeIfAbsent(
                List.of(next, overlap), k -> segment(next, literal(next).substring(overlap)));
    }

    private String literal(int i) {
        return template.literals().get(i);
    }

    private boolean free(int slot) {
        return template.slots().get(slot).kind().free();
    }

    private List<String> values(int slot) {
        Slot s = template.slots().get(slot);
        List<String> of = s.kind() == Kind.SCORE ? numbers : values.get(s.name());
        if (of == null) {
            throw new IllegalStateException("no values of " + s);
        }
        return of;
    }

    /** The part of the literal before a slot that is tokenised together with it. */
    private String before(int slot) {
        return literal(slot).substring(cuts[slot]);
    }

    /** The part of the literal after a slot that is tokenised together with it. */
    private String after(int slot) {
        String head = literal(slot + 1).substring(0, cuts[slot + 1]);
        return slot + 1 == template.slots().size() ? head + END : head;
    }

    private Segment segment(int index, String before) {
        Slot slot = template.slots().get(index);
        if (free(index)) {
            long[] lead = stable(before);
            if (lead.length == 0
                    && index > 0
                    && before.length() == literal(index).length() - cuts[index]) {
                throw new ModelException("form.answer: \"" + literal(index) + "\" before {" + slot.name()
                        + "} (expected: a longer text)");
            }
            return new Free(slot, lead, index);
        }
        List<String> allowed = values(index);
        String after = after(index);
        List<long[]> sequences =
                allowed.stream().map(v -> tokenize.apply(before + v + after)).toList();
        int lead = commonPrefix(sequences);
        int rest = commonSuffix(sequences, lead);
        while (rest > 0 && !prefixFree(sequences, lead, rest)) {
            rest--;
        }
        if (!prefixFree(sequences, lead, rest)) {
            throw new ModelException("form.answer: {" + slot.name()
                    + "}: two values give the tokenizer the same tokens (expected: all different)");
        }
        long[] first = sequences.get(0);
        int cut = rest;
        List<long[]> middle = sequences.stream()
                .map(s -> Arrays.copyOfRange(s, lead, s.length - cut))
                .toList();
        return new Choice(
                slot,
                Arrays.copyOf(first, lead),
                new AnswerTrie(allowed, middle),
                Arrays.copyOfRange(first, first.length - rest, first.length));
    }

    /** Tokens of a text but for those at its end that what follows could change. */
    private long[] stable(String text) {
        long[] tokens = tokenize.apply(text);
        for (String probe : PROBES) {
            int mismatch = Arrays.mismatch(tokens, tokenize.apply(text + probe));
            tokens = mismatch < 0 ? tokens : Arrays.copyOf(tokens, Math.min(mismatch, tokens.length));
        }
        return tokens;
    }

    /** Where to cut the literal between two slots: as near to its middle as the tokenizer allows. */
    private int cut(int i) {
        String literal = literal(i);
        int middle = literal.length() / 2;
        for (int distance = 0; distance <= literal.length(); distance++) {
            for (int at : new int[] {middle + distance, middle - distance}) {
                if (at >= 0 && at <= literal.length() && cutHolds(i, at)) {
                    return at;
                }
            }
        }
        throw new ModelException("form.answer: \"" + literal + "\" between two slots (expected: a longer text, which "
                + "the tokenizer splits in the same way whatever the slots hold)");
    }

    private boolean cutHolds(int i, int at) {
        String literal = literal(i);
        String head = literal.substring(0, at);
        String tail = literal.substring(at);
        for (String v : tried(values(i - 1))) {
            if (!splits(before(i - 1) + v + head, tail)) {
                return false;
            }
        }
        String next = i == template.slots().size() - 1 ? literal(i + 1) + END : literal(i + 1);
        for (String v : free(i) ? PROBES : tried(values(i))) {
            if (!splits(head, tail + v + next)) {
                return false;
            }
        }
        return true;
    }

    private boolean splits(String left, String right) {
        long[] apart = LongStream.concat(Arrays.stream(tokenize.apply(left)), Arrays.stream(tokenize.apply(right)))
                .toArray();
        return Arrays.equals(apart, tokenize.apply(left + right));
    }

    private static List<String> tried(List<String> values) {
        if (values.size() <= MOST_TRIED) {
            return values;
        }
        List<String> some = new ArrayList<>();
        for (int i = 0; i < MOST_TRIED; i++) {
            some.add(values.get((int) ((long) i * (values.size() - 1) / (MOST_TRIED - 1))));
        }
        return some;
    }

    private static int commonPrefix(List<long[]> all) {
        int n = all.get(0).length;
        for (long[] other : all) {
            int mismatch = Arrays.mismatch(all.get(0), other);
            n = mismatch < 0 ? n : Math.min(n, mismatch);
        }
        return n;
    }

    private static int commonSuffix(List<long[]> all, int lead) {
        long[] first = all.get(0);
        int n = first.length - lead - 1;
        for (long[] other : all) {
            int k = 0;
            while (k < n && k < other.length - lead - 1 && first[first.length - 1 - k] == other[other.length - 1 - k]) {
                k++;
            }
            n = k;
        }
        return Math.max(0, n);
    }

    /** Whether the sequences between lead and rest are not empty, and none is the beginning of another. */
    private static boolean prefixFree(List<long[]> all, int lead, int rest) {
        List<long[]> sorted = new ArrayList<>(all.stream()
                .map(s -> Arrays.copyOfRange(s, lead, s.length - rest))
                .toList());
        sorted.sort(Arrays::compare);
        for (int i = 1; i < sorted.size(); i++) {
            int mismatch = Arrays.mismatch(sorted.get(i - 1), sorted.get(i));
            if (mismatch < 0 || mismatch == sorted.get(i - 1).length) {
                return false;
            }
        }
        return sorted.get(0).length > 0;
    }
}
