package io.realqa.trainer.training;

import io.realqa.trainer.Label;
import java.nio.file.Path;

/**
 * One image of a training set.
 *
 * @param name as the labels have it, relative to the folder of images
 * @param sha256 of the file's bytes, 64 hex digits
 */
public record LabelledImage(String name, Path file, String sha256, Label label) {}
