"""Trains the pair judge: does a sentence say only what its facts say, and all of it?

    .venv/bin/python scripts/train_pairs.py                                          # about 50 minutes on two cores; writes knowledge/heads/pairs.npz
    .venv/bin/python scripts/train_pairs.py --start last.checkpoint.pt --steps 300   # a further pass, from the checkpoint of an earlier one

A low-rank change of the encoder's upper blocks and three heads, on the labelled facts and sentences of `evals/labelled/training` (right and wrong
wordings of a fact; pairs of facts and a sentence). The words in which a wrong wording differs from the right one teach which words are at
fault, not only which sentence. Every twelfth group is kept out of training: thresholds are chosen and figures printed on it. The test part is
never opened here. Seeded; a checkpoint is written every `--save` steps, and a second start goes on from it.
"""

from __future__ import annotations

import difflib
import json
import math
import random
import re
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
import torch
from torch import nn

from rag import judge
from rag.checks.meaning import HEADS
from rag.encoder import load_encoder
from rag.prepare import prepared
from rag.settings import PROJECT, load_settings
from rag.weights import ENCODER

TRAINING = PROJECT / "evals" / "labelled" / "training"
KEPT_OUT = 12
"""One group in so many is for choosing thresholds; wordings and pairs are counted apart, so that records added later move none into training."""
FALSE_ALARMS = 0.1
"""Share of the right sentences kept out that may be doubted: other hands write further from their facts, and are doubted about twice as often."""
FIRST_PAIRS = 4
"""The first group of pairs kept out, which it was when the judge was first trained."""
Spans = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Example:
    """A pair and what is known of it; None: not known, teaches nothing."""

    facts: tuple[str, ...]
    sentence: str
    doubtful: bool | None
    omits: bool | None
    at_fault: Spans | None
    """Characters of the sentence that are wrong; empty: none is."""


Group = tuple[Example, ...]


def read(name: str, folder: Path) -> list[dict[str, Any]]:
    """Records of all files whose name begins so."""
    return [json.loads(line) for file in sorted(folder.glob(f"{name}*.jsonl")) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]


def changed(right: str, wrong: str) -> Spans | None:
    """The words of `wrong` that `right` does not have in that place; None where words are only missing."""
    spots = [(m.start(), m.end()) for m in re.finditer(r"\w+|[^\w\s]", wrong)]
    ours, theirs = ([m[0].lower() for m in re.finditer(r"\w+|[^\w\s]", text)] for text in (right, wrong))
    found = [(spots[j1][0], spots[j2 - 1][1]) for tag, _, _, j1, j2 in difflib.SequenceMatcher(None, ours, theirs, autojunk=False).get_opcodes() if tag in {"replace", "insert"}]
    return tuple(found) or None


def groups(folder: Path, chooser: random.Random) -> tuple[list[Group], list[Group]]:
    """Examples that share their facts, together: the judge has to tell them apart by more than the subject. Those to train on, and those kept out."""
    wordings = read("wording", folder)
    found: list[Group] = []
    for number, record in enumerate(wordings):
        fact, right = prepared(record["fact"]), record["sentence"]
        others = [prepared(wordings[n]["fact"]) for n in (number - 1, number - 2) if n >= 0]
        beside = tuple(chooser.sample(others, min(len(others), chooser.choice((0, 0, 0, 1, 1, 2)))))
        facts = shuffled((fact, *beside), chooser)
        made = [Example(facts, right, False, None if beside else False, ())]
        for wrong in record["wrong"]:
            lost = wrong["error_type"] == "omission"
            made.append(Example((fact,) if lost else facts, wrong["text"], None if lost else True, lost or None, None if lost else changed(right, wrong["text"])))
        parts = re.split(r"(?<=[a-z)][.;])\s+", right)
        if len(parts) > 1:
            made.append(Example((fact,), " ".join(parts[:-1] if chooser.random() < 0.5 else parts[1:]), False, True, ()))
        elif number % 4 == 0 and number:
            before = wordings[number - 1]
            both = shuffled((fact, prepared(before["fact"])), chooser)
            made += [Example(both, right, False, True, ()), Example(both, f"{before['sentence']} {right}", False, False, ())]
        elif number % 4 == 1:
            made.append(Example((others[0],) if others else (fact,), right, bool(others), None, None))
        found.append(tuple(made))
    pairs: dict[tuple[str, ...], list[Example]] = {}
    for record in read("pairs", folder):
        facts = tuple(prepared(f) for f in record["facts"])
        good = record["label"] == "supported"
        pairs.setdefault(facts, []).append(Example(facts, record["sentence"], not good, None, () if good else None))
    paired = [tuple(group) for group in pairs.values()]
    training = [g for n, g in enumerate(found) if n % KEPT_OUT] + [g for n, g in enumerate(paired) if n % KEPT_OUT != FIRST_PAIRS]
    return training, found[::KEPT_OUT] + paired[FIRST_PAIRS::KEPT_OUT]


def shuffled(facts: tuple[str, ...], chooser: random.Random) -> tuple[str, ...]:
    """The same in another order."""
    return tuple(chooser.sample(facts, len(facts)))


def batches(training: list[Group], size: int, chooser: random.Random) -> Iterator[list[Group]]:
    """Groups of like length, about `size` examples a time, without end."""
    while True:
        order = chooser.sample(training, len(training))
        for at in range(0, len(order), 48):
            near = sorted(order[at : at + 48], key=lambda g: len(" ".join(g[0].facts)) + len(g[0].sentence))
            cut: list[list[Group]] = [[]]
            for group in near:
                if sum(map(len, cut[-1])) >= size:
                    cut.append([])
                cut[-1].append(group)
            yield from chooser.sample(cut, len(cut))


def loss_of(transformer: Any, heads: judge.Heads, tokenizer: Any, chosen: list[Group]) -> torch.Tensor:
    """Sentence, omission, words, and that a wrong sentence is doubted more than a right one on the same facts."""
    examples = [e for group in chosen for e in group]
    rows = [judge.row_of(tokenizer, e.facts, e.sentence) for e in examples]
    doubt, omits, words = heads(judge.states_of(transformer, rows), rows)
    bce = nn.functional.binary_cross_entropy_with_logits
    known = [n for n, e in enumerate(examples) if e.doubtful is not None]
    total = bce(doubt[known], torch.tensor([float(bool(examples[n].doubtful)) for n in known]))
    told = [n for n, e in enumerate(examples) if e.omits is not None]
    if told:
        total = total + 0.5 * bce(omits[told], torch.tensor([float(bool(examples[n].omits)) for n in told]))
    logits, wanted = [], []
    for n, example in enumerate(examples):
        if example.at_fault is not None:
            logits.append(words[n])
            wanted += [float(any(a < e and s < b for a, b in example.at_fault)) for s, e in rows[n].spans]
    if logits:
        total = total + bce(torch.cat(logits), torch.tensor(wanted), pos_weight=torch.tensor(3.0))
    start, gaps = 0, []
    for group in chosen:
        right = [start + n for n, e in enumerate(group) if e.doubtful is False]
        wrong = [start + n for n, e in enumerate(group) if e.doubtful]
        gaps += [doubt[w] - doubt[r] for w in wrong for r in right]
        start += len(group)
    return total + 0.5 * nn.functional.softplus(-torch.stack(gaps)).mean() if gaps else total


@click.command()
@click.option("--data", type=click.Path(path_type=Path, exists=True), default=TRAINING)
@click.option("--out", type=click.Path(path_type=Path), default=HEADS / "pairs.npz")
@click.option("--steps", default=560)
@click.option("--size", default=12, help="Pairs a step, about.")
@click.option("--rate", default=4e-4)
@click.option("--seed", default=5)
@click.option("--save", default=40)
@click.option("--start", type=click.Path(path_type=Path, exists=True), help="Checkpoint whose weights to begin with; the steps are counted anew.")
@click.option("--average", type=click.Path(path_type=Path, exists=True), help="Checkpoint of an earlier stage; what is written is the mean of its weights and the trained ones.")
def main(data: Path, out: Path, steps: int, size: int, rate: float, seed: int, save: int, start: Path | None, average: Path | None) -> None:
    """Train, choose thresholds, write the file."""
    torch.manual_seed(seed)
    chooser = random.Random(seed)
    training, kept = groups(data, chooser)
    note(f"{sum(map(len, training))} pairs in {len(training)} groups to train on, {sum(map(len, kept))} kept out")
    transformer, tokenizer = load_encoder(load_settings()).inside()
    for parameter in transformer.parameters():
        parameter.requires_grad_(False)
    change = judge.with_change(transformer)
    heads = judge.Heads(transformer.config.hidden_size)
    low = [p for layer in change.values() for p in (layer.a, layer.b)]
    optimizer = torch.optim.AdamW([{"params": low, "lr": rate}, {"params": heads.parameters(), "lr": 3 * rate}], weight_decay=0.01)
    rates = [group["lr"] for group in optimizer.param_groups]
    checkpoint, done = out.with_suffix(".checkpoint.pt"), 0
    if source := checkpoint if checkpoint.exists() else start:
        state = torch.load(source, weights_only=True)
        for name, layer in change.items():
            layer.a.data, layer.b.data = state["change"][name]
        heads.load_state_dict(state["heads"])
        if source == checkpoint:
            optimizer.load_state_dict(state["optimizer"])
            done = state["step"]
        note(f"Going on from {source.name}, step {done}")
    started, losses = time.monotonic(), list[float]()
    stream = batches(training, size, random.Random(seed + done))
    for step in range(done, steps):
        for group, top in zip(optimizer.param_groups, rates, strict=True):
            group["lr"] = top * min(1.0, (step + 1) / 20) * 0.5 * (1 + math.cos(math.pi * step / steps))
        loss = loss_of(transformer, heads, tokenizer, next(stream))
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_([*low, *heads.parameters()], 1.0)
        optimizer.step()
        losses.append(loss.item())
        if (step + 1) % 10 == 0:
            note(f"step {step + 1}/{steps}  loss {sum(losses[-40:]) / len(losses[-40:]):.3f}  {(time.monotonic() - started) / (step + 1 - done):.1f} s a step")
        if (step + 1) % save == 0 or step + 1 == steps:
            made = {"change": {n: (x.a.data, x.b.data) for n, x in change.items()}, "heads": heads.state_dict(), "optimizer": optimizer.state_dict(), "step": step + 1}
            torch.save(made, checkpoint)
            judge.save(out, change, heads, DIGEST, {"doubt": 0.5, "omits": 0.5})
    if average:
        # A later stage knows its own data better and others a little worse; the mean of both holds on either.
        earlier = torch.load(average, weights_only=True)
        for name, layer in change.items():
            layer.a.data, layer.b.data = ((now + before) / 2 for now, before in zip((layer.a.data, layer.b.data), earlier["change"][name], strict=True))
        heads.load_state_dict({name: (value + earlier["heads"][name]) / 2 for name, value in heads.state_dict().items()})
    thresholds = measured(transformer, heads, tokenizer, [e for group in kept for e in group])
    judge.save(out, change, heads, DIGEST, thresholds)


DIGEST = ENCODER.files[0].sha256[:12]


def measured(transformer: Any, heads: judge.Heads, tokenizer: Any, kept: list[Example]) -> dict[str, float]:
    """Thresholds and how good they are on the pairs kept out: few false alarms for the doubt, best balanced accuracy for what is left out."""
    rows = [judge.row_of(tokenizer, e.facts, e.sentence) for e in kept]
    seen: list[tuple[float, float]] = []
    with torch.inference_mode():
        for at in range(0, len(rows), 12):
            doubt, omits, _ = heads(judge.states_of(transformer, rows[at : at + 12]), rows[at : at + 12])
            seen += list(zip(doubt.sigmoid().tolist(), omits.sigmoid().tolist(), strict=True))
    found = {}
    for place, name in enumerate(("doubt", "omits")):
        known = [(s[place], bool(w)) for s, e in zip(seen, kept, strict=True) if (w := (e.doubtful, e.omits)[place]) is not None]
        if name == "doubt":
            found[name] = round(float(np.quantile([score for score, wanted in known if not wanted], 1 - FALSE_ALARMS)), 2)
        else:
            found[name] = float(max(np.linspace(0.1, 0.9, 81), key=lambda t: balanced(known, float(t))))
        note(f"{name}: {len(known)} pairs kept out, balanced accuracy {balanced(known, found[name]):.3f} at {found[name]:.2f}, {balanced(known, 0.5):.3f} at 0.5")
    return found


def balanced(known: list[tuple[float, bool]], threshold: float) -> float:
    """Mean of the shares found in each class."""
    shares = [[(score > threshold) == wanted for score, wanted in known if wanted is side] for side in (True, False)]
    return sum(sum(s) / max(1, len(s)) for s in shares) / 2


def note(text: str) -> None:
    """Progress, on standard error."""
    click.echo(text, err=True)
    sys.stderr.flush()


if __name__ == "__main__":
    main()
