"""The chat model door: system text, user text and worked examples in, a `Reply` out.

Which model answers is one setting: Qwen inside this process (`local`), any LangChain provider (`provider:model`), any OpenAI-style endpoint
(`http(s)://host/v1#model`), or none. Stages see a `Chat` and nothing of LangChain. Replies are kept on disk by content, so that work
which was finished before a kill is not paid for again. Prompts are not made here, and replies are not parsed here.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import json
import logging
import math
import queue
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from rag import weights
from rag.errors import AppealError, ModelUnavailable, ReplyUnusable, SetupError
from rag.settings import PROJECT, Settings, silence_telemetry
from rag.tokens import count_tokens

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import BaseMessage
    from sqlalchemy import Engine

logger = logging.getLogger(__name__)

CONTEXT = 4096
"""Tokens that the model inside can see at once: a prompt of one stage and its reply, with room; twice as many would cost memory only."""
THREADS = 2
"""Processor cores that the model inside uses."""
PREFIX_CACHE_MIB = 512
"""Memory for prompts already read, so that stages that take turns do not read their examples again."""
LATIN = r"root ::= [\x20-\x7E\u00A0-\u024F\u2010-\u2026\u20AC]+"
"""Grammar for a reply in Latin letters: a small model asked for English now and then copies Chinese."""
REMOTE_TIMEOUT = 120.0
"""Seconds that a remote model has for one reply."""
ATTEMPTS = 3
"""Tries for a remote model that is busy or out of reach."""
BACK_OFF = 2.0
"""Seconds before the second try; doubled before the third."""
ADAPTERS = PROJECT / "knowledge" / "adapters"
"""Trained changes of the model inside, one file each, named after what they are for (scripts/train_wording.py)."""
TOP_REMOTE, TOP_LOCAL = 20, 100
"""First tokens looked at for Yes and No; remote models show 20 at most."""

Message = tuple[str, str]
"""Role (`system`, `user`, `assistant`) and text."""


@dataclass(frozen=True)
class Reply:
    """What the model answered."""

    text: str
    tokens_in: int
    tokens_out: int
    seconds: float
    """How long the model took when it was really asked."""
    finished: bool
    """False when the token limit cut the reply off."""
    cached: bool = False
    """The reply was kept from an earlier call; it cost nothing now."""


class Chat(Protocol):
    """What stages see of a chat model."""

    @property
    def name(self) -> str:
        """For people and run records: `local:qwen...`, `openai:gpt...`, `none`."""
        ...

    @property
    def remote(self) -> bool:
        """Text leaves this machine."""
        ...

    @property
    def available(self) -> bool:
        """False for the setting `none`: every call would raise ModelUnavailable."""
        ...

    @property
    def adapters(self) -> frozenset[str]:
        """Names of the trained adapters that come with this model (`wording`); empty for models elsewhere."""
        ...

    def complete(
        self,
        system: str,
        user: str,
        *,
        max_tokens: int,
        temperature: float = 0.0,
        examples: Sequence[tuple[str, str]] = (),
        schema: dict[str, Any] | None = None,
        stop: Sequence[str] = (),
        latin: bool = False,
        adapter: str = "",
    ) -> Reply:
        """The model's reply. `examples` are earlier (user, assistant) turns; `schema` is a JSON schema that the reply must fit.

        `latin` keeps the model inside from writing Chinese characters; other models are not bound by it, so callers check all the same.
        `adapter` is one of `adapters`: the model answers with what it was trained for.
        """
        ...

    def yes_odds(self, system: str, user: str) -> float | None:
        """log P(Yes) - log P(No) of the reply's first token; None when this model does not tell."""
        ...


def load_chat_model(settings: Settings, spec: str | None = None, *, cache: bool = True) -> Chat:
    """The chat model of these settings, or of `spec`. The model inside is loaded at its first question, once per process."""
    spec = (spec or settings.chat_model).strip()
    if spec == "none":
        return NoChat()
    talker = _local_talker(settings) if spec == "local" else _remote_talker(settings, spec)
    return CachedChat(talker, ReplyStore(settings.replies) if cache else None)


class NoChat:
    """Stands where a chat model would: the program works without one, with the seller's own words."""

    name = "none"
    remote = False
    available = False
    adapters: frozenset[str] = frozenset()

    def complete(self, system: str, user: str, **options: Any) -> Reply:
        """Always raises: callers that can do without ask `available` first."""
        raise ModelUnavailable(
            "No language model is set (POA_MODEL=none); set POA_MODEL=local or another model.",
            "未设置语言模型（POA_MODEL=none）；请设置 POA_MODEL=local 或其他模型。",
        )

    def yes_odds(self, system: str, user: str) -> float | None:
        """Cannot tell."""
        return None


# --- asking, and keeping what was answered -------------------------------------------------------------------------


class Talker(Protocol):
    """One model, asked for real each time. Raises only our errors."""

    name: str
    identity: str
    """Changes whenever the same question may get another answer."""
    remote: bool
    adapters: frozenset[str]

    def talk(
        self,
        messages: list[Message],
        max_tokens: int,
        temperature: float,
        schema: dict[str, Any] | None,
        stop: list[str],
        latin: bool = False,
        adapter: str = "",
    ) -> Reply: ...

    def first_tokens(self, messages: list[Message]) -> list[tuple[str, float]] | None:
        """The likeliest first tokens of the reply with their log probabilities."""
        ...


class CachedChat:
    """A `Chat` that looks among the kept replies before it asks."""

    available = True

    def __init__(self, talker: Talker, store: ReplyStore | None) -> None:
        self._talker, self._store = talker, store

    @property
    def name(self) -> str:
        """Name of the model."""
        return self._talker.name

    @property
    def remote(self) -> bool:
        """Text leaves this machine."""
        return self._talker.remote

    @property
    def adapters(self) -> frozenset[str]:
        """Trained adapters of the model."""
        return self._talker.adapters

    def complete(
        self,
        system: str,
        user: str,
        *,
        max_tokens: int,
        temperature: float = 0.0,
        examples: Sequence[tuple[str, str]] = (),
        schema: dict[str, Any] | None = None,
        stop: Sequence[str] = (),
        latin: bool = False,
        adapter: str = "",
    ) -> Reply:
        """The reply, kept or fresh. ReplyUnusable when it is empty."""
        messages = _messages(system, user, examples)
        asked = {"max_tokens": max_tokens, "temperature": temperature, "schema": schema, "stop": list(stop)} | ({"latin": True} if latin else {}) | ({"adapter": adapter} if adapter else {})
        key = self._key(messages, asked)
        kept = self._store.get(key) if self._store else None
        if kept is not None:
            return replace(Reply(**kept), cached=True)
        reply = self._talker.talk(messages, max_tokens, temperature, schema, list(stop), latin, adapter)
        if not reply.text.strip():
            raise ReplyUnusable(f"The model {self.name} answered with nothing.", f"模型 {self.name} 的回复为空。")
        if self._store:
            self._store.put(key, asdict(reply))
        return reply

    def yes_odds(self, system: str, user: str) -> float | None:
        """The odds, kept or fresh."""
        messages = _messages(system, user, ())
        key = self._key(messages, {"yes_odds": 1})
        kept = self._store.get(key) if self._store else None
        if kept is not None:
            return kept["odds"]
        tokens = self._talker.first_tokens(messages)
        odds = odds_of(tokens) if tokens else None
        if odds is not None and self._store:
            self._store.put(key, {"odds": odds})
        return odds

    def _key(self, messages: list[Message], asked: dict[str, Any]) -> str:
        content = json.dumps([self._talker.identity, messages, asked], ensure_ascii=False, sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()


def odds_of(tokens: Sequence[tuple[str, float]]) -> float | None:
    """log P(Yes) - log P(No) from the first tokens shown. One that is not shown is at most as likely as the last shown; None if both are."""
    found = {word: [odds for token, odds in tokens if token.strip().lower() == word] for word in ("yes", "no")}
    if not any(found.values()):
        return None
    least = min(odds for _, odds in tokens)
    yes, no = (_log_sum(found[word]) if found[word] else least for word in ("yes", "no"))
    return yes - no


def _log_sum(odds: Sequence[float]) -> float:
    top = max(odds)
    return top + math.log(sum(math.exp(one - top) for one in odds))


def _messages(system: str, user: str, examples: Sequence[tuple[str, str]]) -> list[Message]:
    turns = [turn for question, answer in examples for turn in (("user", question), ("assistant", answer))]
    return [("system", system), *turns, ("user", user)] if system else [*turns, ("user", user)]


class ReplyStore:
    """Replies by content in an SQLite file; two processes may use it at once.

    A file that cannot be opened is an error; one that fails later (full disk, locked too long) is logged and costs only time.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._engine: Engine | None = None
        self._lock = threading.Lock()

    def get(self, key: str) -> dict[str, Any] | None:
        """What was kept under a key."""
        from sqlalchemy import text
        from sqlalchemy.exc import SQLAlchemyError

        engine = self._open()
        try:
            with engine.connect() as connection:
                row = connection.execute(text("SELECT value FROM replies WHERE key = :key"), {"key": key}).first()
        except SQLAlchemyError as error:
            logger.warning("The kept replies in %s could not be read: %s", self._path, error.__cause__ or error)
            return None
        return json.loads(row[0]) if row else None

    def put(self, key: str, value: dict[str, Any]) -> None:
        """Keep a value under a key; the last one wins."""
        from sqlalchemy import text
        from sqlalchemy.exc import SQLAlchemyError

        engine = self._open()
        row = {"key": key, "value": json.dumps(value, ensure_ascii=False), "kept": time.time()}
        try:
            with engine.begin() as connection:
                connection.execute(
                    text("INSERT OR REPLACE INTO replies (key, value, kept) VALUES (:key, :value, :kept)"), row
                )
        except SQLAlchemyError as error:
            logger.warning("A reply could not be kept in %s: %s", self._path, error.__cause__ or error)

    def _open(self) -> Engine:
        from sqlalchemy import create_engine, event, text
        from sqlalchemy.exc import SQLAlchemyError

        with self._lock:
            if self._engine is not None:
                return self._engine
            try:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                engine = create_engine(f"sqlite:///{self._path}", connect_args={"timeout": 30})

                @event.listens_for(engine, "connect")
                def _several_processes(connection: Any, _record: Any) -> None:
                    connection.execute("PRAGMA journal_mode=WAL")
                    connection.execute("PRAGMA synchronous=NORMAL")  # a reply lost to a power cut is asked again

                with engine.begin() as connection:
                    connection.execute(
                        text(
                            "CREATE TABLE IF NOT EXISTS replies (key TEXT PRIMARY KEY, value TEXT NOT NULL, kept REAL)"
                        )
                    )
            except (OSError, SQLAlchemyError) as error:
                raise SetupError(
                    f"The kept replies in {self._path} cannot be used: {error.__cause__ or error}. Delete the file or set POA_HOME.",
                    f"无法使用已保存的回复 {self._path}：{error.__cause__ or error}。请删除该文件或设置 POA_HOME。",
                ) from error
            self._engine = engine
            return engine


# --- LangChain, local or remote ------------------------------------------------------------------------------------


def _spoken(messages: list[Message]) -> list[BaseMessage]:
    from langchain_core.messages import AIMessage, HumanMessage, SystemMessage

    kinds: dict[str, type[BaseMessage]] = {"system": SystemMessage, "user": HumanMessage, "assistant": AIMessage}
    return [kinds[role](content=content) for role, content in messages]


def _reply(message: Any, messages: list[Message], seconds: float) -> Reply:
    usage = message.usage_metadata or {}
    meta = message.response_metadata or {}
    reason = str(meta.get("finish_reason") or meta.get("stop_reason") or meta.get("done_reason") or "stop")
    text = _text_of(message.content)
    return Reply(
        text=text,
        # Endpoints that do not count are counted for.
        tokens_in=usage.get("input_tokens") or sum(count_tokens(content) for _, content in messages),
        tokens_out=usage.get("output_tokens") or count_tokens(text),
        seconds=seconds,
        finished=reason.lower() not in {"length", "max_tokens", "model_length"},
    )


def _text_of(content: str | list[Any]) -> str:
    if isinstance(content, str):
        return content.strip()
    blocks = [block if isinstance(block, str) else block.get("text", "") for block in content]
    return "".join(blocks).strip()


# --- the model inside ----------------------------------------------------------------------------------------------


class LocalTalker:
    """Qwen in this process."""

    remote = False

    def __init__(self, path: Path, digest: str, adapters: Mapping[str, Path] | None = None) -> None:
        self._path, self._adapters = path, dict(adapters or {})
        self.name = f"local:{path.stem}"
        self.adapters = frozenset(self._adapters)
        trained = [hashlib.sha256(file.read_bytes()).hexdigest()[:16] for _, file in sorted(self._adapters.items())]
        # Another version of the runtime may round differently and word a sentence differently.
        self.identity = ":".join((digest, f"xllamacpp-{importlib.metadata.version('xllamacpp')}", str(CONTEXT), *trained))

    def talk(
        self,
        messages: list[Message],
        max_tokens: int,
        temperature: float,
        schema: dict[str, Any] | None,
        stop: list[str],
        latin: bool = False,
        adapter: str = "",
    ) -> Reply:
        """One reply."""
        options: dict[str, Any] = {"max_tokens": max_tokens, "temperature": temperature, "adapter": adapter}
        if schema:
            options["json_schema"] = schema
        elif latin:
            options["grammar"] = LATIN
        started = time.monotonic()
        try:
            message = self._model().invoke(_spoken(messages), stop=stop or None, **options)
        except AppealError:
            raise
        except Exception as error:
            raise _local_failure(error) from error
        return _reply(message, messages, time.monotonic() - started)

    def first_tokens(self, messages: list[Message]) -> list[tuple[str, float]] | None:
        """The likeliest first tokens."""
        try:
            message = self._model().invoke(_spoken(messages), max_tokens=1, temperature=0.0, top_logprobs=TOP_LOCAL)
        except AppealError:
            raise
        except Exception as error:
            raise _local_failure(error) from error
        return _top_tokens(message)

    def _model(self) -> BaseChatModel:
        silence_telemetry()
        make: Callable[..., BaseChatModel] = llama_chat_class()
        return make(path=str(self._path), adapters={name: str(file) for name, file in self._adapters.items()})


def _local_talker(settings: Settings) -> LocalTalker:
    bundle = weights.CHAT
    if not weights.is_ready(bundle, settings):
        raise SetupError(
            f"The language model {bundle.title} is not fetched yet: run `make models`, or set POA_MODEL to another model or `none`.",
            f"语言模型 {bundle.title} 尚未下载：请运行 `make models`，或将 POA_MODEL 设为其他模型或 `none`。",
        )
    # Resolved: one file reached by two names must not be in memory twice.
    return LocalTalker(weights.path_of(bundle, settings).resolve(), bundle.files[0].sha256, {file.stem: file for file in sorted(ADAPTERS.glob("*.gguf"))})


def _local_failure(error: Exception) -> AppealError:
    if "context size" in str(error):
        return ReplyUnusable(
            f"The text is longer than the model inside can read at once ({CONTEXT} tokens): shorten it, or use a larger model.",
            f"文本超出内置模型一次可读取的长度（{CONTEXT} 个 token）：请缩短文本，或使用更大的模型。",
        )
    return ModelUnavailable(f"The language model inside failed: {error}.", f"内置语言模型出错：{error}。")


@cache
def llama_chat_class() -> type[BaseChatModel]:
    """`LlamaCppChat(path=...)`, a LangChain chat model for a GGUF file. Made on demand: LangChain takes a second or two to import."""
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessage, AIMessageChunk
    from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
    from pydantic import Field

    class LlamaCppChat(BaseChatModel):
        path: str
        adapters: dict[str, str] = Field(default_factory=dict)
        temperature: float = 0.0
        max_tokens: int = 256
        seed: int = 0

        @property
        def _llm_type(self) -> str:
            return "llama.cpp"

        @property
        def _identifying_params(self) -> dict[str, Any]:
            return {
                "path": self.path,
                "temperature": self.temperature,
                "max_tokens": self.max_tokens,
                "seed": self.seed,
            }

        def _request(
            self, messages: list[BaseMessage], stop: list[str] | None, options: dict[str, Any]
        ) -> dict[str, Any]:
            defaults = {"temperature": self.temperature, "max_tokens": self.max_tokens, "seed": self.seed}
            request = _server_request([(message.type, message.content) for message in messages], stop, {**defaults, **options})
            # Every adapter is named each time: one that is not mentioned would keep the scale of the request before.
            request |= {"lora": [{"id": n, "scale": float(name == options.get("adapter"))} for n, name in enumerate(self.adapters)]} if self.adapters else {}
            return request

        def _generate(
            self, messages: list[BaseMessage], stop: list[str] | None = None, run_manager: Any = None, **options: Any
        ) -> ChatResult:
            answer = _server_of(self.path, tuple(self.adapters.values())).ask(self._request(messages, stop, options))
            choice = answer["choices"][0]
            message = AIMessage(
                content=choice["message"]["content"] or "",
                usage_metadata=_usage(answer["usage"]),
                response_metadata={"finish_reason": choice["finish_reason"], "logprobs": choice.get("logprobs")},
            )
            return ChatResult(generations=[ChatGeneration(message=message)])

        def _stream(
            self, messages: list[BaseMessage], stop: list[str] | None = None, run_manager: Any = None, **options: Any
        ) -> Iterator[ChatGenerationChunk]:
            for part in _server_of(self.path, tuple(self.adapters.values())).stream(self._request(messages, stop, options)):
                choice = part["choices"][0] if part["choices"] else {"delta": {}, "finish_reason": None}
                text = choice["delta"].get("content") or ""
                chunk = AIMessageChunk(
                    content=text,
                    usage_metadata=_usage(part["usage"]) if part.get("usage") else None,
                    response_metadata={"finish_reason": choice["finish_reason"]} if choice["finish_reason"] else {},
                )
                if run_manager and text:
                    run_manager.on_llm_new_token(text)
                yield ChatGenerationChunk(message=chunk)

    return LlamaCppChat


def _server_request(messages: list[tuple[str, Any]], stop: list[str] | None, options: dict[str, Any]) -> dict[str, Any]:
    roles = {"human": "user", "ai": "assistant"}
    request: dict[str, Any] = {
        "messages": [{"role": roles.get(kind, kind), "content": content} for kind, content in messages],
        "temperature": options["temperature"],
        "max_tokens": options["max_tokens"],
        "seed": options["seed"],
        "cache_prompt": True,
    }
    if stop:
        request["stop"] = stop
    if schema := options.get("json_schema"):
        request["response_format"] = {"type": "json_schema", "json_schema": {"name": "reply", "schema": schema}}
    elif grammar := options.get("grammar"):
        request["grammar"] = grammar
    if top := options.get("top_logprobs"):
        request |= {"logprobs": True, "top_logprobs": top}
    return request


def _usage(counts: dict[str, Any]) -> Any:
    return {
        "input_tokens": counts["prompt_tokens"],
        "output_tokens": counts["completion_tokens"],
        "total_tokens": counts["total_tokens"],
    }


class LlamaServer:
    """llama.cpp's engine with one model in memory."""

    def __init__(self, path: str, adapters: Sequence[str] = ()) -> None:
        import xllamacpp

        params = xllamacpp.CommonParams()
        params.model.path = path
        params.n_ctx = CONTEXT
        params.n_parallel = 1  # on two cores several at once are no faster, and would share the context
        params.n_gpu_layers = 0
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = THREADS
        params.cpuparams.poll = params.cpuparams_batch.poll = 0  # waiting threads sleep: spinning starves both when the machine is busy
        params.cache_ram_mib = PREFIX_CACHE_MIB
        params.lora_adapters = [xllamacpp.CommonAdapterLoraInfo(file, 0.0) for file in adapters]
        params.lora_init_without_apply = True  # each request says which one it wants
        params.warmup = False
        params.verbosity = -1  # its log would mix with our output
        # Speculation from the prompt's n-grams (simple, map, cache) was measured on one-sentence replies: no faster, and words changed.
        # The engine also listens on a port of this machine, which nobody here uses: a key that nobody knows keeps it shut.
        params.api_keys = [secrets.token_hex(32)]
        params.cors_origins = "http://127.0.0.1"
        params.ui = params.endpoint_slots = False
        try:
            self._engine = xllamacpp.Server(params)
        except Exception as error:
            raise ModelUnavailable(
                f"The language model {path} could not be loaded: {error}. Delete the file and run `make models`.",
                f"无法加载语言模型 {path}：{error}。请删除该文件并运行 `make models`。",
            ) from error

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """One whole answer."""
        answer = self._engine.handle_chat_completions(request)
        return _without_error(answer)

    def stream(self, request: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """The answer in parts, as they come. The engine calls back, so it runs in a thread of its own."""
        parts: queue.SimpleQueue[dict[str, Any] | Exception | None] = queue.SimpleQueue()

        def run() -> None:
            try:
                whole = {**request, "stream": True, "stream_options": {"include_usage": True}}
                self._engine.handle_chat_completions(whole, parts.put)
                parts.put(None)
            except Exception as error:
                parts.put(error)

        threading.Thread(target=run, daemon=True, name="llama-stream").start()
        while (part := parts.get()) is not None:
            if isinstance(part, Exception):
                raise part
            yield _without_error(part)


def _without_error(answer: dict[str, Any]) -> dict[str, Any]:
    if "error" in answer:
        raise RuntimeError(answer["error"].get("message", "unknown error"))
    return answer


_servers: dict[tuple[str, tuple[str, ...]], LlamaServer] = {}
_starting = threading.Lock()


def _server_of(path: str, adapters: tuple[str, ...] = ()) -> LlamaServer:
    with _starting:
        if (path, adapters) not in _servers:
            _servers[path, adapters] = LlamaServer(path, adapters)
        return _servers[path, adapters]


def _top_tokens(message: Any) -> list[tuple[str, float]] | None:
    shown = ((message.response_metadata or {}).get("logprobs") or {}).get("content") or []
    return [(one["token"], one["logprob"]) for one in shown[0]["top_logprobs"]] if shown else None


# --- models elsewhere ----------------------------------------------------------------------------------------------


class RemoteTalker:
    """A model behind LangChain. `build` makes one for a temperature and a token limit: providers name these differently."""

    remote = True
    adapters: frozenset[str] = frozenset()

    def __init__(
        self,
        name: str,
        build: Callable[[float, int], BaseChatModel],
        *,
        shows_odds: bool,
        schema_method: str = "",
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.name = self.identity = name
        self._build, self._shows_odds, self._sleep = build, shows_odds, sleep
        self._structure: dict[str, Any] = {"method": schema_method} if schema_method else {}
        self._takes_schema = True

    def talk(
        self,
        messages: list[Message],
        max_tokens: int,
        temperature: float,
        schema: dict[str, Any] | None,
        stop: list[str],
        latin: bool = False,
        adapter: str = "",
    ) -> Reply:
        """One reply, with a few tries while the model is busy."""
        started = time.monotonic()
        options: dict[str, Any] = {"stop": stop} if stop else {}
        if schema and self._takes_schema:
            try:
                return self._structured(messages, max_tokens, temperature, schema, started)
            except ModelUnavailable as error:
                if _status(error.__cause__) not in (400, 404, 422, 501):
                    raise
                self._takes_schema = False  # this endpoint does not know schemas: asked in words from now on
        asked = _with_schema_in_words(messages, schema) if schema else messages
        message = self._try(lambda: self._build(temperature, max_tokens).invoke(_spoken(asked), **options))
        return _reply(message, asked, time.monotonic() - started)

    def first_tokens(self, messages: list[Message]) -> list[tuple[str, float]] | None:
        """The likeliest first tokens, where the provider shows them."""
        if not self._shows_odds:
            return None
        try:
            message = self._try(
                lambda: self._build(0.0, 1).invoke(_spoken(messages), logprobs=True, top_logprobs=TOP_REMOTE)
            )
        except ModelUnavailable as error:
            if _status(error.__cause__) not in (400, 404, 422, 501):
                raise
            self._shows_odds = False
            return None
        return _top_tokens(message)

    def _structured(
        self, messages: list[Message], max_tokens: int, temperature: float, schema: dict[str, Any], started: float
    ) -> Reply:
        # LangChain turns the schema into whatever this provider calls it, and needs a name for it.
        named = {"title": "Reply", "description": "The reply.", **schema}
        model = self._build(temperature, max_tokens).with_structured_output(named, include_raw=True, **self._structure)
        try:
            answer = self._try(lambda: model.invoke(_spoken(messages)))
        except ModelUnavailable as error:
            cut = getattr(
                error.__cause__, "completion", None
            )  # OpenAI's client refuses to hand over a reply cut off at the limit
            if cut is None:
                raise
            usage = cut.usage
            text = cut.choices[0].message.content or ""
            return Reply(text, usage.prompt_tokens, usage.completion_tokens, time.monotonic() - started, finished=False)
        reply = _reply(answer["raw"], messages, time.monotonic() - started)
        parsed = answer["parsed"]
        return reply if parsed is None else replace(reply, text=json.dumps(parsed, ensure_ascii=False))

    def _try(self, ask: Callable[[], Any]) -> Any:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return ask()
            except Exception as error:
                if attempt == ATTEMPTS or not _passes(error):
                    raise _remote_failure(self.name, error) from error
                self._sleep(BACK_OFF * 2 ** (attempt - 1))
        raise AssertionError("unreachable")


def _with_schema_in_words(messages: list[Message], schema: dict[str, Any]) -> list[Message]:
    rule = "Reply with one JSON value only, no other text, that fits this JSON schema:\n" + json.dumps(schema)
    *before, (role, content) = messages
    return [*before, (role, f"{content}\n\n{rule}")]


def _status(error: BaseException | None) -> int | None:
    found = getattr(error, "status_code", None)
    return found if isinstance(found, int) else None


def _passes(error: Exception) -> bool:
    """Whether trying again may help: a busy or stumbling server, a lost connection."""
    status = _status(error)
    if status is not None:
        return status in (408, 409, 429) or status >= 500
    return _is_connection(error)


def _is_connection(error: Exception) -> bool:
    names = {kind.__name__ for kind in type(error).__mro__}
    return bool(names & {"APIConnectionError", "TransportError", "TimeoutException", "ConnectionError", "TimeoutError"})


def _remote_failure(name: str, error: Exception) -> ModelUnavailable:
    status = _status(error)
    if status in (401, 403):
        what, what_zh = "refused the key; check POA_MODEL_KEY", "拒绝了密钥；请检查 POA_MODEL_KEY"
    elif status == 429:
        what, what_zh = "is busy or the quota is used up; try again later", "繁忙或额度已用完；请稍后再试"
    elif status == 404:
        what, what_zh = "does not exist at that address; check POA_MODEL", "在该地址不存在；请检查 POA_MODEL"
    elif status is not None:
        what, what_zh = f"answered with error {status}: {_short(error)}", f"返回错误 {status}：{_short(error)}"
    elif _is_connection(error):
        what, what_zh = "cannot be reached; check the address and the network", "无法连接；请检查地址和网络"
    else:
        what, what_zh = f"failed: {_short(error)}", f"出错：{_short(error)}"
    return ModelUnavailable(f"The model {name} {what}.", f"模型 {name} {what_zh}。")


def _short(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]


_PACKAGES = {"azure_openai": "openai", "bedrock": "aws", "bedrock_converse": "aws", "azure_ai": "azure_ai", "google_anthropic_vertex": "google_vertexai"}
"""Packages of the providers that are not named after them."""


def _remote_talker(settings: Settings, spec: str) -> RemoteTalker:
    silence_telemetry()
    if spec.startswith(("http://", "https://")):
        address, _, model = spec.partition("#")
        if not model:
            raise SetupError(
                f"POA_MODEL {spec!r} names no model: write the address, a number sign and the model, as in {spec}#my-model.",
                f"POA_MODEL {spec!r} 未指定模型：请写成“地址#模型名”，例如 {spec}#my-model。",
            )
        return RemoteTalker(
            spec, _endpoint_builder(address, model, settings.model_key), shows_odds=True, schema_method="json_schema"
        )
    provider, _, model = spec.partition(":")
    if not model:
        raise SetupError(
            f"POA_MODEL {spec!r} is not understood: expected `local`, `none`, `provider:model` or `http(s)://host/v1#model`.",
            f"无法识别 POA_MODEL {spec!r}：应为 `local`、`none`、`provider:model` 或 `http(s)://host/v1#model`。",
        )
    package = f"langchain_{_PACKAGES.get(provider, provider)}"
    if importlib.util.find_spec(package) is None:  # said at once: a letter in the seller's own words might never ask the model
        raise SetupError(
            f"POA_MODEL {spec!r}: the provider {provider!r} needs the package {package.replace('_', '-')}, which is not installed; "
            "openai, anthropic and ollama are.",
            f"POA_MODEL {spec!r}：模型提供方 {provider!r} 需要软件包 {package.replace('_', '-')}，尚未安装；已安装 openai、anthropic、ollama。",
        )
    return RemoteTalker(spec, _provider_builder(provider, model, settings.model_key), shows_odds=provider == "openai")


def _endpoint_builder(address: str, model: str, key: str) -> Callable[[float, int], BaseChatModel]:
    def build(temperature: float, max_tokens: int) -> BaseChatModel:
        # The base class says `max_tokens`; ChatOpenAI itself uses a newer name that many endpoints do not know.
        from langchain_openai.chat_models.base import BaseChatOpenAI
        from pydantic import SecretStr

        return BaseChatOpenAI(
            base_url=address,
            model=model,
            api_key=SecretStr(key or "none"),
            temperature=temperature,
            max_tokens=max_tokens,
            timeout=REMOTE_TIMEOUT,
            max_retries=0,
        )

    return build


def _provider_builder(provider: str, model: str, key: str) -> Callable[[float, int], BaseChatModel]:
    def build(temperature: float, max_tokens: int) -> BaseChatModel:
        from langchain.chat_models import init_chat_model

        options: dict[str, Any] = {"temperature": temperature}
        if provider == "ollama":
            options |= {"num_predict": max_tokens, "client_kwargs": {"timeout": REMOTE_TIMEOUT}}
        else:
            options |= {"max_tokens": max_tokens, "timeout": REMOTE_TIMEOUT, "max_retries": 0}
            options |= {"api_key": key} if key else {}
        return init_chat_model(model, model_provider=provider, **options)

    return build
