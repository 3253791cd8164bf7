package io.realqa.streams.adapters;

import io.realqa.scorer.Score;
import io.realqa.scorer.image.ImageRejectedException;
import io.realqa.streams.scoring.BatchScorer;
import java.util.List;

/** A resident model under the epoch of one release: what the engine sees. Two epochs may share one resident. */
final class Version implements BatchScorer {
    private final Release release;
    private final Resident resident;
    private final Identity identity;

    Version(Release release, Resident resident) {
        this.release = release;
        this.resident = resident;
        Identity i = resident.scorer().identity();
        this.identity = new Identity(i.checkpoint(), i.adapter(), i.profile(), i.preprocessing(), release.epoch());
    }

    Release release() {
        return release;
    }

    Resident resident() {
        return resident;
    }

    @Override
    public Prepared prepare(byte[] content) throws ImageRejectedException {
        return resident.scorer().prepare(content);
    }

    @Override
    public List<Score> score(List<Prepared> images) {
        return resident.scorer().score(images);
    }

    @Override
    public Identity identity() {
        return identity;
    }

    @Override
    public void probe() {
        resident.scorer().probe();
    }

    @Override
    public boolean enter() {
        return resident.enter();
    }

    @Override
    public void leave() {
        resident.leave();
    }
}
