package io.realqa.streams.adapters;

import io.realqa.scorer.Score;
import io.realqa.scorer.image.ImageRejectedException;
import io.realqa.scorer.video.VideoRejectedException;
import io.realqa.streams.scoring.BatchScorer;
import io.realqa.streams.scoring.ClipConfig;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.BooleanSupplier;

/** A resident model under the epoch of one release: what the engine sees. Two epochs may share one resident. */
final class Version implements BatchScorer {
    private final Release release;
    private final Resident resident;
    private final Identity identity;
    private final double offGrammarMass;
    private final BiConsumer<Release, String> onAlarm;
    private final LiveAlarm alarm = new LiveAlarm();

    /**
     * @param offGrammarMass an answer with more than that outside the allowed scores is none
     * @param onAlarm called at most once, on a thread that scores, with what was seen
     */
    Version(Release release, Resident resident, double offGrammarMass, BiConsumer<Release, String> onAlarm) {
        this.offGrammarMass = offGrammarMass;
        this.onAlarm = onAlarm;
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
    public Prepared prepareClip(byte[] content, ClipConfig config, BooleanSupplier givenUp)
            throws VideoRejectedException, ImageRejectedException {
        return resident.scorer().prepareClip(content, config, givenUp);
    }

    @Override
    public List<Score> score(List<Prepared> images) {
        List<Score> scores = resident.scorer().score(images);
        for (Score s : scores) {
            boolean flawed = !Double.isFinite(s.expectation()) || !(s.offGrammarMass() <= offGrammarMass);
            if (alarm.raises(flawed)) {
                onAlarm.accept(release, alarm.toString());
            }
        }
        return scores;
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
