#!/usr/bin/env python3
"""Speed of this project's scorer beside Hugging Face transformers: same checkpoint, images, threads and answers.

Transformers answers the score question by greedy `generate`, from image files to text, image by image and in batches;
the scorer reads the same score off the digit tree, from image files to JSON Lines (and, in the second column, nine
attributes as well). Measured in one run, in turns, after a warm-up. Prints images per second of each and the ratios.

    pip install torch==2.7.1 torchvision transformers pillow
    scripts/compare_with_transformers.py [--images DIR] [--count 96] [--batch 8]
"""

import argparse
import json
import os
import pathlib
import subprocess
import time

import torch
from PIL import Image, ImageOps
from transformers import AutoTokenizer, Qwen2VLForConditionalGeneration
from transformers.models.qwen2_vl import image_processing_pil_qwen2_vl as processing

HOME = pathlib.Path(__file__).resolve().parent.parent
QUESTION = "Rate the aesthetics and quality of this image."


def transformers_peer(folder):
    """A function from image paths to the answers' texts."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.padding_side = "left"
    processor = processing.Qwen2VLImageProcessorPil.from_pretrained(folder)
    model = Qwen2VLForConditionalGeneration.from_pretrained(folder, dtype=torch.float32).eval()

    def answer(paths):
        images = [ImageOps.exif_transpose(Image.open(p)).convert("RGB") for p in paths]
        features = processor(images=images, return_tensors="pt")
        texts = []
        for grid in features["image_grid_thw"]:
            pads = "<|image_pad|>" * (int(grid.prod()) // 4)
            texts.append(
                "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\n<|vision_start|>"
                f"{pads}<|vision_end|>{QUESTION}<|im_end|>\n<|im_start|>assistant\n"
            )
        inputs = tokenizer(texts, return_tensors="pt", padding=True)
        types = (inputs["input_ids"] == tokenizer.convert_tokens_to_ids("<|image_pad|>")).long()
        with torch.inference_mode():
            ids = model.generate(**inputs, **features, mm_token_type_ids=types, max_new_tokens=24, do_sample=False)
        return tokenizer.batch_decode(ids[:, inputs["input_ids"].shape[1] :], skip_special_tokens=True)

    return answer


def transformers_rate(answer, files, batch):
    start = time.perf_counter()
    for i in range(0, len(files), batch):
        answer(files[i : i + batch])
    return len(files) / (time.perf_counter() - start)


def realqa_rate(checkpoint, files, batch, profile):
    """Images per second between the first batch's results and the last one's, so that the start does not count."""
    command = [str(HOME / "realqa"), "score", "--format", "jsonl", "--batch", str(batch), "--checkpoint", str(checkpoint)]
    if profile:
        command += ["--profile", str(profile)]
    process = subprocess.Popen(command + [str(f) for f in files], stdout=subprocess.PIPE, text=True)
    times = []
    for line in process.stdout:
        assert "score" in json.loads(line), line
        times.append(time.perf_counter())
    if process.wait() != 0 or len(times) != len(files):
        raise SystemExit("realqa failed")
    warm = len(files) // 3
    return (len(times) - warm) / (times[-1] - times[warm - 1])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--checkpoint", type=pathlib.Path, default=HOME / "models/demo")
    parser.add_argument("--images", type=pathlib.Path, default=HOME / "models/demo/photos")
    parser.add_argument("--count", type=int, default=96)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(os.cpu_count())
    photos = sorted(p for p in options.images.iterdir() if p.suffix.lower() in (".jpg", ".jpeg", ".png"))
    files = [photos[i % len(photos)] for i in range(options.count)]
    alone = HOME / "scripts" / "score-alone.yaml"
    peer = transformers_peer(options.checkpoint)
    print("transformers:", peer(files[:1])[0])
    peer(files[: options.batch])
    single, batched, score, full = [], [], [], []
    for _ in range(options.rounds):
        single.append(transformers_rate(peer, files, 1))
        batched.append(transformers_rate(peer, files, options.batch))
        score.append(realqa_rate(options.checkpoint, files * 12, options.batch, alone))
        full.append(realqa_rate(options.checkpoint, files * 12, options.batch, None))
        print(
            f"images/s: transformers one by one {single[-1]:.1f}, in batches of {options.batch} {batched[-1]:.1f};"
            f" realqa score alone {score[-1]:.1f}, score and attributes {full[-1]:.1f}",
            flush=True,
        )
    print(f"score alone: {sum(score) / sum(single):.2f} times transformers one by one,", end=" ")
    print(f"{sum(score) / sum(batched):.2f} times transformers in batches of {options.batch}")
    print(f"score and attributes: {sum(full) / sum(single):.2f} and {sum(full) / sum(batched):.2f} times their score alone")


if __name__ == "__main__":
    main()
