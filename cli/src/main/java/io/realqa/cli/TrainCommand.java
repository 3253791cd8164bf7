package io.realqa.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.realqa.scorer.Checkpoint;
import io.realqa.scorer.Compute;
import io.realqa.scorer.LoraSettings;
import io.realqa.scorer.LossSettings;
import io.realqa.scorer.ModelException;
import io.realqa.scorer.Precision;
import io.realqa.scorer.ScoringProfile;
import io.realqa.trainer.recipe.Recipe;
import io.realqa.trainer.recipe.RecipeReader;
import io.realqa.trainer.set.Manifest;
import io.realqa.trainer.training.HeldOut;
import io.realqa.trainer.training.LabelFile;
import io.realqa.trainer.training.RecipeRun;
import io.realqa.trainer.training.TrainingRun;
import io.realqa.trainer.training.TrainingSettings;
import io.realqa.trainer.training.TrainingSettings.FormQuestion;
import io.realqa.trainer.training.TrainingSettings.QuestionMix;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Trains a LoRA adapter, or all weights, from labelled images, or an adapter by a recipe from conversations. */
@Command(
        name = "train",
        mixinStandardHelpOptions = true,
        showDefaultValues = true,
        description = {
            "Trains a LoRA adapter, or all weights, from labelled images, or an adapter by a recipe from conversations.",
            "A recipe has LLaMA-Factory's keys; its data sets are those of a dataset_info.json. The adapter is left in its"
                    + " output_dir, with trainer_log.jsonl, checkpoints and results; a run that was cut off goes on from its"
                    + " newest checkpoint.",
            "Labels are JSON Lines: {\"image\": \"a.jpg\", \"score\": 6.59, \"deviation\": 0.8, \"attributes\": {\"exposure\":"
                    + " \"overexposed\"}}; score or attributes may be left out, deviation too.",
            "With labels, prints the folder it made: named by its content's digest, complete from the moment it is there.",
            "A run that was cut off goes on where it last saved when the same command is given again."
        })
@SuppressWarnings("NullAway.Init") // picocli sets the fields
final class TrainCommand implements Callable<Integer> {
    private static final Set<String> OF_LORA = Set.of(
            "--rank",
            "--alpha",
            "--dropout",
            "--rank-stabilised",
            "--targets",
            "--exclude",
            "--rank-pattern",
            "--alpha-pattern");

    @Parameters(
            arity = "0..1",
            paramLabel = "RECIPE.yaml",
            description = "LLaMA-Factory's training settings; it says all, and no option goes with it")
    private @Nullable Path recipe;

    @Option(names = "--checkpoint", paramLabel = "DIR", description = "base (default: the demonstration checkpoint)")
    private @Nullable Path checkpoint;

    @Option(names = "--profile", paramLabel = "FILE", description = "scoring profile (default: the checkpoint's)")
    private @Nullable Path profile;

    @Option(names = "--data", paramLabel = "FILE", description = "labels, JSON Lines")
    private @Nullable Path data;

    @Option(
            names = "--manifest",
            paramLabel = "FILE",
            description = "instead of --data: a training set of `realqa trainer`, the same images on the same sides")
    private @Nullable Path manifest;

    @Option(
            names = "--images",
            paramLabel = "DIR",
            description = "folder that the labels' paths start at (with --manifest, default: where it says)")
    private @Nullable Path images;

    @Option(names = "--out", paramLabel = "DIR", description = "folder to make the adapter's folder in")
    private @Nullable Path out;

    @Option(
            names = "--judge",
            paramLabel = "FILE",
            description = "labels that judge, JSON Lines; then all of --data trains")
    private @Nullable Path judge;

    @Option(names = "--full", description = "train all weights; leaves a checkpoint instead of an adapter")
    private boolean full;

    @Option(names = "--held-out", defaultValue = "0.2", description = "share of the images that judge and do not train")
    private double heldOut;

    @Option(names = "--epochs", defaultValue = "3", description = "times that every image is seen")
    private int epochs;

    @Option(names = "--batch", defaultValue = "16", description = "images of one step of the optimiser")
    private int batch;

    @Option(names = "--pass", defaultValue = "8", description = "images of one pass at most: memory, not the result")
    private int pass;

    @Option(names = "--learning-rate", defaultValue = "1e-4", description = "highest rate; then a cosine to 0")
    private double learningRate;

    @Option(names = "--warm-up", defaultValue = "0.1", description = "share of the steps in which the rate rises")
    private double warmUp;

    @Option(names = "--decay", defaultValue = "0", description = "AdamW's decay of what is trained")
    private double decay;

    @Option(names = "--clip", defaultValue = "1", description = "largest norm of the gradient, 0: any")
    private double clip;

    @Option(names = "--rank", defaultValue = "16", description = "LoRA's r")
    private int rank;

    @Option(
            names = "--alpha",
            description = "LoRA's alpha (default: twice the rank)",
            showDefaultValue = picocli.CommandLine.Help.Visibility.NEVER)
    private @Nullable Double alpha;

    @Option(names = "--dropout", defaultValue = "0.05", description = "LoRA's dropout")
    private double dropout;

    @Option(names = "--rank-stabilised", description = "scale with alpha / sqrt(rank)")
    private boolean rankStabilised;

    @Option(
            names = "--targets",
            split = ",",
            paramLabel = "MODULE",
            description =
                    "modules to adapt: ends of names, all-linear, or regex:EXPRESSION (default: every linear layer"
                            + " of the language model and the vision tower, without the merger)")
    private @Nullable List<String> targets;

    @Option(names = "--exclude", split = ",", paramLabel = "MODULE", description = "modules to leave out")
    private @Nullable List<String> exclude;

    @Option(names = "--rank-pattern", paramLabel = "REGEX=RANK", description = "rank of some modules; repeatable")
    private @Nullable Map<String, Integer> rankPattern;

    @Option(names = "--alpha-pattern", paramLabel = "REGEX=ALPHA", description = "alpha of some modules; repeatable")
    private @Nullable Map<String, Double> alphaPattern;

    @Option(names = "--digit-weights", split = ",", description = "what a score's digits are worth, such as 12,6,4")
    private @Nullable List<Double> digitWeights;

    @Option(names = "--expectation-weight", defaultValue = "0", description = "of the expected score's squared error")
    private double expectationWeight;

    @Option(names = "--soft-labels", description = "train towards a distribution as wide as the label's deviation")
    private boolean softLabels;

    @Option(names = "--plain", defaultValue = "1", description = "probability of the score question")
    private double plain;

    @Option(names = "--attributes", defaultValue = "0.5", description = "probability of each attribute's question")
    private double attributes;

    @Option(names = "--form-share", defaultValue = "0", description = "probability of the form")
    private double formShare;

    @Option(
            names = "--form",
            paramLabel = "FILE",
            description =
                    "the form (default: the profile's), JSON: {\"question\": …, \"answer\": …} with {score} and {ATTRIBUTE} in the answer")
    private @Nullable Path form;

    @Option(
            names = "--rehearsal",
            defaultValue = "0",
            description =
                    "share of the images that are shown spoilt, the label as much lower as the base model's score")
    private double rehearsal;

    @Option(
            names = "--base-share",
            defaultValue = "0",
            description =
                    "with --full: share of the base's weights in those that are written, which are a mean of both")
    private double baseShare;

    @Option(names = "--seed", defaultValue = "1", description = "of initialisation, order, questions and dropout")
    private long seed;

    @Option(names = "--save-every", defaultValue = "50", description = "steps between two saves")
    private int saveEvery;

    @Option(names = "--state", paramLabel = "FILE", description = "where to save (default: OUT/.training.safetensors)")
    private @Nullable Path state;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        return recipe == null ? byLabels(required("--out", out)) : byRecipe(recipe);
    }

    private Path required(String option, @Nullable Path value) {
        if (value == null) {
            throw new ParameterException(
                    spec.commandLine(),
                    option + ": missing (expected: --data and --images, or --manifest, and --out; or a recipe)");
        }
        return value;
    }

    private int byRecipe(Path file) throws IOException, InterruptedException {
        List<OptionSpec> options = spec.commandLine().getParseResult().matchedOptions();
        if (!options.isEmpty()) {
            throw new ParameterException(
                    spec.commandLine(),
                    options.get(0).longestName() + ": with a recipe (expected: the recipe alone; it says all)");
        }
        Recipe read = RecipeReader.read(file);
        for (String note : read.notes()) {
            spec.commandLine().getErr().println(file + ": " + note);
        }
        spec.commandLine().getErr().flush();
        try (RecipeRun run = load(read);
                TrainingProgress progress =
                        new TrainingProgress(spec.commandLine().getErr())) {
            Path made = run.run(progress);
            spec.commandLine().getOut().println(made);
            spec.commandLine().getOut().flush();
        }
        return 0;
    }

    private RecipeRun load(Recipe recipe) {
        Path base = Path.of(recipe.model().nameOrPath());
        try (LoadingProgress shown = LoadingProgress.of(spec.commandLine().getErr(), base)) {
            return new RecipeRun(recipe, Compute.ofThisMachine(), System::nanoTime, shown);
        }
    }

    /** Before anything is computed: a training would be lost whose adapter cannot be written. */
    private static void requireWritable(Path target) {
        try {
            Files.createDirectories(target);
            Files.delete(Files.createTempFile(target, ".realqa", ".probe"));
        } catch (IOException e) {
            throw new IllegalArgumentException("--out: " + target + ": " + e + " (expected: a folder to write to)", e);
        }
    }

    private int byLabels(Path target) throws IOException, InterruptedException {
        requireWritable(target);
        Path base = checkpoint == null ? ModelOptions.home().resolve("models/demo") : checkpoint;
        ScoringProfile asked = profile != null
                ? ScoringProfile.read(profile)
                : ScoringProfile.in(base)
                        .orElseThrow(() -> new ModelException(
                                base + ": no " + ScoringProfile.FILE_NAME + " (expected: one there, or --profile)"));
        TrainingSettings settings = settings(asked);
        HeldOut.Split split = split(asked);
        Path saved = state == null ? target.resolve(".training.safetensors") : state;
        try (Checkpoint loaded = LoadingProgress.load(spec.commandLine().getErr(), base, Precision.AUTO);
                TrainingProgress progress =
                        new TrainingProgress(spec.commandLine().getErr())) {
            Path made = new TrainingRun(loaded, asked, settings, split, target, saved, saveEvery, System::nanoTime)
                    .run(progress);
            spec.commandLine().getOut().println(made);
            spec.commandLine().getOut().flush();
        }
        return 0;
    }

    private HeldOut.Split split(ScoringProfile asked) throws IOException {
        if (manifest != null) {
            return Manifest.read(manifest).build(manifest, images, asked).split();
        }
        if (data == null || images == null) {
            throw new ParameterException(
                    spec.commandLine(), "Missing required options: --data=FILE and --images=DIR, or --manifest=FILE");
        }
        if (judge != null) {
            return new HeldOut.Split(LabelFile.read(data, images, asked), LabelFile.read(judge, images, asked));
        }
        return HeldOut.split(LabelFile.read(data, images, asked), heldOut);
    }

    private TrainingSettings settings(ScoringProfile asked) throws IOException {
        if (full) {
            refuseLora();
        }
        LoraSettings lora = full ? null : lora();
        LossSettings loss =
                new LossSettings(digitWeights == null ? List.of() : digitWeights, expectationWeight, softLabels);
        QuestionMix mix = new QuestionMix(plain, attributes, formShare, form(asked));
        return new TrainingSettings(
                lora, loss, epochs, batch, pass, learningRate, warmUp, decay, clip, mix, rehearsal, baseShare, seed);
    }

    /** The form that is asked for, else the profile's, which has the same placeholders. */
    private Optional<FormQuestion> form(ScoringProfile asked) throws IOException {
        if (form != null) {
            return form(form);
        }
        ScoringProfile.FormQuestion own = asked.form();
        if (own == null || formShare == 0) {
            return Optional.empty();
        }
        if (own.answer().contains(".reason}") || own.answer().contains(".text}")) {
            throw new IllegalArgumentException(
                    "--form: missing (expected: a form, as the profile's has reasons or free text, which labels have not)");
        }
        return Optional.of(new FormQuestion(own.question(), own.answer()));
    }

    private void refuseLora() {
        for (OptionSpec option : spec.commandLine().getParseResult().matchedOptions()) {
            if (OF_LORA.contains(option.longestName())) {
                throw new ParameterException(
                        spec.commandLine(), option.longestName() + ": with --full (expected: no setting of LoRA)");
            }
        }
    }

    private LoraSettings lora() {
        return new LoraSettings(
                rank,
                alpha == null ? 2.0 * rank : alpha,
                dropout,
                rankStabilised,
                targets == null ? LoraSettings.ALL_BUT_THE_MERGER : targets,
                exclude == null ? List.of() : exclude,
                rankPattern == null ? Map.of() : rankPattern,
                alphaPattern == null ? Map.of() : alphaPattern);
    }

    private static Optional<FormQuestion> form(Path file) throws IOException {
        JsonNode json = new ObjectMapper().readTree(file.toFile());
        return Optional.of(new FormQuestion(
                json.path("question").asText(""), json.path("answer").asText("")));
    }
}
