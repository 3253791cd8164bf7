package io.realqa.cli;

import io.realqa.streams.ServiceConfig;
import io.realqa.streams.replay.Replay;
import io.realqa.streams.replay.ReplayException;
import io.realqa.streams.replay.ReplayFilter;
import io.realqa.streams.replay.ReplayOptions;
import io.realqa.streams.replay.ReplaySummary;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Sends dead letters' uploads through the uploads topic again. */
@Command(
        name = "replay",
        mixinStandardHelpOptions = true,
        description = {
            "Sends dead letters' uploads through the uploads topic again, each once: it may be interrupted and repeated.",
            "Options that may be given several times select what fits any of their values."
        },
        exitCodeListHeading = "%nExit status:%n",
        exitCodeList = {
            "0:all that was selected and can be replayed was",
            "1:it stopped early, or some records could not be read",
            "2:wrong usage or settings"
        })
@SuppressWarnings("NullAway.Init") // picocli sets the fields
final class ReplayCommand implements Callable<Integer> {
    private static final int SHOWN_CHARACTERS = 60;

    @Option(names = "--config", paramLabel = "FILE", description = "the service's settings: brokers, registry, topics")
    private @Nullable Path config;

    @Option(names = "--bootstrap-servers", paramLabel = "ADDRESSES", description = "brokers, instead of --config")
    private @Nullable String bootstrapServers;

    @Option(names = "--registry", paramLabel = "URL", description = "schema registry, with --bootstrap-servers")
    private @Nullable String registry;

    @Option(names = "--reason", paramLabel = "CODE", description = "reason codes, such as NOT_FOUND")
    private List<String> reasons = new ArrayList<>();

    @Option(names = "--stage", paramLabel = "STAGE", description = "stages, such as FETCH")
    private List<String> stages = new ArrayList<>();

    @Option(names = "--platform", paramLabel = "NAME", description = "platforms")
    private List<String> platforms = new ArrayList<>();

    @Option(names = "--image", paramLabel = "ID", description = "image ids")
    private List<String> images = new ArrayList<>();

    @Option(
            names = "--from",
            paramLabel = "TIME",
            description = "failed then or later: 2026-11-25T09:30:00Z, or how long ago: 90s, 30m, 2h, 7d")
    private @Nullable String from;

    @Option(names = "--to", paramLabel = "TIME", description = "failed before")
    private @Nullable String to;

    @Option(names = "--limit", paramLabel = "N", description = "replay at most so many uploads")
    private long limit = Long.MAX_VALUE;

    @Option(names = "--dry-run", description = "only show what would be replayed; nothing is written")
    private boolean dryRun;

    @Option(names = "--again", description = "also what was replayed before")
    private boolean again;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        if (limit < 1) {
            throw new IllegalArgumentException("--limit: " + limit + " (expected: at least 1)");
        }
        ReplayOptions options = new ReplayOptions(service(), filter(Instant.now()), limit, dryRun, again);
        PrintWriter err = spec.commandLine().getErr();
        try (Watch watch = new Watch(err, dryRun)) {
            ReplaySummary summary = new Replay(options).run(watch);
            watch.close();
            print(summary);
            return summary.unreadable() == 0 ? 0 : 1;
        } catch (ReplayException e) {
            err.println("realqa: " + Failures.withCauses(e));
            err.flush();
            return 1;
        }
    }

    private ServiceConfig service() {
        if (config != null) {
            if (bootstrapServers != null || registry != null) {
                throw new IllegalArgumentException(
                        "--config: " + config + " (expected: not together with --bootstrap-servers or --registry)");
            }
            return ServiceConfig.read(config);
        }
        if (bootstrapServers == null || registry == null) {
            throw new IllegalArgumentException(
                    "--config is missing (expected: --config FILE, or both --bootstrap-servers and --registry)");
        }
        // A replay loads no checkpoint.
        return ServiceConfig.of(bootstrapServers, registry, Path.of(""));
    }

    private ReplayFilter filter(Instant now) {
        return new ReplayFilter(
                reasons.stream().map(ReplayFilter::reason).collect(Collectors.toSet()),
                stages.stream().map(ReplayFilter::stage).collect(Collectors.toSet()),
                Set.copyOf(platforms),
                Set.copyOf(images),
                from == null ? null : ReplayFilter.instant("--from", from, now),
                to == null ? null : ReplayFilter.instant("--to", to, now));
    }

    private void print(ReplaySummary s) {
        PrintWriter out = spec.commandLine().getOut();
        out.println((dryRun ? "would replay " : "replayed ") + count(s.replayed(), "upload") + " of "
                + count(s.read(), "dead letter") + (s.limited() ? ", then --limit was reached" : ""));
        also(out, s.replayedBefore(), "replayed before, left out (--again takes them, too)");
        also(out, s.withoutValue(), "cannot be replayed: the dead letter has no value");
        also(out, s.tooLarge(), "cannot be replayed: larger than the uploads topic takes");
        also(out, s.unreadable(), "no dead letters, or of a schema that the registry does not know; see the log");
        if (s.replayed() > 0) {
            out.printf(Locale.ROOT, "%n%9s  %-11s  %-20s  %s%n", "uploads", "stage", "reason", "platform");
            s.groups()
                    .forEach((group, n) -> out.printf(
                            Locale.ROOT,
                            "%,9d  %-11s  %-20s  %s%n",
                            n,
                            shown(group.stage()),
                            shown(group.reason()),
                            shown(group.platform())));
        }
        if (dryRun && !s.first().isEmpty()) {
            out.printf("%nthe first of them:%n");
            s.first()
                    .forEach(e -> out.println("  " + shown(e.imageId()) + "  failed " + e.failedAt() + "  "
                            + e.group().reason() + ": " + shown(e.message())));
        }
        out.flush();
    }

    private static void also(PrintWriter out, long n, String what) {
        if (n > 0) {
            out.printf(Locale.ROOT, "%,9d  %s%n", n, what);
        }
    }

    private static String count(long n, String what) {
        return String.format(Locale.ROOT, "%,d %s%s", n, what, n == 1 ? "" : "s");
    }

    private static String shown(@Nullable String text) {
        if (text == null) {
            return "–";
        }
        String plain = Terminal.plain(text);
        return plain.length() <= SHOWN_CHARACTERS ? plain : plain.substring(0, SHOWN_CHARACTERS - 1) + "…";
    }

    /** One phase after the other. Owned by the thread that replays. */
    private static final class Watch implements Replay.Progress, AutoCloseable {
        private final PrintWriter err;
        private Replay.@Nullable Phase phase;
        private @Nullable ProgressLine shown;

        Watch(PrintWriter err, boolean dryRun) {
            this.err = err;
            err.println(dryRun ? "connecting" : "connecting; a replay that still runs is ended");
            err.flush();
        }

        @Override
        public void at(Replay.Phase now, long done, long total, long replayed) {
            ProgressLine line = shown;
            if (line == null || phase != now) {
                close();
                phase = now;
                String name = now == Replay.Phase.MARKS ? "marks of earlier replays" : "dead letters";
                line = ProgressLine.of(err, new ProgressLine.Task(name, total, "offsets"));
                shown = line;
            }
            line.note(replayed == 0 ? "" : count(replayed, "upload") + " replayed");
            line.to(done);
        }

        @Override
        public void close() {
            if (shown != null) {
                shown.close();
                shown = null;
            }
        }
    }
}
