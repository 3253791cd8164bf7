package io.realqa.cli;

import io.realqa.streams.ServiceConfig;
import io.realqa.trainer.service.TrainerConfig;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Makes a cluster and a registry ready for the service and the trainer. */
@Command(
        name = "topics",
        mixinStandardHelpOptions = true,
        description = {
            "Creates the topics of the settings that are not there, and registers their contracts as BACKWARD_TRANSITIVE.",
            "Topics that are there stay as they are; what is wrong with them is told."
        },
        exitCodeListHeading = "%nExit status:%n",
        exitCodeList = {
            "0:all is as it should be",
            "1:something is not as it should be, or with --dry-run not there",
            "2:wrong usage or settings, or no answer"
        })
@SuppressWarnings("NullAway.Init") // picocli sets the fields
final class TopicsCommand implements Callable<Integer> {
    @Option(names = "--config", paramLabel = "FILE", description = "the service's settings")
    private @Nullable Path config;

    @Option(names = "--trainer", paramLabel = "FILE", description = "the trainer's settings")
    private @Nullable Path trainer;

    @Option(
            names = "--partitions",
            paramLabel = "N",
            description = "at least as many as there will ever be instances (default: " + TopicSetup.PARTITIONS
                    + " for new topics, any number for others); what is in one order has one")
    private @Nullable Integer partitions;

    @Option(names = "--replicas", paramLabel = "N", description = "copies of each partition (default: the brokers')")
    private @Nullable Short replicas;

    @Option(
            names = "--wait",
            paramLabel = "SECONDS",
            defaultValue = "0",
            description = "longest wait for brokers and registry to answer (default: ${DEFAULT-VALUE})")
    private int wait;

    @Option(names = "--dry-run", description = "only say what is there; nothing is changed")
    private boolean dryRun;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        if (config == null && trainer == null) {
            throw new ParameterException(
                    spec.commandLine(), "--config and --trainer are missing (expected: at least one of them)");
        }
        if (partitions != null && partitions < 1) {
            throw new IllegalArgumentException("--partitions: " + partitions + " (expected: at least 1)");
        }
        if (replicas != null && replicas < 1) {
            throw new IllegalArgumentException("--replicas: " + replicas + " (expected: at least 1)");
        }
        if (wait < 0) {
            throw new IllegalArgumentException("--wait: " + wait + " (expected: at least 0)");
        }
        List<TopicSetup.Cluster> clusters = new ArrayList<>();
        if (config != null) {
            ServiceConfig settings = ServiceConfig.read(config);
            clusters.add(new TopicSetup.Cluster(settings.kafka(), settings.registry(), settings.requiredTopics()));
        }
        if (trainer != null) {
            TrainerConfig settings = TrainerConfig.read(trainer);
            clusters.add(new TopicSetup.Cluster(settings.kafka(), settings.registry(), settings.requiredTopics()));
        }
        PrintWriter out = spec.commandLine().getOut();
        TopicSetup.Wanted wanted = new TopicSetup.Wanted(partitions, replicas);
        boolean good = true;
        for (TopicSetup.Cluster cluster : clusters) {
            TopicSetup setup = new TopicSetup(cluster, wanted, dryRun, TopicSetup.ANSWER, line -> {
                out.println(line);
                out.flush();
            });
            good &= setup.run(Duration.ofSeconds(wait));
        }
        return good ? 0 : 1;
    }
}
