"""The command `poa`: thin wrappers, one function of the library each. Imports are late, so that help and checks feel instant.

Exit codes: 0 done, 1 the answer is "not good enough" (blocking findings, a failed gate), 2 bad input or a missing part, in one line on
standard error. With --json standard output holds JSON and nothing else; progress goes to standard error.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rag.errors import AppealError, Stopped

if TYPE_CHECKING:
    from rag.models import Finding, Letter

SETS = ("notices", "statements", "groundedness", "letters", "retrieval", "drafts")
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON and nothing else.")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="poa", prog_name="poa")
def poa() -> None:
    """Write, check and measure Amazon seller appeals from the seller's own facts."""


def main() -> None:
    """Entry point: every error that a user can cause is one line and exit code 2."""
    try:
        code = poa.main(standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except click.ClickException as error:
        _note(f"poa: {error.format_message()}")
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt, Stopped) as error:
        _note(f"poa: {error if isinstance(error, Stopped) else 'stopped; finished work is kept.'}")
        sys.exit(130)
    except AppealError as error:
        _note(f"poa: {error.message_zh if _chinese() else error.message}")
        sys.exit(2)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


def _chinese() -> bool:
    return (os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or "").startswith("zh")


def _print(data: Any) -> None:
    click.echo(json.dumps(data, ensure_ascii=False, indent=1))


def _note(text: str) -> None:
    click.echo(text, err=True)


@poa.command()
@click.argument("notice")
@json_option
def read(notice: str, as_json: bool) -> None:
    """Read a notice: its kind, case type, what it asks for, until when. NOTICE is a text file or -."""
    import dataclasses

    from rag.formats import read_text
    from rag.notice import read_notice

    text = read_text(notice)
    found = read_notice(text)
    data = dataclasses.asdict(found)
    data["case_type"] = found.case_type or None
    data["case_type_ranked"] = [{"id": name, "score": score} for name, score in found.case_type_ranked]
    if as_json:
        _print(data)
        return
    click.echo(f"kind       {found.kind or 'unsure'}")
    click.echo(f"case type  {found.case_type or 'unsure'}" + "".join(f"\n           {name} {score:.2f}" for name, score in found.case_type_ranked))
    click.echo(f"reply      {found.reply_form or 'unsure'}")
    click.echo(f"deadline   {f'{found.deadline_hours} hours' if found.deadline_hours else 'none found'}")
    for name in ("requested", "asins", "order_ids", "complaint_ids"):
        if values := getattr(found, name):
            click.echo(f"{name.replace('_', ' '):<10} {', '.join(values)}")
    for quote in found.quotes:
        click.echo(f"  “{quote.text}”  -> {quote.supports}")


@poa.command()
@click.argument("words")
@click.option("-k", default=5, show_default=True, type=click.IntRange(1, 100), help="How many passages.")
@click.option("--case-type", default="", help="Only passages of this case type (and general ones).")
@click.option("--marketplace", default="", help="Only passages that hold for this store, e.g. US.")
@json_option
def search(words: str, k: int, case_type: str, marketplace: str, as_json: bool) -> None:
    """Search the rules and guidance, in English, Simplified or Traditional Chinese."""
    from rag import search as find
    from rag.errors import BadInput
    from rag.formats import store_code

    if case_type:
        from rag import knowledge

        knowledge.case_type(case_type)
    store = store_code(marketplace) if marketplace else ""
    if marketplace and not store:
        raise BadInput(f"--marketplace is {marketplace!r}; expected a store code such as US, UK, DE, JP.")
    found = find(words, k, case_type=case_type, marketplace=store)
    if as_json:
        _print([{**_passage(p), "case_types": list(p.case_types)} for p in found])
        return
    for passage in found:
        click.echo(f"{passage.score:.2f}  {passage.id}  {passage.title}\n      {passage.text}\n      source: {passage.source} ({passage.as_of}); found by {passage.why}\n")
    if not found:
        click.echo("Nothing fits.")


def _passage(passage: Any) -> dict[str, Any]:
    return {key: getattr(passage, key) for key in ("id", "title", "text", "language", "source", "as_of", "score", "why")}


@poa.command()
@click.argument("case")
@click.option("-o", "--output", default="", help="Write the letter to this .json file.")
@click.option("--model", default=None, help="local, none, provider:model, or http://host/v1#model.")
@click.option("--document", "wanted", default="", help="Kind of document, e.g. follow_up; by default what the case needs.")
@click.option("--earlier", multiple=True, help="A letter that was sent before (.json, .txt, .md, .docx); may be repeated, the newest last.")
@click.option("--no-search", is_flag=True, help="Do not look up passages (starts faster).")
@json_option
def draft(case: str, output: str, model: str | None, wanted: str, earlier: tuple[str, ...], no_search: bool, as_json: bool) -> None:
    """Write the letter of a case file. Exits 1 when findings still block it."""
    from rag.formats import letter_text, letter_to, load_case
    from rag.notice import read_notice
    from rag.pipeline import Event, draft_letter, open_doors, settle_case

    value = load_case(case)
    before = [_sent(path) for path in earlier]
    notice = read_notice(value.notification)
    settle_case(value, notice, wanted, before)  # a refusal does not wait for models to load

    def show(event: Event) -> None:
        if event.sentence is not None:
            _note(f"[{event.done}/{event.total}] {event.sentence.text}")
        elif event.step == "support":
            _note(f"checking {event.done}/{event.total}")

    letter = draft_letter(value, open_doors(model=model, search=not no_search), notice=notice, document=wanted, earlier=before, on_event=show)
    data = letter_to(letter)
    if output:
        _write(output, json.dumps(data, ensure_ascii=False, indent=1))
    if as_json:
        _print(data)
    else:
        if not output:
            click.echo(letter_text(letter))
        _show(letter.findings)
        for gap in letter.gaps:
            click.echo(f"missing: {gap.question_zh if _chinese() else gap.question_en}")
    sys.exit(_verdict(letter.findings))


def _sent(path: str) -> Letter | str:
    """A letter that was sent: ours knows which sentence rests on which fact, any other is its text."""
    from rag.formats import letter_text, load_letter

    letter = load_letter(path)
    return letter if path.lower().endswith(".json") else letter_text(letter)


@poa.command()
@click.argument("letter")
@click.option("--case", "case_file", default="", help="The case file that the letter belongs to.")
@click.option("--fast", is_flag=True, help="Without the encoder: dangerous statements are known by their words alone.")
@json_option
def check(letter: str, case_file: str, fast: bool, as_json: bool) -> None:
    """Check any letter (.json, .txt, .md, .docx or -). Exits 1 when findings block it."""
    from rag.checks.meaning import open_meaning
    from rag.formats import finding_to, load_case, load_letter
    from rag.pipeline import check_letter
    from rag.settings import load_settings

    read, case = load_letter(letter), load_case(case_file) if case_file else None
    found = check_letter(read, case, meaning=None if fast else open_meaning(load_settings()))
    if as_json:
        _print([finding_to(f) for f in found])
    else:
        _show(found)
    sys.exit(_verdict(found))


def _show(findings: tuple[Finding, ...]) -> None:
    for finding in findings:
        place = f" (sentence {finding.sentence + 1})" if finding.sentence is not None else ""
        click.echo(f"{finding.severity:<5} {finding.check}{place}: {finding.message_zh if _chinese() else finding.message}")
        if finding.quote:
            click.echo(f"      “{finding.quote}”")
    if not findings:
        click.echo("Nothing found.")


def _verdict(findings: tuple[Finding, ...]) -> int:
    return 1 if any(f.severity == "block" for f in findings) else 0


def _write(path: str, text: str) -> None:
    """Written beside and moved into place: a kill leaves the old file or the new one."""
    from rag.errors import BadInput

    target = Path(path)
    try:
        partial = target.with_name(target.name + ".partial")
        partial.write_text(text + "\n", encoding="utf-8")
        partial.replace(target)
    except OSError as error:
        raise BadInput(f"{path}: cannot be written ({error.strerror}).", f"{path}:无法写入。") from error


@poa.command()
@click.argument("letter")
@click.option("-o", "--output", required=True, help="Target file: .docx, .txt or .zip.")
@click.option("--language", default="en", type=click.Choice(["en", "zh"]), help="Language of the cover sheet.")
def export(letter: str, output: str, language: str) -> None:
    """Export a letter file with its three boxes and attachment list."""
    from rag.export import export_letter
    from rag.formats import load_letter

    export_letter(load_letter(letter), Path(output), language=language)
    _note(f"Written: {output}")


@poa.command()
@click.option("--rebuild", is_flag=True, help="Start from nothing.")
@click.option("--ship", is_flag=True, help="For maintainers: renew the vectors that come with the project.")
@json_option
def index(rebuild: bool, ship: bool, as_json: bool) -> None:
    """Build the passage index; unchanged text is not embedded again."""
    import shutil

    from rag import knowledge
    from rag.documents import has_documents
    from rag.encoder import load_encoder
    from rag.errors import KnowledgeError
    from rag.index import ASKS, PassageIndex, asks, drop_guidance, passages, shipped_path
    from rag.settings import load_settings

    problems = knowledge.problems()
    if problems:
        raise KnowledgeError(f"knowledge/ has {len(problems)} problems; the first: {problems[0]}")
    settings = load_settings()
    if rebuild and not settings.index and has_documents(settings):
        drop_guidance(settings)  # the seller's documents are in the same folder and exist nowhere else
    elif rebuild and not settings.index:
        shutil.rmtree(settings.index_folder, ignore_errors=True)
    from tqdm import tqdm

    with tqdm(total=0, desc="embedding passages", file=sys.stderr, disable=as_json) as bar:

        def progress(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        store = PassageIndex(settings, load_encoder(settings))
        built = [store.build(passages(), on_progress=progress)]
        questions = PassageIndex(settings, store.encoder, collection=ASKS)
        if ship or shipped_path(store.encoder.name, ASKS).exists():  # elsewhere encoding them takes minutes: there they are found by words
            built.append(questions.build(asks(), on_progress=progress))
    if ship:
        _note(f"shipped vectors: {store.ship(passages())} passages, {questions.ship(asks())} questions")
    data = {"added": sum(b.added for b in built), "kept": sum(b.kept for b in built), "removed": sum(b.removed for b in built)}
    _print(data) if as_json else click.echo(", ".join(f"{value} {key}" for key, value in data.items()))


@poa.group()
def documents() -> None:
    """Your own documents, searched with the guidance: add, list, remove. They stay in POA_HOME (or on the server of POA_INDEX)."""


@documents.command(name="add")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--name", default="", help="Name to keep it under; by default the file's own. A name has one document.")
@json_option
def documents_add(files: tuple[str, ...], name: str, as_json: bool) -> None:
    """Add documents (.pdf .docx .html .md .txt, or - for a text on standard input). Nothing is added when one cannot be read."""
    import dataclasses

    from rag.documents import add_document
    from rag.encoder import load_encoder
    from rag.errors import BadInput, SetupError
    from rag.extract import extract_file, extract_text
    from rag.formats import read_text
    from rag.settings import load_settings

    read = [extract_text(read_text(f), name=name) if f == "-" else extract_file(Path(f), name=name) for f in files]
    names = [r.name for r in read if r.name]
    if twice := next((n for n in names if names.count(n) > 1), ""):
        raise BadInput(f"Two of these documents are named {twice!r}; add them one after another, each with its own --name.", f"有两个文档同名({twice});请分别添加,并用 --name 取不同的名称。")
    settings = load_settings()
    encoder = None
    try:
        encoder = load_encoder(settings)
    except SetupError as error:
        _note(f"poa: {error.message_zh if _chinese() else error.message}")
    results = []
    for extract in read:
        added = add_document(extract, settings, encoder=encoder, on_progress=lambda done, total: _note(f"embedding {done}/{total}"))
        results.append({**dataclasses.asdict(added.document), "outcome": added.outcome})
        if not as_json:
            _show_document(results[-1], added.outcome)
        if extract.silent_pages:
            _note(f"{extract.name}: no text on {len(extract.silent_pages)} of its pages (scanned?); search cannot find them: {', '.join(map(str, extract.silent_pages[:10]))}")
    if as_json:
        _print(results)


@documents.command(name="list")
@json_option
def documents_list(as_json: bool) -> None:
    """List your documents, by name."""
    import dataclasses

    from rag.documents import list_documents
    from rag.settings import load_settings

    found = [dataclasses.asdict(d) for d in list_documents(load_settings())]
    if as_json:
        _print(found)
        return
    for document in found:
        _show_document(document)
    if not found:
        click.echo("No documents yet.")


@documents.command(name="remove")
@click.argument("which", metavar="ID")
@json_option
def documents_remove(which: str, as_json: bool) -> None:
    """Remove a document by its id (or name); no search finds it from then on."""
    import dataclasses

    from rag.documents import remove_document
    from rag.settings import load_settings

    gone = dataclasses.asdict(remove_document(which, load_settings()))
    _print(gone) if as_json else _show_document(gone, "removed")


def _show_document(document: dict[str, Any], what: str = "") -> None:
    click.echo(f"{what:<8}  " * bool(what) + f"{document['id']}  {document['as_of']}  {document['format']:<6}  {document['language']}  {document['passages']:>5} passages  {document['name']}")


@poa.command(name="eval")
@click.argument("name", metavar="SET", type=click.Choice(SETS))
@click.option("--data", default=None, type=click.Path(path_type=Path), help="Folder with the data; default: the project's own.")
@click.option("--items", default=None, type=click.Path(path_type=Path), help="Write one record per item to this .jsonl file.")
@click.option("--writer", default="ours", show_default=True, help="drafts: ours, or a baseline B0 to B6; several with commas.")
@click.option("--split", default="all", show_default=True, type=click.Choice(["all", "tuning", "test"]), help="drafts: part of the cases.")
@click.option("--limit", default=None, type=click.IntRange(min=1), help="At most so many items.")
@click.option("--model", default=None, help="Chat model, as in poa draft.")
@click.option("--page", default=None, type=click.Path(path_type=Path), help="Write a page to read (.html).")
@click.option("--words-only", is_flag=True, help="statements, letters: without the trained heads, to see what they add.")
@json_option
def evaluate(
    name: str, data: Path | None, items: Path | None, writer: str, split: str, limit: int | None, model: str | None, page: Path | None, words_only: bool, as_json: bool
) -> None:
    """Measure: notices, statements, groundedness, letters, retrieval or drafts."""
    import evals
    import evals.report

    results = evals.run(
        name,
        data=data,
        writer=writer,
        split=split,
        limit=limit,
        items=items,
        model=model,
        out=None,
        on_progress=lambda done, total, what: _note(f"[{done}/{total}] {what}"),
        should_stop=lambda: False,
        words_only=words_only,
    )
    if page:
        evals.report.page(results, page)
        _note(f"Written: {page}")
    _print(results) if as_json else click.echo(evals.report.table(results))


@poa.command()
@click.option("--port", default=8501, show_default=True, type=click.IntRange(1, 65535))
@click.option("--no-browser", is_flag=True, help="Do not open a browser.")
def app(port: int, no_browser: bool) -> None:
    """Open the web page on this machine."""
    import socket

    from rag.errors import BadInput
    from rag.settings import PROJECT, silence_telemetry

    silence_telemetry()
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            raise BadInput(f"Port {port} is in use; stop the other program or name another with --port.", f"端口 {port} 已被占用,请用 --port 换一个。")
    _note(f"Opening http://127.0.0.1:{port} (stop with Ctrl+C)")
    os.chdir(PROJECT)
    arguments = [sys.executable, "-m", "streamlit", "run", str(PROJECT / "app.py"), "--server.address=127.0.0.1", f"--server.port={port}", f"--server.headless={'true' if no_browser or not _has_display() else 'false'}", "--browser.gatherUsageStats=false"]
    os.execv(sys.executable, arguments)


def _has_display() -> bool:
    return sys.platform in {"darwin", "win32"} or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


@poa.command()
def models() -> None:
    """Fetch the models now, with a progress bar, and verify them."""
    from rag import weights
    from rag.settings import load_settings

    with weights.terminal_progress() as show:
        for path in weights.fetch_all(load_settings(), show):
            _note(f"ready: {path.name}")


if __name__ == "__main__":
    main()
