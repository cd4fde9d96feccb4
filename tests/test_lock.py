"""The fact lock: nothing exact stands in the letter that the case does not have. Forms may differ, values may not."""

from __future__ import annotations

import pytest

from rag.checks.bounds import reversed_bounds
from rag.checks.lock import check_lock, lost, unsupported
from rag.checks.view import view_of
from rag.models import Case, Evidence, Fact, Letter, Passage, Section, Sentence

CASE = Case(
    id="c",
    notification="Your late shipment rate is 7.2%. ASIN B0YR6HG2CM.",
    store_name="Harrow Lamps",
    facts=(
        Fact("f1", "metric", "截至2026-03-14的30天迟发率 7.2%(41/569)"),
        Fact("f2", "action_done", "On 15 March we raised the handling time to 3 days."),
        Fact("f3", "context", "供应商是深圳市宏达电子有限公司"),
    ),
    evidence=(Evidence("invoice-0417.pdf", "Invoice INV-0417, 2025-09-03, 600 units"),),
)


def findings(text: str, facts: tuple[str, ...] = ("f1", "f2", "f3"), *, case: Case = CASE, passages: tuple[Passage, ...] = (), cites: tuple[str, ...] = (), origin: str = "model"):
    letter = Letter("c", "appeal", "en", "accept_and_fix", "", (Section("root_cause", "Root cause", (Sentence(text, facts, cites, origin),)),))  # type: ignore[arg-type]
    return check_lock(view_of(letter, case), case, passages)


@pytest.mark.parametrize(
    "text",
    [
        "In the 30 days ending 14 March 2026 the late shipment rate was 7.2 percent.",
        "41 of 569 orders were late.",
        "On 15 March we raised the handling time to three days.",
        "On March 15th the handling time became 3 days.",
        "528 orders of 569 left on time.",
        "Invoice INV-0417 of 3 September 2025 shows 600 units.",
        "Harrow Lamps sells ASIN B0YR6HG2CM.",
        "Our supplier is Shenzhen Hongda Electronics Co., Ltd.",
        "The invoice (attachment 1) is enclosed, see also exhibits 2 and 3.",
        "We answer in three points.",
        "01 licence; 02 bank statement",
    ],
    ids=["date form", "counts", "number word", "month first", "difference", "document", "store and notice", "pinyin name", "attachment numbers", "own points", "numbered list"],
)
def test_what_the_case_says_in_another_form_is_allowed(text):
    assert findings(text) == []


@pytest.mark.parametrize(
    ("text", "quote", "kind"),
    [
        ("The rate was 7.3%.", "7.3%", "number"),
        ("42 of 569 orders were late.", "42", "number"),
        ("On 16 March we raised the handling time.", "16 March", "date"),
        ("We raised the handling time to 4 days.", "4 days", "number"),
        ("Invoice INV-0418 is attached.", "INV-0418", "id"),
        ("ASIN B0YR6HG2CN was removed.", "B0YR6HG2CN", "id"),
        ("Our supplier is Guangzhou Baiyun Trading.", "Baiyun Trading", "name"),
        ("Each employee checks 12 units.", "12", "number"),
    ],
    ids=["percentage", "count", "date", "duration", "document", "asin", "name", "invented count"],
)
def test_what_the_case_does_not_say_is_blocked_with_its_words(text, quote, kind):
    found = findings(text)
    assert [(quote in f.quote or f.quote in quote, f.kind, f.severity) for f in found if f.kind == kind][:1] == [(True, kind, "block")]
    assert found[0].message_zh and found[0].fix_zh


def test_a_sentence_is_held_to_the_facts_it_names_and_the_right_fact_is_pointed_at():
    (found,) = findings("The rate was above target on 15 March.", ("f1",))
    assert found.quote == "15 March"
    assert "f2" in found.message


def test_a_cited_rule_may_give_its_number():
    rule = Passage("p1", "", "The rate must stay below 4 %.", "en", (), (), "", "", "official")
    assert findings("The target is below 4 %.", passages=(rule,), cites=("p1",)) == []
    assert findings("The target is below 4 %.", passages=(rule,)) != []


def test_frame_text_and_letters_without_a_case_are_not_locked():
    assert findings("We answer on 99 pages.", origin="fixed") == []
    letter = Letter("c", "appeal", "en", "accept_and_fix", "", (Section("x", "", (Sentence("On 9 May 77 orders.", origin="edited"),)),))
    assert check_lock(view_of(letter, None), None, ()) == []


def test_a_count_at_the_start_is_a_statement_when_it_is_no_numbering():
    assert [f.quote for f in findings("We checked 35 files and 12 parcels.")] == ["35", "12"]


def test_nothing_exact_may_get_lost_on_the_way():
    fact = CASE.facts[0]
    assert [a.text for a in lost("Until 14 March 2026 the 30-day rate was 7.2%.", [fact])] == ["41", "569"]
    assert lost("In the 30 days to 14 March 2026 the rate was 7.2% (41 of 569 orders).", [fact]) == []


def test_a_gift_of_precision_is_an_invention():
    assert [a.text for a in unsupported("on 4 March 2026", [Fact("f", "context", "in March 2026")], Case("c"))] == ["4 March 2026"]


def foreign(text: str, *facts: str) -> list[str]:
    return [a.text for a in unsupported(text, [Fact(f"f{n}", "context", fact) for n, fact in enumerate(facts)], Case("c"))]


@pytest.mark.parametrize(
    ("fact", "right", "wrong"),
    [
        ("赔了我们$1,860", "It paid us USD 1,860.", "It paid us USD 1,680."),
        ("退20美金", "They were offered twenty dollars.", "They were offered thirty dollars."),
        ("12 x $50 gift cards", "The cards were worth $600 together.", "The cards were worth $650 together."),
        ("只卖美国和加拿大", "We sell in the United States and Canada only.", "We sell in the United States and Mexico only."),
        ("shipped to USA", "It was shipped to the United States.", "It was shipped to the United Kingdom."),
        ("The Canada listing", "The page is Canadian.", "The page is Mexican."),
        ("可在美、英、德三国销售", "Sale is allowed in the US, the UK and Germany.", "Sale is allowed in the US, the UK and France."),
        ("召回到洛杉矶海外仓", "It went to our warehouse in Los Angeles.", "It went to our warehouse in San Diego."),
        ("不会配对蓝牙", "The buyer could not pair the Bluetooth connection.", "The buyer could not pair the Sonavik connection."),
        ("该SKU有两种FNSKU", "There are two FNSKUs.", "There are three FNSKUs."),
        ("110V的加湿器", "It was a 110 V humidifier.", "It was a 120 V humidifier."),
        ("由义乌市锦禾体育用品有限公司生产", "It is made by Yiwu Jinhe Sporting Goods Co., Ltd.", "It is made by Yiwu Jinhao Sporting Goods Co., Ltd."),
        ("东莞市锐驰电子有限公司", "Our supplier is Dongguan Ruichi Electronics Co., Ltd.", "Our supplier is Dongguan Ruichi Plastics Co., Ltd."),
        ("与泰昇五金之间", "We order from Taisheng Hardware.", "We order from Taishan Hardware."),
        ("前合伙人周启明", "It went to Mr Zhou.", "It went to Mr Zhang."),
        ("新法人许敏", "The representative is Xu Min.", "The representative is Xu Ming."),
        ("律师钱宏", "Our attorney Qian Hong wrote it.", "Our attorney Qian Hua wrote it."),
        ("our accountant Mrs. Hu", "Ms Hu converted it.", "Then Ms Lin converted it."),
        ("商标ORVINELL", "The trademark ORVINELL is ours.", "The trademark ORVINEL is ours."),
        ("两个名字(Nordvik/Nordvig)", "The names are Nordvik/Nordvig.", "The names are Nordvik/Nordwig."),
        ("音譯「Mi-Lao」", "The name is \"Mi-Lao\".", "The name is \"Mi-Lau\"."),
        ("承运商填成了'Norvexa'", "The carrier was 'Norvexa'.", "The carrier was 'Norvixa'."),
        ("3月11日签收,3月15日才看到", "It was signed for four days before we saw it.", "It was signed for six days before we saw it."),
        ("8月1日到8月12日的订单", "Orders of twelve consecutive days were hit.", "Orders of fourteen consecutive days were hit."),
        ("合同(2023.4.1—2026.3.31)", "The lease covers three full years.", "The lease covers four full years."),
        ("last refund 03:05, case opened 09:20", "The case was opened some six hours after that.", "The case was opened some nine hours after that."),
        ("雨季(5到9月)", "It lasts from May to September.", "It lasts from April to September."),
        ("有效日期是2025/05", "The expiry date is May 2025.", "The expiry date is June 2025."),
        ("超过8成", "It was more than 80%.", "It was more than 70%."),
        ("占銷量的萬分之八", "It is 0.08% of sales.", "It is 0.8% of sales."),
        ("打85折", "It was fifteen percent off.", "It was a discount of 85 percent."),
        ("41单迟发,共569单", "The rate was 7.2%.", "The rate was 7.4%."),
        ("62 of 544 shipments", "Roughly one parcel in nine had no scan.", "Roughly one parcel in four had no scan."),
        ("31 of 38 orders", "More than four fifths were late.", "More than nine tenths were late."),
        ("运费39.9美元,商品8.9美元", "The shipping was more than four times the price.", "The shipping was more than six times the price."),
        ("同时操作二十几个店", "It had more than twenty stores.", "It had more than thirty stores."),
        ("采购2,655件,要求2,310件", "It falls short by 345 pieces.", "It falls short by 354 pieces."),
        ("4月有3笔拒付", "In April 3 chargebacks came in.", "In April 5 chargebacks came in."),
        ("版本是V1.2", "The version is 1.2.", "The version is 1.3."),
        ("card ending 1907", "The card ends in 1907.", "The card ends in 1970."),
        ("两步验证", "We use two-step verification.", "We use seven-step verification."),
    ],
    ids=lambda v: v,
)
def test_what_follows_from_a_fact_passes_and_what_is_like_it_does_not(fact, right, wrong):
    assert foreign(right, fact) == []
    assert foreign(wrong, fact) != []


def test_a_difference_of_two_days_is_no_setting():
    fact = "5月1日到5月5日没发货,备货时间改成2天"
    assert foreign("Nothing was shipped for five days.", fact) == []
    assert foreign("The handling time was raised to 4 days.", fact) == ["4 days"]


def test_the_count_of_things_named_before_is_no_claim():
    assert foreign("Both of the two documents were sent.", "We sent a licence and a bill.") == []
    assert foreign("We sent two boxes.", "We sent a box.") == ["two"]


def test_dates_and_counts_are_not_mixed_in_arithmetic():
    assert foreign("The other 26 orders were late.", "On 15 March 41 orders were late") == ["26"]


def test_figures_in_another_form_are_kept():
    for fact, sentence in (
        ("把110V的加湿器发给了买家", "A 110 V humidifier was sent to the buyer."),
        ("塑料玩具零件掉出来", "Plastic toy parts fell out."),
        ("当天下午的订单第二天才出", "The orders of that afternoon left the next day."),
        ("金额5,000美元", "The amount is 5,000 US dollars."),
        ("8月一共118单", "There were 118 orders in August."),
    ):
        assert lost(sentence, [Fact("f", "context", fact)]) == [], fact
    assert lost("The amount was paid.", [Fact("f", "context", "金额5,000美元")]) != []


@pytest.mark.parametrize(
    ("fact", "right", "wrong"),
    [
        ("超过80%的订单", "More than 80% of the orders.", "Fewer than 80% of the orders."),
        ("库存低于40个自动下架", "Taken down below 40 units.", "Taken down at more than 40 units."),
        ("每箱不超过20公斤", "No box may exceed 20 kg.", "Every box is over 20 kg."),
        ("3年ODR没超过0.5%", "The rate was not above 0.5%.", "The rate was above 0.5%."),
        ("At least 3 photos of each order.", "Three photos or more of each order.", "At most 3 photos of each order."),
        ("超过3天没揽收的", "Not picked up within 3 days.", "Not picked up for less than 3 days."),
        ("48小时后才发", "Sent more than 48 hours later.", ""),
    ],
)
def test_a_bound_may_not_point_the_other_way(fact, right, wrong):
    assert reversed_bounds(right, [fact]) == []
    assert not wrong or reversed_bounds(wrong, [fact])


def test_a_turned_bound_is_a_blocking_finding_that_quotes_the_value():
    case = Case(id="c", facts=(Fact("f1", "cause", "超过80%的订单都是周末的"),))
    (found,) = findings("Fewer than 80% of the orders were from weekends.", ("f1",), case=case)
    assert (found.severity, found.quote) == ("block", "80%")
