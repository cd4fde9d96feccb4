"""Files in and out: mistakes are named with their place, letters survive the way through a file, pasted letters are cut at their headings."""

from __future__ import annotations

import json

import pytest

from rag.errors import BadInput
from rag.formats import (
    boxes,
    case_from,
    case_to,
    finding_from,
    finding_to,
    guess_document,
    heading_section,
    letter_from,
    letter_from_text,
    letter_text,
    letter_to,
    load_case,
    load_letter,
    read_text,
    section_text,
    split_sentences,
    store_code,
)
from rag.models import Attachment, Case, Evidence, Fact, Finding, Gap, Letter, Run, Section, Sentence

CASE = {"id": "warehouse-move-us", "marketplace": "amazon.com", "facts": [{"id": "f1", "kind": "metric", "text": "7.2%"}]}


# --- cases ----------------------------------------------------------------------------------------------------------


def test_a_case_with_only_an_id_is_enough():
    assert case_from({"id": "x"}, where="x.yaml") == Case("x")


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        ({"id": ""}, ("id is missing",)),
        ({"fatcs": []}, ("'fatcs'", "'facts'")),
        ({"marketplace": "amazon.mars"}, ("amazon.mars", "amazon.com")),
        ({"stance": "contested"}, ("'contested'", "'contest'")),
        ({"case_type": "late_shipment"}, ("late_shipment", "late_shipment_rate")),
        ({"conceded": ["admits_ip_infringment"]}, ("admits_ip_infringment", "'admits_ip_infringement'")),
        ({"facts": [{"id": "f1", "kind": "metrics", "text": "x"}]}, ("fact 1", "'metrics'", "'metric'")),
        ({"facts": [{"id": "f1", "kind": "metric"}]}, ("fact 1", "text")),
        ({"facts": ["bare"]}, ("fact 1", "bare text")),
        ({"facts": [{"id": "f1", "kind": "metric", "text": "a"}, {"id": "f1", "kind": "cause", "text": "b"}]}, ("f1", "more than once")),
        ({"facts": "x"}, ("facts is text", "expected a list")),
        ({"notification": ["a"]}, ("notification is a list",)),
        ({"evidence": [{"data": "x"}]}, ("evidence 1", "name")),
    ],
    ids=["no id", "unknown key", "store", "stance", "case type", "conceded", "kind", "no text", "bare fact", "repeated id", "no list", "no text field", "nameless document"],
)
def test_a_mistake_in_a_case_is_named_with_place_and_expectation(change, parts):
    with pytest.raises(BadInput) as error:
        case_from({**CASE, **change}, where="case.yaml")
    assert all(part in str(error.value) for part in ("case.yaml", *parts)), str(error.value)


def test_a_case_survives_the_way_through_plain_values():
    case = Case("x", "notice", "UK", "late_shipment_rate", "mixed", "Store", "en", (Fact("f1", "cause", "because"),), ("legal_liability",), (Evidence("a.pdf", "says"),))
    assert case_from(case_to(case), where="x") == case


def test_a_yaml_mistake_names_the_line(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text("id: a\nfacts: [\n", encoding="utf-8")
    with pytest.raises(BadInput, match=r"c\.yaml, line \d"):
        load_case(str(path))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_text_in_the_usual_chinese_encodings_is_read(tmp_path, encoding):
    path = tmp_path / "n.txt"
    path.write_bytes("迟发率 7.2%".encode(encoding))
    assert read_text(str(path)) == "迟发率 7.2%"


def test_a_missing_file_and_a_folder_are_bad_input(tmp_path):
    for path in (tmp_path / "none.txt", tmp_path):
        with pytest.raises(BadInput):
            read_text(str(path))


@pytest.mark.parametrize(("name", "code"), [("amazon.de", "DE"), ("https://www.amazon.co.uk/", "UK"), ("gb", "UK"), ("us", "US"), ("amazon.mars", "")])
def test_store_codes(name, code):
    assert store_code(name) == code


# --- letters --------------------------------------------------------------------------------------------------------

LETTER = Letter(
    "c", "appeal", "en", "accept_and_fix", "late_shipment_rate",
    (
        Section("identification", "", (Sentence("This is our plan.", origin="fixed"),)),
        Section("root_cause", "Root cause", (Sentence("A.", ("f1",), ("p1",)), Sentence("B.", ("f2",), (), "seller"))),
        Section("corrective_actions", "Corrective actions", (Sentence("C.", ("f3",)), Sentence("D.", ("f4",)))),
    ),
    (Attachment("a.pdf", "shows", ("f5",)),), (Gap("need", "why", "q", "问"),),
    (Finding("fact_lock", "block", "m", "中", 1, "q", facts=("f1",)),), Run("none", {"word": "abc"}, 1.5),
)


def test_a_letter_survives_the_way_through_json():
    assert letter_from(json.loads(json.dumps(letter_to(LETTER))), where="l.json") == LETTER


def test_a_letter_file_has_the_promised_keys_in_their_order():
    assert list(letter_to(LETTER)) == ["case_id", "document", "language", "stance", "case_type", "sections", "text", "boxes", "attachments", "gaps", "findings", "run"]


def test_a_finding_survives_the_way_through_plain_values():
    assert finding_from(finding_to(LETTER.findings[0])) == LETTER.findings[0]
    told = Finding("tone", "note", "m", "中", why="Because.", why_zh="原因。")
    assert finding_to(told)["why_zh"] == "原因。" and finding_from(finding_to(told)) == told


def test_a_finding_saved_without_a_chinese_reason_still_reads():
    old = {k: v for k, v in finding_to(Finding("tone", "note", "m", "中", why="Because.")).items() if k != "why_zh"}
    assert finding_from(old) == Finding("tone", "note", "m", "中", why="Because.")


def test_the_text_has_headings_of_their_own_and_numbers_lists():
    assert letter_text(LETTER) == "This is our plan.\n\nRoot cause\nA. B.\n\nCorrective actions\n1. C.\n2. D.\n"
    assert boxes(LETTER) == {"root_cause": "A. B.", "corrective_actions": "1. C.\n2. D.", "preventive_measures": ""}
    assert section_text(Section("closing", "", (Sentence("Yours"), Sentence("Store")))) == "Yours\nStore"


@pytest.mark.parametrize("data", [[], {}, {"sections": [{"id": "x"}]}, {"sections": [], "document": "poem"}, {"sections": [{"id": "x", "sentences": [{"text": "a", "origin": "ghost"}]}]}], ids=["list", "empty", "no sentences", "document", "origin"])
def test_something_else_than_a_letter_is_bad_input(data):
    with pytest.raises(BadInput, match=r"l\.json"):
        letter_from(data, where="l.json")


# --- headings -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "section"),
    [
        ("Root cause", "root_cause"),
        ("## 1. Root Cause Analysis", "root_cause"),
        ("How the listing came about", "root_cause"),
        ("Why it happened", "root_cause"),
        ("What went wrong?", "root_cause"),
        ("根本原因:", "root_cause"),
        ("Corrective actions already taken", "corrective_actions"),
        ("B. Actions we have taken", "corrective_actions"),
        ("What we have already done", "corrective_actions"),
        ("STEPS TAKEN", "corrective_actions"),
        ("二、整改措施", "corrective_actions"),
        ("Preventive Measures:", "preventive_measures"),
        ("What changes from now on", "preventive_measures"),
        ("C. Steps to prevent similar complaints", "preventive_measures"),
        ("今后的预防措施", "preventive_measures"),
        ("Why the decision does not fit the facts", "non_violation_grounds"),
        ("Ground 2: the word is a place name", "non_violation_grounds"),
        ("Why the complaint is wrong", "non_violation_grounds"),
        ("Our relation to Quillbarrow Online", "ownership_statement"),
        ("Who owns this account", "ownership_statement"),
        ("Origin of the goods", "position"),
        ("What we can confirm", "position"),
        ("What happened with this order", "timeline"),
        ("Attachments", "evidence_list"),
        ("File list", "evidence_list"),
        ("Request", "request"),
    ],
    ids=lambda v: v,
)
def test_headings_in_their_usual_words_are_recognised(line, section):
    assert heading_section(line) == section


@pytest.mark.parametrize(
    "line",
    [
        "3. Authorisation",
        "HT-1190.pdf, HT-1342.pdf and HT-1507.pdf (request 1)",
        "We found the cause",
        "We did not know the reason",
        "Our staff caused the problem in the warehouse",
        "The root cause was a wrong setting.",
        "Order 111-3907715-8826640",
        "Closing days",
        "",
        "***",
    ],
    ids=lambda v: v or "empty",
)
def test_what_tells_something_or_names_another_thing_is_no_heading(line):
    assert heading_section(line) == ""


# --- pasted letters -------------------------------------------------------------------------------------------------


def cut(text: str) -> list[tuple[str, list[str]]]:
    return [(s.id, [t.text for t in s.sentences]) for s in letter_from_text(text).sections]


def test_a_pasted_letter_is_cut_at_its_headings_and_list_marks_go():
    assert cut("Dear Team,\n\nRoot cause\nIt was slow. It was late.\n\nCorrective actions\n1. We shipped.\n- We refunded.\n") == [
        ("opening", ["Dear Team,"]),
        ("root_cause", ["It was slow.", "It was late."]),
        ("corrective_actions", ["We shipped.", "We refunded."]),
    ]


def test_a_label_on_the_line_of_its_text_opens_a_section():
    assert cut("Case 12345.\n\nRoot cause: our label printer was broken.\nPreventive measures: the lead will check it every day.") == [
        ("opening", ["Case 12345."]),
        ("root_cause", ["our label printer was broken."]),
        ("preventive_measures", ["the lead will check it every day."]),
    ]


def test_the_title_of_a_letter_is_no_section():
    assert cut("Request for the disbursement of the remaining balance\n\nThe account was closed.")[0] == (
        "opening", ["Request for the disbursement of the remaining balance", "The account was closed."],
    )


def test_wrapped_lines_are_joined_and_entries_of_a_list_stay_apart():
    text = "We checked all the orders of the month and found that the label printer\nwas broken.\n\nFiles sent:\nlicence.pdf\nPM-12, 15 July 2025, 700 units\nPM-19, 22 October 2025, 500 units"
    assert cut(text) == [
        ("opening", ["We checked all the orders of the month and found that the label printer was broken.", "Files sent:", "licence.pdf", "PM-12, 15 July 2025, 700 units", "PM-19, 22 October 2025, 500 units"]),
    ]


def test_nothing_of_a_pasted_letter_is_lost():
    text = "Hello.\n\nRoot cause\nA mistake of 3 May.\n\nCorrective actions\n\nPreventive measures\nWe will check.\n\nStore X"
    letter = letter_from_text(text)
    kept = " ".join(" ".join((s.heading, *(t.text for t in s.sentences))) for s in letter.sections)
    assert kept.split() == text.split()


def test_a_letter_in_chinese_is_known_as_one():
    letter = letter_from_text("根本原因\n3月3日仓库搬迁,\n订单没有及时发出。我们没有检查。\n预防措施\n每天检查一次。")
    assert letter.language == "zh"
    assert [(s.id, [t.text for t in s.sentences]) for s in letter.sections] == [
        ("root_cause", ["3月3日仓库搬迁,订单没有及时发出。", "我们没有检查。"]), ("preventive_measures", ["每天检查一次。"]),
    ]


@pytest.mark.parametrize(
    ("text", "document", "stance"),
    [
        ("Our plan of action.\n\nRoot cause\nWe were late.", "appeal", "accept_and_fix"),
        ("We contest complaint 20375516648. The goods are genuine.", "contest", "contest"),
        ("Documents for ASIN B0YR6HG2CM, as requested on 6 July 2026\nThey are attached.", "verification", "clarify_and_verify"),
        ("Case 15871120496: answer to your reply of 9 October 2026\nThe cause is named below.", "supplement", "accept_and_fix"),
        ("On 14 April we sent our plan. Could you confirm that it arrived?", "follow_up", "accept_and_fix"),
        ("To the trademark team of Ferrowick\nPlease withdraw the complaint.", "retraction_request", "contest"),
        ("Order 113-9904416-2237085. Your parcel lacked a bag. Customer service of the store", "buyer_message", "accept_and_fix"),
        ("Please release our funds of USD 80.", "funds_appeal", "clarify_and_verify"),
        ("A-to-z claim for order 113-9904416-2237085.", "a_to_z_appeal", "contest"),
        ("I swear under penalty of perjury that it was removed by mistake.", "counter_notice", "contest"),
        ("We accept one and contest the other.\n\nGrounds\nIt is ours.\n\nRoot cause\nWe were late.", "appeal", "mixed"),
    ],
    ids=["appeal", "contest", "verification", "supplement", "follow-up", "retraction", "buyer", "funds", "a-to-z", "counter-notice", "mixed"],
)
def test_the_kind_of_a_pasted_letter_is_guessed_from_its_words(text, document, stance):
    letter = letter_from_text(text)
    assert (letter.document, letter.stance) == (document, stance)


def test_a_stance_that_is_given_is_kept():
    assert letter_from_text("We were late.", stance="contest").stance == "contest"
    assert letter_from_text("We were late.", stance="contest").document == "contest"
    assert guess_document("We were late.", set()) == "appeal"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("It cost USD 4.50. We paid.", ["It cost USD 4.50.", "We paid."]),
        ("See No. 5 of Dunwick Co. Ltd. It is attached.", ["See No. 5 of Dunwick Co. Ltd.", "It is attached."]),
        ("A. The kettle KT-20 exists. B", ["A. The kettle KT-20 exists.", "B"]),
        ("Is it file B? It is file A. The list is file C.", ["Is it file B?", "It is file A.", "The list is file C."]),
        ("一句。两句!", ["一句。", "两句!"]),
        ("He said \"no.\" We left.", ["He said \"no.\"", "We left."]),
        ("at 3 p.m. on Friday", ["at 3 p.m. on Friday"]),
    ],
    ids=["decimal", "abbreviations", "lettered", "file letters", "chinese", "quotation", "clock"],
)
def test_sentences_are_split_where_they_end(text, wanted):
    assert split_sentences(text) == wanted


def test_letters_are_read_from_text_markdown_json_and_word(tmp_path):
    import docx

    (tmp_path / "l.md").write_text("## Root cause\nIt was late.", encoding="utf-8")
    (tmp_path / "l.json").write_text(json.dumps(letter_to(LETTER)), encoding="utf-8")
    document = docx.Document()
    document.add_paragraph("Root cause")
    document.add_paragraph("It was late.")
    document.save(str(tmp_path / "l.docx"))
    assert load_letter(str(tmp_path / "l.json")) == LETTER
    for name in ("l.md", "l.docx"):
        assert [(s.id, s.sentences[0].text) for s in load_letter(str(tmp_path / name)).sections] == [("root_cause", "It was late.")]


@pytest.mark.parametrize(("name", "content", "match"), [("l.rtf", "x", "rtf"), ("l.txt", "  ", "empty"), ("l.json", "{", "line 1"), ("l.docx", "x", "Word")])
def test_a_file_that_is_no_letter_is_bad_input(tmp_path, name, content, match):
    (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(BadInput, match=match):
        load_letter(str(tmp_path / name))
