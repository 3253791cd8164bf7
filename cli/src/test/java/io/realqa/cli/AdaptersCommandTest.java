package io.realqa.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.realqa.cli.trainer.TopicReleaseDesk;
import io.realqa.events.AdapterRelease;
import io.realqa.schemas.ReleaseKey;
import io.realqa.scorer.Adapter;
import io.realqa.scorer.Checkpoint;
import io.realqa.scorer.ModelHandle;
import io.realqa.store.ContentFolder;
import io.realqa.store.ObjectStore;
import io.realqa.store.S3Location;
import io.realqa.streams.Model;
import io.realqa.streams.ScoringService;
import io.realqa.streams.ServiceConfig;
import io.realqa.streams.adapters.AdapterAdmin;
import io.realqa.trainer.cycle.ReleaseDesk;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** The commands for adapters, against a running worker. */
class AdaptersCommandTest {
    private static final Path HOME = ModelOptions.home();

    @TempDir
    Path folder;

    private StringWriter out = new StringWriter();
    private Path config = Path.of("");

    private int run(String command, String... args) {
        out = new StringWriter();
        CommandLine line = Main.commandLine();
        line.setOut(new PrintWriter(out)).setErr(new PrintWriter(out));
        return line.execute(Stream.concat(
                        Stream.of("adapters", command, "--config", config.toString(), "--wait", "90"), Stream.of(args))
                .toArray(String[]::new));
    }

    private void settings(LocalStack stack, Path roots, ObjectStore store) throws Exception {
        config = Files.writeString(folder.resolve("serve.yaml"), """
                kafka: {bootstrap.servers: "%s", state.dir: "%s", num.stream.threads: "1"}
                registry: {schema.registry.url: "%s"}
                model: {checkpoint: "%s"}
                adapters: {roots: ["%s", "s3://adapters/realqa"], cache: "%s", s3: {endpoint: "%s"},
                  workerId: tester, heartbeat: 500ms, patience: 60s}
                http: {host: 127.0.0.1, port: 0}
                """.formatted(
                        stack.bootstrapServers(),
                        stack.stateFolder(),
                        stack.registryUrl(),
                        HOME.resolve("models/demo"),
                        roots,
                        folder.resolve("cache"),
                        store.settings().endpoint()));
    }

    @Test
    void withoutBrokersALineSaysWhichDoNotAnswer() throws Exception {
        config = Files.writeString(folder.resolve("serve.yaml"), """
                kafka: {bootstrap.servers: "127.0.0.1:1", request.timeout.ms: 200, default.api.timeout.ms: 400}
                registry: {schema.registry.url: "http://127.0.0.1:1"}
                model: {checkpoint: models/demo}
                adapters: {cache: "%s"}
                """.formatted(folder.resolve("cache")));
        assertThat(run("list")).isEqualTo(2);
        assertThat(out.toString())
                .contains("realqa: Kafka: 127.0.0.1:1: ", "(expected: brokers that answer")
                .doesNotContain("\tat ");
    }

    @Test
    void anOperatorTriesOutPromotesRollsBackAndRetiresAnAdapter() throws Exception {
        Path adapters = HOME.resolve("scorer/src/test/resources/parity").toRealPath();
        String adapter = adapters.resolve("demo-adapter").toString();
        try (LocalStack stack = LocalStack.start(1);
                ObjectStore store = new ObjectStore(Files.createDirectory(folder.resolve("objects")));
                ModelHandle model = ModelHandle.load(HOME.resolve("models/demo"), null, null)) {
            store.bucket("adapters");
            settings(stack, adapters, store);
            ServiceConfig read = ServiceConfig.read(config);
            try (ScoringService service = new ScoringService(read, () -> Model.of(model.scorer(), read))) {
                service.start();
                theHttpSideWorksWithThisProgramsLibraries(service.httpPort());

                assertThat(run("canary", "shop", "--share", "0.25", "--adapter", adapter))
                        .as(out.toString())
                        .isZero();
                assertThat(out.toString())
                        .contains("shop/canary: epoch 1, CANARY", "serving 1, refusing 0, waiting for []");

                assertThat(run("promote", "shop")).as(out.toString()).isZero();
                assertThat(out.toString()).contains("shop/active: epoch 2, ACTIVE");

                assertThat(run("list")).isZero();
                assertThat(out.toString())
                        .containsPattern("shop +active +2 [0-9a-f]{12} +100 % ACTIVE")
                        .containsPattern("shop +canary +1 [0-9a-f]{12} +25 % CANARY, ended")
                        .containsPattern("tester +shop +active +2 [0-9a-f]{12} +SERVING")
                        .containsPattern("tester +\\* +active +0 base +SERVING")
                        .contains("1 workers are alive");

                assertThat(run("rollback", "shop")).as(out.toString()).isZero();
                assertThat(out.toString()).contains("shop/active: epoch 3, RETIRED");

                assertThat(run(
                                "promote",
                                "shop",
                                "--adapter",
                                HOME.resolve("models").toString()))
                        .as("no adapter")
                        .isEqualTo(2);
                Path outside = Files.createDirectory(folder.resolve("outside"));
                for (String file : new String[] {"adapter_config.json", "adapter_model.safetensors"}) {
                    Files.writeString(outside.resolve(file), "{}");
                }
                assertThat(run("promote", "shop", "--adapter", outside.toString()))
                        .isEqualTo(1);
                assertThat(out.toString()).contains("tester refuses it", "serves base", "adapters.roots");

                assertThat(run("retire", "shop")).as(out.toString()).isZero();
                assertThat(run("retire", "shop")).as("empty").isEqualTo(2);
                assertThat(out.toString()).contains("slot: shop/active is empty");

                anAdapterGoesThroughS3(adapters.resolve("demo-adapter"));
                theTrainersGoesThroughS3(read, store, model.scorer().profile().digest());
            }
        }
    }

    /** All modules' libraries meet here, in the versions that the program is packed with. */
    private static void theHttpSideWorksWithThisProgramsLibraries(int port) throws Exception {
        HttpRequest live = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/health/live"))
                .timeout(Duration.ofSeconds(10))
                .build();
        assertThat(HttpClient.newHttpClient()
                        .send(live, HttpResponse.BodyHandlers.ofString())
                        .statusCode())
                .isEqualTo(200);
    }

    private void anAdapterGoesThroughS3(Path adapter) throws Exception {
        out = new StringWriter();
        CommandLine line = Main.commandLine();
        line.setOut(new PrintWriter(out)).setErr(new PrintWriter(out));
        assertThat(line.execute("adapters", "push", "--config", config.toString(), adapter.toString()))
                .as(out.toString())
                .isZero();
        String place = out.toString().strip();
        assertThat(place).matches("s3://adapters/realqa/sha256-[0-9a-f]{64}");
        assertThat(run("promote", "shop", "--adapter", place))
                .as(out.toString())
                .isZero();
        assertThat(out.toString()).contains("shop/active: epoch", "ACTIVE", "serving 1, refusing 0");
        assertThat(run("promote", "shop", "--adapter", "s3://adapters/realqa/sha256-none"))
                .isEqualTo(2);
        assertThat(out.toString()).contains("s3://adapters/realqa/sha256-none: no manifest.json");
    }

    /** What the trainer releases is written to S3 and served from there; the next candidate is compared with it. */
    private void theTrainersGoesThroughS3(ServiceConfig read, ObjectStore store, String profile) throws Exception {
        Path made = ContentFolder.copy(
                HOME.resolve("scorer/src/test/resources/parity/demo-adapter"), folder.resolve("trained/adapters"));
        S3Location place = S3Location.parse("s3://adapters/realqa/trained");
        AdapterAdmin admin = new AdapterAdmin(read);
        String base;
        try (Checkpoint checkpoint = Checkpoint.load(HOME.resolve("models/demo"))) {
            base = checkpoint.digest();
        }
        TopicReleaseDesk desk = new TopicReleaseDesk(
                admin, Clock.systemUTC(), folder.resolve("trained/adapters"), place, store.settings());
        long epoch = desk.publish(new ReleaseDesk.Release(
                "trained",
                ReleaseDesk.Target.ACTIVE,
                1,
                Adapter.digest(made),
                base,
                profile,
                made,
                "file:/set-1",
                "PROMOTE: better",
                Map.of()));
        ReleaseKey key = new ReleaseKey("trained", ReleaseKey.Slot.ACTIVE);
        AdapterRelease event = Objects.requireNonNull(admin.releases().at(key));
        assertThat(event.getLocation()).isEqualTo(place + "/" + made.getFileName());
        assertThat(run("promote", "trained", "--adapter", event.getLocation()))
                .as(out.toString())
                .isZero();
        assertThat(out.toString()).contains("trained/active: epoch " + (epoch + 1), "serving 1, refusing 0");
        // a trainer that was started elsewhere has not that folder
        TopicReleaseDesk elsewhere = new TopicReleaseDesk(
                admin, Clock.systemUTC(), folder.resolve("elsewhere/adapters"), place, store.settings());
        ReleaseDesk.Serving serving = elsewhere.serving("trained");
        assertThat(serving.folder())
                .isEqualTo(folder.resolve("elsewhere/serving").resolve(made.getFileName()));
        assertThat(Adapter.digest(Objects.requireNonNull(serving.folder()))).isEqualTo(serving.digest());
    }
}
