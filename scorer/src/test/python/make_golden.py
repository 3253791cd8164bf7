#!/usr/bin/env python3
"""Writes a checkpoint's golden.json: what transformers says of the four photographs, in float32 on the CPU.

    pip install torch==2.7.1 torchvision==0.22.1 transformers==5.23.0 peft==0.21.2 pillow==13.0.0 numpy==2.4.6 safetensors
    python make_golden.py CHECKPOINT PHOTOS     # models/demo models/demo/photos

For each photograph: the size after resizing (Pillow, bicubic), visual tokens, the first digit's probabilities, expectation
and deviation over the whole digit tree, its probability, and the greedy answers to the plain question and to the form.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from transformers import AutoTokenizer
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

from make_parity_reference import (ANSWER_HEAD, CHAT, END, IMAGE_PAD, QUESTION, load, moments, prepare, read_score,
                                   rounded)

FORM = "Rate the aesthetics and quality of this image step by step with the regular form."
PATCH = 14


def greedy(model, tokenizer, x, question):
    pads = "<|image_pad|>" * (int(x["image_grid_thw"].prod()) // 4)
    text = CHAT.format(pads=pads, question=question)
    ids = torch.tensor([tokenizer(text, add_special_tokens=False)["input_ids"]])
    out = model.generate(
        input_ids=ids, attention_mask=torch.ones_like(ids), mm_token_type_ids=(ids == IMAGE_PAD).int(),
        pixel_values=x["pixel_values"], image_grid_thw=x["image_grid_thw"], do_sample=False, max_new_tokens=200,
        eos_token_id=END, pad_token_id=END)
    return tokenizer.decode(out[0, ids.shape[1]:], skip_special_tokens=True)


def main():
    checkpoint, photos = Path(sys.argv[1]), Path(sys.argv[2])
    tokenizer = AutoTokenizer.from_pretrained(checkpoint)
    model, processor = load(checkpoint), Qwen2VLImageProcessorPil.from_pretrained(checkpoint)
    golden = {}
    for name in ["astronaut", "chelsea", "coffee", "rocket"]:
        image = np.array(Image.open(photos / f"{name}.jpg").convert("RGB"))
        with torch.inference_mode():
            x = prepare(processor, tokenizer, image, ANSWER_HEAD)
            heads, joint, _ = read_score(model, x)
            _, rows, columns = x["image_grid_thw"][0].tolist()
            golden[f"{name}.jpg"] = {
                "resized": [rows * PATCH, columns * PATCH], "visual_tokens": rows * columns // 4,
                "first_digit": [rounded(p) for p in heads], **moments(joint, 0),
                "greedy": {"plain": greedy(model, tokenizer, x, QUESTION), "form": greedy(model, tokenizer, x, FORM)},
            }
    (checkpoint / "golden.json").write_text(json.dumps(golden, indent=1) + "\n")


if __name__ == "__main__":
    main()
