package io.realqa.trainer.live;

import io.realqa.events.ImageScored;
import io.realqa.events.LabelAccepted;
import io.realqa.events.ModelMeasured;
import io.realqa.events.Provenance;
import io.realqa.trainer.Label;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Measures of every version that answered lately, by platform. Bounded; for one thread. */
public final class LiveMeasures {
    /** Versions on all platforms that are kept, those that answered last. */
    private static final int MOST_VERSIONS = 64;

    private record Version(
            String platform, String model, @Nullable String adapter, String profile) {
        static Version of(String platform, Provenance p) {
            return new Version(platform, p.getModelDigest(), p.getAdapterDigest(), p.getProfileDigest());
        }
    }

    private final int size;
    /** Least recently used first. */
    private final LinkedHashMap<Version, VersionWindow> windows = new LinkedHashMap<>(16, 0.75f, true);

    /** @param size scores and labels of each version that are kept */
    public LiveMeasures(int size) {
        requireSize(size);
        this.size = size;
    }

    /**
     * Refuses a size that there cannot be.
     *
     * @throws IllegalArgumentException naming it
     */
    public static void requireSize(int size) {
        if (size < 50 || size > 1_000_000) {
            throw new IllegalArgumentException("measures.window: " + size + " (expected: 50 to 1000000)");
        }
    }

    /** Forgets everything: what counts is read again. */
    public void clear() {
        windows.clear();
    }

    /** An answer. */
    public void scored(ImageScored score) {
        window(score).scored(score);
    }

    /** A label; without an answer that it corrects it measures nothing. */
    public void labelled(LabelAccepted accepted, Label label) {
        ImageScored corrected = accepted.getCorrected();
        if (corrected != null) {
            window(corrected).labelled(accepted, label.score());
        }
    }

    private VersionWindow window(ImageScored score) {
        Version version = Version.of(score.getPlatform(), score.getProvenance());
        VersionWindow window = windows.get(version);
        if (window == null) {
            window = new VersionWindow(score.getPlatform(), score.getProvenance(), size);
            windows.put(version, window);
            if (windows.size() > MOST_VERSIONS) {
                windows.remove(windows.keySet().iterator().next());
            }
        }
        return window;
    }

    /** One event for each version. */
    public List<ModelMeasured> events(Instant now) {
        List<ModelMeasured> all = new ArrayList<>();
        List.copyOf(windows.values()).forEach(w -> all.add(w.event(now)));
        return all;
    }

    /** Measures of the version that answered last on a platform; {@code *}: on any. */
    public Optional<Map<String, Double>> newest(String platform) {
        return windows.entrySet().stream()
                .filter(e -> (platform.equals("*") || e.getKey().platform().equals(platform))
                        && e.getValue().scores() > 0)
                .map(Map.Entry::getValue)
                .max(Comparator.comparing(VersionWindow::lastAnswer))
                .map(VersionWindow::measures);
    }
}
