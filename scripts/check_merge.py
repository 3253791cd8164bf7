#!/usr/bin/env python3
"""Checks that transformers gives a merged folder the logits that PEFT gives base and adapter.

    pip install torch==2.7.1 torchvision==0.22.1 transformers==5.23.0 peft==0.21.2 safetensors==0.8.0
    ./realqa merge --checkpoint BASE --adapter ADAPTER --out MERGED [--max-shard-size SIZE]
    python scripts/check_merge.py BASE ADAPTER MERGED

float32 on the CPU, one random image and one chat; exit code 1 over 2e-4. A base whose files are in bfloat16 is rounded
when it is merged: its difference is shown and not judged.
"""

import argparse
import sys
from pathlib import Path

import torch
from peft import PeftModel
from safetensors import safe_open
from transformers import AutoTokenizer, Qwen2VLForConditionalGeneration

TOLERANCE = 2e-4


def load(folder):
    model, info = Qwen2VLForConditionalGeneration.from_pretrained(
        folder, attn_implementation="eager", dtype=torch.float32, output_loading_info=True)
    assert not any(info.values()), info
    return model.eval()


@torch.no_grad()
def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ["base", "adapter", "merged"]:
        arguments.add_argument(name, type=Path)
    args = arguments.parse_args()
    torch.manual_seed(1)
    base = load(args.base)
    tokenizer = AutoTokenizer.from_pretrained(args.merged)
    config = base.config
    grid = torch.tensor([[1, 8, 6]])
    size = 3 * config.vision_config.temporal_patch_size * config.vision_config.patch_size**2
    text = ("<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\n<|vision_start|>"
            + "<|image_pad|>" * 12 + "<|vision_end|>Rate this image.<|im_end|>\n<|im_start|>assistant\nThe score")
    ids = torch.tensor([tokenizer(text, add_special_tokens=False)["input_ids"]])
    x = {"input_ids": ids, "pixel_values": torch.randn(48, size), "image_grid_thw": grid,
         "mm_token_type_ids": (ids == config.image_token_id).int()}
    plain = base(**x).logits
    adapted = PeftModel.from_pretrained(base, args.adapter).eval()(**x).logits
    merged = load(args.merged)(**x).logits
    difference = (merged - adapted).abs().max().item()
    file = sorted(args.merged.glob("*.safetensors"))[0]
    with safe_open(file, "pt") as tensors:
        dtype = tensors.get_tensor(next(iter(tensors.keys()))).dtype
    print(f"{dtype}, {len(list(args.merged.glob('*.safetensors')))} files: logits differ by {difference:.1e} at most"
          f" (the adapter changes them by {(adapted - plain).abs().max().item():.1e})")
    return 1 if dtype == torch.float32 and difference > TOLERANCE else 0


if __name__ == "__main__":
    sys.exit(main())
