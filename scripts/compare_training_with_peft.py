#!/usr/bin/env python3
"""Speed of `realqa train` beside transformers + PEFT: same checkpoint, images, question, adapter, batch and cores.

Both train the same LoRA (rank 16 on every linear layer of language model and vision tower, dropout 0.05) on the plain
score question with AdamW and clipping, float32, on all cores, in turns in one run. Images are prepared once on both
sides. The peer's rate leaves out its start and a first step; this project's leaves out the start of the JVM only.
Prints images per second of each round and the ratio of the sums; and, since other processes may share the machine,
processor milliseconds per image (the whole process here, the loop alone there).

    pip install torch==2.7.1 torchvision transformers peft pillow
    scripts/compare_training_with_peft.py [--batch 8] [--steps 24] [--rounds 3]
"""

import argparse
import json
import os
import pathlib
import re
import resource
import shutil
import subprocess
import tempfile
import time

import torch
from peft import LoraConfig, get_peft_model
from PIL import Image
from transformers import AutoTokenizer, Qwen2VLForConditionalGeneration
from transformers.models.qwen2_vl import image_processing_pil_qwen2_vl as processing

HOME = pathlib.Path(__file__).resolve().parent.parent
QUESTION = "Rate the aesthetics and quality of this image."
TARGETS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj", "attn.qkv", "attn.proj", "fc1",
           "fc2"]


class Peer:
    """The training loop as one writes it with transformers and PEFT."""

    def __init__(self, folder, files):
        tokenizer = AutoTokenizer.from_pretrained(folder)
        processor = processing.Qwen2VLImageProcessorPil.from_pretrained(folder)
        model = Qwen2VLForConditionalGeneration.from_pretrained(folder, dtype=torch.float32)
        lora = LoraConfig(r=16, lora_alpha=32, lora_dropout=0.05, target_modules=TARGETS)
        self.model = get_peft_model(model, lora).train()
        self.parameters = [p for p in self.model.parameters() if p.requires_grad]
        self.optimiser = torch.optim.AdamW(self.parameters, lr=1e-4, weight_decay=0.0)
        features = processor(images=[Image.open(f).convert("RGB") for f in files], return_tensors="pt")
        prompts = [
            "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\n<|vision_start|>"
            + "<|image_pad|>" * (int(grid.prod()) // 4)
            + f"<|vision_end|>{QUESTION}<|im_end|>\n<|im_start|>assistant\n"
            for grid in features["image_grid_thw"]
        ]
        answer = "The score of this image is 6.59.<|im_end|>"
        tokens = tokenizer([p + answer for p in prompts], return_tensors="pt", padding=True, padding_side="left")
        labels = tokens["input_ids"].clone()
        labels[:, : -len(tokenizer(answer)["input_ids"])] = -100
        image = tokenizer.convert_tokens_to_ids("<|image_pad|>")
        self.inputs = {**tokens, **features, "labels": labels,
                       "mm_token_type_ids": (tokens["input_ids"] == image).long()}

    def step(self):
        loss = self.model(**self.inputs, use_cache=False).loss
        self.optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.parameters, 1.0)
        self.optimiser.step()

    def rate(self, steps, batch):
        self.step()
        start, processor = time.perf_counter(), time.process_time()
        for _ in range(steps):
            self.step()
        images = steps * batch
        return images / (time.perf_counter() - start), 1000 * (time.process_time() - processor) / images


def realqa_rate(checkpoint, folder, steps, batch):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    out = folder / "out"
    done = subprocess.run(
        [HOME / "realqa", "train", "--checkpoint", checkpoint, "--data", folder / "labels.jsonl", "--images", folder,
         "--out", out, "--held-out", "0", "--attributes", "0", "--epochs", str(steps), "--batch", str(batch),
         "--pass", str(batch)],
        check=True, capture_output=True, text=True)
    shutil.rmtree(out)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    last = re.findall(rf"step {steps} of {steps}.* ([0-9.]+) images/s", done.stderr)
    return float(last[0]), 1000 * used / (steps * batch)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--checkpoint", type=pathlib.Path, default=HOME / "models/demo")
    parser.add_argument("--images", type=pathlib.Path, default=HOME / "models/demo/photos")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--steps", type=int, default=24)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    torch.set_num_threads(os.cpu_count())
    photos = sorted(p for p in options.images.iterdir() if p.suffix.lower() in (".jpg", ".jpeg", ".png"))
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        lines = []
        for i in range(options.batch):
            photo = photos[i % len(photos)]
            shutil.copy(photo, folder / f"{i}{photo.suffix}")
            lines.append(json.dumps({"image": f"{i}{photo.suffix}", "score": 6.59}))
        (folder / "labels.jsonl").write_text("\n".join(lines) + "\n")
        peer = Peer(options.checkpoint, [folder / json.loads(line)["image"] for line in lines])
        theirs, ours = [], []
        for _ in range(options.rounds):
            theirs.append(peer.rate(options.steps, options.batch))
            ours.append(realqa_rate(options.checkpoint, folder, options.steps, options.batch))
            print(
                f"images/s: transformers + PEFT {theirs[-1][0]:.2f}, realqa train {ours[-1][0]:.2f};"
                f" processor ms per image: {theirs[-1][1]:.0f}, {ours[-1][1]:.0f}",
                flush=True,
            )
    mean = [sum(x[k] for x in side) / len(side) for side in (theirs, ours) for k in (0, 1)]
    print(f"realqa train: {mean[2] / mean[0]:.2f} times the images/s; {mean[3] / mean[1]:.2f} of the processor time")


if __name__ == "__main__":
    main()
