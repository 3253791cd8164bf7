package io.realqa.streams.topology;

import static org.assertj.core.api.Assertions.assertThat;

import io.realqa.events.ImageUploaded;
import io.realqa.schemas.EventClasses;
import io.realqa.streams.scoring.Outcome.Rejected;
import io.realqa.streams.scoring.Reason;
import io.realqa.streams.scoring.Stage;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class UploadValidatorTest {
    static {
        EventClasses.trust();
    }

    private static final UploadValidator VALIDATOR = new UploadValidator(4);

    private static ImageUploaded.Builder upload() {
        return ImageUploaded.newBuilder().setImageId("id").setPlatform("tests").setUploadedAt(Instant.EPOCH);
    }

    private static ImageUploaded.Builder inline(int bytes) {
        return upload().setContent(ByteBuffer.allocate(bytes));
    }

    private static void assertRefused(ImageUploaded upload, Reason reason, String message) {
        Rejected r = Objects.requireNonNull(VALIDATOR.check(upload));
        assertThat(r.stage()).isEqualTo(Stage.VALIDATE);
        assertThat(r.reason()).isEqualTo(reason);
        assertThat(r.message()).contains(message).contains("(expected: ");
        assertThat(r.attempts()).isEqualTo(1);
    }

    @Test
    void contentOrAUriIsEnough() {
        assertThat(VALIDATOR.check(inline(4).build())).isNull();
        assertThat(VALIDATOR.check(inline(0).build())).isNull();
        assertThat(VALIDATOR.check(upload().setUri("file:/x").build())).isNull();
        assertThat(VALIDATOR.check(inline(1).setSha256("aB".repeat(32)).build()))
                .isNull();
    }

    @Test
    void contentAndAUriAreAmbiguousAndTheUriStaysUnsaid() {
        ImageUploaded both = inline(1).setUri("http://user:secret@host/").build();
        assertRefused(both, Reason.CONTENT_AMBIGUOUS, "content and uri");
        assertThat(Objects.requireNonNull(VALIDATOR.check(both)).message()).doesNotContain("secret");
    }

    @Test
    void neitherContentNorUriIsMissingContent() {
        assertRefused(upload().build(), Reason.CONTENT_MISSING, "neither");
    }

    @Test
    void largerInlineContentIsRefused() {
        assertRefused(inline(5).build(), Reason.INLINE_TOO_LARGE, "5 bytes (expected: at most 4");
    }

    @Test
    void onlyTheRemainingBytesOfContentCount() {
        assertThat(VALIDATOR.check(
                        upload().setContent(ByteBuffer.allocate(9).position(6)).build()))
                .isNull();
    }

    @Test
    void anEmptyOrBlankIdIsRefused() {
        assertRefused(inline(1).setImageId("").build(), Reason.IMAGE_ID_MISSING, "imageId");
        assertRefused(inline(1).setImageId(" \t").build(), Reason.IMAGE_ID_MISSING, "imageId");
    }

    @Test
    void namesThatEveryEventRepeatsAreOfBoundedLength() {
        String longest = "x".repeat(1024);
        assertThat(VALIDATOR.check(
                        inline(1).setImageId(longest).setPlatform(longest).build()))
                .isNull();
        assertRefused(inline(1).setImageId(longest + "x").build(), Reason.IMAGE_ID_TOO_LONG, "1025 characters");
        assertRefused(inline(1).setPlatform(longest + "x").build(), Reason.PLATFORM_TOO_LONG, "1025 characters");
    }

    @Test
    void theTimeOfTheUploadIsOfAYearWithFourDigits() {
        for (String taken : List.of("0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "9999-12-31T23:59:59.999Z")) {
            assertThat(VALIDATOR.check(
                            inline(1).setUploadedAt(Instant.parse(taken)).build()))
                    .isNull();
        }
        for (long refused : new long[] {Long.MIN_VALUE, -62_135_596_800_001L, 253_402_300_800_000L, Long.MAX_VALUE}) {
            assertRefused(
                    inline(1).setUploadedAt(Instant.ofEpochMilli(refused)).build(),
                    Reason.UPLOADED_AT_INVALID,
                    "uploadedAt: " + refused);
        }
    }

    @Test
    void aDigestHas64HexDigits() {
        assertRefused(inline(1).setSha256("").build(), Reason.SHA256_INVALID, "sha256");
        assertRefused(inline(1).setSha256("a".repeat(63)).build(), Reason.SHA256_INVALID, "sha256");
        assertRefused(inline(1).setSha256("g".repeat(64)).build(), Reason.SHA256_INVALID, "sha256");
        assertRefused(inline(1).setSha256("a".repeat(64) + "\n").build(), Reason.SHA256_INVALID, "sha256");
    }
}
