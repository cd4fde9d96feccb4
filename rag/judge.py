"""The pair judge: does a sentence say only what its facts say, and all of it? The encoder reads both together, with a small trained change.

EmbeddingGemma reads "facts, sentence" in one go; a low-rank change of its upper blocks and three linear heads (`knowledge/heads/pairs.npz`,
trained by `scripts/train_pairs.py` on `evals/labelled/training`) turn what it saw into: a doubt for the sentence, a doubt for each word of it, and
whether a part of the facts is left out. The change is on only while pairs are judged, so that vectors for search stay as they are.
Figures, dates and names are the lock's business (`rag/checks/lock.py`): this sees actions, causes, tense, scope and who did what.
"""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from rag.adapted import Adapted, adapt
from rag.errors import SetupError

FIRST, RANK, SCALE = 6, 16, 2.0
"""First block with a change, its rank, and its weight."""
LAYERS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
LONGEST = 480
"""Tokens of facts and sentence together; facts are cut at their end first."""
TOGETHER = 12
"""Pairs read at once."""
KEPT = 4096
"""Verdicts kept in memory: a letter is checked again after every edit, and drafting has asked before."""


@dataclass(frozen=True)
class Row:
    """A pair as token ids, with the places of facts and sentence in it and the characters of the sentence under each of its tokens."""

    ids: tuple[int, ...]
    facts: tuple[int, int]
    sentence: tuple[int, int]
    spans: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Verdict:
    """What the judge saw in one pair."""

    doubt: float
    """Probability that the sentence says something else or more than the facts."""
    omits: float
    """Probability that the sentence leaves out a part of the facts."""
    words: tuple[str, ...]
    """The words of the sentence that are doubted most, where any is."""


class Heads(nn.Module):
    """Linear heads over the encoder's last states."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.word = nn.Linear(width, 1)
        self.whole = nn.Linear(width + 1, 1)
        self.all = nn.Linear(2 * width, 1)

    def forward(self, states: torch.Tensor, rows: Sequence[Row]) -> tuple[torch.Tensor, torch.Tensor, list[torch.Tensor]]:
        """states (pairs, tokens, width) -> doubt (pairs,), omits (pairs,), doubt of each token of each sentence; all before the sigmoid."""
        words = [self.word(states[n, row.sentence[0] : row.sentence[1]]).squeeze(-1) for n, row in enumerate(rows)]
        means = torch.stack([states[n, row.sentence[0] : row.sentence[1]].mean(0) for n, row in enumerate(rows)])
        told = torch.stack([states[n, row.facts[0] : row.facts[1]].mean(0) for n, row in enumerate(rows)])
        peaks = torch.stack([torch.logsumexp(w, 0) for w in words]).unsqueeze(-1)
        return self.whole(torch.cat([means, peaks], 1)).squeeze(-1), self.all(torch.cat([told, means], 1)).squeeze(-1), words


def row_of(tokenizer: Any, facts: Sequence[str], sentence: str) -> Row:
    """Token ids of a pair."""
    before = tokenizer("Facts: " + " | ".join(facts), add_special_tokens=False)["input_ids"]
    middle = tokenizer("\nSentence: ", add_special_tokens=False)["input_ids"]
    told = tokenizer(sentence, add_special_tokens=False, return_offsets_mapping=True)
    after = told["input_ids"][: LONGEST // 2]
    before = before[: LONGEST - len(middle) - len(after) - 2]
    start = 1 + len(before) + len(middle)
    ids = (tokenizer.bos_token_id, *before, *middle, *after, tokenizer.eos_token_id)
    return Row(ids, (1, 1 + len(before)), (start, start + len(after)), tuple(told["offset_mapping"][: len(after)]))


def states_of(transformer: Any, rows: Sequence[Row]) -> torch.Tensor:
    """Last states of the encoder, (pairs, tokens, width)."""
    width = max(len(r.ids) for r in rows)
    ids = torch.tensor([[*r.ids, *[0] * (width - len(r.ids))] for r in rows])
    mask = torch.tensor([[1] * len(r.ids) + [0] * (width - len(r.ids)) for r in rows])
    states: torch.Tensor = transformer(input_ids=ids, attention_mask=mask).last_hidden_state
    return states.float()


def with_change(transformer: Any) -> dict[str, Adapted]:
    """Put the (still empty) change on the encoder's upper blocks."""
    return adapt([(n, b) for n, b in enumerate(transformer.layers) if n >= FIRST], LAYERS, RANK, SCALE)


def save(path: Path, change: dict[str, Adapted], heads: Heads, encoder: str, thresholds: dict[str, float]) -> None:
    """Change and heads into one file, 16 bits a number."""
    numbers = {f"{name}.{side}": getattr(layer, side) for name, layer in change.items() for side in ("a", "b")} | {f"heads.{n}": p for n, p in heads.state_dict().items()}
    made = {name: value.detach().numpy().astype(np.float16) for name, value in numbers.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, encoder=np.array(encoder), threshold_names=np.array(list(thresholds)), thresholds=np.array(list(thresholds.values()), np.float32), **made)


class Judge:
    """Encoder, change and heads; keep one per process. Safe to share between threads."""

    def __init__(self, transformer: Any, tokenizer: Any, path: Path, encoder: str, lock: threading.Lock | None = None) -> None:
        """Take the change of `path`, made for the encoder whose name holds its digest. SetupError when it is for another one."""
        with np.load(path) as file:
            if str(file["encoder"]) not in encoder:
                raise SetupError(f"{path.name} was trained for another encoder than {encoder}.", f"{path.name} 是为另一个向量模型训练的，不适用于 {encoder}。")
            self.thresholds = dict(zip(file["threshold_names"].tolist(), file["thresholds"].tolist(), strict=True))
            self._transformer, self._tokenizer, self._lock = transformer, tokenizer, lock or threading.Lock()
            self._change = with_change(transformer)
            kind = next(transformer.parameters()).dtype
            for name, layer in self._change.items():
                layer.a.data, layer.b.data = (torch.from_numpy(file[f"{name}.{side}"]).to(kind) for side in ("a", "b"))
            self._heads = Heads(transformer.config.hidden_size)
            self._heads.load_state_dict({n: torch.from_numpy(file[f"heads.{n}"].astype(np.float32)) for n in self._heads.state_dict()})
        self._kept: OrderedDict[tuple[tuple[str, ...], str], Verdict] = OrderedDict()
        self._switch(False)

    def _switch(self, on: bool) -> None:
        for layer in self._change.values():
            layer.on = on

    def judge(self, pairs: Sequence[tuple[Sequence[str], str]]) -> list[Verdict]:
        """One verdict for each pair of facts (as `rag.prepare.prepared` leaves them) and sentence."""
        keys = [(tuple(facts), sentence) for facts, sentence in pairs]
        missing = [key for key in dict.fromkeys(keys) if key not in self._kept]
        fresh = dict(zip(missing, self._read(missing), strict=True))
        found = [fresh[key] if key in fresh else self._kept[key] for key in keys]
        self._kept.update(zip(keys, found, strict=True))
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return found

    def _read(self, pairs: Sequence[tuple[tuple[str, ...], str]]) -> list[Verdict]:
        rows = [row_of(self._tokenizer, facts, sentence) for facts, sentence in pairs]
        order = sorted(range(len(rows)), key=lambda n: len(rows[n].ids))  # of like length together: little padding
        found: dict[int, Verdict] = {}
        for at in range(0, len(order), TOGETHER):
            chosen = order[at : at + TOGETHER]
            with self._lock, torch.inference_mode():
                self._switch(True)
                try:
                    states = states_of(self._transformer, [rows[n] for n in chosen])
                finally:
                    self._switch(False)
                doubt, omits, words = self._heads(states, [rows[n] for n in chosen])
            for place, n in enumerate(chosen):
                found[n] = Verdict(float(doubt[place].sigmoid()), float(omits[place].sigmoid()), doubted(pairs[n][1], rows[n], words[place].sigmoid().tolist()))
        return [found[n] for n in range(len(rows))]


def doubted(sentence: str, row: Row, chances: Sequence[float], above: float = 0.5) -> tuple[str, ...]:
    """Whole words of the sentence under tokens above the chance, neighbours joined."""
    marked = [False] * len(sentence)
    for (start, end), chance in zip(row.spans, chances, strict=True):
        if chance > above:
            marked[start:end] = [True] * (end - start)
    words = [(m.start(), m.end()) for m in re.finditer(r"\S+", sentence) if any(marked[m.start() : m.end()])]
    joined: list[tuple[int, int]] = []
    for start, end in words:
        if joined and start - joined[-1][1] <= 1:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return tuple(sentence[a:b].strip(".,;:") for a, b in joined)
