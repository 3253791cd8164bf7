package io.realqa.verify;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;

/**
 * The instances of the service. Each lives in a slot with its own settings and folder; a slot whose process died gets a
 * new one, with the next version of the adapter. Whoever does something to an instance borrows its slot meanwhile.
 * Thread-safe.
 */
final class Fleet implements AutoCloseable {
    private static final Duration STOP_LIMIT = Duration.ofSeconds(60);
    private static final long LOOK_MILLIS = 50;

    private final Path folder;
    private final InstanceSettings settings;
    private final List<String> flags;
    private final int workers;
    private final long deviceMillis;
    private final Sabotage sabotage;
    private final Map<String, Integer> alone = new ConcurrentHashMap<>();
    private final Map<Integer, Instance> instances = new TreeMap<>();
    private final Map<Integer, Long> since = new TreeMap<>();
    private final Set<Integer> borrowed = new HashSet<>();
    private int starts;
    private int unexpectedEnds;

    Fleet(
            Path folder,
            InstanceSettings settings,
            List<String> loggingFlags,
            int workers,
            long deviceMillis,
            Sabotage sabotage) {
        this.folder = folder;
        this.settings = settings;
        this.flags = new ArrayList<>(loggingFlags);
        this.flags.add("-Xmx256m");
        this.workers = workers;
        this.deviceMillis = deviceMillis;
        this.sabotage = sabotage;
    }

    /** Starts a process in a slot whose process has ended, or in a new one. */
    synchronized Instance start(int slot, String armed) {
        Path home = folder.resolve("instance-" + slot);
        Path yaml = home.resolve("service.yaml");
        try {
            Files.createDirectories(home);
            Files.writeString(yaml, settings.yaml(slot));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        starts++;
        Instance instance = new Instance(
                "instance-" + slot,
                "sha256:adapter-" + starts,
                new Instance.Settings(home.resolve("log.txt"), flags, workers, deviceMillis, sabotage),
                yaml,
                armed,
                alone);
        instances.put(slot, instance);
        since.put(slot, System.nanoTime());
        notifyAll();
        return instance;
    }

    /** Where the slot's instance tells how it is. */
    int httpPort(int slot) {
        return settings.httpPort(slot);
    }

    /** Starts a process in a slot of its own. */
    synchronized int startAnother() {
        int slot = 1;
        while (instances.containsKey(slot)) {
            slot++;
        }
        start(slot, "");
        return slot;
    }

    /** The newest process of a slot. */
    synchronized Instance instance(int slot) {
        Instance instance = instances.get(slot);
        if (instance == null) {
            throw new IllegalStateException("slot " + slot + ": no instance (expected: one of " + instances.keySet());
        }
        return instance;
    }

    /**
     * Borrows a slot whose instance lives, when another one lives as well.
     *
     * @param running whether it must hold its tasks
     * @param age how long another one must have been there
     * @return the slot; 0 if there is none in time
     */
    synchronized int borrow(RandomGenerator random, boolean running, Duration age, Duration longest)
            throws InterruptedException {
        long deadline = System.nanoTime() + longest.toNanos();
        while (System.nanoTime() < deadline) {
            List<Integer> free = instances.keySet().stream()
                    .filter(s -> !borrowed.contains(s))
                    .filter(s -> instance(s).process().alive())
                    .toList();
            List<Integer> fit = free.stream()
                    .filter(s -> !running || instance(s).running())
                    .filter(s -> free.stream().anyMatch(other -> !other.equals(s) && older(other, age)))
                    .toList();
            if (!fit.isEmpty()) {
                int slot = fit.get(random.nextInt(fit.size()));
                borrowed.add(slot);
                return slot;
            }
            wait(LOOK_MILLIS);
        }
        return 0;
    }

    private boolean older(int slot, Duration age) {
        return System.nanoTime() - since.getOrDefault(slot, 0L) > age.toNanos();
    }

    synchronized void giveBack(int slot) {
        borrowed.remove(slot);
        notifyAll();
    }

    /** Forgets a slot whose process has ended. */
    synchronized void remove(int slot) {
        instances.remove(slot);
        since.remove(slot);
        borrowed.remove(slot);
        notifyAll();
    }

    /** Starts again what has ended without anybody's order; returns how many. */
    synchronized int reviveFallen() {
        int fallen = 0;
        for (int slot : List.copyOf(instances.keySet())) {
            if (!borrowed.contains(slot) && !instance(slot).process().alive()) {
                fallen++;
                start(slot, "");
            }
        }
        unexpectedEnds += fallen;
        return fallen;
    }

    /** Slots whose instance holds its tasks. */
    synchronized List<Integer> runningSlots() {
        return instances.keySet().stream().filter(s -> instance(s).running()).toList();
    }

    /** Processes that ended without anybody's order. */
    synchronized int unexpectedEnds() {
        return unexpectedEnds;
    }

    synchronized int alive() {
        return (int)
                instances.values().stream().filter(i -> i.process().alive()).count();
    }

    synchronized int running() {
        return runningSlots().size();
    }

    /**
     * Digests of images that commanded faults struck alone, and not once only: a device that fails once is no reason to
     * give up an image.
     */
    Set<String> excused() {
        return alone.entrySet().stream()
                .filter(e -> e.getValue() > 1)
                .map(Map.Entry::getKey)
                .collect(Collectors.toSet());
    }

    /**
     * Stops all of them cleanly.
     *
     * @return names of those that did not end in time and were killed
     */
    List<String> stopAll() throws InterruptedException {
        Map<Integer, Instance> all;
        synchronized (this) {
            all = new TreeMap<>(instances);
            instances.clear();
        }
        all.values().forEach(i -> i.process().terminate());
        List<String> killed = new ArrayList<>();
        for (Map.Entry<Integer, Instance> e : all.entrySet()) {
            if (!e.getValue().process().awaitExit(STOP_LIMIT)) {
                killed.add("instance-" + e.getKey());
                e.getValue().process().kill();
            }
        }
        return killed;
    }

    @Override
    public void close() {
        List<Instance> all;
        synchronized (this) {
            all = List.copyOf(instances.values());
            instances.clear();
        }
        try {
            for (Instance i : all) {
                i.process().kill();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
