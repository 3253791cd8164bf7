package io.realqa.trainer.set;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import io.realqa.scorer.Digests;
import io.realqa.scorer.ScoringProfile;
import io.realqa.trainer.Label;
import io.realqa.trainer.feedback.AcceptedLabel;
import io.realqa.trainer.feedback.ImageVault;
import io.realqa.trainer.training.HeldOut;
import io.realqa.trainer.training.LabelledImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What a training set was made of, as a file: the ranges of offsets of the accepted labels, each label with the digest of
 * its image, how images were parted, and the digest of the set that results. Read back, it gives the same set or an error.
 *
 * @param format 1
 * @param topic of the accepted labels
 * @param ranges of their offsets
 * @param platform whose labels count; {@code *}: all
 * @param heldOut share of the images that judge
 * @param near bits of the perceptual hash in which near-duplicates differ at most
 * @param profile digest of the scoring profile
 * @param images folder of the images, relative to the manifest
 * @param set digest of the set, {@code sha256:…}
 * @param labels in the order of acceptance, those of other platforms too, since images have their sides from all
 * @param missing digests of labelled images that were lost or damaged when the set was made, and are left out of it
 */
public record Manifest(
        int format,
        String topic,
        List<Range> ranges,
        String platform,
        double heldOut,
        int near,
        String profile,
        String images,
        String set,
        List<Entry> labels,
        List<String> missing) {
    private static final ObjectMapper JSON = new ObjectMapper()
            .enable(SerializationFeature.INDENT_OUTPUT)
            .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES);

    /** Manifests of earlier versions name no images that are missing. */
    public Manifest {
        missing = missing == null ? List.of() : List.copyOf(missing);
    }

    /** Offsets from {@code from} up to and without {@code to}. */
    public record Range(int partition, long from, long to) {}

    /**
     * One accepted label.
     *
     * @param sha256 of the image's bytes
     * @param hash perceptual, 16 hex digits
     */
    public record Entry(
            long offset,
            String platform,
            String imageId,
            String sha256,
            String hash,
            String labeller,
            @Nullable Double score,
            @Nullable Double deviation,
            Map<String, String> attributes) {
        static Entry of(AcceptedLabel l) {
            return new Entry(
                    l.offset(),
                    l.platform(),
                    l.imageId(),
                    l.sha256(),
                    String.format("%016x", l.hash()),
                    l.labeller(),
                    l.label().score().isPresent() ? l.label().score().getAsDouble() : null,
                    l.label().deviation().isPresent() ? l.label().deviation().getAsDouble() : null,
                    new TreeMap<>(l.label().attributes()));
        }

        AcceptedLabel label(ScoringProfile profile) {
            return new AcceptedLabel(
                    offset,
                    platform,
                    imageId,
                    sha256,
                    Long.parseUnsignedLong(hash, 16),
                    labeller,
                    Label.of(imageId, optional(score), optional(deviation), attributes, profile));
        }

        private static OptionalDouble optional(@Nullable Double value) {
            return value == null ? OptionalDouble.empty() : OptionalDouble.of(value);
        }
    }

    /** How sets are made of labels. */
    public record Rule(String platform, double heldOut, int near) {}

    /** A manifest and its set. */
    public record Made(Manifest manifest, SetBuilder.Built built) {}

    /**
     * A set of labels, and its manifest.
     *
     * @param labels in the order of acceptance
     * @param vault where their images are
     * @param file where the manifest is going to be, for the way to the images
     */
    public static Made make(
            String topic,
            int partition,
            List<AcceptedLabel> labels,
            Rule rule,
            ScoringProfile profile,
            ImageVault vault,
            Path file)
            throws IOException {
        Set<String> missing = missing(labels, rule.platform(), vault);
        SetBuilder.Built built = new SetBuilder(rule.platform(), rule.heldOut(), rule.near(), profile)
                .build(labels, vault.folder(), missing);
        long from = labels.isEmpty() ? 0 : labels.get(0).offset();
        long to = labels.isEmpty() ? 0 : labels.get(labels.size() - 1).offset() + 1;
        Path folder = java.util.Objects.requireNonNull(file.toAbsolutePath().getParent());
        Manifest manifest = new Manifest(
                1,
                topic,
                List.of(new Range(partition, from, to)),
                rule.platform(),
                rule.heldOut(),
                rule.near(),
                profile.digest(),
                folder.relativize(vault.folder().toAbsolutePath()).toString(),
                HeldOut.digest(built.split()),
                labels.stream().map(Entry::of).toList(),
                List.copyOf(missing));
        return new Made(manifest, built);
    }

    private static Set<String> missing(List<AcceptedLabel> labels, String platform, ImageVault vault)
            throws IOException {
        Set<String> looked = new HashSet<>();
        Set<String> missing = new TreeSet<>();
        for (AcceptedLabel label : labels) {
            boolean counts = platform.equals(SetBuilder.ALL) || platform.equals(label.platform());
            if (counts
                    && looked.add(label.sha256())
                    && vault.read(label.sha256()).isEmpty()) {
                missing.add(label.sha256());
            }
        }
        return missing;
    }

    public void write(Path file) throws IOException {
        JSON.writeValue(file.toFile(), this);
    }

    /** @throws IllegalArgumentException naming the file and what is wrong with it */
    public static Manifest read(Path file) throws IOException {
        try {
            Manifest manifest = JSON.readValue(Files.readString(file), Manifest.class);
            if (manifest == null || manifest.format() != 1 || manifest.labels() == null || manifest.images() == null) {
                throw new IllegalArgumentException(file + ": format: " + (manifest == null ? null : manifest.format())
                        + " (expected: 1, with labels and images)");
            }
            return manifest;
        } catch (java.nio.file.NoSuchFileException e) {
            throw new IllegalArgumentException(file + ": no such file (expected: a training set's manifest)", e);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(
                    file + ": " + e.getOriginalMessage() + " (expected: a training set's manifest)", e);
        }
    }

    /**
     * The set, checked: its digest and that of each image's file.
     *
     * @param file where the manifest lies
     * @param elsewhere folder of the images; null: where the manifest says
     * @throws IllegalArgumentException if it is not the same set
     */
    public SetBuilder.Built build(Path file, @Nullable Path elsewhere, ScoringProfile asked) throws IOException {
        if (!asked.digest().equals(profile)) {
            throw new IllegalArgumentException(
                    "profile: " + asked.digest() + " (expected: " + profile + ", the manifest's)");
        }
        Path folder = elsewhere != null
                ? elsewhere
                : java.util.Objects.requireNonNull(file.toAbsolutePath().getParent())
                        .resolve(images)
                        .normalize();
        List<AcceptedLabel> all = new ArrayList<>();
        for (Entry e : labels) {
            all.add(e.label(asked));
        }
        SetBuilder.Built built = new SetBuilder(platform, heldOut, near, asked).build(all, folder, Set.copyOf(missing));
        String digest = HeldOut.digest(built.split());
        if (!digest.equals(set)) {
            throw new IllegalArgumentException(file + ": set: " + digest + " (expected: " + set + ")");
        }
        for (List<LabelledImage> part :
                List.of(built.split().training(), built.split().heldOut())) {
            for (LabelledImage image : part) {
                verify(image);
            }
        }
        return built;
    }

    private static void verify(LabelledImage image) throws IOException {
        if (!Files.isRegularFile(image.file())) {
            throw new IllegalArgumentException(image.file() + ": missing (expected: an image of the training set)");
        }
        String sha256 = Digests.hex(Files.readAllBytes(image.file()));
        if (!sha256.equals(image.sha256())) {
            throw new IllegalArgumentException(image.file() + ": " + sha256 + " (expected: " + image.sha256() + ")");
        }
    }
}
