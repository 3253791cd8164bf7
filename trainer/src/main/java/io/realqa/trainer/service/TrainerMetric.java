package io.realqa.trainer.service;

import java.util.List;

/** Everything that the trainer measures of itself, under Micrometer's names. The catalogue; docs/training.md has it, too. */
public enum TrainerMetric {
    ACCEPTED("realqa.trainer.labels.accepted", "labels that this process accepted"),
    REJECTED("realqa.trainer.labels.rejected", "records of the feedback topic that this process rejected", "reason"),
    LABELS("realqa.trainer.labels", "accepted labels in all"),
    CYCLES("realqa.trainer.cycles", "cycles that ended, by the gate's decision or FAILED", "decision"),
    TRAINING("realqa.trainer.training", "1: a cycle runs; 0: none does"),
    READY("realqa.trainer.ready", "1: labels are taken in; 0: they wait, since something is away or broken"),
    SESSIONS("realqa.trainer.sessions", "sessions of the intake that were opened; more than one: some broke off"),
    MEASURE("realqa.model.measure", "a live measure of a served version", "platform", "adapter", "measure");

    private final String id;
    private final String description;
    private final List<String> tags;

    TrainerMetric(String id, String description, String... tags) {
        this.id = id;
        this.description = description;
        this.tags = List.of(tags);
    }

    public String id() {
        return id;
    }

    public String description() {
        return description;
    }

    /** Keys of its tags. */
    public List<String> tags() {
        return tags;
    }
}
