package io.realqa.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.realqa.scorer.ModelHandle;
import io.realqa.streams.Model;
import io.realqa.streams.ScoringService;
import io.realqa.streams.ServiceConfig;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
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

    private void settings(LocalStack stack, Path roots) throws Exception {
        config = Files.writeString(folder.resolve("serve.yaml"), """
                kafka: {bootstrap.servers: "%s", state.dir: "%s", num.stream.threads: "1"}
                registry: {schema.registry.url: "%s"}
                model: {checkpoint: "%s"}
                adapters: {roots: ["%s"], workerId: tester, heartbeat: 500ms, patience: 60s}
                """.formatted(
                        stack.bootstrapServers(),
                        stack.stateFolder(),
                        stack.registryUrl(),
                        HOME.resolve("models/demo"),
                        roots));
    }

    @Test
    void anOperatorTriesOutPromotesRollsBackAndRetiresAnAdapter() throws Exception {
        Path adapters = HOME.resolve("scorer/src/test/resources/parity").toRealPath();
        String adapter = adapters.resolve("demo-adapter").toString();
        try (LocalStack stack = LocalStack.start(1);
                ModelHandle model = ModelHandle.load(HOME.resolve("models/demo"), null, null)) {
            settings(stack, adapters);
            ServiceConfig read = ServiceConfig.read(config);
            try (ScoringService service = new ScoringService(read, () -> Model.of(model.scorer(), read))) {
                service.start();

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
            }
        }
    }
}
