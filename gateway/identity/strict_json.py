"""JSON from outside, read strictly: one object, no member twice, no NaN, all input consumed."""

import json
from collections.abc import Sequence
from typing import NoReturn


def parse_object(raw: bytes) -> dict[str, object]:
    """Return the JSON object that `raw` holds in UTF-8.

    Trust:  the bytes may come from an attacker; nesting too deep for the interpreter is refused.
    Raises: ValueError for everything that is not exactly one object; its text may hold input, so
            callers raise their own from it.
    """
    try:
        value = json.loads(
            raw.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_refuse_constant
        )
    except RecursionError as exc:
        raise ValueError("nested too deep") from exc
    if not isinstance(value, dict):
        raise ValueError("not an object")  # noqa: TRY004 - the caller expects one kind of failure
    return value


def _unique(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member stands twice")
    return members


def _refuse_constant(_: str) -> NoReturn:
    raise ValueError("no JSON number")
