package io.realqa.trainer.feedback;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.realqa.events.ImageLabelled;
import io.realqa.events.LabelAccepted;
import io.realqa.events.SourcePosition;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Optional;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FeedbackJudgeTest {
    private static final SourcePosition SOURCE = new SourcePosition("image.feedback", 0, 0L);

    @TempDir
    Path folder;

    private final byte[] picture = picture(40);
    private ImageVault vault;
    private FeedbackJudge judge;

    @BeforeEach
    void start() {
        vault = new ImageVault(folder);
        FeedbackSettings settings = new FeedbackSettings(0.3, 0.5, 4, 2);
        ContentSource content = new ContentSource() {
            @Override
            public byte[] fetch(String uri) {
                return uri.equals("https://images/a") ? picture : picture(50);
            }

            @Override
            public void close() {}
        };
        judge = new FeedbackJudge(
                Labels.PROFILE,
                new LabelLedger(settings, 10),
                new AnswerIndex(10),
                new ImageFinder(vault, content, position -> Optional.empty(), 1, millis -> {}),
                vault,
                Clock.fixed(Instant.ofEpochMilli(5), ZoneOffset.UTC));
    }

    private static byte[] picture(int width) {
        try {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            ImageIO.write(new BufferedImage(width, 30, BufferedImage.TYPE_INT_RGB), "png", out);
            return out.toByteArray();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static ImageLabelled.Builder label(String labeller) {
        return Labels.label("a", labeller).setUri("https://images/a");
    }

    private RejectReason rejection(ImageLabelled label) {
        return catchThrowableOfType(RejectedException.class, () -> judge.judge(label, SOURCE))
                .reason();
    }

    @Test
    void aLabelPublishedAgainIsADuplicateAndBringsItsImageBack() throws Exception {
        LabelAccepted accepted = judge.judge(label("ana").build(), SOURCE);
        Path file = vault.file(accepted.getContentSha256());
        assertThat(file).hasBinaryContent(picture);

        Files.delete(file);
        assertThat(rejection(label("ana").build())).isEqualTo(RejectReason.DUPLICATE);
        assertThat(file).hasBinaryContent(picture);

        Files.writeString(file, "");
        assertThat(rejection(label("ana")
                        .setContentSha256(accepted.getContentSha256())
                        .build()))
                .isEqualTo(RejectReason.DUPLICATE);
        assertThat(file).hasBinaryContent(picture);
    }

    @Test
    void theImageOfALabelThatConflictsIsNotKept() throws Exception {
        judge.judge(label("ana").build(), SOURCE);
        Path file = vault.file(judge.judge(label("ben").build(), SOURCE).getContentSha256());
        Files.delete(file);
        assertThat(rejection(label("cleo").setScore(9.9).build())).isEqualTo(RejectReason.CONFLICT);
        assertThat(file).doesNotExist();
    }
}
