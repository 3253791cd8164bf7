#!/usr/bin/env python3
"""Speed of this project's scorer beside Hugging Face transformers: same checkpoint, images, threads and answers.

Transformers answers the score question by greedy `generate`, from image files to text, image by image and in batches;
the scorer reads the same score off the digit tree, from image files to JSON Lines (and, in the second column, nine
attributes as well). One run, in turns, after a warm-up: while one side is measured the others stand still. Prints images
per second of each and the ratios, medians over the rounds.

    pip install torch==2.7.1 torchvision transformers pillow
    scripts/compare_with_transformers.py [--images DIR] [--rounds 5] [--precision bfloat16]
"""

import argparse
import json
import os
import pathlib
import re
import signal
import statistics
import subprocess
import sys
import time

import torch
from PIL import Image, ImageOps
from transformers import AutoTokenizer, Qwen2VLForConditionalGeneration
from transformers.models.qwen2_vl import image_processing_pil_qwen2_vl as processing

HOME = pathlib.Path(__file__).resolve().parent.parent
NUMBER = re.compile(r"\d+(\.\d+)?")
WARM_UP = 64  # measurements' worth of images before the first one: the Java compiler is at work that long
SKIPPED = 6  # batches after each pause
QUESTION = "Rate the aesthetics and quality of this image."


def transformers_peer(folder, precision):
    """A function from image paths to the answers' texts."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.padding_side = "left"
    processor = processing.Qwen2VLImageProcessorPil.from_pretrained(folder)
    model = Qwen2VLForConditionalGeneration.from_pretrained(folder, dtype=getattr(torch, precision)).eval()

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


class Realqa:
    """One `realqa score` at work: it stands still except while it is measured, so that the two sides take turns."""

    def __init__(self, checkpoint, profile, precision, files, batch):
        command = [str(HOME / "realqa"), "score", "--format", "jsonl", "--batch", str(batch), "--precision", precision]
        command += ["--checkpoint", str(checkpoint)] + (["--profile", str(profile)] if profile else [])
        self.batch = batch
        self.process = subprocess.Popen(command + [str(f) for f in files], stdout=subprocess.PIPE, text=True)

    def scores(self, count):
        lines = [json.loads(self.process.stdout.readline() or "{}") for _ in range(count)]
        if not all("score" in line for line in lines):
            raise SystemExit(f"realqa failed: {lines}")
        return [line["score"] for line in lines]

    def rate(self, count):
        """Images per second; what was under way when it was stopped does not count."""
        self.process.send_signal(signal.SIGCONT)
        self.scores(SKIPPED * self.batch)
        start = time.perf_counter()
        self.scores(count)
        seconds = time.perf_counter() - start
        self.process.send_signal(signal.SIGSTOP)
        return count / seconds

    def close(self):
        self.process.kill()
        self.process.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--checkpoint", type=pathlib.Path, default=HOME / "models/demo")
    parser.add_argument("--images", type=pathlib.Path, default=HOME / "models/demo/photos")
    parser.add_argument("--count", type=int, default=96, help="images of a measurement, a multiple of every batch")
    parser.add_argument("--batch", type=int, default=16, help="realqa's batch")
    parser.add_argument("--batches", default="1,4,8,16", help="transformers' batches")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--precision", choices=["float32", "bfloat16"], default="float32", help="of both sides")
    options = parser.parse_args()
    batches = [int(b) for b in options.batches.split(",")]
    for batch in batches + [options.batch]:
        if batch < 1 or options.count % batch:
            raise SystemExit(f"--count: {options.count} (expected: a multiple of {batch})")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("terminated"))
    torch.set_num_threads(os.cpu_count())
    photos = sorted(p for p in options.images.iterdir() if p.suffix.lower() in (".jpg", ".jpeg", ".png"))
    files = [photos[i % len(photos)] for i in range(options.count)]
    peer = transformers_peer(options.checkpoint, options.precision)

    warm = WARM_UP * options.count
    stream = warm + options.rounds * (options.count + SKIPPED * options.batch) + 100 * options.batch
    stream = [photos[i % len(photos)] for i in range(stream)]
    sides = {}
    try:
        for name, profile in (("score alone", HOME / "scripts/score-alone.yaml"), ("score and attributes", None)):
            side = sides[name] = Realqa(options.checkpoint, profile, options.precision, stream, options.batch)
            scores = []
            while len(scores) < warm:
                print(f"realqa, {name}: warming up, {len(scores)} of {warm} images", flush=True)
                scores += side.scores(4 * options.count)
            side.process.send_signal(signal.SIGSTOP)
            print(f"realqa, {name}: warm", flush=True)
        texts = [peer([photo])[0] for photo in photos]
        apart = max(abs(float(NUMBER.search(t)[0]) - s) for t, s in zip(texts, scores))
        print(f"transformers: {texts[0]} The generated scores and realqa's expectations differ by at most {apart:.2f}")
        for batch in batches:
            peer(files[:batch])
        measure(peer, files, batches, sides, options.rounds)
    finally:
        for side in sides.values():
            side.close()


def measure(peer, files, batches, sides, rounds):
    theirs = {batch: [] for batch in batches}
    ours = {name: [] for name in sides}
    for done in range(1, rounds + 1):
        for batch in batches:
            theirs[batch].append(transformers_rate(peer, files, batch))
        for name, side in sides.items():
            ours[name].append(side.rate(len(files)))
        each = [f"batch {b} {theirs[b][-1]:.1f}" for b in batches] + [f"{n} {ours[n][-1]:.1f}" for n in sides]
        print(f"round {done} of {rounds}, images/s: " + ", ".join(each), flush=True)
    print(f"medians of {rounds} rounds; {os.cpu_count()} cores for either side")
    heads = "".join(f"  {name:>26}" for name in sides)
    print(f"{'transformers':<14}  images/s{heads}")
    for batch in batches:
        row = f"batches of {batch:<3}  {statistics.median(theirs[batch]):8.1f}"
        for name in sides:
            ratio = statistics.median(o / t for o, t in zip(ours[name], theirs[batch]))
            row += f"  {statistics.median(ours[name]):6.1f} images/s, {ratio:5.2f} x"
        print(row)


if __name__ == "__main__":
    main()
