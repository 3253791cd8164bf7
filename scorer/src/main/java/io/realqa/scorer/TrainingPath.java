package io.realqa.scorer;

import io.realqa.scorer.image.VisualInput;
import java.util.List;
import java.util.OptionalDouble;

/**
 * One item as tokens.
 *
 * @param before tokens before the image
 * @param after tokens after it that belong to the prefix
 * @param tree what follows the prefix
 * @param mean opinion score, where the tree has leaves
 * @param digits nodes after which a score's digits stand, in order
 */
@SuppressWarnings("ArrayRecordComponent")
record TrainingPath(
        VisualInput image, long[] before, long[] after, TrainingTree tree, OptionalDouble mean, List<Integer> digits) {}
