package io.realqa.local;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Apicurio Registry as a child process, in memory, on a free port; it speaks the Confluent REST protocol. */
public final class LocalRegistry implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(LocalRegistry.class);
    private static final Duration START_LIMIT = Duration.ofSeconds(90);
    private static final Pattern LISTENING = Pattern.compile("Listening on: http://[^:]+:(\\d+)");
    private static final int REMEMBERED_LINES = 30;

    private final Process process;
    private final String url;

    private LocalRegistry(Process process, String url) {
        this.process = process;
        this.url = url;
    }

    /**
     * Starts the registry and waits until it listens.
     *
     * @param home the unpacked distribution, which holds {@code apicurio-registry-app-*-runner.jar}
     * @throws IllegalStateException if it does not listen within 90 s
     */
    public static LocalRegistry start(Path home) {
        try {
            Process process = new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "-Xmx256m",
                            "-XX:+UseSerialGC",
                            "-XX:TieredStopAtLevel=1",
                            "-Dquarkus.http.port=0",
                            "-Dquarkus.http.host=127.0.0.1",
                            "-Dquarkus.banner.enabled=false",
                            "-Dquarkus.http.access-log.enabled=false",
                            // The line that names the port is logged at INFO; the distribution's default is WARN.
                            "-Dquarkus.log.category.\"io.quarkus\".level=INFO",
                            "-cp",
                            ownClasses() + java.io.File.pathSeparator + runner(home),
                            ExitWithParent.class.getName(),
                            "io.quarkus.runner.GeneratedMain")
                    .redirectErrorStream(true)
                    .start();
            CompletableFuture<Integer> port = new CompletableFuture<>();
            Thread reader = new Thread(() -> follow(process, port), "local-registry-output");
            reader.setDaemon(true);
            reader.start();
            return new LocalRegistry(process, "http://127.0.0.1:" + awaitPort(process, port) + "/apis/ccompat/v7");
        } catch (IOException e) {
            throw new IllegalStateException("the local registry did not start from " + home + ": " + e, e);
        }
    }

    /** Base address of the Confluent-compatible interface, for {@code schema.registry.url}. */
    public String url() {
        return url;
    }

    /** Process id of the child. */
    public long pid() {
        return process.pid();
    }

    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(10, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }

    private static int awaitPort(Process process, CompletableFuture<Integer> port) {
        try {
            return port.get(START_LIMIT.toSeconds(), TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while the local registry started", e);
        } catch (ExecutionException e) {
            throw new IllegalStateException(e.getMessage(), e);
        } catch (TimeoutException e) {
            process.destroyForcibly();
            throw new IllegalStateException("the local registry did not listen within " + START_LIMIT, e);
        }
    }

    /** Reads the child's output until it ends: the pipe must never fill up. */
    private static void follow(Process process, CompletableFuture<Integer> port) {
        Deque<String> last = new ArrayDeque<>();
        try (BufferedReader lines =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                log.debug("{}", line);
                last.addLast(line);
                if (last.size() > REMEMBERED_LINES) {
                    last.removeFirst();
                }
                Matcher listening = LISTENING.matcher(line);
                if (listening.find()) {
                    port.complete(Integer.valueOf(listening.group(1)));
                }
            }
        } catch (IOException e) {
            log.debug("the local registry's output ended: {}", e.toString());
        }
        port.completeExceptionally(new IllegalStateException(
                "the local registry ended before it listened; its last lines:\n" + String.join("\n", last)));
    }

    private static Path runner(Path home) throws IOException {
        List<Path> found = List.of();
        if (Files.isDirectory(home)) {
            try (Stream<Path> files = Files.list(home)) {
                found = files.filter(f -> f.getFileName().toString().endsWith("-runner.jar"))
                        .toList();
            }
        }
        if (found.size() != 1) {
            throw new IOException("registry home: " + home + " holds " + found.size()
                    + " files named *-runner.jar (expected: 1; `mvn generate-resources` unpacks it)");
        }
        return found.get(0);
    }

    private static String ownClasses() {
        try {
            return Path.of(LocalRegistry.class
                            .getProtectionDomain()
                            .getCodeSource()
                            .getLocation()
                            .toURI())
                    .toString();
        } catch (java.net.URISyntaxException e) {
            throw new IllegalStateException("cannot find the classes of this module", e);
        }
    }
}
