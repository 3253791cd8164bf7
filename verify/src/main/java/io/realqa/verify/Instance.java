package io.realqa.verify;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** One process of the service, from its start to its end, with what it has said. Thread-safe. */
final class Instance {
    private static final int REMEMBERED = 200;

    private final Deque<String> said = new ArrayDeque<>();
    private final Map<String, Integer> alone;
    private final ChildJvm process;
    private boolean running;

    /**
     * @param version of the adapter that it answers with
     * @param alone takes the digests of images that a commanded fault struck alone, with how often
     */
    Instance(String name, String version, Settings settings, Path yaml, String armed, Map<String, Integer> alone) {
        this.alone = alone;
        this.process = ChildJvm.start(
                name,
                settings.log(),
                settings.flags(),
                List.of(
                        InstanceMain.class.getName(),
                        yaml.toString(),
                        version,
                        Integer.toString(settings.workers()),
                        Long.toString(settings.deviceMillis()),
                        settings.sabotage().name(),
                        armed),
                this::hear);
    }

    /** What the instances of a slot have in common. */
    record Settings(Path log, List<String> flags, int workers, long deviceMillis, Sabotage sabotage) {}

    private synchronized void hear(String line) {
        if (line.isEmpty() || line.charAt(0) != Announcer.MARK) {
            return;
        }
        String event = line.substring(1);
        if (event.startsWith("alone ")) {
            alone.merge(event.substring("alone ".length()), 1, Integer::sum);
            return;
        }
        if (event.startsWith("running ")) {
            running = event.endsWith("true");
        }
        said.addLast(event);
        if (said.size() > REMEMBERED) {
            said.removeFirst();
        }
        notifyAll();
    }

    ChildJvm process() {
        return process;
    }

    /** Whether its stream threads hold their tasks, as far as it has said so. */
    synchronized boolean running() {
        return running && process.alive();
    }

    /** Tells it something, having forgotten what it said before. */
    synchronized boolean command(String line) {
        said.clear();
        return process.send(line);
    }

    /** Waits until it says something that begins so; false if it does not in time, or ends. */
    synchronized boolean await(String beginning, Duration longest) throws InterruptedException {
        long deadline = System.nanoTime() + longest.toNanos();
        while (said.stream().noneMatch(s -> s.startsWith(beginning))) {
            long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
            if (left <= 0 || !process.alive()) {
                return false;
            }
            wait(Math.min(left, 200));
        }
        return true;
    }
}
