package io.realqa.cli.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.realqa.scorer.image.ImageDecoder;
import io.realqa.scorer.image.ImageLimits;
import io.realqa.scorer.image.ImageRejectedException;
import io.realqa.scorer.image.RasterImage;
import io.realqa.trainer.degradation.Degradation;
import io.realqa.trainer.degradation.JpegFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DemoUploadsTest {
    private static final Path PHOTOS = Path.of(System.getProperty("realqa.home", ".."), "models/demo/photos");

    private static final int VERSIONS = Degradation.values().length * Degradation.STRENGTHS;

    @TempDir
    Path folder;

    private Path photograph(String name) throws IOException {
        return Files.write(folder.resolve(name), JpegFile.encode(noise(24, 18, name.hashCode()), 0.9f));
    }

    private static RasterImage noise(int width, int height, long seed) {
        byte[] rgb = new byte[3 * width * height];
        new Random(seed).nextBytes(rgb);
        return new RasterImage(width, height, rgb);
    }

    private static List<DemoUpload> take(DemoUploads uploads, int count) throws IOException {
        List<DemoUpload> taken = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            taken.add(uploads.next());
        }
        return taken;
    }

    private static List<String> names(List<DemoUpload> uploads) {
        return uploads.stream().map(DemoUpload::name).toList();
    }

    private static Set<String> allVersions(String... photographs) {
        Set<String> names = new TreeSet<>();
        for (String photograph : photographs) {
            for (Degradation degradation : Degradation.values()) {
                for (int strength = 1; strength <= Degradation.STRENGTHS; strength++) {
                    names.add(photograph + "+" + degradation.label() + strength);
                }
            }
        }
        return names;
    }

    @Test
    void photographsComeUntouchedFirstThenEveryVersionOnceARound() throws IOException {
        Path b = photograph("b.jpg");
        Path a = photograph("a.JPEG");
        Files.writeString(folder.resolve("notes.txt"), "no image");
        Files.writeString(folder.resolve("._b.jpg"), "what some file systems leave behind");
        Files.createDirectory(folder.resolve("c.png"));

        DemoUploads uploads = DemoUploads.of(folder);
        DemoUpload first = uploads.next();
        assertThat(first.name()).isEqualTo("a");
        assertThat(first.file()).isEqualTo(Files.readAllBytes(a));
        DemoUpload second = uploads.next();
        assertThat(second.name()).isEqualTo("b");
        assertThat(second.file()).isEqualTo(Files.readAllBytes(b));

        List<String> round = names(take(uploads, 2 * VERSIONS));
        List<String> next = names(take(uploads, 2 * VERSIONS));
        String[] expected = allVersions("a", "b").toArray(String[]::new);
        assertThat(expected).contains("a+blur3");
        assertThat(round).containsExactlyInAnyOrder(expected);
        assertThat(next).containsExactlyInAnyOrder(expected).isNotEqualTo(round);
        assertThat(round).isNotEqualTo(round.stream().sorted().toList());
    }

    @Test
    void theSequenceIsTheSameEveryTime() throws IOException {
        List<Path> files = List.of(photograph("b.jpg"), photograph("a.jpg"));
        List<DemoUpload> once = take(DemoUploads.of(files), 100);
        List<DemoUpload> again = take(DemoUploads.of(files), 100);
        assertThat(names(once)).isEqualTo(names(again)).startsWith("b", "a");
        for (int i = 0; i < once.size(); i++) {
            assertThat(again.get(i).file()).isEqualTo(once.get(i).file());
        }
    }

    @Test
    void degradedVersionsAreSmallJpegs() throws IOException {
        DemoUploads uploads = DemoUploads.of(PHOTOS);
        assertThat(names(take(uploads, 4))).containsExactly("astronaut", "chelsea", "coffee", "rocket");
        for (DemoUpload upload : take(uploads, 20)) {
            RasterImage image = decoded(upload.file());
            assertThat(Math.max(image.width(), image.height()))
                    .as(upload.name())
                    .isBetween(256, 512);
            assertThat(upload.file()).startsWith(0xff, 0xd8);
        }
    }

    @Test
    void filesTooLargeForAnUploadAreSentShrunk() throws IOException {
        Path large = folder.resolve("large.jpg");
        Files.write(large, JpegFile.encode(noise(1200, 900, 1), 1));
        assertThat(Files.size(large)).isGreaterThan(1 << 20);
        DemoUpload upload = DemoUploads.of(folder).next();
        assertThat(upload.name()).isEqualTo("large");
        assertThat(decoded(upload.file()))
                .extracting(RasterImage::width, RasterImage::height)
                .containsExactly(512, 384);
    }

    @Test
    void onlyTheLatestPhotographsStayDecoded() throws IOException {
        List<Path> files = new ArrayList<>();
        for (int i = 0; i <= Photographs.KEPT; i++) {
            files.add(photograph(i + ".jpg"));
        }
        Photographs photographs = new Photographs(files);
        RasterImage first = photographs.small(0);
        RasterImage second = photographs.small(1);
        assertThat(photographs.small(0)).isSameAs(first);
        for (int i = 2; i < files.size(); i++) {
            photographs.small(i);
        }
        assertThat(photographs.small(0)).isSameAs(first);
        assertThat(photographs.small(1)).isNotSameAs(second);
    }

    @Test
    void unreadableFilesAreNamed() throws IOException {
        photograph("a.jpg");
        Path broken = Files.writeString(folder.resolve("broken.jpg"), "not a JPEG");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> DemoUploads.of(folder))
                .withMessageContaining(broken.toString())
                .withMessageContaining("text");
    }

    @Test
    void inALargeFolderUnreadableFilesAreNamedWhenReached() throws IOException {
        for (int i = 0; i < Photographs.KEPT; i++) {
            photograph("a" + i + ".jpg");
        }
        Path broken = Files.writeString(folder.resolve("broken.jpg"), "not a JPEG");
        DemoUploads uploads = DemoUploads.of(folder);
        take(uploads, Photographs.KEPT);
        assertThatIllegalArgumentException().isThrownBy(uploads::next).withMessageContaining(broken.toString());
    }

    @Test
    void nothingToStreamIsAnError() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> DemoUploads.of(folder))
                .withMessageContaining(folder.toString())
                .withMessageContaining(".jpg");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> DemoUploads.of(folder.resolve("absent")))
                .withMessageContaining("absent");
        assertThatIllegalArgumentException().isThrownBy(() -> DemoUploads.of(List.of()));
    }

    private static RasterImage decoded(byte[] file) {
        try {
            return new ImageDecoder(ImageLimits.DEFAULTS).decode(file);
        } catch (ImageRejectedException e) {
            throw new AssertionError(e);
        }
    }
}
