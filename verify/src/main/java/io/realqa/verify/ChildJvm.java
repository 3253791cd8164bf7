package io.realqa.verify;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongFunction;

/**
 * A JVM of our own class path as a child process. It ends when its standard input does, so it never outlives this
 * process. Its log goes to a file; the lines of its standard output to a listener.
 */
final class ChildJvm {
    /** Small and quick to start: a run starts dozens of them on two cores. */
    private static final List<String> FLAGS = List.of(
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-XX:-UsePerfData",
            "-Xshare:auto",
            "-XX:+ExitOnOutOfMemoryError",
            "-Djava.awt.headless=true");

    private final String name;
    private final Process process;
    private final OutputStream input;

    private ChildJvm(String name, Process process) {
        this.name = name;
        this.process = process;
        this.input = process.getOutputStream();
    }

    /**
     * Starts one.
     *
     * @param log where its standard error goes; appended to
     * @param lines called with each line of its standard output, on a thread of its own
     */
    static ChildJvm start(
            String name, Path log, List<String> flags, List<String> mainAndArguments, Consumer<String> lines) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(FLAGS);
        command.addAll(flags);
        command.add("-cp");
        command.add(System.getProperty("java.class.path"));
        command.addAll(mainAndArguments);
        try {
            Process process = new ProcessBuilder(command)
                    .redirectError(ProcessBuilder.Redirect.appendTo(log.toFile()))
                    .start();
            Thread reader = new Thread(() -> follow(process, lines), name + "-output");
            reader.setDaemon(true);
            reader.start();
            return new ChildJvm(name, process);
        } catch (IOException e) {
            throw new UncheckedIOException(name + " did not start", e);
        }
    }

    /** Reads until the child ends: the pipe must never fill up. */
    private static void follow(Process process, Consumer<String> lines) {
        try (BufferedReader in =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                lines.accept(line);
            }
        } catch (IOException e) {
            // A killed child's pipe may break in the middle of a line.
        }
    }

    /** Writes a line to its standard input; false if it has ended. */
    boolean send(String line) {
        try {
            synchronized (input) {
                input.write((line + "\n").getBytes(StandardCharsets.UTF_8));
                input.flush();
            }
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    long pid() {
        return process.pid();
    }

    boolean alive() {
        return process.isAlive();
    }

    /** SIGKILL; returns once the process is gone. */
    void kill() throws InterruptedException {
        process.destroyForcibly();
        if (!process.waitFor(10, TimeUnit.SECONDS)) {
            throw new IllegalStateException(name + ": pid " + pid() + " outlived SIGKILL by 10 s");
        }
    }

    /** SIGTERM; does not wait. */
    void terminate() {
        process.destroy();
    }

    boolean awaitExit(Duration longest) throws InterruptedException {
        return process.waitFor(longest.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** Exit status of a child that has ended; 137 after SIGKILL. */
    int exitStatus() {
        return process.exitValue();
    }

    /**
     * Stops it by SIGSTOP and lets it go on by SIGCONT after a while. A process of its own sends the second signal, so
     * that it comes even if this JVM dies in between. Returns at the end.
     *
     * @param look called with the process id in the middle of it
     * @return what that found
     */
    String pause(Duration length, LongFunction<String> look) throws InterruptedException {
        String script = "kill -STOP " + pid() + " && sleep " + length.toSeconds() + "; kill -CONT " + pid();
        try {
            Process shell = new ProcessBuilder("sh", "-c", script)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            shell.waitFor(length.toMillis() / 2, TimeUnit.MILLISECONDS);
            String found = look.apply(pid());
            if (!shell.waitFor(length.toSeconds() + 10, TimeUnit.SECONDS) || shell.exitValue() != 0) {
                throw new IllegalStateException(name + ": pid " + pid() + " could not be stopped and continued");
            }
            return found;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
