"""The command line end to end: exit codes, one line on standard error, JSON and nothing else on standard output."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from rag.settings import PROJECT

POA = str(Path(sys.executable).with_name("poa"))
NOTICE = "Your selling privileges have been suspended because your late shipment rate is 7.2%. Please send a plan within 17 days.\n"
CASE = """\
id: moved
notification: Your selling privileges have been suspended because your late shipment rate is above our target of 4%.
case_type: late_shipment_rate
store_name: Harrow Lamps
facts:
- {id: f1, kind: metric, text: "Our 30-day late shipment rate was 7.2% (41 of 569 orders)."}
- {id: f2, kind: cause, text: "On 8 March 2026 we moved the warehouse, and nobody changed the handling time of 1 day."}
- {id: f3, kind: action_done, text: "On 16 March 2026 we shipped all 64 open orders."}
- {id: f4, kind: action_planned, text: "From 1 April 2026 the warehouse lead will check 20 orders every Monday."}
"""


def poa(*arguments: str, stdin: str | bytes = "", env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    data = stdin.encode() if isinstance(stdin, str) else stdin
    surroundings = {**os.environ, "LC_ALL": "C.UTF-8", **(env or {})}
    done = subprocess.run([POA, *arguments], input=data, capture_output=True, cwd=PROJECT.parent, env=surroundings, timeout=250)
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


def one_line(done: subprocess.CompletedProcess[str]) -> str:
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert len(lines) == 1, done.stderr
    assert "Traceback" not in done.stderr
    return lines[0]


@pytest.fixture
def case(tmp_path: Path) -> str:
    path = tmp_path / "case.yaml"
    path.write_text(CASE, encoding="utf-8")
    return str(path)


# --- read ----------------------------------------------------------------------------------------------------------


def test_read_prints_json_and_nothing_else() -> None:
    done = poa("read", "-", "--json", stdin=NOTICE)
    found: dict[str, Any] = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (0, "")
    assert (found["kind"], found["case_type"], found["deadline_hours"]) == ("suspension", "late_shipment_rate", 408)
    assert found["case_type_ranked"][0]["id"] == "late_shipment_rate"
    for quote in found["quotes"]:
        assert NOTICE[quote["start"] :].startswith(quote["text"])


def test_read_for_people(tmp_path: Path) -> None:
    path = tmp_path / "notice.txt"
    path.write_text(NOTICE, encoding="utf-8")
    done = poa("read", str(path))
    assert done.returncode == 0
    assert "late_shipment_rate" in done.stdout and "408 hours" in done.stdout


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
def test_read_understands_the_usual_encodings(encoding: str) -> None:
    done = poa("read", "-", "--json", stdin="您的迟发率为 6.8%,您的销售权限已被暂停。".encode(encoding))
    assert json.loads(done.stdout)["case_type"] == "late_shipment_rate"


def test_an_empty_notice_is_read_as_unsure() -> None:
    done = poa("read", "-", "--json", stdin="")
    found = json.loads(done.stdout)
    assert (done.returncode, found["kind"], found["case_type"]) == (0, None, None)


# --- mistakes of the caller ----------------------------------------------------------------------------------------


def test_a_missing_file_is_one_line_and_exit_2(tmp_path: Path) -> None:
    done = poa("read", str(tmp_path / "none.txt"))
    assert done.returncode == 2
    assert "none.txt" in one_line(done) and "no such file" in done.stderr


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (CASE.replace("facts:", "fakts:"), ["'fakts'", "expected 'facts'", "case.yaml"]),
        (CASE.replace("kind: cause", "kind: cuase"), ["fact 2", "'cuase'", "expected 'cause'"]),
        (CASE.replace("late_shipment_rate\n", "late_shipmnt_rate\n"), ["case_type", "expected 'late_shipment_rate'"]),
        (CASE.replace("id: f2", "id: f1"), ["f1", "more than once"]),
        (CASE.replace("facts:", "facts: ["), ["line", "not valid YAML"]),
        ("just text", ["found text", "expected a case"]),
        ("", ["found nothing"]),
    ],
    ids=["unknown key", "unknown kind", "unknown case type", "fact id twice", "syntax", "no mapping", "empty"],
)
def test_a_mistake_in_a_case_file_is_one_line_that_names_it(text: str, words: list[str], tmp_path: Path) -> None:
    path = tmp_path / "case.yaml"
    path.write_text(text, encoding="utf-8")
    done = poa("draft", str(path), "--model", "none", "--no-search")
    assert done.returncode == 2
    line = one_line(done)
    assert all(word in line for word in words), line


def test_the_line_is_chinese_where_the_machine_is(tmp_path: Path) -> None:
    done = poa("read", str(tmp_path / "none.txt"), env={"LC_ALL": "zh_CN.UTF-8"})
    assert done.returncode == 2
    assert "文件不存在" in one_line(done)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nosuch",), "nosuch"),
        (("read",), "NOTICE"),
        (("search", "x", "-k", "0"), "-k"),
        (("search", "x", "--marketplace", "Atlantis"), "'Atlantis'"),
        (("search", "x", "--case-type", "late_shipment"), "Did you mean 'late_shipment_rate'"),
        (("eval", "weather"), "weather"),
        (("draft", "-", "--model", "nobody:x", "--no-search"), "nobody"),
    ],
    ids=["command", "missing argument", "number out of range", "store", "case type", "set", "model"],
)
def test_a_wrong_argument_is_one_line_and_exit_2(arguments: tuple[str, ...], words: str) -> None:
    done = poa(*arguments, stdin=CASE)
    assert done.returncode == 2
    assert words in one_line(done)


def test_an_unsure_case_type_is_asked_for() -> None:
    done = poa("draft", "-", "--model", "none", "--no-search", stdin="id: x\nnotification: Hello.\n")
    assert done.returncode == 2
    assert "set case_type" in one_line(done)


def test_help_and_version_are_no_errors() -> None:
    assert poa("--help").returncode == 0
    assert poa("draft", "-h").stdout.startswith("Usage")
    assert poa("--version").stdout.startswith("poa")


# --- draft, check, export ------------------------------------------------------------------------------------------


def test_a_case_becomes_a_letter_which_is_checked_and_exported(case: str, tmp_path: Path) -> None:
    target = tmp_path / "letter.json"
    done = poa("draft", case, "--model", "none", "--no-search", "--json", "-o", str(target))
    letter = json.loads(done.stdout)
    blocked = any(f["severity"] == "block" for f in letter["findings"])
    assert done.returncode == (1 if blocked else 0)
    assert "7.2%" in letter["text"] and letter["boxes"]["corrective_actions"]
    assert json.loads(target.read_text(encoding="utf-8")) == letter
    assert not list(tmp_path.glob("*.partial"))

    checked = poa("check", str(target), "--case", case, "--json")
    assert checked.returncode in (0, 1)
    assert isinstance(json.loads(checked.stdout), list) and checked.stderr == ""

    exported = poa("export", str(target), "-o", str(tmp_path / "letter.docx"))
    assert (exported.returncode, exported.stdout) == (0, "")
    assert (tmp_path / "letter.docx").read_bytes().startswith(b"PK")


def test_a_gap_blocks_and_exits_1() -> None:
    done = poa("draft", "-", "--model", "none", "--no-search", stdin=CASE.replace("On 8 March 2026 we moved the warehouse", "3月8日搬仓了"))
    assert done.returncode == 1
    assert "[to be supplied: English wording of fact f2]" in done.stdout


def test_a_pasted_letter_with_an_invented_number_exits_1(case: str) -> None:
    pasted = "Root Cause\nOur late shipment rate was 9.9%.\n\nCorrective Actions\nOn 16 March 2026 we shipped all 64 open orders.\n"
    done = poa("check", "-", "--case", case, "--json", stdin=pasted)
    assert done.returncode == 1
    assert any("9.9%" in f["quote"] for f in json.loads(done.stdout))


def test_progress_goes_to_standard_error(case: str) -> None:
    done = poa("draft", case, "--model", "none", "--no-search")
    assert "[1/" in done.stderr and "[1/" not in done.stdout


def test_another_document_than_the_case_needs_is_refused(case: str) -> None:
    done = poa("draft", case, "--model", "none", "--no-search", "--document", "contest")
    assert done.returncode == 2
    assert "document is 'contest'" in one_line(done) and "These fit: appeal" in done.stderr


def test_a_target_that_cannot_be_written_is_named(case: str, tmp_path: Path) -> None:
    done = poa("draft", case, "--model", "none", "--no-search", "-o", str(tmp_path / "no" / "folder.json"))
    assert done.returncode == 2
    assert "cannot be written" in done.stderr.splitlines()[-1]


def test_a_reader_that_goes_away_is_no_error(case: str) -> None:
    command = f"'{POA}' draft '{case}' --model none --no-search --json 2>/dev/null | head -c 1 >/dev/null; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=250)
    assert done.returncode in (0, 1)
    assert done.stderr == ""
