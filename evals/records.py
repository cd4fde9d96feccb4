"""Files of labelled data in, records out; and items out, one JSON object a line. Every mistake is named with file, line and what was expected."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag.errors import BadInput


@dataclass(frozen=True)
class Field:
    """What a record may hold under one key."""

    kind: type | tuple[type, ...]
    required: bool = False
    allowed: tuple[str, ...] = ()
    """The words that may stand there; empty: any."""
    default: Any = None


Record = dict[str, Any]
_NAMES = {str: "text", list: "a list", dict: "an object", int: "a whole number", float: "a number", type(None): "null", bool: "true or false"}


def read_records(folder: Path, name: str, fields: Mapping[str, Field], *, limit: int | None = None) -> list[Record]:
    """The records of `folder/name`, in order, with defaults filled in. Keys that are not listed are kept as they are."""
    path = folder / name
    expected = ", ".join(f"{key}{'' if field.required else '?'}" for key, field in fields.items())
    if not path.is_file():
        raise BadInput(f"{path}: there is no such file; expected JSON Lines, one record a line with {expected}.", f"{path}:文件不存在;应为每行一条记录的 JSON Lines,字段:{expected}。")
    records: list[Record] = []
    seen: dict[str, int] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8-sig").splitlines(), 1):
        if not line.strip():
            continue
        where = f"{path}, line {number}"
        try:
            data = json.loads(line)
        except json.JSONDecodeError as error:
            raise BadInput(f"{where}: not valid JSON ({error.msg} at column {error.colno}).", f"{path} 第 {number} 行:JSON 格式错误。") from error
        record = _checked(data, fields, where, expected)
        if str(record.get("id")) in seen:
            raise BadInput(f"{where}: id {record['id']!r} stands already in line {seen[str(record['id'])]}; ids must be unique.", f"{path} 第 {number} 行:编号重复。")
        seen[str(record.get("id"))] = number
        records.append(record)
        if limit and len(records) >= limit:
            break
    if not records:
        raise BadInput(f"{path}: is empty; expected records with {expected}.", f"{path}:文件是空的。")
    return records


def _checked(data: Any, fields: Mapping[str, Field], where: str, expected: str) -> Record:
    if not isinstance(data, dict):
        raise BadInput(f"{where}: found {_what(data)}; expected an object with {expected}.", f"{where}:应为对象。")
    for key, field in fields.items():
        if data.get(key) is None and type(None) not in _kinds(field):
            if field.required:
                raise BadInput(f"{where}: field {key!r} is missing; expected {_wanted(field)}.", f"{where}:缺少字段 {key!r}。")
            continue
        value = data.get(key)
        if not isinstance(value, field.kind) or (isinstance(value, bool) and bool not in _kinds(field)):
            raise BadInput(f"{where}: field {key!r} is {_what(value)}; expected {_wanted(field)}.", f"{where}:字段 {key!r} 类型不对。")
        if field.allowed and value is not None and (unknown := [v for v in (value if isinstance(value, list) else [value]) if v not in field.allowed]):
            raise BadInput(f"{where}: field {key!r} has {unknown[0]!r}; expected {_wanted(field)}.", f"{where}:字段 {key!r} 的值 {unknown[0]!r} 无效。")
    return {**{key: field.default for key, field in fields.items()}, **{k: v for k, v in data.items() if v is not None}}


def _kinds(field: Field) -> tuple[type, ...]:
    return field.kind if isinstance(field.kind, tuple) else (field.kind,)


def _wanted(field: Field) -> str:
    kinds = " or ".join(_NAMES.get(k, k.__name__) for k in _kinds(field))
    return f"{kinds} of {', '.join(field.allowed)}" if field.allowed else kinds


def _what(value: Any) -> str:
    return _NAMES.get(type(value), type(value).__name__) + ("" if value is None or isinstance(value, (list, dict)) else f" {str(value)[:40]!r}")


def write_items(path: Path | None, items: Iterable[Mapping[str, Any]]) -> None:
    """One JSON object a line; nothing when no path is given."""
    if path is None:
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(json.dumps(item, ensure_ascii=False) + "\n" for item in items), encoding="utf-8")
    except OSError as error:
        raise BadInput(f"{path}: cannot be written ({error.strerror}).", f"{path}:无法写入。") from error


