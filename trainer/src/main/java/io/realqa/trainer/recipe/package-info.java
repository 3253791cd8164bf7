/** Training recipes: the YAML keys of LLaMA-Factory that RealQA's recipes use, as typed settings. */
@NullMarked
package io.realqa.trainer.recipe;

import org.jspecify.annotations.NullMarked;
