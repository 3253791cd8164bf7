#!/usr/bin/env python3
"""Writes what Hugging Face transformers, PEFT and torch.optim compute in training, for the Java tests to compare with.

The checkpoints, adapters and images are those that make_parity_reference.py made. Each question about each image is one
sequence of its own, so nothing is padded; the loss is the mean over all answers' tokens. Float32 on the CPU.

    pip install torch==2.7.1 transformers==5.24.0 peft==0.21.2 numpy safetensors pillow
    python make_training_reference.py PARITY OUTPUT

    PARITY   src/test/resources/parity
    OUTPUT   src/test/resources/training; for each checkpoint NAME it gets
      NAME.json          turns asked of each image; losses; the settings of the ten steps and their rates
      NAME.safetensors   CASE.grad.TENSOR: gradients at the start, for each case (plain, mixed, shaped);
                         after.TENSOR: the adapter after ten steps of AdamW on the case mixed
      peft-trained/      the first checkpoint's adapter after these steps, as PEFT saves it, and expected.safetensors:
                         what it answers there (as in PARITY)
      trained-here/      expected.safetensors: what PEFT answers with the adapter there, which is one that this project
                         trained on the demonstration checkpoint:
                           realqa train --data trained-here/labels.jsonl --images PARITY/demo --out DIR --held-out 0
                             --epochs 6 --batch 2 --learning-rate 5e-3 --rank 2 --targets q_proj,v_proj,attn.qkv

Cases. plain: the score alone. mixed: the score and two attributes. shaped: the score with digit-place weights, a soft
label (normal distribution over the scores 0.00 to 9.99) and the squared error of the expectation over the first two
digits, each range of scores standing for its mean; computed here digit by digit from separate sequences.
"""

import argparse
import json
import math
from pathlib import Path

import numpy as np
import torch
from peft import PeftModel
from safetensors.torch import load_file, save_file
from transformers import AutoTokenizer, get_cosine_schedule_with_warmup
from transformers.utils import logging

from PIL import Image
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

from make_parity_reference import (
    ANSWER_HEAD, CHAT, DOT, END, IMAGE_PAD, LOGIT_ROWS, QUESTION, ZERO, load, prepare, run, write_json)

NAMES = ["nested-memory-4x4", "flat-hub-6x2"]
SCORES = [("6.59", 6.59, 0.7), ("3.08", 3.08, 0.25)]  # of the two images: text, mean, deviation
ATTRIBUTES = [
    ("What is the image clarity of this image?", "Image Clarity: {}.", ["good", "poor"]),
    ("What is the level shot of this image?", "Level Shot: {}.", ["level", "tilted"]),
]
DIGIT_WEIGHTS = [3.0, 2.0, 1.0]
EXPECTATION_WEIGHT = 0.5
STEPS = {"count": 10, "warmup": 2, "rate": 2e-3, "decay": 0.01, "clip": 1.0}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parity", type=Path)
    parser.add_argument("output", type=Path)
    options = parser.parse_args()
    logging.set_verbosity_error()
    torch.set_num_threads(1)
    options.output.mkdir(parents=True, exist_ok=True)
    for name in NAMES:
        make(options.parity, name, options.output)
        print(name, "done")
    check_trained_here(options.parity, options.output / "trained-here")


def make(parity, name, output):
    model = PeftModel.from_pretrained(load(parity / name), parity / name / "adapter", is_trainable=True)
    model.eval()  # no dropout; gradients flow all the same
    images = load_file(parity / name / "expected.safetensors")
    asker = Asker(model, AutoTokenizer.from_pretrained(parity.resolve().parents[4] / "models/demo"), images)
    tensors, losses = {}, {}
    for case in ("plain", "mixed", "shaped"):
        model.zero_grad()
        loss, parts = asker.loss(case)
        loss.backward()
        losses[case] = parts
        for key, parameter in trained(model):
            assert parameter.grad is not None and parameter.grad.abs().max() > 1e-6, key
            tensors[f"{case}.grad.{key}"] = parameter.grad.clone()
    steps, rates = ten_steps(model, asker)
    for key, parameter in trained(model):
        tensors[f"after.{key}"] = parameter.detach().clone()
    save_file({k: t.contiguous() for k, t in tensors.items()}, output / f"{name}.safetensors")
    if name == NAMES[0]:
        save_trained(model, images, output / "peft-trained")
    (output / f"{name}.json").write_text(json.dumps({
        "question": QUESTION, "scores": SCORES, "attributes": ATTRIBUTES, "digit_weights": DIGIT_WEIGHTS,
        "expectation_weight": EXPECTATION_WEIGHT, "losses": losses, "steps": STEPS, "rates": rates,
        "step_losses": [s[0] for s in steps], "step_norms": [s[1] for s in steps],
    }, indent=1) + "\n")


def save_trained(model, images, folder):
    model.save_pretrained(folder)
    (folder / "README.md").unlink(missing_ok=True)
    config = json.loads((folder / "adapter_config.json").read_text())
    config["base_model_name_or_path"] = None  # else the path on this machine
    write_json(folder / "adapter_config.json", config)
    inputs = []
    for i in range(2):
        ids = images[f"image.{i}.input_ids"].long()[None]
        inputs.append({"input_ids": ids, "pixel_values": images[f"image.{i}.pixel_values"],
                       "image_grid_thw": images[f"image.{i}.grid_thw"].long()[None],
                       "mm_token_type_ids": (ids == IMAGE_PAD).int()})
    write_expected(model, inputs, folder)


@torch.no_grad()
def write_expected(model, inputs, folder):
    tensors = {}
    for i, x in enumerate(inputs):
        vision, logits, _ = run(model, x)
        tensors[f"image.{i}.input_ids"] = x["input_ids"][0].int()
        tensors[f"image.{i}.vision.adapter"] = vision.clone()
        tensors[f"image.{i}.logits.adapter"] = logits[-LOGIT_ROWS:].clone()
    save_file({k: t.contiguous() for k, t in tensors.items()}, folder / "expected.safetensors")


def check_trained_here(parity, folder):
    demo = parity.resolve().parents[4] / "models/demo"
    tokenizer, processor = AutoTokenizer.from_pretrained(demo), Qwen2VLImageProcessorPil.from_pretrained(demo)
    base = load(demo)
    inputs = [prepare(processor, tokenizer, np.array(Image.open(parity / f"demo/{i}.png").convert("RGB")))
              for i in range(2)]
    plain = [run(base, x)[1].detach() for x in inputs]
    model = PeftModel.from_pretrained(base, folder).eval()
    loaded = {n.replace(".default", ""): p for n, p in model.named_parameters() if ".lora_" in n}
    file = load_file(folder / "adapter_model.safetensors")
    assert loaded.keys() == file.keys() and all(torch.equal(p, file[n]) for n, p in loaded.items())
    for x, before in zip(inputs, plain):
        assert (run(model, x)[1] - before).abs().max() > 0.05
    write_expected(model, inputs, folder)
    print("the adapter trained here loads in PEFT")


def trained(model):
    """The adapter's tensors under the names of PEFT's file."""
    return [(n.replace(".default", ""), p) for n, p in model.named_parameters() if p.requires_grad]


class Asker:
    def __init__(self, model, tokenizer, images):
        self.model, self.tokenizer, self.images = model, tokenizer, images

    def ids(self, text):
        return self.tokenizer(text, add_special_tokens=False)["input_ids"]

    def log(self, image, question, answer):
        """-> log probabilities [answer tokens, vocabulary] at the answer's tokens, and these tokens."""
        grid = self.images[f"image.{image}.grid_thw"].long()[None]
        pads = "<|image_pad|>" * (int(grid.prod()) // 4)
        prompt = self.ids(CHAT.format(pads=pads, question=question))
        ids = torch.tensor([prompt + answer])
        logits = self.model(
            input_ids=ids, pixel_values=self.images[f"image.{image}.pixel_values"], image_grid_thw=grid,
            mm_token_type_ids=(ids == IMAGE_PAD).int(), use_cache=False).logits[0]
        return logits[len(prompt) - 1 : -1].log_softmax(-1)

    def answer(self, text):
        return self.ids(text) + [END]

    def loss(self, case):
        if case == "shaped":
            return self.shaped()
        total, count = 0.0, 0
        for image, (score, _, _) in enumerate(SCORES):
            turns = [(QUESTION, ANSWER_HEAD + score + ".")]
            if case == "mixed":
                turns += [(q, a.format(v[image])) for q, a, v in ATTRIBUTES]
            for question, text in turns:
                answer = self.answer(text)
                log = self.log(image, question, answer)
                total = total - log[range(len(answer)), answer].sum()
                count += len(answer)
        return total / count, {"entropy": (total / count).item(), "error": 0.0}

    def shaped(self):
        total, count, error = 0.0, 0.0, 0.0
        for image, (score, mean, deviation) in enumerate(SCORES):
            grid = np.arange(1000) / 100
            soft = np.exp(-((grid - mean) ** 2) / (2 * deviation**2))
            soft = torch.tensor(soft / soft.sum(), dtype=torch.float32).view(10, 10, 10)
            answer = self.answer(ANSWER_HEAD + score + ".")
            log = self.log(image, QUESTION, answer)
            at = len(self.ids(ANSWER_HEAD))  # of the first digit
            ordinary = [i for i in range(len(answer)) if i not in range(at, at + 4)]
            total = total - sum(log[i, answer[i]] for i in ordinary)
            count += len(ordinary)
            first = log[at, ZERO : ZERO + 10]
            total = total - DIGIT_WEIGHTS[0] * (soft.sum((1, 2)) * first).sum()
            leaves = []
            for d in range(10):
                branch = self.log(image, QUESTION, self.ids(ANSWER_HEAD) + [ZERO + d, DOT, ZERO])
                point, second = branch[at + 1, DOT], branch[at + 2, ZERO : ZERO + 10]
                total = total - soft[d].sum() * point
                total = total - DIGIT_WEIGHTS[1] * (soft[d].sum(1) * second).sum()
                leaves.append(first[d] + point + second)
            path = [int(c) for c in score if c != "."]
            third = soft[path[0], path[1]]
            total = total - DIGIT_WEIGHTS[2] * (third / third.sum() * log[at + 3, ZERO : ZERO + 10]).sum()
            count += DIGIT_WEIGHTS[0] + 1 + DIGIT_WEIGHTS[1] + DIGIT_WEIGHTS[2]
            values = torch.tensor([[d + e / 10 + 0.045 for e in range(10)] for d in range(10)])
            shares = torch.stack(leaves).flatten().softmax(0)
            error = error + ((shares * values.flatten()).sum() - mean) ** 2 / len(SCORES)
        entropy = total / count
        return entropy + EXPECTATION_WEIGHT * error, {"entropy": entropy.item(), "error": error.item()}


def ten_steps(model, asker):
    parameters = [p for _, p in trained(model)]
    optimiser = torch.optim.AdamW(parameters, lr=STEPS["rate"], weight_decay=STEPS["decay"])
    schedule = get_cosine_schedule_with_warmup(optimiser, STEPS["warmup"], STEPS["count"])
    steps, rates = [], []
    for _ in range(STEPS["count"]):
        optimiser.zero_grad()
        loss, parts = asker.loss("mixed")
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(parameters, STEPS["clip"])
        rates.append(schedule.get_last_lr()[0])
        optimiser.step()
        schedule.step()
        steps.append((parts["entropy"], norm.item()))
        assert math.isfinite(norm)
    return steps, rates


if __name__ == "__main__":
    main()
