package io.realqa.scorer.video;

import static org.bytedeco.ffmpeg.global.avcodec.AV_CODEC_FLAG_GLOBAL_HEADER;
import static org.bytedeco.ffmpeg.global.avcodec.AV_PKT_DATA_DISPLAYMATRIX;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_alloc;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_free;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_rescale_ts;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_side_data_new;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_alloc_context3;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_find_encoder_by_name;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_free_context;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_open2;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_parameters_from_context;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_receive_packet;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_send_frame;
import static org.bytedeco.ffmpeg.global.avformat.AVIO_FLAG_WRITE;
import static org.bytedeco.ffmpeg.global.avformat.av_interleaved_write_frame;
import static org.bytedeco.ffmpeg.global.avformat.av_write_trailer;
import static org.bytedeco.ffmpeg.global.avformat.avformat_alloc_output_context2;
import static org.bytedeco.ffmpeg.global.avformat.avformat_free_context;
import static org.bytedeco.ffmpeg.global.avformat.avformat_new_stream;
import static org.bytedeco.ffmpeg.global.avformat.avformat_write_header;
import static org.bytedeco.ffmpeg.global.avformat.avio_closep;
import static org.bytedeco.ffmpeg.global.avformat.avio_open;
import static org.bytedeco.ffmpeg.global.avutil.AV_CHANNEL_LAYOUT_MONO;
import static org.bytedeco.ffmpeg.global.avutil.AV_PIX_FMT_YUV420P;
import static org.bytedeco.ffmpeg.global.avutil.AV_SAMPLE_FMT_S16;
import static org.bytedeco.ffmpeg.global.avutil.av_dict_set;
import static org.bytedeco.ffmpeg.global.avutil.av_display_rotation_set;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_alloc;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_free;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_get_buffer;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_make_writable;
import static org.bytedeco.ffmpeg.global.avutil.av_make_q;

import java.nio.file.Path;
import org.bytedeco.ffmpeg.avcodec.AVCodec;
import org.bytedeco.ffmpeg.avcodec.AVCodecContext;
import org.bytedeco.ffmpeg.avcodec.AVPacket;
import org.bytedeco.ffmpeg.avcodec.AVPacketSideData;
import org.bytedeco.ffmpeg.avformat.AVFormatContext;
import org.bytedeco.ffmpeg.avformat.AVIOContext;
import org.bytedeco.ffmpeg.avformat.AVStream;
import org.bytedeco.ffmpeg.avutil.AVDictionary;
import org.bytedeco.ffmpeg.avutil.AVFrame;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.PointerPointer;
import org.jspecify.annotations.Nullable;

/** Makes clips. Second s of a clip is grey 20 + 8 s above, and grey 235 below its middle row. */
public final class Clips {
    /** How a clip is made; frames are tickFactor frame times apart, rotation is in degrees clockwise. */
    public record Spec(
            String codec, int width, int height, int frames, int framesPerSecond, long tickFactor, int rotation) {
        /** MPEG-4, 160 x 120, 25 frames a second. */
        public static Spec seconds(int seconds) {
            return new Spec("mpeg4", 160, 120, 25 * seconds, 25, 1, 0);
        }

        /** The same frames, so many times as far apart. */
        Spec stretched(long factor) {
            return new Spec(codec, width, height, frames, framesPerSecond, factor, rotation);
        }

        Spec rotated(int clockwise) {
            return new Spec(codec, width, height, frames, framesPerSecond, tickFactor, clockwise);
        }

        Spec codec(String name) {
            return new Spec(name, width, height, frames, framesPerSecond, tickFactor, rotation);
        }
    }

    private Clips() {}

    /** A second track, of silence: when it begins and how long it lasts, in seconds. */
    record Sound(int start, int seconds) {
        private static final int RATE = 16_000;
        private static final int SAMPLES_A_FRAME = 1152;
    }

    /** Writes a clip; the file's ending says in which container. */
    public static Path video(Path file, Spec spec) {
        return video(file, spec, 0, null);
    }

    /** Writes a clip whose pictures begin at a second of its time line, with sound or without. */
    static Path video(Path file, Spec spec, int begin, @Nullable Sound sound) {
        AVFormatContext container = container(file);
        AVCodec codec = avcodec_find_encoder_by_name(spec.codec());
        AVCodecContext encoder = avcodec_alloc_context3(codec);
        encoder.width(spec.width())
                .height(spec.height())
                .pix_fmt(AV_PIX_FMT_YUV420P)
                .time_base(av_make_q(1, spec.framesPerSecond()))
                .framerate(av_make_q(spec.framesPerSecond(), 1))
                .gop_size(12)
                .bit_rate(400_000);
        AVStream stream = open(container, encoder, codec);
        if (spec.rotation() != 0) {
            PointerPointer<AVPacketSideData> none =
                    new PointerPointer<AVPacketSideData>(1).put(0, (AVPacketSideData) null);
            AVPacketSideData matrix =
                    av_packet_side_data_new(none, new IntPointer(1).put(0), AV_PKT_DATA_DISPLAYMATRIX, 36, 0);
            IntPointer values = new IntPointer(matrix.data());
            av_display_rotation_set(values, spec.rotation());
            stream.codecpar().coded_side_data(matrix).nb_coded_side_data(1);
        }
        AVCodec soundCodec = avcodec_find_encoder_by_name("mp2");
        AVCodecContext soundEncoder = avcodec_alloc_context3(soundCodec);
        AVStream soundStream = sound == null ? null : open(container, mono(soundEncoder, Sound.RATE), soundCodec);
        start(container, file);
        AVFrame frame = av_frame_alloc();
        frame.format(AV_PIX_FMT_YUV420P).width(spec.width()).height(spec.height());
        ok(av_frame_get_buffer(frame, 0));
        for (int i = 0; i < spec.frames(); i++) {
            ok(av_frame_make_writable(frame));
            int grey = 20 + 8 * (i / spec.framesPerSecond());
            for (int y = 0; y < spec.height(); y++) {
                for (int x = 0; x < spec.width(); x++) {
                    frame.data(0).put((long) y * frame.linesize(0) + x, (byte) (y < spec.height() / 2 ? grey : 235));
                }
            }
            for (int plane = 1; plane < 3; plane++) {
                for (long at = 0; at < (long) frame.linesize(plane) * spec.height() / 2; at++) {
                    frame.data(plane).put(at, (byte) 128);
                }
            }
            frame.pts(((long) begin * spec.framesPerSecond() + i) * spec.tickFactor());
            encode(container, encoder, stream, frame, spec.tickFactor());
        }
        encode(container, encoder, stream, null, spec.tickFactor());
        if (sound != null && soundStream != null) {
            AVFrame silence = silence(Sound.SAMPLES_A_FRAME, Sound.RATE);
            for (long at = 0; at < (long) sound.seconds() * Sound.RATE; at += Sound.SAMPLES_A_FRAME) {
                silence.pts((long) sound.start() * Sound.RATE + at);
                encode(container, soundEncoder, soundStream, silence, Sound.SAMPLES_A_FRAME);
            }
            encode(container, soundEncoder, soundStream, null, Sound.SAMPLES_A_FRAME);
            av_frame_free(silence);
        }
        avcodec_free_context(soundEncoder);
        finish(container, encoder, frame);
        return file;
    }

    /** Writes a second of silence. */
    public static Path sound(Path file, String codecName) {
        AVFormatContext container = container(file);
        AVCodec codec = avcodec_find_encoder_by_name(codecName);
        AVCodecContext encoder = avcodec_alloc_context3(codec);
        AVStream stream = open(container, mono(encoder, 8000), codec);
        start(container, file);
        AVFrame frame = silence(8000, 8000);
        frame.pts(0);
        encode(container, encoder, stream, frame, 8000);
        encode(container, encoder, stream, null, 8000);
        finish(container, encoder, frame);
        return file;
    }

    private static AVCodecContext mono(AVCodecContext encoder, int rate) {
        encoder.sample_rate(rate).sample_fmt(AV_SAMPLE_FMT_S16).time_base(av_make_q(1, rate));
        encoder.ch_layout(AV_CHANNEL_LAYOUT_MONO());
        return encoder;
    }

    private static AVFrame silence(int samples, int rate) {
        AVFrame frame = av_frame_alloc();
        frame.format(AV_SAMPLE_FMT_S16).nb_samples(samples).sample_rate(rate);
        frame.ch_layout(AV_CHANNEL_LAYOUT_MONO());
        ok(av_frame_get_buffer(frame, 0));
        for (long at = 0; at < 2L * samples; at++) {
            frame.data(0).put(at, (byte) 0);
        }
        return frame;
    }

    private static AVFormatContext container(Path file) {
        AVFormatContext container = new AVFormatContext(null);
        ok(avformat_alloc_output_context2(container, null, (String) null, file.toString()));
        return container;
    }

    private static AVStream open(AVFormatContext container, AVCodecContext encoder, AVCodec codec) {
        encoder.flags(encoder.flags() | AV_CODEC_FLAG_GLOBAL_HEADER);
        ok(avcodec_open2(encoder, codec, (PointerPointer<?>) null));
        AVStream stream = avformat_new_stream(container, null);
        stream.time_base(encoder.time_base());
        ok(avcodec_parameters_from_context(stream.codecpar(), encoder));
        return stream;
    }

    private static void start(AVFormatContext container, Path file) {
        AVIOContext out = new AVIOContext(null);
        ok(avio_open(out, file.toString(), AVIO_FLAG_WRITE));
        container.pb(out);
        // the index first, so that a file that is cut off still opens
        AVDictionary options = new AVDictionary(null);
        if (file.toString().endsWith(".mp4")) {
            ok(av_dict_set(options, "movflags", "+faststart", 0));
        }
        // no header that is written last, as a browser records
        if (file.toString().endsWith("live.webm")) {
            ok(av_dict_set(options, "live", "1", 0));
        }
        ok(avformat_write_header(container, options));
    }

    /** frame: null drains the encoder; duration: a packet's, in the encoder's ticks. */
    private static void encode(
            AVFormatContext container,
            AVCodecContext encoder,
            AVStream stream,
            @Nullable AVFrame frame,
            long duration) {
        ok(avcodec_send_frame(encoder, frame));
        AVPacket packet = av_packet_alloc();
        while (avcodec_receive_packet(encoder, packet) >= 0) {
            packet.duration(duration);
            av_packet_rescale_ts(packet, encoder.time_base(), stream.time_base());
            packet.stream_index(stream.index());
            ok(av_interleaved_write_frame(container, packet));
        }
        av_packet_free(packet);
    }

    private static void finish(AVFormatContext container, AVCodecContext encoder, AVFrame frame) {
        ok(av_write_trailer(container));
        av_frame_free(frame);
        avcodec_free_context(encoder);
        avio_closep(container.pb());
        avformat_free_context(container);
    }

    private static void ok(int result) {
        if (result < 0) {
            throw new IllegalStateException("FFmpeg: error " + result);
        }
    }
}
