"""Trains the small heads over the encoder: dangerous statements, and what a sentence tells (cause, done, planned ...).

    .venv/bin/python scripts/train_heads.py            # trains, prints five-fold figures, writes knowledge/heads/*.npz

Logistic regression on EmbeddingGemma's vector of the sentence, joined for statements with what the wording families found. Reads
`evals/labelled/training` only; the test part is never opened here. Thresholds come from five-fold predictions. Vectors are kept by content
under the program's home, so that a second run takes seconds.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

import click
import numpy as np

from rag import knowledge
from rag.checks.meaning import HEADS, Head, Vectors, save_head
from rag.checks.statements import KINDS, OK, features_of
from rag.encoder import load_encoder
from rag.formats import letter_from_text
from rag.settings import PROJECT, load_settings
from rag.weights import ENCODER

TRAINING = PROJECT / "evals" / "labelled" / "training"
FOLDS, SEED = 5, 0
OTHER = [
    "Thank you for the opportunity to reply to this notice.", "We kindly ask you to review our appeal and to reinstate the listing.", "Please let us know if you need anything further.",
    "We understand the importance of complying with Amazon's policies.", "This letter concerns ASIN B0C1D2E3F4 and the notice of 3 May 2026.", "We write to appeal the deactivation of our account.",
    "We apologize for any inconvenience this may have caused.", "We look forward to your reply.", "We take this matter very seriously.", "We ask you to release the funds to the bank account on file.",
    "We have read the policy and the notice carefully.", "Below is our plan of action.", "The documents are attached to this message.", "We respectfully request the reactivation of our selling account.",
    "Our store has always valued its customers.", "We value our relationship with Amazon and its customers.", "Please find our answers below.", "The complaint ID is 18840273561.", "We are confident that our account can be restored.",
    "感谢您给我们申诉的机会。", "恳请贵团队审核并恢复我们的账户。", "如需其他资料请随时联系我们。", "我们非常重视此事。", "以下是我们的行动计划。", "我们理解亚马逊的政策。", "此致敬礼。", "期待您的回复。", "附件是相关文件。", "本信针对ASIN B0C1D2E3F4的通知。",
]
"""Sentences of letters that tell no fact: openings, courtesies, requests."""
DIGEST = ENCODER.files[0].sha256[:12]


def main() -> None:
    """Train the heads."""
    statements()
    telling()


def statements() -> None:
    """`statements.npz`: 24 kinds and `ok`, of the statement itself; whether the kind was conceded is decided later by code."""
    records = read("admissions.jsonl")
    letters = lines_of_letters()
    ordinary = [{"text": r["sentence"], "label": "allowed", "kind": None, "context": {}} for r in read("wording.jsonl")] + letters
    every = records + ordinary
    vectors = encoded([r["text"] for r in every])
    features = np.stack([features_of(r["text"], matter=(r["context"].get("case_type") or "",), facts=r["context"].get("facts") or ()) for r in every])
    inputs = np.hstack([vectors, features])
    labels = np.array([r["kind"] if is_one(r) else OK for r in every])
    hard = np.arange(len(every)) < len(records)
    # Sentences of the wording set and of letters tell true things that a seller may concede, and half of one sentence's admission may stand in the next:
    # those that look like an admission are no examples of harmless ones.
    first = folded(inputs[hard], labels[hard])
    model = classifier().fit(inputs[hard], labels[hard])
    harmless = np.array([r.get("sure", False) for r in every]) | (model.predict_proba(inputs)[:, list(model.classes_).index(OK)] > 0.25)
    kept = hard | harmless
    click.echo(f"statements: {hard.sum()} labelled, {int((kept & ~hard).sum())} of {len(ordinary)} ordinary sentences added")
    report("  labelled alone", first, labels[hard])
    predicted = folded(inputs[kept], labels[kept])
    report("  with ordinary ones", predicted[: hard.sum()], labels[hard])
    risk = 1 - predicted[:, KINDS_AND_OK.index(OK)]
    wanted = labels[kept] != OK
    forbid = max(np.linspace(0.2, 0.8, 61), key=lambda t: f1(risk[: hard.sum()] > t, wanted[: hard.sum()])[2])
    # Lines of letters alone: single worded facts are easier, and the more of them there are the lower a limit taken from both would be.
    plain = risk[np.flatnonzero(kept) >= len(every) - len(letters)]
    warn = max(float(forbid), float(np.quantile(plain, 0.99)))
    block = max(warn, float(np.quantile(plain, 0.999)), next((float(t) for t in np.linspace(0.2, 0.99, 80) if f1(risk > t, wanted)[0] >= 0.97), 0.99))
    for name, t in (("forbid", forbid), ("warn", warn), ("block", block)):
        click.echo(f"  {name} {t:.2f} ({len(plain)} lines of letters): precision, recall, F1 {f1(risk[: hard.sum()] > t, wanted[: hard.sum()])}, on those {float((plain > t).mean()):.4f}")
    write("statements", inputs[kept], labels[kept], {"forbid": float(forbid), "warn": warn, "block": block})


def lines_of_letters() -> list[dict[str, Any]]:
    """Lines of good example letters (sure to be harmless) and of the tuning letters but for what is labelled as an admission."""
    found: list[dict[str, Any]] = []
    for record in read("../tuning/letters.jsonl"):
        quotes = [" ".join(a["quote"].split()) for a in record["admissions"]]
        lines = [s.text for section in letter_from_text(record["text"], case_id=record["id"]).sections for s in section.sentences]
        # A flaw that is no admission may stand in any line of a bad letter: only the good letters' lines are sure.
        found += [
            {"text": line, "label": "allowed", "kind": None, "context": {"case_type": record["case_type"]}, "sure": record["good"]}
            for line in lines
            if not any(line in q or q in line or shared(line, q) > 0.5 for q in quotes)
        ]
    for file in sorted((knowledge.KNOWLEDGE / "examples").glob("*.yaml")):
        example = knowledge.read_yaml(file)
        if example["quality"] == "good":
            found += [{"text": line.strip(), "label": "allowed", "kind": None, "context": {"case_type": example["case_type"]}, "sure": True} for line in example["text"].splitlines() if line.strip()]
    return found


def shared(line: str, quote: str) -> float:
    """Share of the shorter text's words that both have."""
    a, b = set(line.lower().split()), set(quote.lower().split())
    return len(a & b) / max(1, min(len(a), len(b)))


def telling() -> None:
    """`telling.npz`: which kind of fact a sentence tells."""
    records = read("wording.jsonl")
    others = [r["text"] for r in read("admissions.jsonl") if r.get("look") in {"policy", "notice_quote", "buyer_quote", "denial", "condition"}] + OTHER
    lines = read("telling.jsonl")  # as they stand in letters that sellers paste: standing procedures in the present tense, notes, clumsy English
    texts = [r["sentence"] for r in records] + [r["fact"] for r in records] + others + [r["text"] for r in lines]
    labels = np.array([r["kind"] for r in records] * 2 + ["other"] * len(others) + [r["tells"] for r in lines])
    vectors = encoded(texts)
    names = tuple(sorted(set(labels)))
    predicted = folded(vectors, labels, names=names)
    right = np.array(names)[predicted.argmax(axis=1)] == labels
    click.echo(f"telling: lines of letters right {right[-len(lines) :].mean():.3f}")
    click.echo(f"telling: {len(texts)} sentences, right {right.mean():.3f}; " + ", ".join(f"{n} {right[labels == n].mean():.2f}" for n in names))
    write("telling", vectors, labels, {})


KINDS_AND_OK = (*sorted(KINDS), OK)


def classifier() -> Any:
    """The one kind of model used here."""
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=20, max_iter=3000)


def folded(inputs: Vectors, labels: np.ndarray, *, names: tuple[str, ...] = KINDS_AND_OK) -> Vectors:
    """Five-fold predictions: each row predicted by a model that did not see it."""
    from sklearn.model_selection import StratifiedKFold

    found = np.zeros((len(labels), len(names)), np.float32)
    for train, held in StratifiedKFold(FOLDS, shuffle=True, random_state=SEED).split(inputs, labels):
        model = classifier().fit(inputs[train], labels[train])
        found[np.ix_(held, [names.index(c) for c in model.classes_])] = model.predict_proba(inputs[held])
    return found


def report(name: str, predicted: Vectors, labels: np.ndarray) -> None:
    """One line of figures of the statements head."""
    risk, wanted = 1 - predicted[:, KINDS_AND_OK.index(OK)], labels != OK
    best = max(np.linspace(0.2, 0.8, 61), key=lambda t: f1(risk > t, wanted)[2])
    kinds = np.array(KINDS_AND_OK)[predicted[:, :-1].argmax(axis=1)]
    click.echo(f"{name}: precision, recall, F1 {f1(risk > best, wanted)} at {best:.2f}; kind of the forbidden right {float((kinds == labels)[wanted].mean()):.3f}")


def f1(found: np.ndarray, wanted: np.ndarray) -> tuple[float, float, float]:
    """Precision, recall and F1, rounded."""
    right = float((found & wanted).sum())
    return round(right / max(found.sum(), 1), 3), round(right / max(wanted.sum(), 1), 3), round(2 * right / max(found.sum() + wanted.sum(), 1), 3)


def is_one(record: dict[str, Any]) -> bool:
    """The statement is of its kind in itself: forbidden, or allowed only because that kind was conceded."""
    return record["label"] == "forbidden" or (record.get("kind") or "") in (record["context"].get("conceded") or [])


def write(name: str, inputs: Vectors, labels: np.ndarray, thresholds: dict[str, float]) -> None:
    """Train on everything and write the head."""
    model = classifier().fit(inputs, labels)
    path = HEADS / f"{name}.npz"
    save_head(path, Head(tuple(model.classes_.tolist()), model.coef_.astype(np.float32), model.intercept_.astype(np.float32), DIGEST, thresholds))
    click.echo(f"  {path.name}: {path.stat().st_size / 1000:.0f} kB")


def read(name: str) -> list[dict[str, Any]]:
    """Records of a training file."""
    return [json.loads(line) for line in (TRAINING / name).read_text(encoding="utf-8").splitlines() if line.strip()]


def encoded(texts: list[str]) -> Vectors:
    """Vectors of texts, kept by content."""
    settings = load_settings()
    path = settings.home / f"training-vectors-{DIGEST}.npz"
    kept: dict[str, Vectors] = {}
    if path.exists():
        with np.load(path) as file:
            kept = dict(zip(file["keys"].tolist(), file["vectors"], strict=True))
    keys = [hashlib.sha256(t.encode()).hexdigest()[:24] for t in texts]
    missing = sorted({k: t for k, t in zip(keys, texts, strict=True) if k not in kept}.items(), key=lambda pair: len(pair[1]))
    if missing:
        click.echo(f"Encoding {len(missing)} sentences", err=True)
        rows = load_encoder(settings).encode_passages([t for _, t in missing], on_progress=lambda done, total: click.echo(f"\r{done}/{total}", nl=False, err=True))
        kept |= dict(zip([k for k, _ in missing], rows, strict=True))
        click.echo("", err=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, keys=np.array(list(kept)), vectors=np.stack(list(kept.values())))
    return np.stack([kept[k] for k in keys])


if __name__ == "__main__":
    main()
