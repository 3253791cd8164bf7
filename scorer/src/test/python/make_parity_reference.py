#!/usr/bin/env python3
"""Writes the reference values that the Java tests of the scorer compare with.

Everything below is computed by Hugging Face transformers, PEFT and Pillow in float32 on the CPU
(attn_implementation="eager"); the tests themselves need no Python. Rerun it only to change the fixtures.

    pip install torch==2.7.1 torchvision==0.22.1 transformers==5.23.0 peft==0.21.2 tokenizers==0.23.3 \
        pillow==13.0.0 numpy==2.4.6 safetensors==0.8.0
    python make_parity_reference.py CHECKPOINT PHOTOS OUTPUT

    CHECKPOINT  folder of the demo checkpoint (models/demo)
    PHOTOS      folder with astronaut.jpg, chelsea.jpg, coffee.jpg, rocket.jpg
    OUTPUT      folder to write to (src/test/resources/parity); what it holds of an earlier run is replaced

What it makes (H, W: pixels; N: patches; M = N / 4: visual tokens; T: tokens; D: hidden size; V: vocabulary):

    tokenizer.json              the demo checkpoint's, shared by all configurations
    tokens.json                 [{text, ids}]: the tokenizer without added special tokens
    scores.json                 four photos on the demo checkpoint: the digit tree, see read_score
    NAME/                       three randomly initialised checkpoints (CONFIGURATIONS), each with
      config.json, preprocessor_config.json, *.safetensors      a Hugging Face folder but for the tokenizer
      adapter/, adapter-hub/    as PEFT saves it; the same with names as of transformers before 4.52
      expected.json             prompt, grid, sizes; how far eager and SDPA attention differ (a tolerance guide)
      expected.safetensors      for each of two images, I = 0, 1:
        image.I.source          [H, W, 3] uint8, before resizing
        image.I.pixel_values    [N, 1176] of Qwen2VLImageProcessorPil (bicubic, Pillow)
        image.I.grid_thw        [3] int32
        image.I.input_ids       [T] int32; image.I.position_ids [3, T] int32
        image.I.vision          [M, D]  merged visual tokens of the base model; image.I.vision.adapter with the adapter
        image.I.logits          [24, V] the last 24 rows of [T, V];             image.I.logits.adapter with the adapter
    demo-adapter/               a small adapter for the demo checkpoint
    demo/                       0.png, 1.png; expected.* as above with demo-adapter (no source; of pixel_values the
                                first four rows; expected.json has the SHA-256 of the resized pixels); greedy.json:
                                the greedy answer, and the probabilities of the ten digits after "... is "

Weights, images and adapters come from seeds. Weights are scaled so that activations and logits are of order one, and
norm weights and biases are far from 1 and 0. The script checks that every single tensor of a checkpoint and of an
adapter moves the logits, that every folder loads back with bit-identical logits, and that PEFT loads the adapters.
"""

import argparse
import copy
import hashlib
import json
import math
import re
import shutil
import unicodedata
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from transformers import AutoTokenizer, Qwen2VLConfig, Qwen2VLForConditionalGeneration
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil
from transformers.utils import logging

LOGIT_ROWS = 24
QUESTION = "Rate the aesthetics and quality of this image."
ANSWER = "The score of this image is 6.59."
ANSWER_HEAD = "The score of this image is "
CHAT = (
    "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n"
    "<|im_start|>user\n<|vision_start|>{pads}<|vision_end|>{question}<|im_end|>\n<|im_start|>assistant\n"
)
IMAGE_PAD, END, DOT, ZERO = 525, 515, 13, 15

SPECIAL_IDS = {
    "bos_token_id": 513,
    "eos_token_id": 515,
    "pad_token_id": 513,
}
VISION_IDS = {
    "vision_start_token_id": 522,
    "vision_end_token_id": 523,
    "image_token_id": 525,
    "video_token_id": 526,
}

# One row per random checkpoint. images: (H, W) of the two sources. Together they cover: both namings and shards; flat
# and nested config.json; tied and untied embeddings; float32 and bfloat16 files; min/max_pixels and size; images that
# shrink, grow and stay; adapters by list (of whose names "proj" is the patches' convolution as well), by regular
# expression and for all linear layers, which PEFT takes to be the merger as well (never lm_head); rank and alpha patterns;
# scaling by the square root of the rank.
CONFIGURATIONS = {
    "flat-hub-6x2": {
        "seed": 11,
        "style": "flat",  # config.json as on the hub before transformers 5
        "naming": "hub",  # visual.*, model.layers.*
        "shards": 1,
        "dtype": "float32",
        "tied": True,
        "text": {"hidden_size": 48, "num_attention_heads": 6, "num_key_value_heads": 2, "num_hidden_layers": 1,
                 "intermediate_size": 40, "rms_norm_eps": 1e-6, "max_position_embeddings": 512},
        "rope_theta": 1000000.0,
        "mrope_section": [2, 1, 1],
        "vision": {"embed_dim": 16, "num_heads": 2, "depth": 2, "mlp_ratio": 4},
        "preprocessor": {"min_pixels": 28 * 28 * 4, "max_pixels": 28 * 28 * 16},
        "images": [(90, 70), (50, 61)],
        "lora": {"r": 4, "lora_alpha": 8,
                 "target_modules": ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj",
                                    "attn.qkv", "proj", "fc1", "fc2"]},
        "adapter_hub_naming": True,
    },
    "nested-memory-4x4": {
        "seed": 22,
        "style": "nested",  # as transformers 5 writes it: text_config, rope_parameters
        "naming": "memory",  # model.visual.*, model.language_model.*
        "shards": 1,
        "dtype": "float32",
        "tied": False,
        "text": {"hidden_size": 32, "num_attention_heads": 4, "num_key_value_heads": 4, "num_hidden_layers": 2,
                 "intermediate_size": 40, "rms_norm_eps": 1e-5, "max_position_embeddings": 512},
        "rope_theta": 10000.0,
        "mrope_section": [1, 2, 1],
        "vision": {"embed_dim": 12, "num_heads": 3, "depth": 1, "mlp_ratio": 2},
        "preprocessor": {"size": {"shortest_edge": 28 * 28 * 3, "longest_edge": 28 * 28 * 16}},
        "images": [(100, 40), (56, 56)],
        "lora": {"r": 2, "lora_alpha": 3,
                 "target_modules": r".*(language_model\.layers\.\d+\.(self_attn|mlp)\.\w+_proj"
                                   r"|visual\.blocks\.\d+\.(attn\.(qkv|proj)|mlp\.fc[12]))",
                 "rank_pattern": {"language_model.layers.0.self_attn.q_proj": 5, "fc1": 3, r"layers\.1\.mlp\..*": 1},
                 "alpha_pattern": {"qkv": 7, r"^model\.language_model\.layers\.0\.self_attn\.q_proj": 4.5,
                                   "down_proj": 2}},
    },
    "nested-sharded-8x1": {
        "seed": 33,
        "style": "nested",
        "naming": "hub",
        "shards": 3,
        "dtype": "bfloat16",  # of the files, as published checkpoints are; computed in float32 like the others
        "tied": True,
        "text": {"hidden_size": 48, "num_attention_heads": 8, "num_key_value_heads": 1, "num_hidden_layers": 2,
                 "intermediate_size": 24, "rms_norm_eps": 1e-6, "max_position_embeddings": 512},
        "rope_theta": 500000.0,
        "mrope_section": [1, 1, 1],
        "vision": {"embed_dim": 8, "num_heads": 1, "depth": 3, "mlp_ratio": 3},
        "preprocessor": {"min_pixels": 28 * 28 * 2, "max_pixels": 28 * 28 * 6,
                         "image_mean": [0.5, 0.45, 0.4], "image_std": [0.25, 0.3, 0.28]},
        "images": [(40, 30), (150, 80)],
        "lora": {"r": 2, "lora_alpha": 2, "use_rslora": True, "target_modules": "all-linear",
                 "rank_pattern": {"o_proj": 3}},
    },
}
DEMO_LORA = {"r": 2, "lora_alpha": 4, "target_modules": ["q_proj", "v_proj", "attn.qkv"]}

ATTRIBUTES = ["composition score", "eye-catching score", "subject integrity", "subject clutter", "background clutter",
              "level shot", "image clarity", "exposure", "saturation"]
QUESTIONS = [
    QUESTION,
    "Rate the aesthetics and quality of this image step by step with the regular form.",
    "Rate the aesthetics and quality of this image step by step.",
    *[f"What is the {name} of this image?" for name in ATTRIBUTES],
]
FORM = (
    "1.1 Composition Score: 7, 1.2 Eye-Catching Score: 6, 2.1 Subject Integrity: complete, "
    "2.2 Subject Clutter: uncluttered, 2.3 Background Clutter: cluttered, 2.4 Level Shot: level, "
    "3.1 Image Clarity: good, 3.2 Exposure: properly exposed, 3.3 Saturation: normal. The final score is <6.59>."
)
ANSWERS = [
    ANSWER, ANSWER_HEAD, "6.59", ".59", "<6.59>.", FORM, FORM + "<|im_end|>",
    "Composition Score: 7.", "Composition Score: 7.<|im_end|>", "Eye-Catching Score: 10.",
    "Subject Integrity: partially complete.", "Subject Clutter: uncluttered.", "Level Shot: tilted.",
    "Image Clarity: excellent.", "Exposure: severely underexposed.", "Saturation: very high.",
]
COMPOSED = "Caf\u00e9 \u00c5ngstr\u00f6m na\u00efve \u1e69 \uac00\ub098"
MIXED = [
    "", " ", "  ", "   a", "a   ", " a", "a ", "  leading and trailing  ", "\t", "\n", "\r\n", "\n\n\n", " \n ", "\r",
    "a\tb\t\tc", "a\nb\n\nc", "a\r\nb\r\n\r\nc", "line\r\n  indented", "trailing spaces   \nnext", "dots...\n\n!",
    "0123456789", "12345678901234567890", "3.14159, 1,000,000 and -42", "v1.2.3-rc4", "1st 2nd 3rd", " 7", "x7y8z9",
    "I'LL you're we'Ve it's 'S 'T 'RE 'M 'D don't DON'T", "rock'n'roll 'tis o'clock", "it\u2019s \u2018quoted\u2019",
    "\u017fchool '\u017f",  # the long s folds to s, which a case-insensitive contraction may or may not match
    "\u4f60\u597d\uff0c\u4e16\u754c\u3002\u65e5\u672c\u8a9e\u306e\u30c6\u30ad\u30b9\u30c8 \ud55c\uad6d\uc5b4",
    "\u7167\u7247\u76846.59\u5206", "\U00020bb7\u91ce\u5bb6",
    "\U0001f600 \U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466 \U0001f44d\U0001f3fd \U0001f1e9\U0001f1ea "
    "\u2764\ufe0f \u2764",
    "\u0645\u0631\u062d\u0628\u0627 \u0628\u0627\u0644\u0639\u0627\u0644\u0645 \u0661\u0662\u0663",
    "\u05e9\u05c1\u05b8\u05dc\u05d5\u05b9\u05dd", "\u0928\u092e\u0938\u094d\u0924\u0947 \u0967\u0968\u0969",
    "\u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35",
    COMPOSED, unicodedata.normalize("NFD", COMPOSED), "\u212b \u2126 \u212a \ufb01 \uf900 \u0958",
    "q\u0323\u0307 q\u0307\u0323 a\u0301\u0302\u0303", "\u0301leading mark", "e\u0301 \u0301 e", "\u1100\u1161\u11a8",
    "\U0001d11e \U0001d7d8\U0001d7d9 \U0001d400\U0001d401\U0001d402 \U0001d518", "\u00bd \u00b2 \u2167 \u2460 \u3007",
    "a\u00a0b \u00a0 c", "a\u2003b\u2028c\u2029d\u3000e", "zero\u200bwidth\ufeffmark", "a\u0085b\u000bc\u000cd",
    "\u0000\u0001\u0007\u001b[0m\u007f\u0080\u009f", "\u001c\u001d\u001e\u001f x", "\ufffd \ufffe \uffff \U0010ffff",
    "<|im_start|>user\nhi<|im_end|>\n", "<|image_pad|><|image_pad|>", "<|im_start |>", "<| im_end|>", "<|IM_END|>",
    "<|im_end|", "<<|im_end|>>", "a<|endoftext|>b", " <|vision_start|> <|vision_end|> ", "<|video_pad|><|vision_pad|>",
    "<|object_ref_start|>cat<|object_ref_end|><|box_start|>(1,2)<|box_end|><|quad_start|><|quad_end|>",
    "<|not_a_token|>", "<tool_call>{\"a\": [1, 2]}</tool_call>", "https://example.org/a?b=c&d=%20#e_f-g~h",
    "if (x != y) { return z[0]; } // done", "___ --- *** ###\n", "MixedCASE camelCaseWord ALLCAPS",
    "\u00df\u1e9e \u0130i",
    "\u0141\u00f3d\u017a, \u0141\u00f3d\u017a!", "\u041f\u0440\u0438\u0432\u0435\u0442, \u043c\u0438\u0440! \u0451",
    "\u0393\u03b5\u03b9\u03ac \u03c3\u03bf\u03c5 \u03ba\u03cc\u03c3\u03bc\u03b5 \u1f84", "\u20ac100 \u00a35 \u00a57 $9",
    "a" * 60, "." * 30, " " * 40 + "x", "\u4f60 \u597d  \u5417\n\u3000\u3000\u6bb5\u843d",
]


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("checkpoint", type=Path, help="folder of the demo checkpoint")
    arguments.add_argument("photos", type=Path, help="folder with the photographs")
    arguments.add_argument("output", type=Path, help="folder to write to")
    args = arguments.parse_args()

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    torch.set_num_threads(1)  # the order of sums depends on the number of threads
    torch.use_deterministic_algorithms(True)
    torch.set_grad_enabled(False)

    out = args.output
    for name in [*CONFIGURATIONS, "demo", "demo-adapter"]:
        shutil.rmtree(out / name, ignore_errors=True)
    out.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(args.checkpoint / "tokenizer.json", out / "tokenizer.json")
    tokenizer = AutoTokenizer.from_pretrained(args.checkpoint)
    write_tokens(tokenizer, args.checkpoint, out)
    for name, spec in CONFIGURATIONS.items():
        make_random(spec, tokenizer, out / name)
        print(name, "done")
    make_demo(args.checkpoint, args.photos, tokenizer, out)
    write_scores(args.checkpoint, args.photos, tokenizer, out)


# ---------------------------------------------------------------- random checkpoints


def make_random(spec, tokenizer, folder):
    """Writes one random checkpoint with its adapter and its expected values to the folder."""
    folder.mkdir()
    write_config(spec, folder)
    preprocessor = {
        "patch_size": 14, "temporal_patch_size": 2, "merge_size": 2,
        "image_mean": [0.48145466, 0.4578275, 0.40821073], "image_std": [0.26862954, 0.26130258, 0.27577711],
        "image_processor_type": "Qwen2VLImageProcessor", "processor_class": "Qwen2VLProcessor",
        **spec["preprocessor"],
    }
    write_json(folder / "preprocessor_config.json", preprocessor)
    config = Qwen2VLConfig.from_pretrained(folder)
    model = Qwen2VLForConditionalGeneration._from_config(config, attn_implementation="eager", dtype=torch.float32)
    model.eval()
    initialise(model, torch.Generator().manual_seed(spec["seed"]), getattr(torch, spec["dtype"]))
    write_weights(model, spec, folder)

    processor = Qwen2VLImageProcessorPil.from_pretrained(folder)
    sources = [random_image(np.random.default_rng(spec["seed"] + i), *size) for i, size in enumerate(spec["images"])]
    inputs = [prepare(processor, tokenizer, source) for source in sources]
    # a fresh load of what was written must give the same bits
    reloaded = load(folder)
    for x in inputs:
        assert torch.equal(run(model, x)[1], run(reloaded, x)[1]), "does not load back"
    check_every_tensor_counts(model, model.named_parameters(), inputs)

    adapter = folder / "adapter"
    adapted = write_adapter(reloaded, spec["lora"], adapter, spec["seed"] + 1000)
    check_every_tensor_counts(
        adapted, [(n, p) for n, p in adapted.named_parameters() if ".lora_" in n], inputs)
    if spec.get("adapter_hub_naming"):
        write_adapter_in_hub_naming(adapter, folder / "adapter-hub")
    write_expected(folder, model, adapted, inputs, sources)


def write_config(spec, folder):
    """Writes config.json, flat (before transformers 5) or nested (as transformers 5 writes it)."""
    rope = {"mrope_section": spec["mrope_section"]}
    vision = {**spec["vision"], "hidden_size": spec["text"]["hidden_size"], "in_channels": 3, "patch_size": 14,
              "spatial_merge_size": 2, "temporal_patch_size": 2, "hidden_act": "quick_gelu"}
    text = {**spec["text"], **SPECIAL_IDS, "vocab_size": 528, "hidden_act": "silu", "attention_dropout": 0.0}
    if spec["style"] == "flat":
        write_json(folder / "config.json", {
            "architectures": ["Qwen2VLForConditionalGeneration"], "model_type": "qwen2_vl", **text, **VISION_IDS,
            "vision_token_id": 524, "initializer_range": 0.02, "max_window_layers": spec["text"]["num_hidden_layers"],
            "rope_theta": spec["rope_theta"], "rope_scaling": {"type": "mrope", **rope}, "sliding_window": 512,
            "use_sliding_window": False, "tie_word_embeddings": spec["tied"], "torch_dtype": spec["dtype"],
            "use_cache": True, "vision_config": {**vision, "in_chans": 3, "spatial_patch_size": 14},
        })
        return
    config = Qwen2VLConfig(
        text_config={**text, "rope_parameters": {"rope_type": "default", "rope_theta": spec["rope_theta"], **rope}},
        vision_config=vision, tie_word_embeddings=spec["tied"], architectures=["Qwen2VLForConditionalGeneration"],
        dtype=spec["dtype"], **VISION_IDS)
    config.save_pretrained(folder)


def initialise(model, generator, dtype):
    """Fills all parameters, with values that dtype can hold, so that activations stay of order one."""
    for name, parameter in sorted(model.named_parameters()):
        noise = torch.randn(parameter.shape, generator=generator)
        if "norm" in name or "ln_q" in name:
            value = 1 + 0.3 * noise if name.endswith("weight") else 0.3 * noise
        elif name.endswith("bias"):
            value = 0.3 * noise
        elif "embed_tokens" in name or "lm_head" in name:
            value = 0.2 * noise
        else:
            # queries and keys a little larger, so that attention is far from uniform
            gain = 1.8 if re.search(r"[qk]_proj|qkv", name) else 1.2
            value = gain * noise / math.sqrt(parameter[0].numel())
        parameter.copy_(value.to(dtype))


def hub_name(name):
    """The name of a tensor before transformers 4.52, from its name in memory."""
    return re.sub(r"^model\.visual\.", "visual.", re.sub(r"^model\.language_model\.", "model.", name))


def write_weights(model, spec, folder):
    """Writes all parameters (a tied lm_head left out) under the wanted names, in one file or in shards."""
    rename = hub_name if spec["naming"] == "hub" else str
    dtype = getattr(torch, spec["dtype"])
    tensors = {rename(name): p.detach().to(dtype).contiguous() for name, p in model.named_parameters()}
    assert ("lm_head.weight" in tensors) != spec["tied"]
    if spec["shards"] == 1:
        save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
        return
    total = sum(t.nbytes for t in tensors.values())
    shards = [{} for _ in range(spec["shards"])]
    for i, (name, tensor) in enumerate(tensors.items()):
        shards[i * len(shards) // len(tensors)][name] = tensor
    where = {}
    for i, shard in enumerate(shards):
        file = f"model-{i + 1:05d}-of-{len(shards):05d}.safetensors"
        save_file(shard, folder / file, metadata={"format": "pt"})
        where.update(dict.fromkeys(shard, file))
    write_json(folder / "model.safetensors.index.json",
               {"metadata": {"total_size": total}, "weight_map": dict(sorted(where.items()))})


def random_image(rng, height, width):
    """[H, W, 3] uint8: coloured blocks with a quarter of noisy pixels, so that resampling also clips."""
    blocks = rng.integers(0, 256, (height // 9 + 1, width // 9 + 1, 3), dtype=np.uint8)
    image = blocks.repeat(9, 0).repeat(9, 1)[:height, :width].copy()
    noisy = rng.random((height, width)) < 0.25
    image[noisy] = rng.integers(0, 256, (int(noisy.sum()), 3), dtype=np.uint8)
    return image


# ---------------------------------------------------------------- adapters


def write_adapter(model, settings, folder, seed):
    """Adds a LoRA adapter with random A and B to the model, saves it with PEFT; returns the adapted model."""
    adapted = get_peft_model(model, LoraConfig(lora_dropout=0.0, **copy.deepcopy(settings))).eval()
    generator = torch.Generator().manual_seed(seed)
    parts = sorted((n, p) for n, p in adapted.named_parameters() if ".lora_" in n)
    for _, parameter in parts:
        size = 0.12 if parameter.dim() == 2 else 0.03  # a kernel sums over more inputs
        parameter.copy_(size * torch.randn(parameter.shape, generator=generator))
    assert any("visual" in n for n, _ in parts) and any("language_model" in n for n, _ in parts)
    adapted.save_pretrained(folder)
    (folder / "README.md").unlink(missing_ok=True)
    config = json.loads((folder / "adapter_config.json").read_text())
    config["base_model_name_or_path"] = None  # else the path on this machine
    if isinstance(config["target_modules"], list):
        config["target_modules"].sort()  # PEFT keeps a set
    write_json(folder / "adapter_config.json", config)
    return adapted


def write_adapter_in_hub_naming(adapter, folder):
    """The same adapter as PEFT saved it with transformers before 4.52. PEFT on newer transformers does not apply it."""
    folder.mkdir()
    shutil.copyfile(adapter / "adapter_config.json", folder / "adapter_config.json")
    prefix = "base_model.model."
    tensors = {prefix + hub_name(n.removeprefix(prefix)): t
               for n, t in load_file(adapter / "adapter_model.safetensors").items()}
    save_file(tensors, folder / "adapter_model.safetensors", metadata={"format": "pt"})


# ---------------------------------------------------------------- running the models


def load(folder, attention="eager"):
    model, info = Qwen2VLForConditionalGeneration.from_pretrained(
        folder, attn_implementation=attention, dtype=torch.float32, output_loading_info=True)
    assert not any(info.values()), info
    return model.eval()


def prepare(processor, tokenizer, image, answer=ANSWER):
    """The model's inputs for one image ([H, W, 3] uint8) and the plain question."""
    x = processor(images=[Image.fromarray(image)], return_tensors="pt")
    grid = x["image_grid_thw"]
    pads = "<|image_pad|>" * (int(grid.prod()) // 4)
    text = CHAT.format(pads=pads, question=QUESTION) + answer
    ids = torch.tensor([tokenizer(text, add_special_tokens=False)["input_ids"]])
    return {
        "input_ids": ids, "pixel_values": x["pixel_values"], "image_grid_thw": grid,
        "mm_token_type_ids": (ids == IMAGE_PAD).int(),
    }


def core(model):
    return model.get_base_model() if isinstance(model, PeftModel) else model


def run(model, x):
    """-> merged visual tokens [M, D], logits [T, V], position ids [3, T]."""
    qwen = core(model).model
    vision = qwen.visual(x["pixel_values"], grid_thw=x["image_grid_thw"]).pooler_output
    positions, _ = qwen.get_rope_index(x["input_ids"], x["mm_token_type_ids"], x["image_grid_thw"])
    logits = model(**x, use_cache=False).logits[0]
    return vision, logits, positions[:, 0]


def check_every_tensor_counts(model, parameters, inputs):
    """Fails if the logits do not notice that one of the tensors changes."""
    base = [run(model, x)[1][-LOGIT_ROWS:] for x in inputs]
    generator = torch.Generator().manual_seed(5)
    for name, parameter in parameters:
        kept = parameter.clone()
        parameter.add_(0.1 * kept.std() * torch.randn(kept.shape, generator=generator))
        moved = max((run(model, x)[1][-LOGIT_ROWS:] - b).abs().max().item() for x, b in zip(inputs, base))
        parameter.copy_(kept)
        assert moved > 1e-3, f"{name} moves the logits by {moved} only"


def smart_size(grid):
    return [int(grid[0, 1]) * 14, int(grid[0, 2]) * 14]


def write_expected(folder, model, adapted, inputs, sources, checkpoint=None, adapter=None):
    """Writes expected.safetensors and expected.json; sources: None where they lie beside as PNG files."""
    checkpoint, adapter = checkpoint or folder, adapter or folder / "adapter"
    sdpa = load(checkpoint, "sdpa")
    again = PeftModel.from_pretrained(load(checkpoint), adapter).eval()
    tensors, images = {}, []
    for i, x in enumerate(inputs):
        vision, logits, positions = run(model, x)
        vision_adapter, logits_adapter, _ = run(adapted, x)
        assert torch.equal(run(again, x)[1], logits_adapter), "the adapter does not load back"
        assert (vision - vision_adapter).abs().max() > 0.05 and (logits - logits_adapter).abs().max() > 0.05
        grid, patches = x["image_grid_thw"], x["pixel_values"]
        entry = {
            f"image.{i}.pixel_values": patches if sources else patches[:4],
            f"image.{i}.grid_thw": grid[0].int(),
            f"image.{i}.input_ids": x["input_ids"][0].int(),
            f"image.{i}.position_ids": positions.int(),
            f"image.{i}.vision": vision,
            f"image.{i}.vision.adapter": vision_adapter,
            f"image.{i}.logits": logits[-LOGIT_ROWS:],
            f"image.{i}.logits.adapter": logits_adapter[-LOGIT_ROWS:],
        }
        if sources:
            entry[f"image.{i}.source"] = torch.from_numpy(sources[i])
        tensors.update({n: t.clone().contiguous() for n, t in entry.items()})
        vision_sdpa, logits_sdpa, _ = run(sdpa, x)
        images.append({
            "resized": smart_size(grid), "patches": len(patches), "visual_tokens": len(vision),
            "tokens": len(logits), "first_logit_row": len(logits) - LOGIT_ROWS,
            "pixel_values_sha256": hashlib.sha256(patches.numpy().astype("<f4").tobytes()).hexdigest(),
            "logits_std": rounded(logits[-LOGIT_ROWS:].std().item()),
            "adapter_moves_vision": rounded((vision - vision_adapter).abs().max().item()),
            "adapter_moves_logits": rounded((logits - logits_adapter)[-LOGIT_ROWS:].abs().max().item()),
            "eager_sdpa_vision": rounded((vision - vision_sdpa).abs().max().item(), 9),
            "eager_sdpa_logits": rounded((logits - logits_sdpa).abs().max().item(), 9),
        })
    save_file(tensors, folder / "expected.safetensors")
    write_json(folder / "expected.json", {
        "prompt": CHAT.format(pads="<|image_pad|>", question=QUESTION) + ANSWER, "logit_rows": LOGIT_ROWS,
        "images": images,
    })


# ---------------------------------------------------------------- the demo checkpoint


def make_demo(checkpoint, photos, tokenizer, out):
    folder = out / "demo"
    folder.mkdir()
    astronaut = Image.open(photos / "astronaut.jpg").convert("RGB")  # 512 x 512
    coffee = Image.open(photos / "coffee.jpg").convert("RGB")  # 600 x 400
    astronaut.crop((0, 64, 512, 448)).resize((200, 150), Image.Resampling.BICUBIC).save(folder / "0.png", optimize=True)
    coffee.resize((210, 140), Image.Resampling.BICUBIC).save(folder / "1.png", optimize=True)
    images = [np.array(Image.open(folder / f"{i}.png").convert("RGB")) for i in range(2)]
    processor = Qwen2VLImageProcessorPil.from_pretrained(checkpoint)
    inputs = [prepare(processor, tokenizer, image) for image in images]
    model = load(checkpoint)
    adapted = write_adapter(load(checkpoint), DEMO_LORA, out / "demo-adapter", 4000)
    write_expected(folder, model, adapted, inputs, None, checkpoint, out / "demo-adapter")

    expected = json.loads((folder / "expected.json").read_text())
    greedy = []
    for i, image in enumerate(images):
        x = prepare(processor, tokenizer, image, "")
        new = model.generate(**x, max_new_tokens=24, do_sample=False)[0, x["input_ids"].shape[1]:].tolist()
        probabilities = run(model, prepare(processor, tokenizer, image, ANSWER_HEAD))[1][-1].softmax(-1)
        greedy.append({
            "image": f"{i}.png", "question": QUESTION, "ids": new,
            "text": tokenizer.decode(new, skip_special_tokens=True), "digits_after": ANSWER_HEAD,
            "digits": [rounded(p, 8) for p in probabilities[ZERO:ZERO + 10].tolist()],
        })
        expected["images"][i].update(pixel_hashes(image, x["image_grid_thw"]), image=f"{i}.png")
    write_json(folder / "expected.json", expected)
    write_json(folder / "greedy.json", greedy)


def pixel_hashes(image, grid):
    """SHA-256 over the bytes [H, W, 3] before and after the resize."""
    height, width = smart_size(grid)
    resized = Image.fromarray(image).resize((width, height), Image.Resampling.BICUBIC)
    return {
        "size": list(image.shape[:2]), "resized": [height, width],
        "sha256": hashlib.sha256(image.tobytes()).hexdigest(),
        "resized_sha256": hashlib.sha256(resized.tobytes()).hexdigest(),
    }


def read_score(model, x):
    """The joint probabilities [10, 10, 10] of all answers d.dd after the inputs, and those of the text after them.

    The probability of d.dd is the product of four softmax probabilities over the full vocabulary: the digit, the
    point, both decimals. The first digit may be 0. What follows ('.', then the end of the turn) is not part of it;
    the second result is the mean probability of that end, given the number.
    """
    first = model(**x, use_cache=True)
    places, _ = model.model.get_rope_index(x["input_ids"], x["mm_token_type_ids"], x["image_grid_thw"])
    start = int(places.max()) + 1
    heads = first.logits[0, -1].double().softmax(-1)[ZERO:ZERO + 10].tolist()
    joint, end = np.zeros((10, 10, 10)), 0.0
    for a in range(10):
        cache = copy.deepcopy(first.past_key_values)
        cache.batch_repeat_interleave(100)
        branches = torch.tensor([[ZERO + a, DOT, ZERO + b, ZERO + c, DOT] for b in range(10) for c in range(10)])
        positions = (torch.arange(5) + start).view(1, 1, 5).expand(3, 100, 5)
        logits = model(input_ids=branches, position_ids=positions, past_key_values=cache).logits
        p = logits.double().softmax(-1).numpy().reshape(10, 10, 5, -1)
        for b in range(10):
            for c in range(10):
                q = p[b, c]
                joint[a, b, c] = heads[a] * q[0, DOT] * q[1, ZERO + b] * q[2, ZERO + c]
                end += joint[a, b, c] * q[3, DOT] * q[4, END]
    return heads, joint, end / joint.sum()


def moments(joint, first_digit):
    """Expectation, standard deviation and mass over the leaves whose first digit is at least first_digit."""
    value = np.arange(10)[:, None, None] + np.arange(10)[:, None] / 10 + np.arange(10) / 100
    mass = joint[first_digit:].sum()
    share, value = joint[first_digit:] / mass, value[first_digit:]
    mean = (share * value).sum()
    return {
        "expectation": rounded(mean, 7), "deviation": rounded(math.sqrt((share * (value - mean) ** 2).sum()), 7),
        "grammar_mass": rounded(mass, 8),
    }


def write_scores(checkpoint, photos, tokenizer, out):
    model, processor = load(checkpoint), Qwen2VLImageProcessorPil.from_pretrained(checkpoint)
    golden = json.loads((checkpoint / "golden.json").read_text())
    scores = {}
    for name in ["astronaut", "chelsea", "coffee", "rocket"]:
        image = np.array(Image.open(photos / f"{name}.jpg").convert("RGB"))
        x = prepare(processor, tokenizer, image, ANSWER_HEAD)
        heads, joint, end = read_score(model, x)
        tree = moments(joint, 0)
        for key, value in tree.items():
            assert abs(value - golden[f"{name}.jpg"][key]) < 1e-4, (name, key, value)
        scores[f"{name}.jpg"] = {
            **pixel_hashes(image, x["image_grid_thw"]), "visual_tokens": int(x["image_grid_thw"].prod()) // 4,
            "first_digit": [rounded(p, 8) for p in heads], **tree, "without_first_digit_0": moments(joint, 1),
            "end_given_number": rounded(end, 8),
        }
    write_json(out / "scores.json", scores)


def write_tokens(tokenizer, checkpoint, out):
    """tokens.json, in ASCII escapes; the plain tokenizers library must agree with transformers."""
    turns = [(1, QUESTION, ""), (4, QUESTION, ANSWER), (4, QUESTION, ANSWER + "<|im_end|>\n"),
             (2, QUESTIONS[1], FORM + "<|im_end|>"), (3, QUESTIONS[3], "Composition Score: 7.<|im_end|>")]
    chats = [CHAT.format(pads="<|image_pad|>" * n, question=q) + a for n, q, a in turns]
    plain = Tokenizer.from_file(str(checkpoint / "tokenizer.json"))
    rows = []
    for text in dict.fromkeys([*QUESTIONS, *chats, *ANSWERS, *MIXED]):
        ids = tokenizer(text, add_special_tokens=False)["input_ids"]
        assert ids == plain.encode(text, add_special_tokens=False).ids, text
        rows.append(json.dumps({"text": text, "ids": ids}))
    (out / "tokens.json").write_text("[\n" + ",\n".join(rows) + "\n]\n", encoding="ascii")


def rounded(value, digits=6):
    return round(float(value), digits)


def write_json(path, value):
    path.write_text(json.dumps(value, indent=2, ensure_ascii=True) + "\n", encoding="ascii")


if __name__ == "__main__":
    main()
