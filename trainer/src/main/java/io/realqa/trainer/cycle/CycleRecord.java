package io.realqa.trainer.cycle;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How far a cycle is; what stands in its journal.
 *
 * @param id of the cycle, and name of its folder
 * @param platform whose adapter is trained
 * @param cause why
 * @param why in words
 * @param createdAt when, in ISO-8601
 * @param labels accepted labels of the platform at that time
 * @param stage what is done
 * @param set digest of the training set
 * @param adapter name of the adapter's folder, from TRAINED on
 * @param serving digest of the adapter that it was compared with, from JUDGED on; null: the base model
 * @param decision of the gate, from JUDGED on
 * @param reasons of the gate
 * @param numbers of the gate
 * @param epoch of the release, from RELEASED on
 */
public record CycleRecord(
        String id,
        String platform,
        TriggerPolicy.Cause cause,
        String why,
        String createdAt,
        int labels,
        Stage stage,
        String set,
        @Nullable String adapter,
        @Nullable String serving,
        @Nullable String decision,
        List<String> reasons,
        Map<String, Double> numbers,
        long epoch) {
    /** What is done. */
    public enum Stage {
        /** The training set is fixed. */
        PLANNED,
        /** The adapter's folder is complete. */
        TRAINED,
        /** The gate has decided. */
        JUDGED,
        /** The release event is on the topic. */
        RELEASED,
        /** It was given up: nothing was released. */
        FAILED
    }

    /** Whether nothing is left to do. */
    public boolean ended() {
        return stage == Stage.RELEASED || stage == Stage.FAILED;
    }

    static CycleRecord planned(
            String id, String platform, TriggerPolicy.Trigger trigger, String createdAt, int labels, String set) {
        return new CycleRecord(
                id,
                platform,
                trigger.cause(),
                trigger.why(),
                createdAt,
                labels,
                Stage.PLANNED,
                set,
                null,
                null,
                null,
                List.of(),
                Map.of(),
                0);
    }

    CycleRecord trained(String folder) {
        return new CycleRecord(
                id,
                platform,
                cause,
                why,
                createdAt,
                labels,
                Stage.TRAINED,
                set,
                folder,
                null,
                null,
                List.of(),
                Map.of(),
                0);
    }

    CycleRecord judged(@Nullable String against, String verdict, List<String> because, Map<String, Double> measured) {
        return new CycleRecord(
                id,
                platform,
                cause,
                why,
                createdAt,
                labels,
                Stage.JUDGED,
                set,
                adapter,
                against,
                verdict,
                List.copyOf(because),
                Map.copyOf(measured),
                0);
    }

    CycleRecord ended(Stage end, List<String> because, long atEpoch) {
        return new CycleRecord(
                id,
                platform,
                cause,
                why,
                createdAt,
                labels,
                end,
                set,
                adapter,
                serving,
                decision,
                List.copyOf(because),
                numbers,
                atEpoch);
    }
}
