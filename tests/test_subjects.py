"""A question that asks several things is cut into them; one that asks one thing is left whole."""

from __future__ import annotations

import pytest

from rag.index import PassageIndex
from rag.retrieve import Retriever
from rag.settings import Settings
from rag.subjects import MOST, subjects
from tests.conftest import FakeEncoder
from tests.test_retrieve import GUIDE, names


@pytest.mark.parametrize(
    ("query", "parts"),
    [
        ("迟发率红线是多少,另外二审要交什么资料", ("迟发率红线是多少", "另外二审要交什么资料")),
        ("遲發率紅線是多少?二審要交什麼資料?", ("遲發率紅線是多少?", "二審要交什麼資料?")),
        ("is a proforma ok as invoice?? also how long until funds released", ("is a proforma ok as invoice??", "also how long until funds released")),
        ("what is the limit and when does it start counting", ("what is the limit", "and when does it start counting")),
        ("账号被停了,货还在仓里。怎么申诉才有用,押金什么时候退", ("账号被停了,货还在仓里。怎么申诉才有用", "押金什么时候退")),
        ("1) 发票要几年内的 2) 二审怎么约时间", ("1) 发票要几年内的", "2) 二审怎么约时间")),
    ],
)
def test_several_things_are_cut_apart(query: str, parts: tuple[str, ...]) -> None:
    assert subjects(query) == parts


@pytest.mark.parametrize(
    "query",
    [
        "迟发率红线是多少",
        "第三条封号,邮件里什么具体原因都没写怎么申诉",
        "還有用嗎那批兩年前的發票",
        "申請撥款時亞馬遜會查什麼? 要視訊嗎",
        "what counts as late",
        "who made this complaint and my listing is gone",
        "",
        "?",
        "，，，另外",
    ],
)
def test_one_thing_stays_whole(query: str) -> None:
    assert subjects(query) == (query,)


def test_a_long_list_is_cut_off() -> None:
    assert len(subjects("？".join(f"第{n}张发票要交给谁" for n in range(12)) + "？")) == MOST


def test_each_thing_that_is_asked_has_its_passage_among_the_first(settings: Settings) -> None:
    index = PassageIndex(settings, FakeEncoder(256))
    index.build(GUIDE)
    found = Retriever(index, passages_=GUIDE).search("which late shipment rate must stay below 4 percent? also which invoices of suppliers cover the sold quantity", 2)
    assert set(names(found)) == {"limit", "invoice"}
    assert all("; for “" in p.why for p in found)
