#!/usr/bin/env python3
"""Writes the texts that transformers' generate gives on the random checkpoints of make_parity_reference.py.

    pip install torch==2.7.1 torchvision==0.22.1 transformers==5.23.0 safetensors==0.8.0
    python make_generation_reference.py PARITY

    PARITY      src/test/resources/parity; PARITY/generation.json is written

generation.json: for each checkpoint its settings (eos_token_id, repetition_penalty, max_new_tokens: what its
generation_config.json would say) and its prompts: image (0 or 1, of expected.safetensors), question, tokens (the new
ones, the end token left out), ended (whether an end token was generated). 50 prompts in all, greedy, float32, CPU. A
prompt is left out where the two most probable tokens are closer than 1e-4 somewhere: rounding decides there.
"""

import argparse
import json
import shutil
import tempfile
from pathlib import Path

import torch
from safetensors.torch import load_file
from transformers import AutoTokenizer, GenerationConfig, Qwen2VLForConditionalGeneration
from transformers.utils import logging

IMAGE_PAD, IM_END, END_OF_TEXT = 525, 515, 513
CHAT = (
    "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n"
    "<|im_start|>user\n<|vision_start|>{pads}<|vision_end|>{question}<|im_end|>\n<|im_start|>assistant\n"
)
QUESTIONS = [
    "Rate the aesthetics and quality of this image.",
    "Rate the aesthetics and quality of this image step by step.",
    "Rate the aesthetics and quality of this image step by step with the regular form.",
    "What is the composition score of this image?",
    "Is it sharp? Say yes or no.",
    "Describe the subject and the background,\nin two lines.",
    "7",
    "Wie gut ist dieses Foto?",
    "",
    "a b c d e f g 1 2 3 4 5 6 7 8 9 0",
    "Caf\u00e9 \u4f60\u597d \U0001f600",
    "Score: <6.59>. Again?",
    "What is the exposure of this image?",
    "Explain.",
]
# eos: further end tokens, taken from what the checkpoint says without them: (prompt, place in its text)
SETTINGS = {
    "flat-hub-6x2": {"prompts": 20, "max_new_tokens": 32, "repetition_penalty": 1.0, "eos": [(1, 10)]},
    "nested-memory-4x4": {"prompts": 15, "max_new_tokens": 24, "repetition_penalty": 1.3, "eos": [(2, 8)]},
    "nested-sharded-8x1": {"prompts": 15, "max_new_tokens": 40, "repetition_penalty": 1.05, "eos": []},
}


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("parity", type=Path, help="folder with the random checkpoints")
    parity = arguments.parse_args().parity
    logging.set_verbosity_error()
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    result = {}
    for name, spec in SETTINGS.items():
        with tempfile.TemporaryDirectory() as folder:
            tokenizer = AutoTokenizer.from_pretrained(with_tokenizer(parity, name, Path(folder)))
            model = Qwen2VLForConditionalGeneration.from_pretrained(
                folder, attn_implementation="eager", dtype=torch.float32).eval()
        reference = load_file(parity / name / "expected.safetensors")
        inputs = [(i, q, prepare(reference, tokenizer, i, q)) for q in QUESTIONS for i in (0, 1)]
        plain = [generate(model, x, [], spec)[0] for _, _, x in inputs[:12]]
        ends = [plain[prompt][place] for prompt, place in spec["eos"]]
        prompts = []
        for image, question, x in inputs:
            if len(prompts) == spec["prompts"]:
                break
            tokens, ended, gap = generate(model, x, ends, spec)
            if gap >= 1e-4:
                prompts.append({"image": image, "question": question, "tokens": tokens, "ended": ended})
        assert len(prompts) == spec["prompts"], (name, len(prompts))
        result[name] = {
            "eos_token_id": [IM_END, END_OF_TEXT, *ends], "repetition_penalty": spec["repetition_penalty"],
            "max_new_tokens": spec["max_new_tokens"], "prompts": prompts,
        }
        print(name, sum(p["ended"] for p in prompts), "of", len(prompts), "ended")
    lines = []
    for name, of in result.items():
        rows = ",\n".join("   " + json.dumps(p) for p in of.pop("prompts"))
        lines.append(f' {json.dumps(name)}: {json.dumps(of)[:-1]}, "prompts": [\n{rows}\n ]}}')
    (parity / "generation.json").write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="ascii")


def with_tokenizer(parity, name, folder):
    for file in (parity / name).iterdir():
        if file.is_file():
            shutil.copyfile(file, folder / file.name)
    shutil.copyfile(parity / "tokenizer.json", folder / "tokenizer.json")
    return folder


def prepare(reference, tokenizer, image, question):
    grid = reference[f"image.{image}.grid_thw"].long().view(1, 3)
    pads = "<|image_pad|>" * (int(grid.prod()) // 4)
    ids = torch.tensor([tokenizer(CHAT.format(pads=pads, question=question), add_special_tokens=False)["input_ids"]])
    return {
        "input_ids": ids, "attention_mask": torch.ones_like(ids), "image_grid_thw": grid,
        "pixel_values": reference[f"image.{image}.pixel_values"].view(int(grid.prod()), -1),
        "mm_token_type_ids": (ids == IMAGE_PAD).int(),
    }


def generate(model, x, ends, spec):
    """-> new tokens without the end token, whether there was one, the smallest gap between the best two scores."""
    eos = [IM_END, END_OF_TEXT, *ends]
    config = GenerationConfig(
        do_sample=False, eos_token_id=eos, pad_token_id=END_OF_TEXT, max_new_tokens=spec["max_new_tokens"],
        repetition_penalty=spec["repetition_penalty"], output_scores=True, return_dict_in_generate=True)
    out = model.generate(**x, generation_config=config)
    tokens = out.sequences[0, x["input_ids"].shape[1]:].tolist()
    gap = min((s[0].topk(2).values.diff().abs().item() for s in out.scores), default=1.0)
    ended = tokens[-1] in eos
    return tokens[:-1] if ended else tokens, ended, gap


if __name__ == "__main__":
    main()
