package io.realqa.cli;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.realqa.schemas.ClientProperties;
import io.realqa.schemas.SchemaRegistryClient;
import io.realqa.scorer.Compute;
import io.realqa.scorer.EngineSettings;
import io.realqa.scorer.ModelHandle;
import io.realqa.scorer.Score;
import io.realqa.scorer.image.ImageDecoder;
import io.realqa.scorer.image.ImageLimits;
import io.realqa.streams.ServiceConfig;
import java.io.PrintWriter;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Checks what the product needs of this machine, and says what to do about what is missing. */
@Command(
        name = "doctor",
        mixinStandardHelpOptions = true,
        description = "Checks JDK, native libraries, device, memory, broker, registry and checkpoint.")
@SuppressWarnings("NullAway.Init") // picocli sets the fields
final class DoctorCommand implements Callable<Integer> {
    private static final long NEEDED_MEMORY = 2L << 30;
    private static final int ADMIN_SECONDS = 10;

    @Mixin
    private ModelOptions model;

    @Option(
            names = "--config",
            paramLabel = "FILE",
            description = "the service's settings: checks their broker, registry and checkpoint (default: local ones)")
    private @Nullable Path config;

    @Spec
    private CommandSpec spec;

    private boolean failed;

    /** One check: says what it found, or throws. */
    private interface Check {
        String run() throws Exception;
    }

    @Override
    public Integer call() {
        EngineSettings.apply();
        check("JDK", "install JDK 17 or newer and point JAVA_HOME at it", DoctorCommand::jdk);
        check(
                "native libraries",
                "on Linux x86-64 they come with the build; elsewhere, and for a GPU, set PYTORCH_LIBRARY_PATH to"
                        + " libtorch 2.7.1 and PYTORCH_VERSION, PYTORCH_FLAVOR to match",
                DoctorCommand::natives);
        check("device", "check the driver (nvidia-smi) and that libtorch is a CUDA build", DoctorCommand::device);
        check("memory", "free some memory, or give the machine more", DoctorCommand::memory);
        ServiceConfig settings = null;
        if (config != null) {
            try {
                settings = ServiceConfig.read(config);
                report(true, "configuration", config.toString(), "");
            } catch (RuntimeException e) {
                report(false, "configuration", String.valueOf(e.getMessage()), "correct the file");
                return 1;
            }
        }
        if (settings == null) {
            check(
                    "broker, registry",
                    "build again (rm cli/target/.built), and see that 1 GiB of memory and local ports are free",
                    DoctorCommand::localStack);
        } else {
            ServiceConfig s = settings;
            check(
                    "broker",
                    "check kafka.bootstrap.servers, the network and the credentials, and create what is missing",
                    () -> broker(s));
            check("registry", "check registry.schema.registry.url, its path and the credentials", () -> registry(s));
        }
        if (settings != null && !settings.calibration().isEmpty()) {
            ServiceConfig s = settings;
            check(
                    "calibration",
                    "fit it again (realqa calibrate fit), or name another file",
                    () -> s.calibrations().digests().toString());
        }
        ServiceConfig.Model configured = settings == null ? null : settings.model();
        check(
                "checkpoint",
                "name a Hugging Face folder as downloaded, whole, and a profile of the questions that the model was taught"
                        + " (docs/scoring-profiles.md)",
                () -> checkpoint(configured));
        return failed ? 1 : 0;
    }

    private void check(String what, String advice, Check check) {
        PrintWriter out = spec.commandLine().getOut();
        if (Terminal.stdout()) {
            out.printf("...   %s\r", what);
            out.flush();
        }
        try {
            report(true, what, check.run(), "");
        } catch (Exception | LinkageError e) {
            Throwable cause = e.getCause() != null && e.getMessage() == null ? e.getCause() : e;
            report(false, what, cause.getMessage() == null ? cause.toString() : cause.getMessage(), advice);
        }
    }

    private void report(boolean fine, String what, String found, String advice) {
        PrintWriter out = spec.commandLine().getOut();
        out.printf(Locale.ROOT, "%-5s %-18s %s%n", fine ? "ok" : "FAIL", what, found);
        if (!fine) {
            failed = true;
            out.printf(Locale.ROOT, "      %-18s -> %s%n", "", advice);
        }
        out.flush();
    }

    private static String jdk() {
        int version = Runtime.version().feature();
        if (version < 17) {
            throw new IllegalStateException("Java " + version + " (expected: 17 or newer)");
        }
        return Runtime.version() + ", " + System.getProperty("java.vendor");
    }

    private static String natives() {
        Engine engine = Engine.getEngine("PyTorch");
        try (NDManager manager = engine.newBaseManager();
                NDArray one = manager.create(new float[] {1, 2, 3})) {
            if (one.sum().getFloat() != 6) {
                throw new IllegalStateException(
                        "libtorch computes 1 + 2 + 3 = " + one.sum().getFloat());
            }
        }
        return "libtorch " + engine.getVersion();
    }

    private static String device() {
        int gpus = Engine.getEngine("PyTorch").getGpuCount();
        return gpus > 0
                ? gpus + " CUDA device(s)"
                : Runtime.getRuntime().availableProcessors() + " CPU cores "
                        + (Compute.cpuHasBfloat16() ? "with" : "without") + " instructions for bfloat16, no GPU. Enough"
                        + " for the demonstration checkpoint; the 7-billion-parameter model needs a GPU";
    }

    private static String memory() {
        var system = (com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        long total = system.getTotalMemorySize();
        if (total < NEEDED_MEMORY) {
            throw new IllegalStateException(gib(total) + " (expected: at least " + gib(NEEDED_MEMORY) + ")");
        }
        return gib(total) + ", Java heap up to " + gib(Runtime.getRuntime().maxMemory());
    }

    private static String gib(long bytes) {
        return String.format(Locale.ROOT, "%.1f GiB", bytes / (double) (1L << 30));
    }

    private static String localStack() {
        try (LocalStack stack = LocalStack.start(1)) {
            return "local ones start: " + stack.bootstrapServers() + ", " + stack.registryUrl();
        }
    }

    private static String broker(ServiceConfig settings) throws Exception {
        Map<String, Object> properties =
                ClientProperties.of(settings.kafka(), AdminClientConfig.configNames(), "admin.");
        properties.put("request.timeout.ms", ADMIN_SECONDS * 1000);
        properties.put("default.api.timeout.ms", ADMIN_SECONDS * 1000);
        try (Admin admin = Admin.create(properties)) {
            var topics = admin.listTopics().names().get(ADMIN_SECONDS, TimeUnit.SECONDS);
            List<String> missing = settings.requiredTopics().values().stream()
                    .filter(t -> !topics.contains(t))
                    .toList();
            if (!missing.isEmpty()) {
                throw new IllegalStateException(
                        settings.kafka().get("bootstrap.servers") + " answers, but topics " + missing
                                + " are missing, or hidden from this principal (expected: created beforehand, by realqa topics)");
            }
            return settings.kafka().get("bootstrap.servers") + ", all topics there";
        } catch (TimeoutException e) {
            throw new IllegalStateException(
                    settings.kafka().get("bootstrap.servers") + ": no answer within " + ADMIN_SECONDS + " s", e);
        }
    }

    private static String registry(ServiceConfig settings) {
        var client = SchemaRegistryClient.of(settings.registry());
        return settings.registry().get(SchemaRegistryClient.URL) + ", "
                + client.subjects().size() + " subjects";
    }

    private String checkpoint(ServiceConfig.@Nullable Model configured) throws Exception {
        long start = System.nanoTime();
        PrintWriter err = spec.commandLine().getErr();
        try (ModelHandle handle = configured == null ? model.load(err) : ServeCommand.load(configured, err)) {
            double seconds = (System.nanoTime() - start) / 1e9;
            var scorer = handle.scorer();
            byte[] photo = Files.readAllBytes(ModelOptions.home().resolve("models/demo/photos/coffee.jpg"));
            var image = scorer.checkpoint().preprocessing().apply(new ImageDecoder(ImageLimits.DEFAULTS).decode(photo));
            Score score = scorer.score(List.of(image)).scores().get(0);
            if (!Double.isFinite(score.expectation()) || score.offGrammarMass() > 0.5) {
                throw new IllegalStateException(scorer.checkpoint().folder() + ": scores a photograph "
                        + score.expectation() + " with " + score.offGrammarMass()
                        + " of the probability off the grammar (expected: a profile that the model was taught)");
            }
            return String.format(
                    Locale.ROOT,
                    "%s, profile %s, loaded in %.1f s; a photograph scores %.2f in %s",
                    scorer.checkpoint().folder(),
                    scorer.profile().name(),
                    seconds,
                    score.expectation(),
                    scorer.checkpoint().compute().precision());
        }
    }
}
