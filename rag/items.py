"""The items of a mixed answer: which orders and listings the seller accepts, and which are contested. Read from the facts, never guessed.

An item is contested where the seller names it as disputed or denies something about it, and accepted where a cause or a step names it. What only
papers and circumstances name stands with the contested ones, since nothing is accepted for it, and is asked about.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from rag.atoms import find_atoms
from rag.models import Fact, Notice

_OF_ITEMS = frozenset(["asin", "order_id"])
_ACCEPTS = frozenset(["cause", "action_done", "action_planned"])


def items_in(text: str) -> tuple[str, ...]:
    """The ASINs and order numbers of a text, in order, each once."""
    return tuple(dict.fromkeys(a.value[0] for a in find_atoms(text) if a.kind in _OF_ITEMS))


def orders_in(text: str) -> tuple[str, ...]:
    """The order numbers of a text."""
    return tuple(dict.fromkeys(a.value[0] for a in find_atoms(text) if a.kind == "order_id"))


def one_order(facts: Sequence[Fact], notice: Notice) -> str:
    """The order that a message to a buyer is about: the only one that a step names, else the only one at all; empty when it is not clear."""
    for texts in ([f.text for f in facts if f.kind in {"action_done", "action_planned"}], [f.text for f in facts]):
        found = set(orders_in("\n".join(texts)))
        if found:
            return found.pop() if len(found) == 1 else ""
    return notice.order_ids[0] if len(notice.order_ids) == 1 else ""


@dataclass(frozen=True)
class Items:
    """The items of a mixed answer by side; all empty in any other."""

    conceded: tuple[str, ...] = ()
    contested: tuple[str, ...] = ()
    undecided: tuple[str, ...] = ()
    """Nothing says on which side they are."""

    def contests(self, fact: Fact) -> bool:
        """Whether the fact belongs to an item in dispute: it names some, and none that is accepted."""
        named = set(items_in(fact.text))
        return bool(named & {*self.contested, *self.undecided}) and not named & set(self.conceded)

    def place(self, fact: Fact) -> int:
        """Sorting key that keeps the facts of one item together, after those that name none."""
        named = items_in(fact.text)
        order = (*self.conceded, *self.contested, *self.undecided)
        return min((order.index(i) + 1 for i in named if i in order), default=0)


def items_of(facts: Sequence[Fact], notice: Notice, disputes: Callable[[Fact], bool]) -> Items:
    """The items of notice and facts by side. What the seller listed as disputed counts before what the facts suggest."""
    told = [f for f in facts if not f.attached]
    listed = _named(f for f in told if f.question == "disputes_part")
    denied = _named(f for f in told if f.kind not in {"action_done", "action_planned"} and disputes(f))
    accepted = _named(f for f in told if f.kind in _ACCEPTS and not disputes(f))
    known = tuple(dict.fromkeys((*notice.order_ids, *notice.asins, *_named(told))))
    contested = tuple(i for i in known if i in listed or (i in denied and i not in accepted))
    conceded = tuple(i for i in known if i in accepted and i not in listed and i not in denied)
    named = set(_named(told))
    # An item of the notice that no fact names is covered by the facts that speak of all of them.
    undecided = tuple(i for i in known if i in named and i not in contested and i not in conceded)
    return Items(conceded, contested, undecided) if conceded or contested else Items()


def _named(facts: Iterable[Fact]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(i for f in facts for i in items_in(f.text)))


def negated(text: str) -> bool:
    """Whether an answer to a yes-or-no question says no."""
    return re.match(r"\s*(?:no\b|not\b|i do not|we do not|否|不|没有)", text, re.IGNORECASE) is not None


def affirmed(text: str) -> bool:
    """Whether an answer says yes and takes nothing of it back."""
    yes = re.match(r"\s*(?:yes\b|y\b|true\b|i (?:do |hereby )?(?:consent|agree|believe|confirm|accept|state)\b|we (?:do |hereby )?(?:consent|agree|believe|confirm|accept|state)\b|是|同意|确认|可以|愿意|善意|我(?:们)?(?:善意|同意|确认|接受))", text, re.IGNORECASE)
    return yes is not None and re.search(r"\bnot sure\b|\bunsure\b|\bmaybe\b|\b(?:do|does|will|can) ?n[o']t (?:consent|agree|accept|believe)\b|不确定|不同意|不接受|也许|可能", text, re.IGNORECASE) is None
