package io.realqa.verify;

/** Everything that a run does to the service and to what it stands on. */
enum FaultKind {
    KILL(Lane.INSTANCES, 6, "kill -9 of an instance"),
    KILL_MID_BATCH(Lane.INSTANCES, 5, "kill -9 while a batch is on the device"),
    KILL_MID_COMMIT(Lane.INSTANCES, 5, "kill -9 while a transaction commits"),
    KILL_WHILE_RESTORING(Lane.INSTANCES, 3, "kill -9, and again while the new process restores its store"),
    STOP(Lane.INSTANCES, 3, "clean stop (SIGTERM) and start"),
    SCALE_UP(Lane.INSTANCES, 2, "one instance more"),
    SCALE_DOWN(Lane.INSTANCES, 2, "one instance less (SIGTERM)"),
    PAUSE(Lane.INSTANCES, 2, "SIGSTOP past the session timeout, then SIGCONT"),
    DEVICE_EXCEPTION(Lane.INSTANCES, 3, "a batch fails with an exception"),
    DEVICE_OUT_OF_MEMORY(Lane.INSTANCES, 3, "the device is out of memory"),
    DEVICE_HANG(Lane.INSTANCES, 1, "a device call never returns"),
    NOT_A_NUMBER(Lane.INSTANCES, 2, "the device answers NaN"),
    KILL_LEADER(Lane.BROKERS, 2, "kill -9 of the broker that leads a partition of the uploads"),
    KILL_CONTROLLER(Lane.BROKERS, 2, "kill -9 of the active controller"),
    BOUNCE_LEADER(Lane.BROKERS, 1, "clean restart of the broker that leads a partition of the uploads"),
    BOUNCE_CONTROLLER(Lane.BROKERS, 1, "clean restart of the active controller"),
    REGISTRY_DOWN(Lane.REGISTRY, 1, "the schema registry goes and comes back"),
    HOST_FAILING(Lane.HOSTS, 2, "an image host refuses everything"),
    HOST_SLOW(Lane.HOSTS, 2, "an image host takes seconds for each answer");

    /** What one fault after the other is done to; faults of different lanes overlap. */
    enum Lane {
        /** Several at a time, as long as another instance lives. */
        INSTANCES,
        /** One at a time: two replicas in sync are needed for a write. */
        BROKERS,
        REGISTRY,
        HOSTS
    }

    private final Lane lane;
    private final int weight;
    private final String description;

    FaultKind(Lane lane, int weight, String description) {
        this.lane = lane;
        this.weight = weight;
        this.description = description;
    }

    Lane lane() {
        return lane;
    }

    /** How often it comes, relative to the others. */
    int weight() {
        return weight;
    }

    String description() {
        return description;
    }
}
