"""Trains the wording adapter: the packaged 1.5B model learns to put one fact of a seller into one sentence of a letter.

    .venv/bin/pip install gguf==0.19.0 accelerate
    .venv/bin/python scripts/train_wording.py --data evals/training/wording --out knowledge/adapters/wording.gguf

A low-rank adapter (LoRA) on the upper layers only: without a GPU, two cores read about 20 training tokens a second, so every layer below
the first trained one saves its backward pass. The weights trained against are the packaged 4-bit ones, taken out of the GGUF file, so that the
adapter also learns around what quantising cost. The prompt is the one of `prompts/word.yaml`, filled by the same code that fills it
when drafting. Seeded; a checkpoint is written every `--save` steps, and a second start goes on from it.
"""

from __future__ import annotations

import json
import math
import random
import sys
import time
from pathlib import Path
from typing import Any

import click
import numpy as np
import torch
from torch import nn

from rag import weights
from rag.adapted import Adapted, adapt
from rag.prompts import load_prompt
from rag.settings import load_settings, silence_telemetry
from rag.word import asked_values

NAMES = {"q_proj": "attn_q", "k_proj": "attn_k", "v_proj": "attn_v", "o_proj": "attn_output", "gate_proj": "ffn_gate", "up_proj": "ffn_up", "down_proj": "ffn_down"}
"""Name of a linear layer in the checkpoint -> in GGUF."""


def with_change(model: Any, first: int, rank: int, alpha: float) -> dict[str, Adapted]:
    """Put an adapter on every linear layer of the blocks from `first` on; by GGUF name."""
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    made = adapt([(n, b) for n, b in enumerate(model.model.layers) if n >= first], NAMES, rank, alpha / rank)
    return {f"blk.{number}.{NAMES[name]}.weight": layer for key, layer in made.items() for number, name in [key.split(".")]}


def read_pairs(folder: Path) -> list[dict[str, Any]]:
    """Records {id, kind, fact, sentence} of all files of a folder."""
    return [json.loads(line) for file in sorted(folder.glob("*.jsonl")) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]


def encoded(record: dict[str, Any], tokenizer: Any) -> tuple[list[int], int]:
    """Token ids of the conversation and where the answer begins."""
    prompt = load_prompt("word_trained")
    system, user = prompt.fill(**asked_values(prompt, record["kind"], record["fact"]))
    head = f"<|im_start|>system\n{system}<|im_end|>\n<|im_start|>user\n{user}<|im_end|>\n<|im_start|>assistant\n"
    ids = tokenizer(head, add_special_tokens=False)["input_ids"]
    return ids + tokenizer(f"{record['sentence']}<|im_end|>", add_special_tokens=False)["input_ids"], len(ids)


def write_gguf(path: Path, adapters: dict[str, Adapted], alpha: float) -> None:
    """The adapter in llama.cpp's format, 16 bits."""
    import gguf

    path.parent.mkdir(parents=True, exist_ok=True)
    writer = gguf.GGUFWriter(str(path), "qwen2")
    writer.add_type("adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", alpha)
    for name, layer in adapters.items():
        writer.add_tensor(f"{name}.lora_a", layer.a.detach().numpy().astype(np.float16))
        writer.add_tensor(f"{name}.lora_b", layer.b.detach().numpy().astype(np.float16))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def take_gguf(path: Path, adapters: dict[str, Adapted]) -> None:
    """Fill the adapters from a file that `write_gguf` wrote."""
    import gguf

    for tensor in gguf.GGUFReader(str(path)).tensors:
        name, side = tensor.name.rsplit(".lora_", 1)
        parameter = getattr(adapters[name], side)
        parameter.data = torch.from_numpy(tensor.data.astype(np.float32)).reshape(parameter.shape)


@click.command()
@click.option("--data", type=click.Path(path_type=Path, exists=True), required=True)
@click.option("--out", type=click.Path(path_type=Path), required=True)
@click.option("--steps", default=195, help="Steps in all; the learning rate falls to nothing at the last.")
@click.option("--batch", default=4)
@click.option("--rate", default=3e-4)
@click.option("--rank", default=8)
@click.option("--first", default=10, help="First block that is trained.")
@click.option("--seed", default=7)
@click.option("--save", default=20)
@click.option("--start", type=click.Path(path_type=Path, exists=True), default=None, help="An adapter of the same shape to begin from, instead of no change.")
def main(data: Path, out: Path, steps: int, batch: int, rate: float, rank: int, first: int, seed: int, save: int, start: Path | None) -> None:
    """Train, and write the adapter."""
    silence_telemetry()
    from transformers import AutoModelForCausalLM, AutoTokenizer

    torch.manual_seed(seed)
    chooser = random.Random(seed)
    alpha = 2.0 * rank
    path = weights.path_of(weights.CHAT, load_settings())
    note(f"Taking the weights out of {path.name} (about a minute, 7 GB of memory)")
    tokenizer = AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)
    model = AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name, dtype=torch.float32)
    adapters = with_change(model, first, rank, alpha)
    if start is not None:
        take_gguf(start, adapters)
    trained = [p for layer in adapters.values() for p in (layer.a, layer.b)]
    optimizer = torch.optim.AdamW(trained, lr=rate, weight_decay=0.0)
    checkpoint = out.with_suffix(".checkpoint.pt")
    done, used = 0, set[str]()
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        for name, layer in adapters.items():
            layer.a.data, layer.b.data = state["adapters"][name]
        optimizer.load_state_dict(state["optimizer"])
        done, used = state["step"], set(state["used"])
        note(f"Going on after step {done}")
    model.train()
    started, losses = time.monotonic(), list[float]()
    for step in range(done, steps):
        left = [r for r in read_pairs(data) if r["id"] not in used]
        if len(left) < batch:
            used, left = set(), read_pairs(data)
        taken = sorted(chooser.sample(left, min(len(left), 8 * batch)), key=lambda r: len(r["fact"]))
        at = chooser.randrange(len(taken) - batch + 1)
        chosen = taken[at : at + batch]  # of like length: little padding
        used |= {r["id"] for r in chosen}
        warm = min(1.0, (step + 1) / 12)
        for group in optimizer.param_groups:
            group["lr"] = rate * warm * 0.5 * (1 + math.cos(math.pi * step / steps))
        loss = loss_of(model, [encoded(r, tokenizer) for r in chosen])
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        losses.append(loss.item())
        if (step + 1) % 5 == 0 or step + 1 == steps:
            note(f"step {step + 1}/{steps}  loss {sum(losses[-20:]) / len(losses[-20:]):.3f}  {(time.monotonic() - started) / (step + 1 - done):.1f} s a step")
        if (step + 1) % save == 0 or step + 1 == steps:
            torch.save({"adapters": {n: (x.a.data, x.b.data) for n, x in adapters.items()}, "optimizer": optimizer.state_dict(), "step": step + 1, "used": sorted(used)}, checkpoint)
            write_gguf(out, adapters, alpha)


def loss_of(model: Any, rows: list[tuple[list[int], int]]) -> torch.Tensor:
    """Mean negative log likelihood of the answers' tokens; the head sees only these."""
    width = max(len(ids) for ids, _ in rows)
    ids = torch.tensor([row + [0] * (width - len(row)) for row, _ in rows])
    mask = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row, _ in rows])
    hidden = model.model(input_ids=ids, attention_mask=mask).last_hidden_state
    seen = torch.cat([hidden[n, start - 1 : len(row) - 1] for n, (row, start) in enumerate(rows)])
    wanted = torch.cat([torch.tensor(row[start:]) for row, start in rows])
    return nn.functional.cross_entropy(model.lm_head(seen), wanted)


def note(text: str) -> None:
    """Progress, on standard error."""
    click.echo(text, err=True)
    sys.stderr.flush()


if __name__ == "__main__":
    main()
