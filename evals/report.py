"""Results -> a table for the terminal, and one HTML page to read: writers side by side, then every case with its letters and what was found in them.

The page holds everything in itself: no scripts from elsewhere, no fonts, no network; charts are drawn as SVG. Nothing is computed here that the
results do not say.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any, Literal, NamedTuple

from rag.errors import BadInput

Better = Literal["more", "less", ""]


class Row(NamedTuple):
    """One line of the comparison."""

    name: str
    title: str
    better: Better
    share: bool = False
    """Shown as a percentage."""


DRAFT_ROWS = (
    Row("must_mention", "Must-mention facts present", "more", True),
    Row("facts_kept", "Numbers, dates and ids of the facts kept", "more", True),
    Row("invented", "Invented exact parts per letter", "less"),
    Row("invented_per_100_words", "Invented exact parts per 100 words", "less"),
    Row("invented_numbers", "· invented numbers", "less"),
    Row("invented_dates", "· invented dates", "less"),
    Row("invented_ids", "· invented identifiers", "less"),
    Row("invented_names", "· invented names", "less"),
    Row("stock_measures", "Stock measures that no fact tells (kinds)", "less"),
    Row("foreign_places", "Places that are not in the case", "less"),
    Row("facts_altered", "Facts retold with another value", "less"),
    Row("tense_errors", "Plans told as done, or done as planned", "less"),
    Row("forbidden", "Forbidden statements", "less"),
    Row("must_not_literal", "Forbidden words of the case present", "less"),
    Row("must_not_meaning", "Forbidden meanings not ruled out (undecided)", ""),
    Row("sections", "Required sections present", "more", True),
    Row("sections_unwanted", "Parts of a plan where none belongs", "less"),
    Row("gaps_shown", "Missing facts shown as a gap", "more", True),
    Row("gaps_filled", "Missing facts filled with text", "less"),
    Row("placeholders", "Bracketed fields", ""),
    Row("chinese_left", "Sentences with Chinese left", "less"),
    Row("likeness", "Likeness among the letters of one writer", "less", True),
    Row("generic", "Sentences that fit any case", "less", True),
    Row("blocking_findings", "Blocking findings, own letter file", ""),
    Row("words", "Words", ""),
    Row("seconds", "Seconds per letter", "less"),
    Row("seconds_to_first", "Seconds to the first sentence", "less"),
    Row("calls", "Model calls", ""),
    Row("questions", "Yes/No questions to the model", ""),
    Row("tokens_in", "Tokens read", ""),
    Row("tokens_out", "Tokens written", ""),
    Row("tokens_per_second", "Tokens written per second, in all", "more"),
)
CHARTS = ("must_mention", "facts_kept", "invented_per_100_words", "stock_measures", "forbidden", "tense_errors", "sections", "likeness", "seconds")
COLOURS = ("#2563eb", "#d97706", "#059669", "#9333ea", "#dc2626", "#0891b2", "#64748b", "#a16207")
NAMES = {"ours": "ours", "B0": "B0 static fill", "B1": "B1 plain chat", "B2": "B2 persona", "B3": "B3 letters as examples", "B4": "B4 one JSON answer", "B5": "B5 strong prompt", "B6": "B6 strong prompt + gate"}


# --- for the terminal -------------------------------------------------------------------------------------------------------


def table(results: Mapping[str, Any]) -> str:
    """The numbers as plain text: writers side by side for drafts, one number a line for the other sets."""
    runs = _runs(results)
    return "\n\n".join([*([_draft_table(drafts)] if (drafts := [r for r in runs if r["set"] == "drafts"]) else []), *(_flat_table(r) for r in runs if r["set"] != "drafts")])


def _runs(results: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """One run, or several by name."""
    runs = [results] if "set" in results else list(results.values())
    if not runs or any(not isinstance(r, Mapping) or "set" not in r for r in runs):
        raise BadInput("the results are not those of evals.run; expected a run, or several by name.")
    return runs


def _summaries(runs: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """By split, then by writer."""
    found: dict[str, dict[str, Any]] = {}
    for run in runs:
        for writer, splits in run["writers"].items():
            for split, summary in splits.items():
                name = run["split"] if split == "all" and run["split"] != "all" else split
                found.setdefault(name, {})[writer] = summary
    return found


def _draft_table(runs: Sequence[Mapping[str, Any]]) -> str:
    blocks = []
    for split, writers in _summaries(runs).items():
        names = list(writers)
        lines = [f"drafts, {split} cases" + " " * 24, "  ".join([f"{'':<46}", *(f"{n:>20}" for n in names)])]
        lines[0] = lines[0].rstrip()
        lines.append("  ".join([f"{'letters of cases':<46}", *(f"{_counts(writers[n]):>20}" for n in names)]))
        for row in DRAFT_ROWS:
            cells = [_cell(writers[n]["metrics"].get(row.name), row) for n in names]
            if any(cells):
                lines.append("  ".join([f"{row.title:<46}", *(f"{c:>20}" for c in cells)]))
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)


def _counts(summary: Mapping[str, Any]) -> str:
    text = f"{summary['letters']} of {summary['cases']}"
    return text + "".join(f", {len(summary[k])} {k}" for k in ("refused", "unusable", "crashed") if summary.get(k))


def _cell(metric: Mapping[str, Any] | None, row: Row) -> str:
    if not metric or metric["mean"] is None:
        return ""
    text = _shown(metric["mean"], row.share)
    return f"{text} [{_shown(metric['interval'][0], row.share)}, {_shown(metric['interval'][1], row.share)}]" if metric.get("interval") else text


def _shown(value: float, share: bool) -> str:
    if share:
        return f"{100 * value:.0f}%"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def _flat_table(run: Mapping[str, Any]) -> str:
    return "\n".join([str(run["set"]), *(f"  {name:<44} {value}" for name, value in _flat(run) if name != "set")])


def _flat(data: Mapping[str, Any], before: str = "") -> Iterable[tuple[str, str]]:
    for key, value in data.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{key}.")
        elif isinstance(value, list):
            yield from ((f"{before}{key}", str(v)) for v in value)
        else:
            yield f"{before}{key}", "-" if value is None else f"{value:.3f}" if isinstance(value, float) else str(value)


# --- the page ---------------------------------------------------------------------------------------------------------------


def page(results: Mapping[str, Any], path: Path) -> Path:
    """Writes the page of one run, or of several by name, and returns its path."""
    runs = _runs(results)
    drafts = [r for r in runs if r["set"] == "drafts"]
    body = [f"<h1>Evaluation: {escape(', '.join(dict.fromkeys(str(r['set']) for r in runs)))}</h1>"]
    if drafts:
        body += _draft_page(drafts)
    for run in runs:
        if run["set"] != "drafts":
            rows = "".join(f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in _flat(run) if name != "set")
            body.append(f"<h2>{escape(run['set'])}</h2><table>{rows}</table>")
    html = f'<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Evaluation</title><style>{_CSS}</style></head><body>{"".join(body)}</body></html>\n'
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(html, encoding="utf-8")
    except OSError as error:
        raise BadInput(f"{path}: cannot be written ({error.strerror}).", f"{path}:无法写入。") from error
    return path


def _draft_page(runs: Sequence[Mapping[str, Any]]) -> list[str]:
    parts = [f"<p>Model: {escape(', '.join(dict.fromkeys(str(r['model']) for r in runs)))}. Means over letters with 95 % intervals over cases.</p>"]
    for split, writers in _summaries(runs).items():
        names = list(writers)
        colours = dict(zip(names, COLOURS * 3, strict=False))
        parts.append(f"<h2>{escape(split.capitalize())} cases</h2>")
        parts.append('<div class="charts">' + "".join(chart(row, {n: writers[n]["metrics"].get(row.name) for n in names}, colours) for row in DRAFT_ROWS if row.name in CHARTS) + "</div>")
        head = "".join(f'<th class="n">{escape(NAMES.get(n, n))}</th>' for n in names)
        rows = [f"<tr><th>Letters</th>{''.join(f'<td>{escape(_counts(writers[n]))}</td>' for n in names)}</tr>"]
        for row in DRAFT_ROWS:
            metrics = [writers[n]["metrics"].get(row.name) for n in names]
            if any(m and m["mean"] is not None for m in metrics):
                best = _best(metrics, row.better)
                cells = "".join(f'<td{" class=best" if i in best else ""}>{escape(_cell(m, row)) or "–"}</td>' for i, m in enumerate(metrics))
                arrow = {"more": "↑", "less": "↓", "": ""}[row.better]
                rows.append(f"<tr><th>{escape(row.title)} <span class=dim>{arrow}</span></th>{cells}</tr>")
        parts.append(f'<div class="wide"><table><tr><th></th>{head}</tr>{"".join(rows)}</table></div>')
    notes = dict.fromkeys(n for r in runs for n in r["notes"])
    parts.append("<ul class=dim>" + "".join(f"<li>{escape(n)}</li>" for n in notes) + "</ul>")
    parts.append("<h2>Cases</h2>")
    parts += [_case(entry) for entry in _merged(runs)]
    return parts


def _best(metrics: Sequence[Mapping[str, Any] | None], better: Better) -> set[int]:
    values = {i: m["mean"] for i, m in enumerate(metrics) if m and m["mean"] is not None}
    if not better or len(values) < 2:
        return set()
    top = (max if better == "more" else min)(values.values())
    best = {i for i, v in values.items() if v == top}
    return best if len(best) < len(values) else set()


def chart(row: Row, metrics: Mapping[str, Mapping[str, Any] | None], colours: Mapping[str, str]) -> str:
    """One metric as bars with intervals, one bar a writer."""
    known = {n: m for n, m in metrics.items() if m and m["mean"] is not None}
    if not known:
        return ""
    top = max(max((m["interval"] or [0, m["mean"]])[1] for m in known.values()), 1.0 if row.share else 0.0) or 1.0
    wide, left, high = 340, 92, 24
    bars = []
    for place, (name, metric) in enumerate(known.items()):
        y = place * high + 4
        x = left + (wide - left - 62) * metric["mean"] / top
        bars.append(f'<text x="{left - 6}" y="{y + 12}" text-anchor="end">{escape(name)}</text><rect x="{left}" y="{y}" width="{max(x - left, 0.5):.1f}" height="15" rx="2" fill="{colours.get(name, COLOURS[0])}"/>')
        end = x
        if metric["interval"]:
            low, end = (left + (wide - left - 62) * v / top for v in metric["interval"])
            bars.append(f'<path d="M{low:.1f} {y + 7.5}H{end:.1f}M{low:.1f} {y + 4}v7M{end:.1f} {y + 4}v7" class="whisker"/>')
        bars.append(f'<text x="{max(end, x) + 6:.1f}" y="{y + 12}">{_shown(metric["mean"], row.share)}</text>')
    arrow = {"more": " (more is better)", "less": " (less is better)", "": ""}[row.better]
    return f'<figure><figcaption>{escape(row.title)}<span class=dim>{arrow}</span></figcaption><svg viewBox="0 0 {wide} {len(known) * high + 8}" role="img" aria-label="{escape(row.title)}">{"".join(bars)}</svg></figure>'


def _merged(runs: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The cases of all runs, each with the letters of all writers."""
    cases: dict[str, dict[str, Any]] = {}
    for run in runs:
        details = Path(run["details"])
        if not details.is_file():
            raise BadInput(f"{details}: there is no such file; the letters of this run are gone. Run the evaluation again.", f"{details}:文件不存在,请重新运行评测。")
        for entry in json.loads(details.read_text(encoding="utf-8"))["items"]:
            kept = cases.setdefault(entry["case_id"], entry)
            kept["letters"] = {**kept["letters"], **entry["letters"]}
    return list(cases.values())


def _case(entry: Mapping[str, Any]) -> str:
    facts = "".join(f"<tr><td>{escape(f['id'])}</td><td>{escape(f['kind'])}</td><td>{escape(f['text'])}</td></tr>" for f in entry["facts"])
    letters = "".join(_letter(name, letter) for name, letter in entry["letters"].items())
    label = f"{entry['case_id']} · {entry['case_type'] or 'type from the notice'} · {entry['stance'] or 'stance proposed'}{' · ' + entry['split'] if entry['split'] else ''}"
    marks = " ".join(f'<span class="pill">{escape(n)} {escape(_brief(x))}</span>' for n, x in entry["letters"].items())
    return f'<details><summary>{escape(label)} {marks}</summary><details><summary>Facts and notice</summary><table>{facts}</table><pre>{escape(entry["notice"])}</pre></details><div class="letters">{letters}</div></details>'


def _brief(letter: Mapping[str, Any]) -> str:
    if letter["status"] != "ok":
        return str(letter["status"])
    scores = letter["scores"]
    return f"mentions {_value(scores, 'must_mention', share=True)}, invented {_value(scores, 'invented')}, tense {_value(scores, 'tense_errors')}"


def _value(scores: Mapping[str, Any], name: str, *, share: bool = False) -> str:
    value = scores.get(name, {}).get("value")
    return "–" if value is None else f"{100 * value:.0f}%" if share else f"{value:.0f}"


def _letter(writer: str, letter: Mapping[str, Any]) -> str:
    head = f"<h3>{escape(NAMES.get(writer, writer))}</h3>"
    if letter["status"] != "ok":
        return f'<section>{head}<p class="bad">{escape(letter["status"])}: {escape(letter["error"])}</p></section>'
    rows = []
    for name, score in letter["scores"].items():
        for e in score["extracts"]:
            if (e["verdict"] in {"present", "kept", "right", "absent"} and name != "must_not_literal") or e["verdict"] == "absent" or (name.startswith("invented_")) or e["verdict"] == "placeholder":
                continue
            rows.append(f"<tr><td>{escape(name)}</td><td>{escape(e['verdict'])}</td><td>{escape(e['item'])}</td><td>{escape(e['note'])}</td><td>{escape(e['quote'])}</td></tr>")
    findings = "".join(f"<li><b>{escape(f['severity'])}</b> {escape(f['check'])}: {escape(f['message'])} <q>{escape(f['quote'])}</q></li>" for f in letter["findings"])
    judged = f'<details><summary>What was judged ({len(rows)})</summary><div class="wide"><table>{"".join(rows)}</table></div></details>'
    listed = f"<details><summary>Findings ({len(letter['findings'])})</summary><ul>{findings}</ul></details>" if findings else ""
    return f'<section>{head}<pre class="letter">{marked(letter)}</pre>{judged}{listed}</section>'


def marked(letter: Mapping[str, Any]) -> str:
    """The letter's text as HTML, with invented parts, wrong tenses, forbidden words, leftovers and gaps marked."""
    text = letter["text"]
    spans: list[tuple[int, int, str]] = []
    for name, css in (("invented", "invented"), ("stock_measures", "invented"), ("foreign_places", "invented"), ("must_not_literal", "forbidden"), ("forbidden", "forbidden"), ("tense_errors", "tense"), ("facts_altered", "tense"), ("chinese_left", "tense"), ("placeholders", "gap")):
        for e in letter["scores"].get(name, {}).get("extracts", []):
            if e["verdict"] in {"absent", "right"}:
                continue
            wanted = e["item"] if name in {"invented", "foreign_places", "must_not_literal", "placeholders"} else e["quote"]
            spans += [(m.start(), m.end(), css) for m in re.finditer(_loosely(wanted), text, re.IGNORECASE)] if wanted else []
    html, at = [], 0
    for start, end, css in sorted(spans, key=lambda s: (s[0], -s[1])):
        if start < at:
            continue  # inside a part that is marked already
        html.append(f'{escape(text[at:start])}<mark class="{css}" title="{css}">{escape(text[start:end])}</mark>')
        at = end
    return "".join(html) + escape(text[at:])


def _loosely(wanted: str) -> str:
    pattern = r"[\s*_#]+".join(re.escape(part) for part in wanted.split())
    return rf"(?<![A-Za-z0-9]){pattern}(?![A-Za-z0-9])" if wanted and wanted[0].isalnum() and wanted[-1].isalnum() else pattern


_CSS = """
:root{color-scheme:light dark;--line:#8884;--dim:#6b7280}
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:1200px;padding:0 1rem}
h2{margin-top:2rem}.dim{color:var(--dim);font-weight:400}
table{border-collapse:collapse;font-size:14px}td,th{padding:.25rem .6rem;border-bottom:1px solid var(--line);text-align:left;vertical-align:top}
td.best{font-weight:700}.wide{overflow-x:auto}
.charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(320px,1fr));gap:1rem}
figure{margin:0;border:1px solid var(--line);border-radius:8px;padding:.6rem}figcaption{font-size:14px;margin-bottom:.3rem}
svg{width:100%;height:auto;font-size:12px}svg text{fill:currentColor}.whisker{stroke:currentColor;stroke-width:1.2;fill:none;opacity:.65}
details{border:1px solid var(--line);border-radius:8px;margin:.5rem 0;padding:.4rem .8rem}summary{cursor:pointer}
.pill{font-size:12px;border:1px solid var(--line);border-radius:99px;padding:0 .5rem;margin-left:.3rem;white-space:nowrap}
.letters{display:grid;grid-template-columns:repeat(auto-fit,minmax(320px,1fr));gap:1rem}section{min-width:0}
pre{white-space:pre-wrap;font:14px/1.5 system-ui,sans-serif;border:1px solid var(--line);border-radius:8px;padding:.8rem;overflow-wrap:anywhere}
mark{border-radius:3px;padding:0 2px;color:#111}mark.invented{background:#fca5a5}mark.forbidden{background:#f0abfc}mark.tense{background:#fde68a}mark.gap{background:#bfdbfe}
.bad{color:#dc2626}
"""
