package io.realqa.scorer.video;

import static org.bytedeco.ffmpeg.global.avcodec.AV_PKT_DATA_DISPLAYMATRIX;
import static org.bytedeco.ffmpeg.global.avcodec.AV_PKT_FLAG_CORRUPT;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_alloc;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_free;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_side_data_get;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_unref;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_alloc_context3;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_find_decoder;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_free_context;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_open2;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_parameters_to_context;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_receive_frame;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_send_packet;
import static org.bytedeco.ffmpeg.global.avformat.AV_DISPOSITION_ATTACHED_PIC;
import static org.bytedeco.ffmpeg.global.avformat.av_find_best_stream;
import static org.bytedeco.ffmpeg.global.avformat.av_read_frame;
import static org.bytedeco.ffmpeg.global.avformat.avformat_close_input;
import static org.bytedeco.ffmpeg.global.avformat.avformat_find_stream_info;
import static org.bytedeco.ffmpeg.global.avformat.avformat_open_input;
import static org.bytedeco.ffmpeg.global.avutil.AVERROR_EOF;
import static org.bytedeco.ffmpeg.global.avutil.AVMEDIA_TYPE_VIDEO;
import static org.bytedeco.ffmpeg.global.avutil.AV_LOG_QUIET;
import static org.bytedeco.ffmpeg.global.avutil.AV_NOPTS_VALUE;
import static org.bytedeco.ffmpeg.global.avutil.AV_TIME_BASE;
import static org.bytedeco.ffmpeg.global.avutil.av_dict_free;
import static org.bytedeco.ffmpeg.global.avutil.av_dict_set;
import static org.bytedeco.ffmpeg.global.avutil.av_display_rotation_get;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_alloc;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_free;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_move_ref;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_unref;
import static org.bytedeco.ffmpeg.global.avutil.av_log_set_level;
import static org.bytedeco.ffmpeg.global.avutil.av_strerror;

import io.realqa.scorer.video.VideoRejectedException.Reason;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.BooleanSupplier;
import org.bytedeco.ffmpeg.avcodec.AVCodec;
import org.bytedeco.ffmpeg.avcodec.AVCodecContext;
import org.bytedeco.ffmpeg.avcodec.AVPacket;
import org.bytedeco.ffmpeg.avcodec.AVPacketSideData;
import org.bytedeco.ffmpeg.avformat.AVFormatContext;
import org.bytedeco.ffmpeg.avformat.AVStream;
import org.bytedeco.ffmpeg.avutil.AVDictionary;
import org.bytedeco.ffmpeg.avutil.AVFrame;
import org.bytedeco.ffmpeg.avutil.AVRational;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerPointer;
import org.jspecify.annotations.Nullable;

/**
 * A clip that is read from its start to its end. Only frames that are wanted become pictures. FFmpeg reads the file itself
 * and opens no other: playlists and network protocols are switched off.
 *
 * <p>A clip that ends early or has a damaged frame is rejected, as a damaged image is: its score would be another one's. It
 * ends early by the length that its header states, or within a part of its file. FLV, WMV and some Matroska files state one
 * length for all tracks only, so with sound that outlasts the pictures fewer frames than wanted may be found there.
 *
 * <p>Owned by one thread. Closing it frees its native memory.
 */
public final class VideoFile implements AutoCloseable {
    /** Containers of single files; those of sound only are read to be told apart. */
    private static final String FORMATS =
            "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,flv,ogg,asf,h264,"
                    + "hevc,ivf,mxf,nut,wav,mp3,flac,aac,amr,aiff";
    /** How the files of known containers begin: place and bytes. A file that begins so and does not open is damaged. */
    private static final Map<String, Integer> BEGINNINGS =
            Map.of("ftyp", 4, "moov", 4, "mdat", 4, "\u001aE\u00df\u00a3", 0, "RIFF", 0, "OggS", 0, "FLV\u0001", 0);

    private static final int DECODER_THREADS = 2;

    static {
        av_log_set_level(AV_LOG_QUIET);
    }

    private final VideoLimits limits;
    private final BooleanSupplier givenUp;
    private final AVFormatContext container = new AVFormatContext(null);
    private @Nullable AVCodecContext decoder;
    private final AVPacket packet = av_packet_alloc();
    private final AVFrame frame = av_frame_alloc();
    private final AVFrame last = av_frame_alloc();
    private final Pictures pictures;
    private int stream;
    private double secondsPerTick;
    private double start;
    private StatedLength length = new StatedLength(0, 0, 0);
    private boolean fed;
    private long decoded;
    private double read = Double.NEGATIVE_INFINITY;
    private double shown = -1;
    private int next;
    private boolean closed;

    private VideoFile(VideoLimits limits, BooleanSupplier givenUp) {
        this.limits = limits;
        this.givenUp = givenUp;
        this.pictures = new Pictures(limits);
    }

    /**
     * Opens a clip and checks its header.
     *
     * @throws VideoRejectedException if it is no clip, or over a limit
     * @throws IOException if the file cannot be read
     */
    public static VideoFile open(Path file, VideoLimits limits) throws VideoRejectedException, IOException {
        return open(file, limits, () -> false);
    }

    /**
     * Opens a clip and checks its header.
     *
     * @param givenUp asked before each packet and each frame; true ends the reading as {@link Reason#TOO_SLOW}
     * @throws VideoRejectedException if it is no clip, or over a limit
     * @throws IOException if the file cannot be read
     */
    public static VideoFile open(Path file, VideoLimits limits, BooleanSupplier givenUp)
            throws VideoRejectedException, IOException {
        long bytes = Files.size(file);
        if (!Files.isRegularFile(file) || !Files.isReadable(file)) {
            throw new IOException(file + ": not readable (expected: a video file)");
        }
        if (bytes == 0) {
            throw new VideoRejectedException(Reason.EMPTY, "video: 0 bytes (expected: at least 1)");
        }
        limits.checkBytes(bytes);
        VideoFile video = new VideoFile(limits, givenUp);
        boolean opened = false;
        try {
            video.openContainer(file);
            video.openStream();
            FileEnd.check(file);
            opened = true;
            return video;
        } finally {
            if (!opened) {
                video.close();
            }
        }
    }

    private void openContainer(Path file) throws VideoRejectedException, IOException {
        AVDictionary options = new AVDictionary(null);
        Path name = name(file);
        try {
            av_dict_set(options, "protocol_whitelist", "file", 0);
            av_dict_set(options, "format_whitelist", FORMATS, 0);
            int result = avformat_open_input(container, "file:" + name, null, options);
            if (result < 0) {
                boolean known = known(file);
                throw new VideoRejectedException(
                        known ? Reason.CORRUPT : Reason.UNSUPPORTED_FORMAT,
                        "video: " + (known ? "does not open: " : "no container that is read here: ") + error(result)
                                + " (expected: a whole MP4, MOV, MKV, WebM, AVI, MPEG, FLV or Ogg file)");
            }
        } finally {
            av_dict_free(options);
            if (!name.equals(file.toAbsolutePath())) {
                Files.delete(name);
            }
        }
        // a header that is over the limit is not worth a look at the frames
        if (container.duration() != AV_NOPTS_VALUE) {
            limits.checkSeconds(container.duration() / (double) AV_TIME_BASE);
        }
        check(avformat_find_stream_info(container, (PointerPointer<?>) null), "its streams");
    }

    /** A name that FFmpeg understands: the file's own, or a link where that is bytes that are no text, for the time being. */
    private static Path name(Path file) throws IOException {
        Path own = file.toAbsolutePath();
        try {
            if (Path.of(own.toString()).equals(own)) {
                return own;
            }
        } catch (InvalidPathException e) {
            // no text either
        }
        Path link = Files.createTempFile("realqa-name", ".video");
        Files.delete(link);
        return Files.createSymbolicLink(link, own);
    }

    private static boolean known(Path file) throws IOException {
        byte[] head;
        try (InputStream in = Files.newInputStream(file)) {
            head = in.readNBytes(8);
        }
        String text = new String(head, StandardCharsets.ISO_8859_1);
        return BEGINNINGS.entrySet().stream().anyMatch(e -> text.startsWith(e.getKey(), e.getValue()));
    }

    private void openStream() throws VideoRejectedException {
        stream = av_find_best_stream(container, AVMEDIA_TYPE_VIDEO, -1, -1, (PointerPointer<?>) null, 0);
        if (stream < 0 || (container.streams(stream).disposition() & AV_DISPOSITION_ATTACHED_PIC) != 0) {
            throw new VideoRejectedException(
                    Reason.NO_VIDEO, "video: " + container.nb_streams() + " streams, none of pictures (expected: one)");
        }
        AVStream of = container.streams(stream);
        secondsPerTick = StatedLength.tick(of);
        start = of.start_time() == AV_NOPTS_VALUE ? Double.NaN : of.start_time() * secondsPerTick;
        length = StatedLength.of(container, of);
        limits.checkSeconds(length.whole());
        limits.checkSize(of.codecpar().width(), of.codecpar().height());
        AVCodec codec = avcodec_find_decoder(of.codecpar().codec_id());
        if (codec == null || codec.isNull()) {
            throw new VideoRejectedException(
                    Reason.UNSUPPORTED_FORMAT,
                    "video: codec " + of.codecpar().codec_id() + " (expected: one that is known)");
        }
        AVCodecContext context = avcodec_alloc_context3(codec);
        decoder = context;
        check(avcodec_parameters_to_context(context, of.codecpar()), "its codec's settings");
        context.pkt_timebase(of.time_base());
        context.thread_count(DECODER_THREADS);
        check(avcodec_open2(context, codec, (PointerPointer<?>) null), "its codec");
        pictures.rotation(rotation(of));
    }

    /** Quarter turns clockwise that make the picture upright. */
    private static int rotation(AVStream of) {
        AVPacketSideData matrix = av_packet_side_data_get(
                of.codecpar().coded_side_data(), of.codecpar().nb_coded_side_data(), AV_PKT_DATA_DISPLAYMATRIX);
        if (matrix == null || matrix.isNull()) {
            return 0;
        }
        double counterclockwise = av_display_rotation_get(new IntPointer((Pointer) matrix.data()));
        return Double.isNaN(counterclockwise) ? 0 : Math.floorMod(Math.round(-counterclockwise / 90), 4);
    }

    /** Length of the pictures that the header states; 0 where it states none. */
    public double seconds() {
        return length.pictures();
    }

    /**
     * The next wanted frame, or null after the last. There is always one: where no frame is as late as the first wanted
     * time, it is the clip's last.
     *
     * @throws VideoRejectedException if the clip is damaged, or over a limit after all
     */
    public @Nullable VideoFrame next(FrameSampling sampling) throws VideoRejectedException {
        double seconds = seconds();
        if (next == 0) {
            sampling.check(seconds);
            limits.checkFrames(sampling.count(seconds));
        }
        while (decode()) {
            double time = time();
            limits.checkSeconds(time);
            if (time >= sampling.time(next, seconds) - 1e-6) {
                limits.checkFrames(next + 1);
                // one frame may be the first after several wanted times
                while (time >= sampling.time(next, seconds) - 1e-6) {
                    next++;
                }
                return new VideoFrame(time, pictures.of(frame));
            }
            if (next == 0) {
                av_frame_unref(last);
                av_frame_move_ref(last, frame);
            }
        }
        checkWhole();
        if (next == 0) {
            next++;
            return new VideoFrame(Math.max(0, shown), pictures.of(last));
        }
        return null;
    }

    /** Seconds from the first frame on; a frame without a time follows the one before it. */
    private double time() {
        long ticks = frame.best_effort_timestamp();
        if (ticks == AV_NOPTS_VALUE) {
            AVRational rate = container.streams(stream).avg_frame_rate();
            shown += rate.num() > 0 ? rate.den() / (double) rate.num() : 0.04;
        } else {
            double time = ticks * secondsPerTick;
            start = Double.isNaN(start) ? time : Math.min(start, time);
            shown = Math.max(shown, time - start);
        }
        return Math.max(0, shown);
    }

    /** Decodes one frame; false at the end. */
    private boolean decode() throws VideoRejectedException {
        AVCodecContext context = Objects.requireNonNull(decoder);
        while (true) {
            checkTime();
            int result = avcodec_receive_frame(context, frame);
            if (result >= 0) {
                limits.checkDecoded(++decoded);
                boolean damaged =
                        frame.decode_error_flags() != 0 || (frame.flags() & AVFrame.AV_FRAME_FLAG_CORRUPT) != 0;
                if (damaged) {
                    throw corrupt("a damaged frame");
                }
                return true;
            }
            if (result == AVERROR_EOF) {
                return false;
            }
            feed(context);
        }
    }

    private void feed(AVCodecContext context) throws VideoRejectedException {
        while (true) {
            checkTime();
            int result = av_read_frame(container, packet);
            if (result == AVERROR_EOF) {
                // frames that the decoder still holds come out now; then it says AVERROR_EOF
                avcodec_send_packet(context, null);
                return;
            }
            if (result < 0) {
                throw corrupt(error(result));
            }
            try {
                AVStream of = container.streams(packet.stream_index());
                if (packet.pts() != AV_NOPTS_VALUE) {
                    long end = packet.pts() + Math.max(0, packet.duration());
                    read = Math.max(read, end * StatedLength.tick(of));
                }
                if (packet.stream_index() != stream) {
                    continue;
                }
                if ((packet.flags() & AV_PKT_FLAG_CORRUPT) != 0) {
                    throw corrupt("a damaged packet");
                }
                fed = true;
                result = avcodec_send_packet(context, packet);
                // before its first picture a stream may hold the rest of one that was cut off
                if (result < 0 && decoded > 0) {
                    throw corrupt(error(result));
                }
                return;
            } finally {
                av_packet_unref(packet);
            }
        }
    }

    private void checkTime() throws VideoRejectedException {
        if (givenUp.getAsBoolean()) {
            throw new VideoRejectedException(
                    Reason.TOO_SLOW,
                    String.format(
                            Locale.ROOT,
                            "video: decoding took too long, %.1f s of it were read (expected: a clip that decodes in time)",
                            Math.max(0, shown)));
        }
    }

    private void checkWhole() throws VideoRejectedException {
        if (length.cutOff(read)) {
            throw new VideoRejectedException(
                    Reason.CORRUPT,
                    String.format(
                            Locale.ROOT,
                            "video: ends after %.1f s (expected: %.1f s by its header)",
                            length.after(read),
                            length.whole()));
        }
        if (!fed) {
            throw new VideoRejectedException(
                    Reason.NO_VIDEO, "video: 0 frames in its track of pictures (expected: at least one)");
        }
        if (decoded == 0) {
            throw corrupt("no picture at all");
        }
    }

    private VideoRejectedException corrupt(String what) {
        return new VideoRejectedException(
                Reason.CORRUPT,
                String.format(
                        Locale.ROOT, "video: %s after %.1f s (expected: a whole file)", what, Math.max(0, shown)));
    }

    private static void check(int result, String what) throws VideoRejectedException {
        if (result < 0) {
            throw new VideoRejectedException(
                    Reason.CORRUPT, "video: " + what + ": " + error(result) + " (expected: a readable file)");
        }
    }

    private static String error(int code) {
        byte[] text = new byte[128];
        av_strerror(code, text, text.length);
        int end = 0;
        while (end < text.length && text[end] != 0) {
            end++;
        }
        return new String(text, 0, end, StandardCharsets.UTF_8);
    }

    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        pictures.close();
        av_frame_free(frame);
        av_frame_free(last);
        av_packet_free(packet);
        if (decoder != null) {
            avcodec_free_context(decoder);
        }
        if (!container.isNull()) {
            avformat_close_input(container);
        }
    }
}
