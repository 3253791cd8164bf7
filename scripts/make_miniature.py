#!/usr/bin/env python3
"""Makes a miniature of RealQA's files, tiny and random, for going through docs/realqa.md on any machine.

    pip install torch==2.7.1 torchvision==0.22.1 transformers==5.23.0 peft==0.21.2 pillow==13.0.0 numpy==2.4.6
    python scripts/make_miniature.py mini [--name NAME] [--seed N] [--images N] [--hidden N] …

    OUT/models/NAME            a Qwen2-VL checkpoint as Hugging Face saves it, taught the answers' words for some steps
    OUT/data                   dataset_info.json, images, and a file for each data set: plain scores (NAME_plain_train,
                               NAME_plain_test), prose, the regular form, one per level and one per attribute; messages
                               as sharegpt has them, the single attributes as alpaca
    OUT/adapters/NAME-plain, NAME-fused    LoRA adapters of both towers, made and saved by PEFT
    OUT/recipes/plain.yaml, fused.yaml, more.yaml    training recipes with LLaMA-Factory's keys; more.yaml goes on from
                               an adapter and evaluates while it trains

Paths in the recipes start where OUT does. The same arguments give the same files on the same machine.
"""

import argparse
import json
import random
import shutil
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from peft import LoraConfig, get_peft_model
from transformers import AutoTokenizer, Qwen2VLConfig, Qwen2VLForConditionalGeneration
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

HOME = Path(__file__).resolve().parent.parent
PLAIN = "Rate the aesthetics and quality of this image."
STEPS = "Rate the aesthetics and quality of this image step by step."
FORM = "Rate the aesthetics and quality of this image step by step with the regular form."
ATTRIBUTES = {  # name: (level, words of question and answer, values)
    "composition": ("high", "Composition Score", [str(i) for i in range(1, 10)]),
    "eye-catching": ("high", "Eye-Catching Score", [str(i) for i in range(1, 10)]),
    "subject-integrity": ("middle", "Subject Integrity", ["incomplete", "partially complete", "complete"]),
    "subject-clutter": ("middle", "Subject Clutter", ["uncluttered", "cluttered"]),
    "background-clutter": ("middle", "Background Clutter", ["uncluttered", "cluttered"]),
    "level-shot": ("middle", "Level Shot", ["level", "tilted"]),
    "image-clarity": ("low", "Image Clarity", ["poor", "fair", "average", "good", "excellent"]),
    "exposure": ("low", "Exposure", ["underexposed", "properly exposed", "overexposed"]),
    "saturation": ("low", "Saturation", ["low", "normal", "high"]),
}
NUMBERS = {"composition": "1.1", "eye-catching": "1.2", "subject-integrity": "2.1", "subject-clutter": "2.2",
           "background-clutter": "2.3", "level-shot": "2.4", "image-clarity": "3.1", "exposure": "3.2", "saturation": "3.3"}
ALL = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj", "attn.qkv", "attn.proj", "fc1", "fc2"]


def picture(rng, brightness):
    """A gradient with a block in it, of random size: the brighter, the better."""
    height, width = rng.integers(50, 130, 2)
    ramp = np.linspace(-30, 30, width)[None, :, None] + np.zeros((height, 1, 3))
    image = ramp + brightness * 255 + rng.normal(0, 6, (height, width, 3))
    y, x = rng.integers(0, height // 2), rng.integers(0, width // 2)
    image[y:y + height // 3, x:x + width // 3] = rng.integers(0, 255, 3)
    return Image.fromarray(image.clip(0, 255).astype(np.uint8))


def make_images(folder, count, rng):
    folder.mkdir(parents=True)
    labels = []
    for i in range(count):
        brightness = rng.uniform(0.1, 0.9)
        name = f"{i:04d}.{'jpg' if i % 2 else 'png'}"
        picture(rng, brightness).save(folder / name)
        values = {a: v[min(len(v) - 1, int(brightness * len(v)))] for a, (_, _, v) in ATTRIBUTES.items()}
        labels.append({"image": f"images/{name}", "score": f"{1 + 8.9 * brightness:.2f}", "values": values})
    return labels


def answer_prose(label):
    v = label["values"]
    return (f"The composition is worth a {v['composition']}. The picture is {v['exposure']}, its saturation is "
            f"{v['saturation']} and its clarity is {v['image-clarity']}. The final score is <{label['score']}>.")


def answer_form(label):
    parts = [f"{NUMBERS[a]} {ATTRIBUTES[a][1]}: {v}" for a, v in label["values"].items()]
    return ", ".join(parts) + f". The final score is <{label['score']}>."


def answer_level(label, level):
    parts = [f"{NUMBERS[a]} {ATTRIBUTES[a][1]}: {v}" for a, v in label["values"].items() if ATTRIBUTES[a][0] == level]
    return ", ".join(parts) + "."


def sharegpt(label, question, answer):
    return {"messages": [{"role": "user", "content": "<image>" + question}, {"role": "assistant", "content": answer}],
            "images": [label["image"]]}


def make_data(folder, name, count, rng):
    labels = make_images(folder / "images", count, rng)
    test = labels[-max(2, count // 4):]
    train = labels[:-len(test)]
    chat = {"formatting": "sharegpt", "columns": {"messages": "messages", "images": "images"},
            "tags": {"role_tag": "role", "content_tag": "content", "user_tag": "user", "assistant_tag": "assistant"}}
    single = {"columns": {"prompt": "instruction", "query": "input", "response": "output", "images": "images"}}
    sets = {
        f"{name}_plain_train": (chat, [sharegpt(x, PLAIN, f"The score of this image is {x['score']}.") for x in train]),
        f"{name}_plain_test": (chat, [sharegpt(x, PLAIN, f"The score of this image is {x['score']}.") for x in test]),
        f"{name}_prose_test": (chat, [sharegpt(x, STEPS, answer_prose(x)) for x in test]),
        f"{name}_prose_train": (chat, [sharegpt(x, STEPS, answer_prose(x)) for x in train]),
        f"{name}_form_train": (chat, [sharegpt(x, FORM, answer_form(x)) for x in train]),
        f"{name}_form_test": (chat, [sharegpt(x, FORM, answer_form(x)) for x in test]),
    }
    for level in ["high", "middle", "low"]:
        sets[f"{name}_{level}"] = (chat, [sharegpt(x, f"Assess the {level} level of this image.", answer_level(x, level))
                                          for x in train])
    for a, (_, words, _) in ATTRIBUTES.items():
        sets[f"{name}_single_{a.replace('-', '_')}"] = (single, [
            {"instruction": f"<image>What is the {words.lower()} of this image?", "input": "",
             "output": f"{words}: {x['values'][a]}.", "images": [x["image"]]} for x in train])
    info = {}
    for i, (key, (entry, rows)) in enumerate(sets.items()):
        ending = "jsonl" if i % 3 == 2 else "json"
        text = "".join(json.dumps(r) + "\n" for r in rows) if ending == "jsonl" else json.dumps(rows, indent=1)
        (folder / f"{key}.{ending}").write_text(text)
        info[key] = {"file_name": f"{key}.{ending}", **entry}
    (folder / "dataset_info.json").write_text(json.dumps(info, indent=2) + "\n")
    return train


def make_checkpoint(folder, args):
    demo = Path(args.tokenizer)
    old = json.loads((demo / "config.json").read_text())
    tokens = {k: old[k] for k in ["vision_start_token_id", "vision_end_token_id", "image_token_id", "video_token_id"]}
    head = args.hidden // args.heads
    text = {"hidden_size": args.hidden, "num_attention_heads": args.heads, "num_key_value_heads": args.key_value_heads,
            "num_hidden_layers": args.layers, "intermediate_size": 2 * args.hidden, "max_position_embeddings": 4096,
            "vocab_size": old["vocab_size"], "bos_token_id": old["bos_token_id"], "eos_token_id": old["eos_token_id"],
            "pad_token_id": old["pad_token_id"],
            "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0,
                                "mrope_section": [head // 2 - 2 * (head // 6), head // 6, head // 6]}}
    vision = {"embed_dim": args.vision, "num_heads": args.vision_heads, "depth": args.vision_depth, "mlp_ratio": 2,
              "hidden_size": args.hidden, "patch_size": 14, "temporal_patch_size": 2, "spatial_merge_size": 2}
    config = Qwen2VLConfig(text_config=text, vision_config=vision, tie_word_embeddings=False, **tokens)
    model = Qwen2VLForConditionalGeneration(config).eval()
    folder.mkdir(parents=True)
    processor = Qwen2VLImageProcessorPil(size={"shortest_edge": 28 * 28 * 4, "longest_edge": 28 * 28 * 12})
    processor.save_pretrained(folder)
    for file in ["tokenizer.json", "tokenizer_config.json", "generation_config.json"]:
        if (demo / file).exists():
            shutil.copy(demo / file, folder / file)
    return model, AutoTokenizer.from_pretrained(demo), processor


def chat(tokenizer, config, processor, data, label, question, answer):
    x = processor(images=Image.open(data / label["image"]).convert("RGB"), return_tensors="pt")
    pads = "<|image_pad|>" * (int(x["image_grid_thw"].prod()) // 4)
    source = ("<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\n<|vision_start|>" + pads
              + f"<|vision_end|>{question}<|im_end|>\n<|im_start|>assistant\n")
    first = tokenizer(source, add_special_tokens=False)["input_ids"]
    rest = tokenizer(answer + "<|im_end|>\n", add_special_tokens=False)["input_ids"]
    ids = torch.tensor([first + rest])
    labels = torch.tensor([[-100] * len(first) + rest])
    return {"input_ids": ids, "labels": labels, "pixel_values": x["pixel_values"], "image_grid_thw": x["image_grid_thw"],
            "mm_token_type_ids": (ids == config.image_token_id).int()}


def teach(model, steps, rate, inputs):
    """Some steps on single rows: enough for answers that can be read, too little for good ones."""
    model.train()
    optimiser = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], rate)
    for step in range(steps):
        loss = model(**inputs(step)).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1)
        optimiser.step()
        optimiser.zero_grad()
        if step % 50 == 49 or step == steps - 1:
            print(f"  step {step + 1} of {steps}: loss {loss.item():.3f}", flush=True)
    model.eval()


def recipe(path, **keys):
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(f"{k}: {str(v).lower() if isinstance(v, bool) else v}\n" for k, v in keys.items()))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path, help="new folder to write to")
    parser.add_argument("--name", default="tiny", help="of checkpoint, data sets and adapters")
    parser.add_argument("--tokenizer", default=HOME / "models/demo", help="folder of a checkpoint whose tokenizer is taken")
    for name, value in [("seed", 1), ("images", 40), ("hidden", 48), ("heads", 4), ("key-value-heads", 2), ("layers", 2),
                        ("vision", 24), ("vision-heads", 2), ("vision-depth", 2), ("rank", 4), ("teach", 400)]:
        parser.add_argument(f"--{name}", type=int, default=value)
    args = parser.parse_args()
    if args.out.exists():
        parser.error(f"{args.out}: exists (expected: a new folder)")
    random.seed(args.seed)
    torch.manual_seed(args.seed)
    rng = np.random.default_rng(args.seed)
    out, name = args.out, args.name
    data, base = out / "data", out / "models" / name
    train = make_data(data, name, args.images, rng)
    print(f"{data}: {args.images} images, {len(json.loads((data / 'dataset_info.json').read_text()))} data sets")
    model, tokenizer, processor = make_checkpoint(base, args)
    kinds = {"plain": [(PLAIN, lambda x: f"The score of this image is {x['score']}.")],
             "fused": [(PLAIN, lambda x: f"The score of this image is {x['score']}."), (STEPS, answer_prose),
                       (FORM, answer_form)]}

    def inputs(kind):
        def get(step):
            question, answer = kinds[kind][step % len(kinds[kind])]
            label = random.choice(train)
            return chat(tokenizer, model.config, processor, data, label, question, answer(label))
        return get

    print(f"{base}:")
    teach(model, args.teach, 3e-3, inputs("fused"))
    model.save_pretrained(base)
    for kind in kinds:
        adapter = out / "adapters" / f"{name}-{kind}"
        print(f"{adapter}:")
        fresh = Qwen2VLForConditionalGeneration.from_pretrained(base)
        peft = get_peft_model(fresh, LoraConfig(
            r=args.rank, lora_alpha=2 * args.rank, lora_dropout=0.05, target_modules=ALL))
        teach(peft, max(20, args.teach // 4), 3e-3, inputs(kind))
        peft.save_pretrained(adapter)
    common = dict(model_name_or_path=base, stage="sft", do_train=True, finetuning_type="lora", lora_target="all",
                  freeze_vision_tower=False, dataset_dir=data, template="qwen2_vl", cutoff_len=2048, overwrite_cache=True,
                  preprocessing_num_workers=16, logging_steps=2, plot_loss=True, per_device_train_batch_size=2,
                  lr_scheduler_type="cosine", warmup_ratio=0.1, bf16=True, ddp_timeout=180000000)
    recipe(out / "recipes/plain.yaml", **common, lora_rank=args.rank, lora_dropout=0.15, dataset=f"{name}_plain_train",
           output_dir=out / "saves/plain", overwrite_output_dir=True, save_steps=10, gradient_accumulation_steps=2,
           learning_rate="1.0e-3", num_train_epochs="6.0")
    singles = ", ".join(f"{name}_single_{a.replace('-', '_')}" for a in ATTRIBUTES)
    levels = ", ".join(f"{name}_{x}" for x in ["high", "middle", "low"])
    recipe(out / "recipes/fused.yaml", **common, lora_rank=2 * args.rank, lora_dropout=0.05,
           dataset=f"{name}_plain_train, {name}_prose_train, {name}_form_train, {levels}, {singles}",
           output_dir=out / "saves/fused", overwrite_output_dir=True, save_strategy="epoch", save_total_limit=1,
           gradient_accumulation_steps=8, learning_rate="1.0e-3", num_train_epochs="2.0", val_size=0.1,
           eval_strategy="steps", eval_steps=10, per_device_eval_batch_size=4)
    recipe(out / "recipes/more.yaml", **common, adapter_name_or_path=out / f"adapters/{name}-plain",
           dataset=f"{name}_plain_train", eval_dataset=f"{name}_plain_test", output_dir=out / "saves/more",
           max_steps=8, save_steps=4, gradient_accumulation_steps=2, learning_rate="5.0e-4", eval_strategy="steps",
           eval_steps=4)


if __name__ == "__main__":
    main()
