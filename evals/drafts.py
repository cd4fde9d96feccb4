"""Cases through a writer, ours or a baseline, and scores of the letters. Says how good the letters are; the tests say whether the code is right.

Every letter is saved as it is finished (`items.jsonl` in the folder of the run, keyed by everything that the letter depends on), so a killed run
goes on where it stopped, and scores are computed anew from the saved letters. A case that was refused, got an unusable reply or crashed is
counted apart, never as zero. All writers are judged through the same door: their plain text, read as a pasted letter.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, get_args

from evals import scorers
from evals.baselines import BASELINES, EXAMPLES, STATIC
from evals.records import write_items
from evals.scorers import Score
from rag import knowledge
from rag.errors import AppealError, BadInput, ModelUnavailable, ReplyUnusable, SetupError, Stopped
from rag.formats import letter_from, letter_text, letter_to, load_case
from rag.llm import Chat, Reply
from rag.models import AdmissionKind, Case, Letter, NeverKind, Run
from rag.notice import read_notice
from rag.pipeline import PROMPTS, Doors, check_letter, draft_letter, settle_case_type
from rag.plan import make_plan
from rag.prepare import day_first
from rag.prompts import load_prompt
from rag.settings import PROJECT

OURS = "ours"
SPLITS = ("all", "tuning", "test")
JUDGED_SECTIONS = ("root_cause", "corrective_actions", "preventive_measures", "non_violation_grounds", "evidence_list")
"""Sections that any writer would put under a heading; opening, position and request are often plain paragraphs."""
STATEMENTS = tuple(k for k in (*get_args(AdmissionKind), *get_args(NeverKind)) if k != "template_placeholder")
"""Kinds of forbidden statements; unfilled form fields are counted apart."""


@dataclass(frozen=True)
class Written:
    """One letter of one writer, or the reason why there is none."""

    case_id: str
    writer: str
    status: str
    """`ok`, `refused` (the program said why it writes nothing), `unusable` (the model's reply could not be read as what was asked for), or `crashed`."""
    text: str = ""
    letter: dict[str, Any] = field(default_factory=dict)
    """The letter file."""
    error: str = ""
    seconds: float = 0.0
    seconds_to_first: float = 0.0
    calls: int = 0
    questions: int = 0
    """Yes/No questions to the model, of one token each; not among `calls`."""
    tokens_in: int = 0
    tokens_out: int = 0
    model: str = ""


class Meter:
    """A chat model that counts what is asked of it, so that all writers are counted alike. Kept replies cost nothing."""

    def __init__(self, chat: Chat) -> None:
        self._chat = chat
        self.calls = self.questions = self.tokens_in = self.tokens_out = 0

    @property
    def name(self) -> str:
        """Name of the model."""
        return self._chat.name

    @property
    def remote(self) -> bool:
        """Text leaves this machine."""
        return self._chat.remote

    @property
    def available(self) -> bool:
        """Whether a model is set."""
        return self._chat.available

    @property
    def adapters(self) -> frozenset[str]:
        """Trained adapters of the model."""
        return self._chat.adapters

    def complete(self, system: str, user: str, **options: Any) -> Reply:
        """The reply, counted."""
        reply = self._chat.complete(system, user, **options)
        if not reply.cached:
            self.calls, self.tokens_in, self.tokens_out = self.calls + 1, self.tokens_in + reply.tokens_in, self.tokens_out + reply.tokens_out
        return reply

    def yes_odds(self, system: str, user: str) -> float | None:
        """The odds, counted."""
        self.questions += 1
        return self._chat.yes_odds(system, user)


# --- cases ------------------------------------------------------------------------------------------------------------------


def load_cases(data: Path, *, split: str = "all", limit: int | None = None) -> list[Case]:
    """The cases of a folder (or of its `cases`), by file name; `split` is told in the notes of a case."""
    if split not in SPLITS:
        raise BadInput(f"split is {split!r}; expected one of {', '.join(SPLITS)}.", f"split {split!r} 无效。")
    folder = data / "cases" if (data / "cases").is_dir() else data
    paths = sorted((*folder.glob("*.yaml"), *folder.glob("*.yml"))) if folder.is_dir() else []
    if not paths:
        raise BadInput(f"{data}: no case files found; expected cases/*.yaml, one case each.", f"{data}:没有案件文件(cases/*.yaml)。")
    cases = [load_case(str(path)) for path in paths]
    repeated = sorted({c.id for c in cases if [d.id for d in cases].count(c.id) > 1})
    if repeated:
        raise BadInput(f"{folder}: case ids {', '.join(repeated)} stand in more than one file; each must be unique.", f"{folder}:案件编号重复。")
    chosen = [c for c in cases if split in ("all", split_of(c))]
    if not chosen:
        raise BadInput(f"{folder}: no case has `split: {split}` in its notes.", f"{folder}:没有 split: {split} 的案件。")
    return chosen[:limit] if limit else chosen


def split_of(case: Case) -> str:
    """`tuning` or `test` as the notes say; empty when they do not."""
    match = re.search(r"\bsplit:\s*(tuning|test)\b", case.notes)
    return match[1] if match else ""


# --- writing ----------------------------------------------------------------------------------------------------------------


def write(case: Case, writer: str, doors: Doors, *, should_stop: Callable[[], bool] = lambda: False) -> Written:
    """The letter of one case by one writer. A missing model or a wrong setup is an error of the run and is raised."""
    meter = Meter(doors.chat)
    started = time.monotonic()
    try:
        settled = settle_case_type(case, read_notice(case.notification))
        if writer == OURS:
            letter = draft_letter(settled, dataclasses.replace(doors, chat=meter), should_stop=should_stop)
            text, first = letter_text(letter), letter.run.seconds_to_first
            seconds = time.monotonic() - started
        else:
            text = BASELINES[writer][1](settled, meter)
            # A baseline answers in one piece at this door: nothing of it can be read before its end. Our checks of it are not its time.
            first = seconds = time.monotonic() - started
            letter = _pasted(text, settled)
    except (SetupError, Stopped):
        raise
    except BadInput as error:
        return Written(case.id, writer, "refused", error=error.message, seconds=time.monotonic() - started, model=meter.name)
    except ReplyUnusable as error:
        seconds = time.monotonic() - started
        return Written(case.id, writer, "unusable", "", {}, error.message, seconds, seconds, meter.calls, meter.questions, meter.tokens_in, meter.tokens_out, meter.name)
    except Exception as error:
        # Anything that a writer can do wrong ends its own case only; the reason is kept with it.
        what = error.message if isinstance(error, AppealError) else f"{type(error).__name__}: {error}"
        return Written(case.id, writer, "crashed", error=what, seconds=time.monotonic() - started, model=meter.name)
    run = Run(meter.name, {n: load_prompt(n).digest for n in prompts_of(writer)}, round(seconds, 2), meter.tokens_in, meter.tokens_out, meter.calls, round(first, 2))
    file = {**letter_to(dataclasses.replace(letter, run=run)), "text": text}
    return Written(case.id, writer, "ok", text, file, "", seconds, first, meter.calls, meter.questions, meter.tokens_in, meter.tokens_out, meter.name)


def _pasted(text: str, case: Case) -> Letter:
    letter = scorers.as_letter(text, case_id=case.id, case_type=case.case_type, stance=case.stance or "accept_and_fix")
    return dataclasses.replace(letter, findings=check_letter(letter, case))


def prompts_of(writer: str) -> tuple[str, ...]:
    """The prompt files that a writer uses."""
    return PROMPTS if writer == OURS else BASELINES[writer][2]


def content_key(case: Case, writer: str, model: str) -> str:
    """Changes with anything that the letter depends on: the case, the model, prompts, and for our own letters the program and its knowledge."""
    told = {k: v for k, v in dataclasses.asdict(case).items() if k not in {"must_mention", "must_not", "notes"}}
    parts = [told, writer, model, [load_prompt(n).digest for n in prompts_of(writer)], _program(writer)]
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


@cache
def _program(writer: str) -> str:
    if writer == OURS:
        files = [*(PROJECT / "rag").rglob("*.py"), *(PROJECT / "knowledge").rglob("*.yaml")]
    else:
        files = [PROJECT / "evals" / "baselines.py", STATIC, *(EXAMPLES.glob("*.yaml") if writer in {"B3", "B4"} else ())]
    digest = hashlib.sha256()
    for path in sorted(files):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def write_all(
    cases: Sequence[Case], writer: str, doors: Doors, folder: Path, *, on_progress: Callable[[int, int, str], None], should_stop: Callable[[], bool]
) -> list[Written]:
    """Letters of all cases. What stands in `items.jsonl` under the same key is taken from there; crashes are tried again."""
    path = folder / "items.jsonl"
    folder.mkdir(parents=True, exist_ok=True)
    kept = _kept(path)
    done: list[Written] = []
    for number, case in enumerate(cases, 1):
        if should_stop():
            raise Stopped(f"Stopped after {number - 1} of {len(cases)} cases; they are kept in {folder}.", f"已在第 {number - 1}/{len(cases)} 个案件后停止,已完成的已保存。")
        key = content_key(case, writer, doors.chat.name)
        letter = kept.get(key)
        if letter is None:
            letter = write(case, writer, doors, should_stop=should_stop)
            with path.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"key": key, **dataclasses.asdict(letter)}, ensure_ascii=False) + "\n")
        done.append(letter)
        on_progress(number, len(cases), f"{writer}: {case.id}")
    return done


def _kept(path: Path) -> dict[str, Written]:
    if not path.exists():
        return {}
    data = path.read_text(encoding="utf-8")
    if data and not data.endswith("\n"):  # killed while writing: the half line is dropped, so that the next one starts clean
        data = data[: data.rfind("\n") + 1]
        path.write_text(data, encoding="utf-8")
    found: dict[str, Written] = {}
    for line in data.splitlines():
        record = json.loads(line)
        key = record.pop("key")
        if record["status"] != "crashed":
            found[key] = Written(**record)
    return found


# --- scoring ----------------------------------------------------------------------------------------------------------------


def judge(written: Written, case: Case) -> dict[str, Score]:
    """All scores of one letter, by name; empty when there is none."""
    if written.status != "ok":
        return {}
    case = settle_case_type(case, read_notice(case.notification))
    first = day_first(case.marketplace)
    facts = scorers.told(case, first=first)
    kind = knowledge.case_type(case.case_type)
    plan = make_plan(case, read_notice(case.notification), kind)
    option = kind.option(plan.stance)
    wanted = [s for s in (option.sections if option else ()) if s in JUDGED_SECTIONS]
    missing = [g.section for g in plan.gaps if g.required and g.section in JUDGED_SECTIONS]
    text = written.text
    pasted = _pasted(text, case)
    scores = {
        "must_mention": scorers.must_mention(text, case.must_mention, first=first),
        "must_not_literal": scorers.must_not_literal(text, case.must_not),
        "must_not_meaning": scorers.must_not_meaning(text, case.must_not),
        "invented": scorers.invented(text, case, facts, first=first),
        "facts_kept": scorers.facts_kept(text, facts, first=first),
        "facts_altered": scorers.facts_altered(text, case, facts, first=first),
        "stock_measures": scorers.stock_measures(text, facts),
        "foreign_places": scorers.foreign_places(text, case, facts),
        "generic": scorers.generic(pasted, case),
        "forbidden": scorers.findings_of(pasted.findings, STATEMENTS),
        "sections": scorers.sections_present(pasted, wanted, plan_allowed=plan.stance in ("accept_and_fix", "mixed")),
        "tense_errors": scorers.tense_errors(text, facts, first=first),
        "gaps_shown": scorers.gaps_shown(pasted, missing),
        "placeholders": scorers.placeholders(text),
        "chinese_left": scorers.chinese_left(text),
    }
    count = scorers.words(text)
    scores["invented_per_100_words"] = Score(100 * (scores["invented"].value or 0) / count if count else None)
    for name in ("number", "date", "id", "name"):
        found = tuple(e for e in scores["invented"].extracts if e.note == name)
        scores[f"invented_{name}s"] = Score(float(len(found)), found)
    unwanted = scores["sections"].having("unwanted")
    scores["sections_unwanted"] = Score(float(len(unwanted)), unwanted)
    scores["gaps_filled"] = Score(float(len(scores["gaps_shown"].having("filled"))), scores["gaps_shown"].having("filled")) if missing else Score(None)
    scores["blocking_findings"] = Score(float(sum(f.severity == "block" for f in letter_from(written.letter, where=written.case_id).findings)))
    scores["words"] = Score(float(count))
    scores["seconds"] = Score(written.seconds)
    scores["seconds_to_first"] = Score(written.seconds_to_first)
    scores["calls"] = Score(float(written.calls))
    scores["questions"] = Score(float(written.questions))
    scores["tokens_in"] = Score(float(written.tokens_in))
    scores["tokens_out"] = Score(float(written.tokens_out))
    scores["tokens_per_second"] = Score(written.tokens_out / written.seconds if written.seconds and written.tokens_out else None)
    return scores


def summary(letters: Sequence[tuple[Written, dict[str, Score]]]) -> dict[str, Any]:
    """Means over the letters that exist, each with its interval and how many letters it rests on; cases without a letter by the reason."""
    fine = [(w, s) for w, s in letters if w.status == "ok"]
    names = list(fine[0][1]) if fine else []
    metrics: dict[str, Any] = {}
    for name in names:
        values = [v for _, s in fine if (v := s[name].value) is not None]
        interval = scorers.interval(values)
        metrics[name] = {"mean": _round(scorers.mean(values)), "interval": [_round(x) for x in interval] if interval else None, "cases": len(values)}
    alike = scorers.likeness({w.case_id: w.text for w, _ in fine})
    metrics["likeness"] = {"mean": _round(alike.value), "interval": None, "cases": len(fine), "likest": [f"{e.item}: {e.note}" for e in alike.extracts]}
    return {
        "cases": len(letters),
        "letters": len(fine),
        "refused": [w.case_id for w, _ in letters if w.status == "refused"],
        "unusable": [w.case_id for w, _ in letters if w.status == "unusable"],
        "crashed": [w.case_id for w, _ in letters if w.status == "crashed"],
        "metrics": metrics,
    }


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


# --- the whole run ------------------------------------------------------------------------------------------------------------


def writers_of(writer: str) -> tuple[str, ...]:
    """`ours`, `B1`, or several with commas between them."""
    names = tuple(dict.fromkeys(w.strip() for w in writer.split(",") if w.strip()))
    unknown = [w for w in names if w != OURS and w not in BASELINES]
    if unknown or not names:
        raise BadInput(f"writer is {writer!r}; expected ours or one of {', '.join(BASELINES)}, or several with commas.", f"writer {writer!r} 无效,应为 ours、{'、'.join(BASELINES)}。")
    return names


def evaluate(
    data: Path,
    *,
    writer: str,
    split: str,
    limit: int | None,
    items: Path | None,
    out: Path | None,
    doors: Doors,
    on_progress: Callable[[int, int, str], None],
    should_stop: Callable[[], bool],
) -> dict[str, Any]:
    """Runs the cases through the writers, scores the letters, saves everything, and returns the summaries."""
    writers = writers_of(writer)
    cases = load_cases(data, split=split, limit=limit)
    if not doors.chat.available and any(prompts_of(w) for w in writers if w != OURS):
        raise ModelUnavailable("The baselines need a language model and none is set (POA_MODEL=none).", "基线需要语言模型,而当前未设置(POA_MODEL=none)。")
    folder = out or PROJECT / "runs" / f"drafts-{re.sub(r'[^A-Za-z0-9._-]+', '-', doors.chat.name)[:60]}"
    total = len(writers) * len(cases)
    judged: dict[str, list[tuple[Written, dict[str, Score]]]] = {}
    for number, name in enumerate(writers):
        base = number * len(cases)
        letters = write_all(cases, name, doors, folder, on_progress=lambda done, _, what, base=base: on_progress(base + done, total, what), should_stop=should_stop)  # type: ignore[misc]
        judged[name] = [(w, judge(w, c)) for w, c in zip(letters, cases, strict=True)]
    splits = {"all": cases, **{s: chosen for s in SPLITS[1:] if (chosen := [c for c in cases if split_of(c) == s]) and len(chosen) < len(cases)}}
    result: dict[str, Any] = {
        "set": "drafts",
        "split": split,
        "model": doors.chat.name,
        "cases": [c.id for c in cases],
        "writers": {
            name: {part: summary([pair for pair, c in zip(pairs, cases, strict=True) if c in chosen]) for part, chosen in splits.items()}
            for name, pairs in judged.items()
        },
        "notes": NOTES,
        "folder": str(folder),
    }
    details = [_details(case, {name: pairs[n] for name, pairs in judged.items()}) for n, case in enumerate(cases)]
    page = folder / f"results-{'-'.join(writers)}-{split}.json"
    result["details"] = str(page)
    page.write_text(json.dumps({**result, "items": details}, ensure_ascii=False, indent=1), encoding="utf-8")
    write_items(items, (item for name, pairs in judged.items() for item in (_item(w, s, c, name) for (w, s), c in zip(pairs, cases, strict=True))))
    return result


NOTES = [
    "Every letter is read as pasted text, ours too; exact parts are held against all facts of the case, the notice, the store and the documents.",
    "must_not meanings are not decided by code: `undecided` counts those of which at least one word stands in the letter.",
    "A baseline answers in one piece, so its first sentence comes with its last.",
    "Names are found by capitals and are the least certain of the invented parts.",
    "Means are over the letters that exist; intervals are 95 % bootstrap intervals over cases, seeded.",
]


def _item(written: Written, scores: Mapping[str, Score], case: Case, writer: str) -> dict[str, Any]:
    return {
        "id": case.id,
        "label": {"must_mention": list(case.must_mention), "must_not": list(case.must_not)},
        "predicted": written.letter or None,
        "score": scores["must_mention"].value if scores else None,
        "writer": writer,
        "split": split_of(case),
        "status": written.status,
        "error": written.error,
        "scores": {name: score.value for name, score in scores.items()},
    }


def _details(case: Case, letters: Mapping[str, tuple[Written, dict[str, Score]]]) -> dict[str, Any]:
    return {
        "case_id": case.id,
        "split": split_of(case),
        "case_type": case.case_type,
        "stance": case.stance or "",
        "notice": case.notification,
        "facts": [dataclasses.asdict(f) for f in case.facts],
        "letters": {
            name: {
                "status": w.status,
                "error": w.error,
                "text": w.text,
                "findings": w.letter.get("findings", []),
                "scores": {n: {"value": s.value, "extracts": [dataclasses.asdict(e) for e in s.extracts]} for n, s in scores.items()},
            }
            for name, (w, scores) in letters.items()
        },
    }
