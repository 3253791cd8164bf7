package io.realqa.scorer;

import ai.djl.pytorch.jni.IValue;
import io.realqa.scorer.FormTemplate.Kind;
import io.realqa.scorer.FormTemplate.Slot;
import io.realqa.scorer.ScoringProfile.AttributeQuestion;
import io.realqa.scorer.ScoringProfile.Level;
import io.realqa.scorer.image.VisualInput;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * A checkpoint, an adapter and a profile, ready to score. Several may share one checkpoint, so the adapter of a batch is
 * chosen by choosing the scorer.
 *
 * <p>Any thread may call it; its calls share nothing but read-only weights. One call at a time keeps a device busy. It
 * does not own checkpoint and adapter: close it first.
 */
public final class Scorer implements AutoCloseable {
    /** How answers are read. */
    public enum Mode {
        /** Probabilities of every allowed answer; nothing is generated. */
        FAST,
        /** The most probable text, token by token. */
        GREEDY,
        /** Everything in one regular form, whose template is fed and not generated. */
        FORM,
        /** Everything in free text, which is then parsed. */
        PROSE
    }

    /** What follows the image and belongs to the prefix that all questions share. */
    static final String AFTER_IMAGE = "<|vision_end|>";

    private final Checkpoint checkpoint;
    private final @Nullable Adapter adapter;
    private final ScoringProfile profile;
    private final IValue base;
    private final Prefix prefix;
    private final long[] after;
    private final FastReader fast;
    private final TextGenerator generator;
    private final @Nullable FormReader form;
    private final Set<Long> context;

    /**
     * Compiles the profile for the checkpoint's tokenizer, and runs the text before the image through the model.
     *
     * @param adapter null for the base model alone
     * @throws ModelException if the tokenizer cannot tell the profile's answers apart
     */
    public Scorer(Checkpoint checkpoint, @Nullable Adapter adapter, ScoringProfile profile) {
        if (adapter != null && adapter.checkpoint() != checkpoint) {
            throw new IllegalArgumentException(
                    "adapter: " + adapter.folder() + " (expected: one loaded for " + checkpoint.folder() + ")");
        }
        this.checkpoint = checkpoint;
        this.adapter = adapter;
        this.profile = profile;
        long[] before = checkpoint.tokenize(beforeImage(profile));
        this.after = checkpoint.tokenize(AFTER_IMAGE);
        QuestionTree tree = new QuestionTree(profile, checkpoint::tokenize);
        int vocabulary = checkpoint.config().vocabularySize();
        for (int n = 1; n < tree.size(); n++) {
            if (tree.token(n) >= vocabulary) {
                throw new ModelException(checkpoint.folder() + ": tokenizer.json gives token " + tree.token(n)
                        + " (expected: under vocab_size " + vocabulary + " of config.json)");
            }
        }
        this.fast = new FastReader(tree);
        this.generator = new TextGenerator(checkpoint);
        this.form = profile.form() == null
                ? null
                : new FormReader(
                        new FormPlan(profile, profile.form(), checkpoint::tokenize),
                        profile.form().maxTextTokens(),
                        generator.ends(),
                        checkpoint);
        this.context = context(before, after, checkpoint.config().imageToken());
        this.base = checkpoint.program().newWeights();
        try {
            this.prefix = new Prefix(checkpoint, lora(), before);
        } catch (RuntimeException | Error e) {
            base.close();
            throw e;
        }
    }

    private IValue lora() {
        return adapter == null ? base : adapter.lora();
    }

    /** The chat up to the image. */
    static String beforeImage(ScoringProfile profile) {
        return "<|im_start|>system\n" + profile.system() + "<|im_end|>\n<|im_start|>user\n<|vision_start|>";
    }

    /** Tokens of a prefill, which a repetition penalty counts as there before. */
    static Set<Long> context(long[] before, long[] after, long imageToken) {
        return LongStream.concat(
                        LongStream.of(imageToken), LongStream.concat(Arrays.stream(before), Arrays.stream(after)))
                .boxed()
                .collect(Collectors.toUnmodifiableSet());
    }

    /**
     * What a batch gave: one score for each image.
     *
     * @param steps device steps that followed the prefill
     */
    public record Batch(List<Score> scores, int steps) {}

    /**
     * Nanoseconds of a batch's stages.
     *
     * @param vision the vision tower
     * @param prefill system text and image through the language model
     * @param branches questions and answers
     */
    public record Timings(long vision, long prefill, long branches) {
        public long total() {
            return vision + prefill + branches;
        }
    }

    public Checkpoint checkpoint() {
        return checkpoint;
    }

    public @Nullable Adapter adapter() {
        return adapter;
    }

    public ScoringProfile profile() {
        return profile;
    }

    /**
     * Scores a batch of prepared images, of any sizes. Each image's result is independent of the others' up to rounding.
     *
     * @throws IllegalArgumentException if the batch is empty
     */
    public Batch score(List<VisualInput> images, Mode mode) {
        return switch (mode) {
            case FAST -> fast(images);
            case GREEDY -> greedily(images);
            case FORM -> inForm(images);
            case PROSE -> inProse(images);
        };
    }

    private Batch fast(List<VisualInput> images) {
        try (BranchSession session = open(images)) {
            List<Score> scores = fast.read(session, images.size()).stream()
                    .map(this::summarise)
                    .toList();
            return new Batch(scores, session.steps());
        }
    }

    /** Scores a batch in the fast mode. */
    public Batch score(List<VisualInput> images) {
        return score(images, Mode.FAST);
    }

    /**
     * The model's most probable answer to each question about each image.
     *
     * @param maxNewTokens where an answer is cut off
     */
    public List<List<String>> generate(List<VisualInput> images, List<String> questions, int maxNewTokens) {
        try (BranchSession session = open(images)) {
            return texts(session, images.size(), questions, maxNewTokens);
        }
    }

    private List<List<String>> texts(BranchSession session, int images, List<String> questions, int maxNewTokens) {
        List<long[]> turns = questions.stream()
                .map(q -> checkpoint.tokenize(QuestionTree.turn(q)))
                .toList();
        List<TextGenerator.Request> requests =
                Collections.nCopies(images, TextGenerator.Request.greedy(context, turns));
        return generator.generate(session, requests, Sampling.GREEDY, maxNewTokens).texts().stream()
                .map(of -> of.stream().map(generator::text).toList())
                .toList();
    }

    /** Floating-point operations of the fast mode for one image, the digits' last rounds left out. */
    public double floatingPointOperations(VisualInput image) {
        return Flops.of(checkpoint.config(), image, prefix.length(), after.length, fast.speculatedTokens());
    }

    BranchSession open(List<VisualInput> images) {
        return open(images, false);
    }

    private BranchSession open(List<VisualInput> images, boolean timed) {
        if (images.isEmpty()) {
            throw new IllegalArgumentException("images: 0 (expected: at least one)");
        }
        return new BranchSession(checkpoint, lora(), images, prefix, after, timed);
    }

    /** The distributions of the fast mode: for each image those of the score and of each attribute. */
    ClipScorer.Readings read(List<VisualInput> images) {
        try (BranchSession session = open(images)) {
            return new ClipScorer.Readings(fast.read(session, images.size()), session.steps());
        }
    }

    /** How long the stages of the fast mode take for a batch, each awaited: on a GPU that is slower than to score it. */
    public Timings time(List<VisualInput> images) {
        try (BranchSession session = open(images, true)) {
            long start = System.nanoTime();
            fast.read(session, images.size()).forEach(this::summarise);
            return new Timings(session.visionNanos(), session.prefillNanos(), System.nanoTime() - start);
        }
    }

    /** A score from the distributions of the score and of each attribute. */
    Score summarise(List<ValueDistribution> questions) {
        List<Score.Attribute> attributes = new ArrayList<>();
        for (int i = 0; i < profile.attributes().size(); i++) {
            ValueDistribution d = questions.get(i + 1);
            attributes.add(attribute(profile.attributes().get(i), d, d.mostProbable(), null));
        }
        return score(questions.get(0), attributes, null);
    }

    private Score score(ValueDistribution d, List<Score.Attribute> attributes, @Nullable String text) {
        return new Score(
                d.expectation(),
                d.standardDeviation(),
                d.quantile(0.05),
                d.quantile(0.95),
                d.digits(profile.score().decimals()),
                d.offGrammarMass(),
                d.prunedMass(),
                attributes,
                text,
                d.greedy(),
                null);
    }

    private static Score.Attribute attribute(
            AttributeQuestion question, ValueDistribution d, String value, @Nullable String reason) {
        Map<String, Double> probabilities = new LinkedHashMap<>();
        for (int v = 0; v < d.values().size(); v++) {
            probabilities.put(d.values().get(v), d.probabilities()[v]);
        }
        double mean = d.expectation();
        return new Score.Attribute(
                question.name(),
                question.level(),
                value,
                probabilities,
                Double.isNaN(mean) ? OptionalDouble.empty() : OptionalDouble.of(mean),
                d.offGrammarMass(),
                reason);
    }

    private Batch inForm(List<VisualInput> images) {
        FormReader reader = form;
        if (reader == null) {
            throw lacking("form");
        }
        try (BranchSession session = open(images)) {
            List<Score> scores = reader.read(session, images.size()).forms().stream()
                    .map(f -> summarise(f, reader.text(f)))
                    .toList();
            return new Batch(scores, session.steps());
        }
    }

    private ModelException lacking(String section) {
        return new ModelException("scoring profile " + profile.name() + ": " + section + ": missing (expected: the "
                + "question for this mode)");
    }

    private Score summarise(FormReader.Form of, String text) {
        List<Score.Attribute> attributes = new ArrayList<>();
        for (AttributeQuestion q : profile.attributes()) {
            Slot slot = new Slot(Kind.VALUE, q.name());
            ValueDistribution d = of.distributions().get(slot);
            String value = of.values().get(slot);
            if (d != null && value != null) {
                attributes.add(attribute(q, d, value, of.values().get(new Slot(Kind.REASON, q.name()))));
            }
        }
        of.values().forEach((slot, words) -> {
            if (slot.kind() == Kind.TEXT && !words.isEmpty()) {
                attributes.add(new Score.Attribute(
                        slot.name(), Level.MIDDLE, words, Map.of(), OptionalDouble.empty(), Double.NaN));
            }
        });
        return score(Objects.requireNonNull(of.distributions().get(new Slot(Kind.SCORE, ""))), attributes, text);
    }

    private Batch inProse(List<VisualInput> images) {
        ScoringProfile.ProseQuestion prose = profile.prose();
        if (prose == null) {
            throw lacking("prose");
        }
        ProseParser parser = new ProseParser(profile);
        try (BranchSession session = open(images)) {
            List<Score> scores = texts(session, images.size(), List.of(prose.question()), prose.maxNewTokens()).stream()
                    .map(of -> parser.parse(of.get(0)))
                    .toList();
            return new Batch(scores, session.steps());
        }
    }

    private Batch greedily(List<VisualInput> images) {
        List<String> questions = new ArrayList<>(List.of(profile.score().question()));
        profile.attributes().forEach(a -> questions.add(a.question()));
        try (BranchSession session = open(images)) {
            List<Score> scores = texts(session, images.size(), questions, profile.maxNewTokens()).stream()
                    .map(this::parse)
                    .toList();
            return new Batch(scores, session.steps());
        }
    }

    private Score parse(List<String> answers) {
        List<Score.Attribute> attributes = new ArrayList<>();
        for (int i = 0; i < profile.attributes().size(); i++) {
            AttributeQuestion q = profile.attributes().get(i);
            String value = value(q.answer(), answers.get(i + 1));
            if (q.values().contains(value)) {
                attributes.add(
                        new Score.Attribute(q.name(), q.level(), value, Map.of(), OptionalDouble.empty(), Double.NaN));
            }
        }
        double number = number(value(profile.score().answer(), answers.get(0)));
        return Score.ofText(number, attributes, answers.get(0));
    }

    /** What stands in a text where the answer has its value; empty if the text is another. */
    private static String value(String answer, String text) {
        int at = answer.indexOf(ScoringProfile.VALUE);
        String start = answer.substring(0, at);
        String end = answer.substring(at + ScoringProfile.VALUE.length());
        boolean fits = text.startsWith(start) && text.endsWith(end) && text.length() > start.length() + end.length();
        return fits ? text.substring(start.length(), text.length() - end.length()) : "";
    }

    /** The score in a generated answer; NaN if there is none or it is out of range. */
    private double number(String value) {
        double number = AnswerValues.number(value);
        boolean inside = number >= profile.score().minimum().doubleValue()
                && number <= profile.score().maximum().doubleValue();
        return inside ? number : Double.NaN;
    }

    @Override
    public void close() {
        prefix.close();
        base.close();
    }
}
