package io.realqa.verify;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import io.realqa.streams.Model;
import io.realqa.streams.ScoringService;
import io.realqa.streams.ServiceConfig;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.LoggerFactory;

/**
 * Main class of an instance's process: the real service with a {@link SyntheticScorer}. Commands come in on standard
 * input ({@code throw 2}, {@code oom 1}, {@code nan 1}, {@code hang 1}, {@code arm batch}, {@code arm commit},
 * {@code arm restore}), events go out on standard output. The process ends when standard input does.
 */
final class InstanceMain {
    private static final Duration LOOK_EVERY = Duration.ofMillis(50);
    private static final int FAILED = 1;
    private static final int FAULT = 3;

    private InstanceMain() {}

    /** What loading an adapter takes: long enough that a kill finds it. */
    private static final long LOADING_NANOS = Duration.ofMillis(200).toNanos();

    /** Arguments: settings of the service, version of the adapter, workers, milliseconds a batch, sabotage, place. */
    public static void main(String[] args) throws InterruptedException {
        Announcer announcer = new Announcer(System.out);
        DeviceFaults faults = new DeviceFaults(announcer, Long.parseLong(args[3]));
        announcer.arm(args[5]);
        watchProgress(announcer);
        start(() -> obey(announcer, faults), "commands");
        ServiceConfig config = ServiceConfig.read(Path.of(args[0]));
        Sabotage sabotage = Sabotage.valueOf(args[4]);
        SyntheticScorer scorer = new SyntheticScorer(args[1], faults, sabotage);
        Model model = new Model(scorer, Integer.parseInt(args[2]));
        ScoringService.Substitutes substitutes =
                new ScoringService.Substitutes(sabotage != Sabotage.PENDING, null, digest -> {
                    LockSupport.parkNanos(LOADING_NANOS);
                    return new SyntheticScorer(String.valueOf(digest), faults, sabotage);
                });
        ScoringService service = new ScoringService(config, () -> model, substitutes);
        Runtime.getRuntime().addShutdownHook(new Thread(service::close, "stop"));
        service.start();
        boolean running = false;
        while (!service.awaitStopped(LOOK_EVERY)) {
            if (running != service.running()) {
                running = !running;
                announcer.say("running " + running);
            }
        }
        // As `realqa serve` ends.
        switch (service.end()) {
            case FAULT -> {
                service.close();
                Runtime.getRuntime().halt(FAULT);
            }
            case FAILED -> {
                service.close();
                Runtime.getRuntime().halt(FAILED);
            }
            case STOPPED -> service.close();
        }
    }

    /** Kafka's own log tells when a commit begins and when a store's restoration does: there is no public hook. */
    private static void watchProgress(Announcer announcer) {
        onLog("org.apache.kafka.clients.producer.internals.TransactionManager", Level.DEBUG, message -> {
            if (message.contains(" to state COMMITTING_TRANSACTION") || message.endsWith("to COMMITTING_TRANSACTION")) {
                announcer.strike("commit");
            }
        });
        onLog("org.apache.kafka.streams.processor.internals.StoreChangelogReader", Level.INFO, message -> {
            if (message.contains("End offset for changelog")) {
                announcer.strike("restore");
            }
        });
    }

    private static void onLog(String logger, Level level, java.util.function.Consumer<String> messages) {
        Logger log = (Logger) LoggerFactory.getLogger(logger);
        AppenderBase<ILoggingEvent> appender = new AppenderBase<>() {
            @Override
            public synchronized void doAppend(ILoggingEvent event) {
                append(event);
            }

            @Override
            protected void append(ILoggingEvent event) {
                messages.accept(event.getFormattedMessage());
            }
        };
        appender.start();
        log.setLevel(level);
        log.setAdditive(false);
        log.addAppender(appender);
    }

    private static void obey(Announcer announcer, DeviceFaults faults) {
        try (BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                String[] words = line.split(" ", -1);
                if (words[0].equals("arm")) {
                    announcer.arm(words[1]);
                } else {
                    faults.command(words[0], Integer.parseInt(words[1]));
                }
            }
        } catch (IOException e) {
            System.err.println("parent's pipe broke: " + e);
        }
        Runtime.getRuntime().halt(0);
    }

    private static void start(Runnable task, String name) {
        Thread thread = new Thread(task, name);
        thread.setDaemon(true);
        thread.start();
    }
}
