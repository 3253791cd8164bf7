package io.realqa.streams.adapters;

import io.realqa.store.S3Location;
import io.realqa.store.S3Settings;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How released adapters are taken into service. Every default stands here once.
 *
 * @param roots folders under which adapters may lie; none: only releases without files can be served
 * @param remote where else they may lie; null: nowhere
 * @param workerId name of this instance on the status topic
 * @param releases name of the release topic
 * @param status name of the status topic
 * @param heartbeat how often the status is written again, so that others know who is alive
 * @param patience longest wait for the released adapters when the service starts
 * @param goldenTolerance largest difference of a golden image's score, as a share of the profile's scale, where the
 *     release states none
 * @param goldenRequired whether an adapter without golden images is refused
 * @param autoRollback whether an instance that takes a release back for its live answers releases the one before for all
 * @param offGrammarMass an answer with more than that outside the allowed scores is none, as for the engine
 */
public record AdaptersConfig(
        List<Path> roots,
        @Nullable Remote remote,
        String workerId,
        String releases,
        String status,
        Duration heartbeat,
        Duration patience,
        double goldenTolerance,
        boolean goldenRequired,
        boolean autoRollback,
        double offGrammarMass) {

    /**
     * Adapters in S3.
     *
     * @param roots places under which they may lie
     * @param s3 how it is reached
     * @param cache folder that they are brought to
     */
    public record Remote(List<S3Location> roots, S3Settings s3, Path cache) {
        public Remote {
            roots = List.copyOf(roots);
        }
    }

    /** Alive, for others, is who wrote within three of these. */
    public static final Duration DEFAULT_HEARTBEAT = Duration.ofSeconds(10);

    /** A large adapter comes from a network disk in less. */
    public static final Duration DEFAULT_PATIENCE = Duration.ofMinutes(2);

    /** bfloat16 moves a score by a few thousandths of the scale; a wrong tensor moves it by tenths. */
    public static final double DEFAULT_GOLDEN_TOLERANCE = 0.01;

    /** A name that no other process has at the same time: of the host and the process. */
    public static String workerOfThisProcess() {
        String host;
        try {
            host = InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            host = "worker";
        }
        return host.replace('/', '-') + "-" + ProcessHandle.current().pid();
    }

    public AdaptersConfig {
        roots = List.copyOf(roots);
        if (workerId.isBlank() || workerId.length() > 200 || workerId.contains("/")) {
            throw new IllegalArgumentException(
                    "adapters.workerId: " + workerId + " (expected: 1 to 200 characters without a slash)");
        }
        if (heartbeat.compareTo(Duration.ofMillis(100)) < 0 || heartbeat.compareTo(Duration.ofHours(1)) > 0) {
            throw new IllegalArgumentException(
                    "adapters.heartbeat: " + heartbeat + " (expected: 100 milliseconds to 1 hour)");
        }
        if (patience.isNegative() || patience.compareTo(Duration.ofHours(1)) > 0) {
            throw new IllegalArgumentException("adapters.patience: " + patience + " (expected: 0 to 1 hour)");
        }
        if (!(goldenTolerance >= 0 && goldenTolerance <= 1)) {
            throw new IllegalArgumentException(
                    "adapters.goldenTolerance: " + goldenTolerance + " (expected: 0 to 1, a share of the scale)");
        }
    }
}
