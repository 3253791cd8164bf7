package io.realqa.verify;

import io.realqa.schemas.Topics;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;

/** Does one fault and returns the proof that it was done; blocks until what it broke is on its way back. */
final class Injector {
    private static final int KILLED = 137;
    /** The exit status of an instance whose device call hung. */
    private static final int HUNG = 3;

    private static final Duration BORROW_LIMIT = Duration.ofSeconds(180);
    private static final Duration STRIKE_LIMIT = Duration.ofSeconds(30);
    private static final Duration HANG_LIMIT = Duration.ofSeconds(120);
    private static final Duration EXIT_LIMIT = Duration.ofSeconds(60);
    private static final Duration SYNC_LIMIT = Duration.ofSeconds(90);
    /** How long the others must have been there before one more goes. */
    private static final Duration AGE = Duration.ofSeconds(4);

    private static final Duration BROKER_AWAY = Duration.ofSeconds(3);
    private static final Duration REGISTRY_AWAY = Duration.ofSeconds(5);
    private static final Duration HOST_AWAY = Duration.ofSeconds(6);
    private static final int ATTEMPTS = 4;

    private final Cluster cluster;
    private final Fleet fleet;
    private final RegistryGate registry;
    private final ImageHost hosts;
    private final HealthProbe health = new HealthProbe();
    private final Duration sessionTimeout;
    private final Duration killAge;

    /** @param killAge how long another instance must have been there before one is killed */
    Injector(
            Cluster cluster,
            Fleet fleet,
            RegistryGate registry,
            ImageHost hosts,
            Duration sessionTimeout,
            Duration killAge) {
        this.cluster = cluster;
        this.fleet = fleet;
        this.registry = registry;
        this.hosts = hosts;
        this.sessionTimeout = sessionTimeout;
        this.killAge = killAge;
    }

    /** @throws IllegalStateException if it could not be done: the message says why */
    String inject(FaultPlan.Planned fault) throws InterruptedException {
        SplittableRandom random = new SplittableRandom(fault.seed());
        return switch (fault.kind()) {
            case KILL -> kill(random);
            case KILL_MID_BATCH -> killAt("batch", random);
            case KILL_MID_COMMIT -> killAt("commit", random);
            case KILL_WHILE_RESTORING -> killWhileRestoring(random);
            case STOP -> stop(random, true);
            case SCALE_UP -> "instance-" + fleet.startAnother() + " started";
            case SCALE_DOWN -> stop(random, false);
            case PAUSE -> pause(random);
            case DEVICE_EXCEPTION -> strike("throw", random.nextInt(1, 4), random);
            case DEVICE_OUT_OF_MEMORY -> strike("oom", random.nextInt(1, 4), random);
            case NOT_A_NUMBER -> strike("nan", 1, random);
            case DEVICE_HANG -> hang(random);
            case KILL_LEADER -> broker(leader(random), true);
            case BOUNCE_LEADER -> broker(leader(random), false);
            case KILL_CONTROLLER -> broker(controller(), true);
            case BOUNCE_CONTROLLER -> broker(controller(), false);
            case REGISTRY_DOWN -> registryDown();
            case HOST_FAILING -> hostFailing();
            case HOST_SLOW -> hostSlow();
        };
    }

    private int borrow(SplittableRandom random, boolean running, Duration age) throws InterruptedException {
        int slot = fleet.borrow(random, running, age, BORROW_LIMIT);
        if (slot == 0) {
            throw new IllegalStateException("no instance beside another one within " + BORROW_LIMIT);
        }
        return slot;
    }

    private String kill(SplittableRandom random) throws InterruptedException {
        int slot = borrow(random, false, killAge);
        try {
            Instance instance = fleet.instance(slot);
            instance.process().kill();
            return restarted(slot, killed(slot, instance), random);
        } finally {
            fleet.giveBack(slot);
        }
    }

    private static String killed(int slot, Instance instance) {
        int status = instance.process().exitStatus();
        if (status != KILLED) {
            throw new IllegalStateException(
                    "instance-" + slot + ": exit status " + status + " (expected: " + KILLED + ")");
        }
        return "instance-" + slot + " pid " + instance.process().pid() + " killed";
    }

    private String restarted(int slot, String proof, SplittableRandom random) throws InterruptedException {
        if (random.nextBoolean()) {
            TimeUnit.MILLISECONDS.sleep(random.nextInt(1000));
        }
        fleet.start(slot, "");
        return proof;
    }

    /** Lets an instance stand still at a place of the program, and kills it there. */
    private String killAt(String place, SplittableRandom random) throws InterruptedException {
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            int slot = borrow(random, true, AGE);
            try {
                Instance instance = fleet.instance(slot);
                if (instance.command("arm " + place) && instance.await("at " + place, STRIKE_LIMIT)) {
                    instance.process().kill();
                    return restarted(slot, killed(slot, instance) + " at " + place, random);
                }
                restartIfDead(slot);
            } finally {
                fleet.giveBack(slot);
            }
        }
        throw new IllegalStateException("no instance came by: " + place);
    }

    private void restartIfDead(int slot) {
        if (!fleet.instance(slot).process().alive()) {
            fleet.start(slot, "");
        }
    }

    private String killWhileRestoring(SplittableRandom random) throws InterruptedException {
        int slot = borrow(random, false, AGE);
        try {
            Instance first = fleet.instance(slot);
            first.process().kill();
            String proof = killed(slot, first);
            for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
                Instance next = fleet.start(slot, "restore");
                if (next.await("at restore", STRIKE_LIMIT)) {
                    next.process().kill();
                    proof += ", then " + killed(slot, next) + " at restore";
                    return restarted(slot, proof, random);
                }
                next.process().kill();
            }
            fleet.start(slot, "");
            throw new IllegalStateException("instance-" + slot + " restored nothing");
        } finally {
            fleet.giveBack(slot);
        }
    }

    private String stop(SplittableRandom random, boolean again) throws InterruptedException {
        int slot = borrow(random, true, AGE);
        try {
            Instance instance = fleet.instance(slot);
            instance.process().terminate();
            if (!instance.process().awaitExit(EXIT_LIMIT)) {
                instance.process().kill();
                fleet.start(slot, "");
                throw new IllegalStateException("instance-" + slot + " did not stop within " + EXIT_LIMIT);
            }
            String proof = "instance-" + slot + " pid " + instance.process().pid() + " stopped, exit status "
                    + instance.process().exitStatus();
            if (again) {
                fleet.start(slot, "");
            } else {
                fleet.remove(slot);
            }
            return proof;
        } finally {
            fleet.giveBack(slot);
        }
    }

    private String pause(SplittableRandom random) throws InterruptedException {
        int slot = borrow(random, true, AGE);
        try {
            ChildJvm process = fleet.instance(slot).process();
            Duration length = sessionTimeout.plusSeconds(random.nextInt(2, 5));
            String state = process.pause(length, Injector::processState);
            restartIfDead(slot);
            if (!state.equals("T")) {
                throw new IllegalStateException(
                        "instance-" + slot + ": process state " + state + " (expected: T, stopped)");
            }
            return "instance-" + slot + " pid " + process.pid() + " stopped for " + length.toSeconds() + " s";
        } finally {
            fleet.giveBack(slot);
        }
    }

    /** The kernel's letter for a process's state; T: stopped by a signal. */
    private static String processState(long pid) {
        try {
            String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
            return stat.substring(stat.lastIndexOf(')') + 2).substring(0, 1);
        } catch (IOException e) {
            return "unknown: " + e;
        }
    }

    private String strike(String fault, int calls, SplittableRandom random) throws InterruptedException {
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            int slot = borrow(random, true, AGE);
            try {
                Instance instance = fleet.instance(slot);
                if (instance.command(fault + " " + calls) && instance.await("struck " + fault, STRIKE_LIMIT)) {
                    return "instance-" + slot + ": " + fault + " for " + calls + " calls";
                }
                restartIfDead(slot);
            } finally {
                fleet.giveBack(slot);
            }
        }
        throw new IllegalStateException("no device call was there to strike: " + fault);
    }

    private String hang(SplittableRandom random) throws InterruptedException {
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            int slot = borrow(random, true, AGE);
            try {
                Instance instance = fleet.instance(slot);
                if (!instance.command("hang 1") || !instance.await("struck hang", STRIKE_LIMIT)) {
                    restartIfDead(slot);
                    continue;
                }
                String proof = hung(slot, instance);
                fleet.start(slot, "");
                return proof;
            } finally {
                fleet.giveBack(slot);
            }
        }
        throw new IllegalStateException("no device call was there to hang");
    }

    /** It must say that it is not ready, hand its tasks on and end with its own exit status. */
    private String hung(int slot, Instance instance) throws InterruptedException {
        long start = System.nanoTime();
        long unready = 0;
        while (!instance.process().awaitExit(Duration.ofMillis(50))) {
            long now = System.nanoTime();
            if (unready == 0 && health.status(fleet.httpPort(slot)) == HealthProbe.NOT_READY) {
                unready = now;
            }
            if (now - start > HANG_LIMIT.toNanos()) {
                instance.process().kill();
                fleet.start(slot, "");
                throw new IllegalStateException(
                        "instance-" + slot + ": a device call hung and the instance did not end within " + HANG_LIMIT);
            }
        }
        int status = instance.process().exitStatus();
        if (unready == 0 || status != HUNG) {
            fleet.start(slot, "");
            throw new IllegalStateException("instance-" + slot + " hung: exit status " + status + ", "
                    + (unready == 0 ? "never" : "once") + " seen not ready (expected: not ready, then " + HUNG + ")");
        }
        return "instance-" + slot + " hung, was not ready after " + millis(unready - start) + " ms and ended after "
                + millis(System.nanoTime() - start) + " ms";
    }

    private static long millis(long nanos) {
        return TimeUnit.NANOSECONDS.toMillis(nanos);
    }

    private int leader(SplittableRandom random) throws InterruptedException {
        awaitSync();
        return cluster.leader(Topics.UPLOADS.topic(), random.nextInt(100));
    }

    private int controller() throws InterruptedException {
        awaitSync();
        return cluster.controller();
    }

    /** Never a second broker while a replica is behind: the service could not write, which is not what is tested. */
    private void awaitSync() throws InterruptedException {
        long deadline = System.nanoTime() + SYNC_LIMIT.toNanos();
        while (!inSync()) {
            if (System.nanoTime() > deadline) {
                throw new IllegalStateException("the replicas were not in sync within " + SYNC_LIMIT);
            }
            TimeUnit.MILLISECONDS.sleep(500);
        }
    }

    private boolean inSync() {
        try {
            return cluster.inSync();
        } catch (IllegalStateException e) {
            return false; // a call that met a broker on its way
        }
    }

    private String broker(int id, boolean kill) throws InterruptedException {
        ChildJvm process = cluster.process(id);
        if (kill) {
            process.kill();
        } else {
            process.terminate();
            if (!process.awaitExit(EXIT_LIMIT)) {
                process.kill();
            }
        }
        String proof = "broker " + id + " pid " + process.pid() + " ended, exit status " + process.exitStatus();
        TimeUnit.MILLISECONDS.sleep(kill ? BROKER_AWAY.toMillis() : 0);
        cluster.restart(id);
        return proof;
    }

    private String registryDown() throws InterruptedException {
        List<Long> pids = registry.outage(REGISTRY_AWAY);
        return "registry pid " + pids.get(0) + " ended, pid " + pids.get(1) + " in its place after "
                + REGISTRY_AWAY.toSeconds() + " s";
    }

    private String hostFailing() throws InterruptedException {
        long before = hosts.refused();
        hosts.failAltogether(true);
        try {
            TimeUnit.MILLISECONDS.sleep(HOST_AWAY.toMillis());
            awaitMore("refused an answer", before, hosts::refused);
        } finally {
            hosts.failAltogether(false);
        }
        return hosts.refused() - before + " answers refused";
    }

    private String hostSlow() throws InterruptedException {
        long before = hosts.delayed();
        hosts.verySlow(true);
        try {
            TimeUnit.MILLISECONDS.sleep(HOST_AWAY.toMillis());
            awaitMore("delayed an answer", before, hosts::delayed);
        } finally {
            hosts.verySlow(false);
        }
        return hosts.delayed() - before + " answers delayed";
    }

    private static void awaitMore(String what, long before, java.util.function.LongSupplier count)
            throws InterruptedException {
        long deadline = System.nanoTime() + STRIKE_LIMIT.toNanos();
        while (count.getAsLong() == before) {
            if (System.nanoTime() > deadline) {
                throw new IllegalStateException("the host never " + what);
            }
            TimeUnit.MILLISECONDS.sleep(50);
        }
    }
}
