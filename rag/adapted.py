"""Low-rank changes (LoRA) of a frozen torch model: what our trainings learn and what the pair judge switches on. Imports torch: import late."""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch
from torch import nn


class Adapted(nn.Module):
    """A frozen linear layer plus a low-rank change: x W + (x A) B * scale. `on` False: as if the change were not there."""

    def __init__(self, base: nn.Linear, rank: int, scale: float) -> None:
        super().__init__()
        self.base, self.scale, self.on = base, scale, True
        self.a = nn.Parameter(torch.randn(rank, base.in_features) / math.sqrt(base.in_features))
        self.b = nn.Parameter(torch.zeros(base.out_features, rank))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x: (..., in) -> (..., out)."""
        plain = self.base(x)
        return plain + (x @ self.a.T) @ self.b.T * self.scale if self.on else plain


def adapt(layers: Iterable[tuple[int, nn.Module]], names: Iterable[str], rank: int, scale: float) -> dict[str, Adapted]:
    """Freeze the blocks of a transformer and put a change on the linear layers so named in them; by "number.name"."""
    wanted, found = tuple(names), dict[str, Adapted]()
    for number, block in layers:
        for parameter in block.parameters():
            parameter.requires_grad_(False)
        for parent in (block.self_attn, block.mlp):
            for name in wanted:
                if hasattr(parent, name):
                    made = Adapted(getattr(parent, name), rank, scale)
                    setattr(parent, name, made)
                    found[f"{number}.{name}"] = made
    return found
