package io.realqa.scorer.video;

import static org.bytedeco.ffmpeg.global.avformat.AVFMT_DURATION_FROM_PTS;
import static org.bytedeco.ffmpeg.global.avutil.AV_DICT_IGNORE_SUFFIX;
import static org.bytedeco.ffmpeg.global.avutil.AV_NOPTS_VALUE;
import static org.bytedeco.ffmpeg.global.avutil.AV_TIME_BASE;
import static org.bytedeco.ffmpeg.global.avutil.av_dict_get;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bytedeco.ffmpeg.avformat.AVFormatContext;
import org.bytedeco.ffmpeg.avformat.AVStream;
import org.bytedeco.ffmpeg.avutil.AVDictionaryEntry;
import org.bytedeco.ffmpeg.avutil.AVRational;

/**
 * How long a clip is by its header, in seconds; 0 where it says nothing.
 *
 * @param whole from the first packet of any track, or from zero, to the end of the last one
 * @param pictures from the first picture to the end of the last one; as good as the header allows
 * @param origin where on the packets' time line the whole begins
 */
record StatedLength(double whole, double pictures, double origin) {
    /** How much of the length may be missing, since containers round: a share, and its bounds in s. */
    private static final double TOLERATED_SHARE = 0.05;

    private static final double LEAST_TOLERATED = 0.25;
    private static final double MOST_TOLERATED = 1;
    /** By so much may lengths that are meant to be equal differ, since each track rounds to its own ticks. */
    private static final double ROUNDING = 0.1;

    private static final Pattern HOURS_MINUTES_SECONDS = Pattern.compile("(\\d+):(\\d\\d):(\\d\\d(?:\\.\\d+)?)\\s*");

    static StatedLength of(AVFormatContext container, AVStream stream) {
        double tick = tick(stream);
        double whole = Math.max(0, seconds(container.duration(), 1.0 / AV_TIME_BASE, 0));
        double first = seconds(container.start_time(), 1.0 / AV_TIME_BASE, 0);
        double start = seconds(stream.start_time(), tick, first);
        boolean matroska = container.iformat().name().getString().startsWith("matroska");
        // Matroska's header has no length of a track: what FFmpeg says is the whole's
        double own = matroska ? tagged(stream, start, whole) : Math.max(0, seconds(stream.duration(), tick, 0));
        // Some writers count the whole from the first packet and some from zero, and no header says which; if a track
        // is
        // longer than what is left after the first packet, it was not from zero. MPEG's length FFmpeg measures itself.
        boolean fromZero = first > 0
                && container.duration_estimation_method() != AVFMT_DURATION_FROM_PTS
                && whole > first
                && (own > 0 ? own <= whole - first + ROUNDING : matroska);
        double origin = fromZero ? 0 : first;
        double rest = whole - (start - origin);
        return new StatedLength(Math.max(whole, own), own > 0 ? own : rest > 0 ? rest : whole, origin);
    }

    /** Seconds of a packet's tick. */
    static double tick(AVStream stream) {
        AVRational base = stream.time_base();
        return base.num() / (double) base.den();
    }

    private static double seconds(long ticks, double tick, double none) {
        return ticks == AV_NOPTS_VALUE ? none : ticks * tick;
    }

    /**
     * A Matroska track's length by the tag that its writer gave it. FFmpeg's is the time at which the track ends; mkvmerge's,
     * which is one of its statistics, is the length.
     */
    private static double tagged(AVStream stream, double start, double whole) {
        Matcher tag = HOURS_MINUTES_SECONDS.matcher(tag(stream, "DURATION"));
        if (!tag.matches()) {
            return 0;
        }
        double seconds = 3600 * Double.parseDouble(tag.group(1))
                + 60 * Double.parseDouble(tag.group(2))
                + Double.parseDouble(tag.group(3));
        double length = tag(stream, "_STATISTICS_TAGS").contains("DURATION") ? seconds : seconds - Math.max(0, start);
        return Math.max(0, Math.min(length, whole));
    }

    /** A tag's value, whatever its language; empty where there is none. */
    private static String tag(AVStream stream, String name) {
        AVDictionaryEntry entry = av_dict_get(stream.metadata(), name, null, AV_DICT_IGNORE_SUFFIX);
        return entry == null || entry.isNull() ? "" : entry.value().getString();
    }

    /** Whether more is missing of a clip than rounding explains; end: of its last packet, on the packets' time line. */
    boolean cutOff(double end) {
        double missing = whole - after(end);
        return missing > Math.min(MOST_TOLERATED, Math.max(LEAST_TOLERATED, TOLERATED_SHARE * whole));
    }

    /** A time of the packets' time line, from the clip's start; 0 for what is before it. */
    double after(double time) {
        return Math.max(0, time - origin);
    }
}
