package io.realqa.streams.scoring;

import static io.realqa.streams.scoring.Stage.DECODE;
import static io.realqa.streams.scoring.Stage.DESERIALIZE;
import static io.realqa.streams.scoring.Stage.FETCH;
import static io.realqa.streams.scoring.Stage.PREPROCESS;
import static io.realqa.streams.scoring.Stage.SCORE;
import static io.realqa.streams.scoring.Stage.VALIDATE;

import java.util.List;

/**
 * Why an upload is a dead letter: the one catalogue of codes, which operators filter, count and replay by. A code keeps
 * its meaning for ever; docs/operations.md lists them all.
 */
public enum Reason {
    NOT_AN_UPLOAD_EVENT(
            "no Avro value in Confluent's wire format, an unknown schema, another event, or no value", DESERIALIZE),

    IMAGE_ID_MISSING("the image id is empty", VALIDATE),
    IMAGE_ID_TOO_LONG("the image id has more than 1024 characters", VALIDATE),
    PLATFORM_TOO_LONG("the platform has more than 1024 characters", VALIDATE),
    UPLOADED_AT_INVALID(
            "the time of the upload is of no year from 1 to 9999, such as microseconds taken for milliseconds",
            VALIDATE),
    RECORD_TOO_LARGE(
            "a compressed record that unpacks to more than any topic here takes; the dead letter names its place only",
            VALIDATE),
    CONTENT_MISSING("neither content nor uri", VALIDATE),
    CONTENT_AMBIGUOUS("both content and uri", VALIDATE),
    INLINE_TOO_LARGE("more inline content than limits.inlineBytes", VALIDATE),
    SHA256_INVALID("the declared digest is not 64 hex digits", VALIDATE),
    SHA256_MISMATCH("the content is not what the event says", VALIDATE),

    BAD_URI("not a URI that can be fetched", FETCH),
    UNKNOWN_SCHEME("another scheme than file, http and https", FETCH),
    HOST_NOT_ALLOWED("a host that content.httpHosts does not list", FETCH),
    PATH_NOT_ALLOWED("a file outside content.fileRoots", FETCH),
    NOT_FOUND("no such file, or HTTP 404 or 410", FETCH),
    FORBIDDEN("no right to read it, or HTTP 401 or 403", FETCH),
    TOO_MANY_REDIRECTS("more redirects than content.redirects", FETCH),
    HTTP_STATUS("another HTTP status than 200", FETCH),
    TIMEOUT("not there within content.timeout, in every attempt", FETCH),
    UNREACHABLE("no connection, in every attempt", FETCH),
    READ_FAILED("the transfer broke off, or the content is encoded", FETCH),
    HOST_UNAVAILABLE(
            "the host failed so often that it is left alone for a while, for longer than content.patience", FETCH),

    EMPTY("zero bytes", DECODE),
    UNSUPPORTED_FORMAT(
            "not JPEG, PNG, WebP, GIF, BMP or TIFF, or declared as video/… and no clip that can be read; the message"
                    + " names what it is (HEIC, AVIF, text …)",
            DECODE),
    ANIMATED("an animated WebP", DECODE),
    CORRUPT("truncated or damaged", DECODE),
    TOO_MANY_BYTES("larger than limits.imageBytes, a clip than limits.video.bytes", FETCH, DECODE),
    TOO_MANY_PIXELS(
            "over limits.imagePixels or 30,000 pixels on a side, by the header; a clip's frame over limits.video.pixels",
            DECODE),
    NO_VIDEO("a clip without pictures: sound only", DECODE),
    TOO_LONG("a clip longer than limits.video.length, by its header or by its frames", DECODE),
    TOO_MANY_FRAMES("a clip of over a thousand frames a second", DECODE),
    TOO_SLOW("a clip whose decoding takes longer than limits.video.decoding", DECODE),
    TOO_NARROW("one side is more than 200 times the other", PREPROCESS),

    SCORING_FAILED("the model failed on this image alone, in every attempt; the log has the cause", SCORE),
    NOT_A_NUMBER("the model's answer to this image is NaN or infinite, in every attempt", SCORE),
    OFF_GRAMMAR("more of the probability than limits.offGrammarMass lay outside the allowed scores", SCORE),
    OUT_OF_DEVICE_MEMORY("the device has not enough memory for this image alone, in every attempt", SCORE),
    UNPARSABLE_ANSWER("greedy and prose mode (command line only): no number in the answer", SCORE),

    INTERNAL("an unexpected error; the log has the cause", FETCH, DECODE, PREPROCESS, SCORE);

    private final String meaning;
    private final List<Stage> stages;

    Reason(String meaning, Stage... stages) {
        this.meaning = meaning;
        this.stages = List.of(stages);
    }

    /** What it says of the upload. */
    public String meaning() {
        return meaning;
    }

    /** Where it can come up. */
    public List<Stage> stages() {
        return stages;
    }

    /** The only stage, or the first, where it can come up. */
    Stage stage() {
        return stages.get(0);
    }
}
