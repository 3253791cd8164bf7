package io.realqa.streams.scoring;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.realqa.scorer.Score;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Equal content under one model is scored once: known scores are kept, and whoever comes while one is being scored
 * follows it. Thread-safe; the followers are bounded by the engine's limits, the scores by their number.
 */
final class ScoreCache {

    /**
     * All that decides a score.
     *
     * @param sha256 of the content
     * @param clip whether the content was to be scored as a clip
     * @param by model, adapter, profile and preprocessing
     */
    record Key(String sha256, boolean clip, BatchScorer.Identity by) {}

    /** What to do with an image. */
    sealed interface Role {
        /** Its score is known. */
        record Known(Score score) implements Role {}

        /** It is the first of its kind: it is to be scored, and {@link #finish} to be called at its end. */
        record Leader() implements Role {}

        /** It gets what its leader gets. */
        record Follower() implements Role {}
    }

    private final boolean off;
    private final Cache<Key, Score> known;
    private final Map<Key, List<Flight>> following = new HashMap<>();

    /** @param entries scores that are kept; 0: equal content is scored as often as it comes */
    ScoreCache(int entries) {
        this.off = entries == 0;
        this.known = Caffeine.newBuilder()
                .maximumSize(entries)
                // On the caller's thread: the bound holds at once, and no pool outlives the engine.
                .executor(Runnable::run)
                .build();
    }

    synchronized Role enter(Key key, Flight flight) {
        if (off) {
            return new Role.Leader();
        }
        Score score = known.getIfPresent(key);
        if (score != null) {
            return new Role.Known(score);
        }
        List<Flight> followers = following.get(key);
        if (followers != null) {
            followers.add(flight);
            return new Role.Follower();
        }
        following.put(key, new ArrayList<>());
        flight.lead(key);
        return new Role.Leader();
    }

    /**
     * A leader has come to its end.
     *
     * @param outcome null if it has none, since nobody waits for it any more
     * @return its followers
     */
    synchronized List<Flight> finish(Key key, @Nullable Outcome outcome) {
        if (outcome instanceof Outcome.Scored scored) {
            // Under who answered, which may be another than who was to answer when it came.
            known.put(new Key(key.sha256(), key.clip(), scored.by()), scored.score());
        }
        List<Flight> followers = following.remove(key);
        return followers == null ? List.of() : followers;
    }
}
