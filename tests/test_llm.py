"""The chat model door: kept replies, cut-off replies, foreign errors, remote endpoints, and the real model inside."""

from __future__ import annotations

import json
import math
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from rag import llm
from rag.errors import AppealError, ModelUnavailable, ReplyUnusable, SetupError
from rag.llm import CachedChat, Message, RemoteTalker, Reply, ReplyStore, load_chat_model, odds_of
from rag.settings import Settings

# --- kept replies --------------------------------------------------------------------------------------------------


@dataclass
class Talking:
    """A model that numbers its answers, so that a kept one is recognised."""

    name: str = "talking"
    identity: str = "talking-1"
    remote: bool = False
    adapters: frozenset[str] = frozenset()
    calls: int = 0
    text: str = "answer"

    def talk(
        self,
        messages: list[Message],
        max_tokens: int,
        temperature: float,
        schema: dict[str, Any] | None,
        stop: list[str], latin: bool = False, adapter: str = "",
    ) -> Reply:
        self.calls += 1
        return Reply(f"{self.text} {self.calls}" if self.text else "", 11, 7, 2.5, finished=max_tokens > 5)

    def first_tokens(self, messages: list[Message]) -> list[tuple[str, float]] | None:
        self.calls += 1
        return [("Yes", -0.1), ("No", -2.6)]


@pytest.fixture
def store(tmp_path: Path) -> ReplyStore:
    return ReplyStore(tmp_path / "deep" / "replies.sqlite")


def test_the_same_question_is_asked_once_and_keeps_its_counts(store: ReplyStore) -> None:
    talking = Talking()
    first = CachedChat(talking, store).complete("s", "u", max_tokens=50)
    again = CachedChat(talking, store).complete("s", "u", max_tokens=50)
    assert (first.cached, again.cached, talking.calls) == (False, True, 1)
    assert replace(again, cached=False) == first
    assert (again.tokens_in, again.tokens_out) == (11, 7)


@pytest.mark.parametrize(
    "change",
    [
        {"system": "t"},
        {"user": "v"},
        {"max_tokens": 51},
        {"temperature": 0.5},
        {"examples": [("a", "b")]},
        {"schema": {"type": "object"}},
        {"stop": ["."]},
    ],
    ids=lambda change: next(iter(change)),
)
def test_another_question_is_not_answered_from_the_store(change: dict[str, Any], store: ReplyStore) -> None:
    chat = CachedChat(Talking(), store)
    asked: dict[str, Any] = {"system": "s", "user": "u", "max_tokens": 50}
    chat.complete(**asked)
    assert not chat.complete(**(asked | change)).cached


def test_another_model_is_not_answered_from_the_store(store: ReplyStore) -> None:
    CachedChat(Talking(), store).complete("s", "u", max_tokens=50)
    assert not CachedChat(Talking(identity="talking-2"), store).complete("s", "u", max_tokens=50).cached


def test_without_a_store_every_question_is_asked() -> None:
    chat = CachedChat(Talking(), None)
    assert [chat.complete("s", "u", max_tokens=50).text for _ in range(2)] == ["answer 1", "answer 2"]


def test_odds_are_kept_too(store: ReplyStore) -> None:
    talking = Talking()
    odds = [CachedChat(talking, store).yes_odds("s", "u") for _ in range(2)]
    assert odds == [pytest.approx(2.5)] * 2 and talking.calls == 1


def test_a_reply_cut_off_by_the_limit_says_so_also_when_kept(store: ReplyStore) -> None:
    chat = CachedChat(Talking(), store)
    assert [chat.complete("s", "u", max_tokens=5).finished for _ in range(2)] == [False, False]


def test_an_empty_reply_is_an_error_and_is_not_kept(store: ReplyStore) -> None:
    talking = Talking(text="")
    for _ in range(2):
        with pytest.raises(ReplyUnusable, match="answered with nothing"):
            CachedChat(talking, store).complete("s", "u", max_tokens=50)
    assert talking.calls == 2


_WRITER = """
import sys
from pathlib import Path
from rag.llm import ReplyStore
store = ReplyStore(Path(sys.argv[1]))
for n in range(60):
    store.put(f"{sys.argv[2]}-{n}", {"n": n})
"""


def test_two_processes_write_at_once_and_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "replies.sqlite"
    writers = [subprocess.Popen([sys.executable, "-c", _WRITER, str(path), name]) for name in "ab"]
    assert [writer.wait(60) for writer in writers] == [0, 0]
    store = ReplyStore(path)
    assert all(store.get(f"{name}-{n}") == {"n": n} for name in "ab" for n in range(60))


def test_a_damaged_store_is_named(tmp_path: Path) -> None:
    path = tmp_path / "replies.sqlite"
    path.write_bytes(b"this is no database, however long one makes it" * 50)
    with pytest.raises(SetupError, match=r"replies.sqlite"):
        ReplyStore(path).get("key")


def test_a_store_that_fails_later_costs_only_time(store: ReplyStore, caplog: pytest.LogCaptureFixture) -> None:
    talking = Talking()
    chat = CachedChat(talking, store)
    chat.complete("s", "u", max_tokens=50)
    connection = sqlite3.connect(store._path)
    connection.execute("DROP TABLE replies")
    connection.close()
    assert chat.complete("s", "u", max_tokens=50).text == "answer 2"
    assert "could not be kept" in caplog.text


# --- odds ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tokens", "odds"),
    [
        ([("Yes", -0.5), ("No", -1.5)], 1.0),
        ([(" yes", math.log(0.25)), ("YES", math.log(0.25)), ("No", math.log(0.5))], 0.0),
        ([("No", -0.01), ("The", -5.0)], -4.99),
        ([("The", -0.1), ("A", -3.0)], None),
    ],
    ids=["both", "spellings add up", "one hidden is at most the last shown", "neither"],
)
def test_odds_of_the_first_token(tokens: list[tuple[str, float]], odds: float | None) -> None:
    assert odds_of(tokens) == (None if odds is None else pytest.approx(odds))


# --- which model ---------------------------------------------------------------------------------------------------


def test_no_model_says_how_to_get_one(settings: Settings) -> None:
    chat = load_chat_model(settings, "none")
    assert (chat.name, chat.available, chat.remote, chat.yes_odds("s", "u")) == ("none", False, False, None)
    with pytest.raises(ModelUnavailable, match="POA_MODEL=local"):
        chat.complete("s", "u", max_tokens=5)


def test_a_model_that_is_not_fetched_says_how_to_fetch_it(settings: Settings) -> None:
    with pytest.raises(SetupError, match="make models"):
        load_chat_model(settings)


@pytest.mark.parametrize("spec", ["gpt", "https://example.com/v1", "openai:"])
def test_a_mistyped_model_is_named(spec: str, settings: Settings) -> None:
    with pytest.raises(SetupError) as error:
        load_chat_model(settings, spec)
    assert repr(spec) in error.value.message


def test_a_provider_that_is_not_installed_is_one_sentence(settings: Settings) -> None:
    # Already when it is opened: a letter made of the seller's own words would never ask, and hide the mistake.
    with pytest.raises(SetupError, match="'cohere' needs the package langchain-cohere"):
        load_chat_model(settings, "cohere:command")


# --- an endpoint that speaks OpenAI's way --------------------------------------------------------------------------


@dataclass
class Endpoint:
    """A small OpenAI-style server on this machine, fed a queue of (status, body)."""

    address: str = ""
    answers: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)


def answer(text: str, reason: str = "stop", **choice: Any) -> tuple[int, dict[str, Any]]:
    body = {
        "id": "x",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, "finish_reason": reason, "message": {"role": "assistant", "content": text}, **choice}],
        "usage": {"prompt_tokens": 21, "completion_tokens": 4, "total_tokens": 25},
    }
    return 200, body


def refusal(status: int, message: str = "no") -> tuple[int, dict[str, Any]]:
    return status, {"error": {"message": message, "type": "t", "code": None}}


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    here = Endpoint()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            here.asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            here.keys.append(self.headers["Authorization"])
            status, body = here.answers.pop(0)
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    here.address = f"http://127.0.0.1:{server.server_address[1]}/v1"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield here
    server.shutdown()
    server.server_close()


@pytest.fixture
def talker(endpoint: Endpoint) -> RemoteTalker:
    build = llm._endpoint_builder(endpoint.address, "m", "sk-test")
    return RemoteTalker("endpoint", build, shows_odds=True, schema_method="json_schema", sleep=lambda seconds: None)


def test_an_endpoint_gets_the_messages_and_the_key(endpoint: Endpoint, talker: RemoteTalker) -> None:
    endpoint.answers = [answer("Fine.")]
    chat = CachedChat(talker, None)
    reply = chat.complete("sys", "hello", max_tokens=9, examples=[("q", "a")], stop=["\n"])
    assert (reply.text, reply.tokens_in, reply.tokens_out, reply.finished) == ("Fine.", 21, 4, True)
    asked = endpoint.asked[0]
    assert [(one["role"], one["content"]) for one in asked["messages"]] == [
        ("system", "sys"),
        ("user", "q"),
        ("assistant", "a"),
        ("user", "hello"),
    ]
    assert (asked["model"], asked["max_tokens"], asked["temperature"], asked["stop"]) == ("m", 9, 0.0, ["\n"])
    assert endpoint.keys == ["Bearer sk-test"]


def test_an_endpoint_named_by_its_address_is_remote(endpoint: Endpoint, settings: Settings) -> None:
    endpoint.answers = [answer("Fine.")]
    chat = load_chat_model(settings, f"{endpoint.address}#m")
    assert chat.remote and chat.complete("s", "u", max_tokens=9).text == "Fine."
    assert load_chat_model(settings, f"{endpoint.address}#m").complete("s", "u", max_tokens=9).cached


def test_a_reply_cut_off_remotely_is_not_finished(endpoint: Endpoint, talker: RemoteTalker) -> None:
    endpoint.answers = [answer("Fi", reason="length")]
    assert not CachedChat(talker, None).complete("s", "u", max_tokens=1).finished


def test_a_busy_endpoint_is_tried_again(endpoint: Endpoint, talker: RemoteTalker) -> None:
    endpoint.answers = [refusal(429), refusal(503), answer("Fine.")]
    assert CachedChat(talker, None).complete("s", "u", max_tokens=9).text == "Fine."


@pytest.mark.parametrize(
    ("status", "tries", "words"),
    [
        (401, 1, "POA_MODEL_KEY"),
        (404, 1, "check POA_MODEL"),
        (429, 3, "busy"),
        (500, 3, "error 500"),
        (400, 1, "error 400"),
    ],
)
def test_foreign_errors_become_ours_and_keep_their_cause(
    status: int, tries: int, words: str, endpoint: Endpoint, talker: RemoteTalker
) -> None:
    endpoint.answers = [refusal(status)] * tries
    with pytest.raises(ModelUnavailable, match=words) as error:
        CachedChat(talker, None).complete("s", "u", max_tokens=9)
    assert getattr(error.value.__cause__, "status_code", None) == status
    assert len(endpoint.asked) == tries and "sk-test" not in str(error.value)


def test_an_endpoint_that_is_not_there_is_one_sentence(settings: Settings) -> None:
    build = llm._endpoint_builder("http://127.0.0.1:9/v1", "m", "")
    talker = RemoteTalker("endpoint", build, shows_odds=True, sleep=lambda seconds: None)
    with pytest.raises(ModelUnavailable, match="cannot be reached"):
        CachedChat(talker, None).complete("s", "u", max_tokens=9)


SCHEMA = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}


def test_a_schema_goes_to_the_endpoint(endpoint: Endpoint, talker: RemoteTalker) -> None:
    endpoint.answers = [answer('{"name": "x"}')]
    reply = CachedChat(talker, None).complete("s", "u", max_tokens=9, schema=SCHEMA)
    assert json.loads(reply.text) == {"name": "x"}
    assert endpoint.asked[0]["response_format"]["type"] == "json_schema"


def test_a_structured_reply_cut_off_is_not_finished(endpoint: Endpoint, talker: RemoteTalker) -> None:
    endpoint.answers = [answer('{"na', reason="length")]
    reply = CachedChat(talker, None).complete("s", "u", max_tokens=2, schema=SCHEMA)
    assert (reply.text, reply.finished, reply.tokens_out) == ('{"na', False, 4)


def test_an_endpoint_without_schemas_is_asked_in_words(endpoint: Endpoint, talker: RemoteTalker) -> None:
    endpoint.answers = [refusal(400, "unknown response_format"), answer('{"name": "x"}'), answer('{"name": "y"}')]
    chat = CachedChat(talker, None)
    assert json.loads(chat.complete("s", "u", max_tokens=9, schema=SCHEMA).text) == {"name": "x"}
    assert json.loads(chat.complete("s", "v", max_tokens=9, schema=SCHEMA).text) == {"name": "y"}
    assert "fits this JSON schema" in endpoint.asked[1]["messages"][-1]["content"]
    assert len(endpoint.asked) == 3, "the refusal is remembered"


def test_odds_from_an_endpoint_that_shows_them(endpoint: Endpoint, talker: RemoteTalker) -> None:
    top = [{"token": "Yes", "logprob": -0.1, "bytes": None}, {"token": "No", "logprob": -2.1, "bytes": None}]
    endpoint.answers = [answer("Yes", logprobs={"content": [{**top[0], "top_logprobs": top}]})]
    assert CachedChat(talker, None).yes_odds("s", "u") == pytest.approx(2.0)


@pytest.mark.parametrize("given", [answer("Yes"), refusal(400, "logprobs")], ids=["none shown", "refused"])
def test_an_endpoint_without_odds_cannot_tell(
    given: tuple[int, dict[str, Any]], endpoint: Endpoint, talker: RemoteTalker
) -> None:
    endpoint.answers = [given]
    assert CachedChat(talker, None).yes_odds("s", "u") is None


# --- the model inside ----------------------------------------------------------------------------------------------

WORDING = "Put the seller's fact into one plain English sentence. Keep every number, date and name."
EXAMPLES = [
    ("仓库搬迁期间，有41个订单晚发。", "During the warehouse move, 41 orders were shipped late."),
    ("我们将于4月1日前给每个包裹装箱前扫码。", "By 1 April we will scan every parcel before it is packed."),
]


@pytest.mark.slow
def test_a_chinese_fact_becomes_an_english_sentence(real_settings: Settings) -> None:
    fact = "2026年3月15日起，我们把备货时间从1天改为3天。"
    reply = load_chat_model(real_settings).complete(WORDING, fact, examples=EXAMPLES, max_tokens=60)
    assert reply.finished and not reply.cached and reply.tokens_in > 50
    assert reply.text.isascii() and "March" in reply.text and "15" in reply.text
    assert "3 days" in reply.text or "three days" in reply.text
    assert load_chat_model(real_settings).complete(WORDING, fact, examples=EXAMPLES, max_tokens=60).cached


@pytest.mark.slow
def test_a_schema_is_kept_by_the_model_inside(real_settings: Settings) -> None:
    reply = load_chat_model(real_settings).complete(
        "", "The supplier is Acme Ltd. Name it.", max_tokens=40, schema=SCHEMA
    )
    assert "Acme" in json.loads(reply.text)["name"]


@pytest.mark.slow
def test_the_model_inside_tells_yes_from_no(real_settings: Settings) -> None:
    chat = load_chat_model(real_settings)
    yes, no = (chat.yes_odds("Answer Yes or No.", f"Is {a} larger than {b}?") for a, b in ((7, 3), (3, 7)))
    assert yes is not None and no is not None and yes > 0 > no


@pytest.mark.slow
def test_the_model_inside_says_when_it_was_cut_off(real_settings: Settings) -> None:
    reply = load_chat_model(real_settings).complete("", "Count from one to fifty.", max_tokens=5)
    assert not reply.finished and reply.tokens_out == 5


@pytest.mark.slow
def test_a_text_too_long_for_the_model_inside_is_one_sentence(real_settings: Settings) -> None:
    with pytest.raises(ReplyUnusable, match="4096 tokens"):
        load_chat_model(real_settings).complete("", "word " * 6000, max_tokens=5)


@pytest.mark.slow
def test_the_model_inside_streams(real_settings: Settings) -> None:
    from rag import weights

    model: Any = llm.llama_chat_class()
    chunks = list(
        model(path=str(weights.path_of(weights.CHAT, real_settings).resolve()), max_tokens=8).stream("Say hello")
    )
    whole = chunks[0]
    for chunk in chunks[1:]:
        whole = whole + chunk
    assert len(chunks) > 2 and "ello" in whole.content and whole.usage_metadata["output_tokens"] > 0


@pytest.mark.slow
def test_the_model_inside_writes_nothing_to_standard_output(real_settings: Settings) -> None:
    script = (
        "from rag.llm import load_chat_model; from rag.settings import load_settings;"
        "load_chat_model(load_settings(), cache=False).complete('', 'Say hello', max_tokens=3)"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=200, check=False)
    assert (run.returncode, run.stdout) == (0, ""), run.stderr


@pytest.mark.slow
def test_a_file_that_is_no_model_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "broken.gguf").write_bytes(b"GGUF but not really")
    with pytest.raises(AppealError, match="could not be loaded"):
        llm.LlamaServer(str(tmp_path / "broken.gguf"))
