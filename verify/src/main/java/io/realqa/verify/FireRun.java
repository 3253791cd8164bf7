package io.realqa.verify;

import io.realqa.events.ImageUploaded;
import io.realqa.schemas.AvroDeserializer;
import io.realqa.schemas.AvroSerializer;
import io.realqa.schemas.SchemaRegistryClient;
import io.realqa.schemas.Topics;
import io.realqa.streams.ServiceConfig;
import io.realqa.streams.adapters.AdapterAdmin;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.avro.generic.GenericContainer;
import org.apache.kafka.clients.admin.NewTopic;

/** One run: cluster, registry, hosts and instances up; load and faults; all of it down; the verdict. */
public final class FireRun {
    private static final int PARTITIONS = 6;
    private static final Duration STALL_LIMIT = Duration.ofSeconds(120);
    private static final Duration QUIET = Duration.ofSeconds(15);
    private static final Duration PROGRESS_WINDOW = Duration.ofSeconds(60);
    private static final Duration SESSION_TIMEOUT = Duration.ofSeconds(6);
    private static final Duration SHORT_SESSION_TIMEOUT = Duration.ofSeconds(3);

    private final FireOptions options;
    private final PrintWriter out;
    private final Load load;
    private final List<FaultPlan.Planned> plan;

    public FireRun(FireOptions options, PrintWriter out) {
        this.options = options;
        this.out = out;
        this.load = new Load(options.seed(), options.uploads(), PARTITIONS);
        this.plan = options.killEvery() == null
                ? FaultPlan.of(options.seed(), options.faults(), options.duration())
                : FaultPlan.kills(options.seed(), options.killEvery(), options.duration());
    }

    /** Runs it all and says what was found. Returns whether every guarantee held. */
    public boolean run() throws InterruptedException {
        return verify().clean();
    }

    Checker.Verdict verify() throws InterruptedException {
        Path folder = folder();
        try {
            return in(folder);
        } finally {
            if (options.keep() == null) {
                delete(folder);
            }
        }
    }

    private Path folder() {
        try {
            Path keep = options.keep();
            return keep == null ? Files.createTempDirectory("realqa-fire") : Files.createDirectories(keep);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void delete(Path folder) {
        try (Stream<Path> files = Files.walk(folder)) {
            files.sorted(Comparator.reverseOrder()).forEach(f -> f.toFile().delete());
        } catch (IOException | UncheckedIOException e) {
            folder.toFile().deleteOnExit();
        }
    }

    private Checker.Verdict in(Path folder) throws InterruptedException {
        long start = System.nanoTime();
        out.printf(
                "exactly once under fire: %,d uploads at %,d/s, %d faults, seed %d%n",
                load.size(), options.rate(), plan.size(), options.seed());
        say("starting " + Cluster.NODES + " brokers …");
        List<String> logging = logging(folder);
        Ports ports = new Ports();
        try (ImageHost hosts = new ImageHost(load, ports);
                RegistryGate registry = new RegistryGate(options.registryHome(), ports.next());
                Cluster cluster = Cluster.start(folder, ports, logging)) {
            say("starting a registry …");
            registry.up();
            say("making the topics …");
            cluster.createTopics(Stream.of(Topics.values())
                    .map(t -> new NewTopic(t.topic(), PARTITIONS, (short) Cluster.NODES).configs(t.topicConfig()))
                    .toList());
            InstanceSettings settings = new InstanceSettings(
                    cluster.bootstrapServers(),
                    registry.url(),
                    hosts.hosts(),
                    folder,
                    sessionTimeout(),
                    options.swaps() > 0,
                    ports);
            try (Fleet fleet = new Fleet(folder, settings, logging, 1, options.deviceMillis(), options.sabotage());
                    Monitor monitor = new Monitor(cluster.bootstrapServers(), PARTITIONS)) {
                return fire(start, folder, cluster, registry, hosts, fleet, monitor, swapper(folder, settings));
            }
        }
    }

    private void say(String text) {
        out.println(text);
        out.flush();
    }

    private Swapper swapper(Path folder, InstanceSettings settings) {
        try {
            Path yaml = folder.resolve("admin.yaml");
            // An operator's settings name no worker that lives.
            Files.writeString(yaml, settings.yaml(0));
            AdapterAdmin admin = options.swaps() == 0 ? null : new AdapterAdmin(ServiceConfig.read(yaml));
            return new Swapper(admin, options.swaps(), options.seed(), options.duration());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Half of what comes in meanwhile; under continuous kills nobody waits. */
    private long resultsBetweenFaults() {
        return options.killEvery() == null ? load.size() / (2L * Math.max(1, plan.size())) : 0;
    }

    private Duration sessionTimeout() {
        return options.killEvery() == null ? SESSION_TIMEOUT : SHORT_SESSION_TIMEOUT;
    }

    private static List<String> logging(Path folder) {
        Path file = folder.resolve("logback.xml");
        try {
            Files.writeString(file, """
                    <configuration>
                      <appender name="err" class="ch.qos.logback.core.ConsoleAppender">
                        <target>System.err</target>
                        <encoder><pattern>%d{HH:mm:ss.SSS} %-5level [%thread] %logger{1} - %msg%n</pattern></encoder>
                      </appender>
                      <root level="WARN"><appender-ref ref="err"/></root>
                      <logger name="io.realqa" level="INFO"/>
                      <logger name="org.apache.kafka.clients" level="ERROR"/>
                      <logger name="org.apache.kafka.streams.StreamsConfig" level="ERROR"/>
                    </configuration>
                    """);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return List.of("-Dlogback.configurationFile=" + file);
    }

    private Checker.Verdict fire(
            long start,
            Path folder,
            Cluster cluster,
            RegistryGate registry,
            ImageHost hosts,
            Fleet fleet,
            Monitor monitor,
            Swapper swapper)
            throws InterruptedException {
        SchemaRegistryClient client = new SchemaRegistryClient(registry.url(), null);
        AvroSerializer<ImageUploaded> serializer = new AvroSerializer<>(client);
        serializer.configure(Map.of(), false);
        AvroDeserializer<GenericContainer> deserializer = new AvroDeserializer<>(client);
        deserializer.configure(Map.of(), false);
        client.register(Topics.UPLOADS.subject(), Topics.UPLOADS.schema());
        for (int i = 0; i < options.instances(); i++) {
            fleet.startAnother();
        }
        Generator generator = new Generator(cluster.bootstrapServers(), load, hosts, serializer);
        Duration killAge = options.killEvery() == null ? Duration.ofSeconds(4) : Duration.ofSeconds(2);
        Injector injector = new Injector(cluster, fleet, registry, hosts, sessionTimeout(), killAge);
        FaultLanes lanes =
                new FaultLanes(injector, plan, folder.resolve("faults.txt"), monitor::results, resultsBetweenFaults());
        LiveLine line = new LiveLine(out, options.terminal());
        awaitRunning(fleet, line);
        EndState end = new EndState(cluster.admin(), InstanceSettings.APPLICATION, PARTITIONS);
        Harvest harvest = new Harvest(cluster.bootstrapServers(), deserializer);
        List<String> stalls = new ArrayList<>();
        Thread sending = sending(generator, lanes, swapper);
        try {
            lanes.start();
            swapper.start();
            follow(generator, lanes, swapper, fleet, monitor, end, harvest, line, stalls, sending);
            swapper.awaitConverged(fleet);
        } finally {
            lanes.stop();
            swapper.stop();
            sending.interrupt();
            sending.join(10_000);
        }
        line.end();
        say("stopping the instances, reading what was committed …");
        List<String> killed = fleet.stopAll();
        Checker checker = new Checker(load, fleet.excused(), swapper.released());
        killed.forEach(k -> checker.found(Violation.NOT_STOPPED, k + " was killed at the end"));
        swapper.problems().forEach(p -> checker.found(Violation.NOT_CONVERGED, p));
        stalls.forEach(s -> checker.found(Violation.NO_PROGRESS, s));
        lanes.notInjected().forEach(f -> checker.found(Violation.NOT_INJECTED, f));
        List<String> changelogs = end.changelogs();
        end.into(checker, changelogs);
        harvest.into(checker);
        for (String changelog : changelogs) {
            int living = harvest.livingKeys(changelog);
            if (living > 0) {
                checker.found(Violation.PENDING_LEFT, changelog + ": " + living + " entries (expected: 0)");
            }
        }
        Checker.Verdict verdict = checker.verdict();
        new Report(out).print(options, verdict, lanes, swapper, fleet, Duration.ofNanos(System.nanoTime() - start));
        return verdict;
    }

    private void awaitRunning(Fleet fleet, LiveLine line) throws InterruptedException {
        long deadline = System.nanoTime() + STALL_LIMIT.toNanos();
        while (fleet.running() < options.instances()) {
            if (System.nanoTime() > deadline) {
                throw new IllegalStateException("instances running: " + fleet.running() + " (expected: "
                        + options.instances() + " within " + STALL_LIMIT + "); --keep FOLDER keeps their logs");
            }
            line.show("waiting for the instances: " + fleet.running() + " of " + options.instances() + " run");
            TimeUnit.MILLISECONDS.sleep(200);
        }
    }

    /** The load follows the clock, but not further than the faults have come. */
    private Thread sending(Generator generator, FaultLanes lanes, Swapper swapper) {
        Thread thread = new Thread(
                () -> {
                    try {
                        generator.run(new Pace(
                                options,
                                plan.size() + options.swaps(),
                                () -> lanes.finished() + swapper.finished(),
                                System::nanoTime));
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                },
                "load");
        thread.setUncaughtExceptionHandler((t, e) -> lanes.fail(e));
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    /** Until all is sent, all faults are done and the group has committed everything, or nothing moves any more. */
    private void follow(
            Generator generator,
            FaultLanes lanes,
            Swapper swapper,
            Fleet fleet,
            Monitor monitor,
            EndState end,
            Harvest harvest,
            LiveLine line,
            List<String> stalls,
            Thread sending)
            throws InterruptedException {
        long start = System.nanoTime();
        long lastResults = 0;
        long moved = start;
        long window = start;
        long windowResults = 0;
        while (true) {
            TimeUnit.MILLISECONDS.sleep(250);
            lanes.rethrow();
            swapper.rethrow();
            fleet.reviveFallen();
            long now = System.nanoTime();
            long results = monitor.results();
            if (results > lastResults) {
                lastResults = results;
                moved = now;
            }
            long second = Math.max(1, TimeUnit.NANOSECONDS.toSeconds(now - start));
            line.show(String.format(
                    "%4d s  uploads %,d of %,d  results %,d (%,d/s)  faults %d of %d  %sinstances %d of %d running",
                    second,
                    generator.acknowledged(),
                    load.size(),
                    results,
                    results / second,
                    lanes.finished(),
                    plan.size(),
                    options.swaps() == 0 ? "" : "swaps " + swapper.finished() + " of " + options.swaps() + "  ",
                    fleet.running(),
                    fleet.alive()));
            boolean allDone = !sending.isAlive() && lanes.done() && swapper.done();
            if (allDone && results >= load.size() && settled(end)) {
                return;
            }
            if (now - window > PROGRESS_WINDOW.toNanos()) {
                if (results == windowResults && !(allDone && results >= load.size())) {
                    stalls.add(
                            "no result between " + (second - PROGRESS_WINDOW.toSeconds()) + " s and " + second + " s");
                }
                window = now;
                windowResults = results;
            }
            if (allDone && now - moved > QUIET.toNanos() && settled(end) && nothingPending(end, harvest)) {
                return; // what has no result by now will never have one
            }
            if (now - moved > STALL_LIMIT.toNanos() && lanes.done() && swapper.done()) {
                return; // the checker tells what is missing
            }
        }
    }

    private static boolean nothingPending(EndState end, Harvest harvest) {
        return end.changelogs().stream().allMatch(c -> harvest.livingKeys(c) == 0);
    }

    private static boolean settled(EndState end) {
        try {
            return end.lag() == 0;
        } catch (IllegalStateException e) {
            return false; // a call that met a broker on its way
        }
    }
}
