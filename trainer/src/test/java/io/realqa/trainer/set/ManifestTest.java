package io.realqa.trainer.set;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.realqa.scorer.Digests;
import io.realqa.trainer.Label;
import io.realqa.trainer.feedback.AcceptedLabel;
import io.realqa.trainer.feedback.ImageVault;
import io.realqa.trainer.feedback.Labels;
import io.realqa.trainer.training.HeldOut;
import io.realqa.trainer.training.LabelledImage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ManifestTest {
    @TempDir
    Path folder;

    private static AcceptedLabel label(
            long offset, String platform, String sha256, long hash, String labeller, double score, String level) {
        return new AcceptedLabel(
                offset,
                platform,
                "image-" + sha256.substring(0, 6),
                sha256,
                hash,
                labeller,
                Label.of(
                        "image-" + sha256.substring(0, 6),
                        OptionalDouble.of(score),
                        OptionalDouble.empty(),
                        Map.of("level-shot", level),
                        Labels.PROFILE));
    }

    private List<AcceptedLabel> labels(ImageVault vault) throws IOException {
        SplittableRandom random = new SplittableRandom(5);
        List<AcceptedLabel> labels = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            byte[] content = ("picture " + i).getBytes(StandardCharsets.UTF_8);
            String sha256 = Digests.hex(content);
            Files.createDirectories(vault.file(sha256).getParent());
            Files.write(vault.file(sha256), content);
            long hash = random.nextLong();
            String platform = i % 4 == 0 ? "other" : "p";
            labels.add(label(labels.size() * 2L, platform, sha256, hash, "ana", 2 + i % 5, "level"));
            labels.add(label(
                    labels.size() * 2L, platform, sha256, hash, "ben", 3 + i % 5, i % 2 == 0 ? "level" : "tilted"));
        }
        return labels;
    }

    private Manifest.Made make(List<AcceptedLabel> labels, ImageVault vault, Path file) throws IOException {
        return Manifest.make("training.labels", 0, labels, new Manifest.Rule("p", 0.3, 6), Labels.PROFILE, vault, file);
    }

    @Test
    void aManifestReadBackGivesTheSameSet() throws Exception {
        ImageVault vault = new ImageVault(folder.resolve("images"));
        Path file = Files.createDirectories(folder.resolve("cycles/one")).resolve("set.json");
        Manifest.Made made = make(labels(vault), vault, file);
        made.manifest().write(file);
        SetBuilder.Built again = Manifest.read(file).build(file, null, Labels.PROFILE);
        assertThat(HeldOut.digest(again.split())).isEqualTo(made.manifest().set());
        assertThat(again.split().training()).hasSizeGreaterThan(10);
        assertThat(again.split().heldOut()).hasSizeGreaterThan(2);
        assertThat(again.split().training().size() + again.split().heldOut().size() + again.left())
                .isEqualTo(30);
        assertThat(made.manifest().ranges()).containsExactly(new Manifest.Range(0, 0, 159));
        assertThat(again.split().training())
                .allSatisfy(i -> assertThat(i.file()).isEqualTo(vault.file(i.sha256())));
    }

    @Test
    void labellersOfAnImageAreMergedAndTheirDeviationKept() throws Exception {
        ImageVault vault = new ImageVault(folder.resolve("images"));
        LabelledImage image = make(labels(vault), vault, folder.resolve("set.json"))
                .built()
                .split()
                .training()
                .get(0);
        double score = image.label().score().orElseThrow();
        assertThat(score % 1).isEqualTo(0.5);
        assertThat(image.label().deviation().orElseThrow()).isEqualTo(Math.sqrt(0.5));
        List<AcceptedLabel> tie = List.of(
                label(0, "p", "a".repeat(64), 1, "ana", 3, "level"),
                label(1, "p", "a".repeat(64), 1, "ben", 3, "tilted"));
        SetBuilder.Built built = new SetBuilder("p", 0.3, 6, Labels.PROFILE).build(tie, folder, Set.of());
        assertThat(built.split().training().get(0).label().attributes()).isEmpty();
    }

    @Test
    void anotherPlatformsLabelsDoNotTrainButKeepTheirImagesSides() throws Exception {
        ImageVault vault = new ImageVault(folder.resolve("images"));
        List<AcceptedLabel> labels = labels(vault);
        HeldOut.Split own =
                make(labels, vault, folder.resolve("a.json")).built().split();
        HeldOut.Split all = new SetBuilder("*", 0.3, 6, Labels.PROFILE)
                .build(labels, vault.folder(), Set.of())
                .split();
        assertThat(all.training()).containsAll(own.training());
        assertThat(all.heldOut()).containsAll(own.heldOut());
    }

    @Test
    void imagesThatAreLostOrDamagedAreLeftOutAndTheOthersKeepTheirSides() throws Exception {
        ImageVault vault = new ImageVault(folder.resolve("images"));
        Path file = folder.resolve("set.json");
        List<AcceptedLabel> labels = labels(vault);
        SetBuilder.Built whole = make(labels, vault, file).built();
        LabelledImage lost = whole.split().training().get(0);
        LabelledImage damaged = whole.split().heldOut().get(0);
        Files.delete(lost.file());
        Files.writeString(damaged.file(), "");

        Manifest.Made made = make(labels, vault, file);

        assertThat(made.manifest().missing()).containsExactlyInAnyOrder(lost.sha256(), damaged.sha256());
        assertThat(made.built().left()).isEqualTo(whole.left() + 2);
        assertThat(made.built().split().training())
                .doesNotContain(lost)
                .hasSize(whole.split().training().size() - 1)
                .isSubsetOf(whole.split().training());
        assertThat(made.built().split().heldOut())
                .doesNotContain(damaged)
                .hasSize(whole.split().heldOut().size() - 1)
                .isSubsetOf(whole.split().heldOut());
        made.manifest().write(file);
        SetBuilder.Built again = Manifest.read(file).build(file, null, Labels.PROFILE);
        assertThat(HeldOut.digest(again.split())).isEqualTo(made.manifest().set());
    }

    @Test
    void aManifestOfAnEarlierVersionMissesNothing() throws Exception {
        ImageVault vault = new ImageVault(folder.resolve("images"));
        Path file = folder.resolve("set.json");
        Manifest manifest = make(labels(vault), vault, file).manifest();
        manifest.write(file);
        Files.writeString(file, Files.readString(file).replaceFirst(",\\s*\"missing\" : \\[ ?\\]", ""));
        assertThat(Files.readString(file)).doesNotContain("missing");
        assertThat(Manifest.read(file)).isEqualTo(manifest);
    }

    @Test
    void aChangedLabelOrImageIsAnErrorThatNamesIt() throws Exception {
        ImageVault vault = new ImageVault(folder.resolve("images"));
        Path file = folder.resolve("set.json");
        Manifest manifest = make(labels(vault), vault, file).manifest();
        manifest.write(file);
        String text = Files.readString(file);
        Files.writeString(file, text.replaceFirst("\"score\" : 4.0", "\"score\" : 4.5"));
        assertThatThrownBy(() -> Manifest.read(file).build(file, null, Labels.PROFILE))
                .hasMessageContaining("set: sha256:")
                .hasMessageContaining("expected: " + manifest.set());
        Files.writeString(file, text);
        LabelledImage image = Manifest.read(file)
                .build(file, null, Labels.PROFILE)
                .split()
                .training()
                .get(0);
        Files.writeString(image.file(), "another picture");
        assertThatThrownBy(() -> Manifest.read(file).build(file, null, Labels.PROFILE))
                .hasMessageContaining(image.file().toString())
                .hasMessageContaining("expected: " + image.sha256());
        Files.writeString(file, "{\"format\": 1, \"lables\": []}");
        assertThatThrownBy(() -> Manifest.read(file)).hasMessageContaining("expected: a training set's manifest");
    }
}
