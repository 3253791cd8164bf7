/**
 * From the bytes of an upload to what the vision tower reads: decoding under limits, then Qwen2-VL's resizing,
 * normalisation and patch order. Pillow and Hugging Face's Qwen2VLImageProcessor are the references.
 */
@NullMarked
package io.realqa.scorer.image;

import org.jspecify.annotations.NullMarked;
