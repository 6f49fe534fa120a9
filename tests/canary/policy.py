"""What the policy files grant, read by the tests themselves: nothing here is the product's own."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from gateway.identity.clients import Hat

PURPOSES = Path(__file__).resolve().parent.parent.parent / "purposes"
# What is made of a column without bringing it down: the value itself may stand in it.
_WHOLE = frozenset({None, "list", "items", "pairs", "active_parties", "earliest", "sum"})


@dataclass(frozen=True)
class Granted:
    """A field that leaves at exact precision: which columns of which rows."""

    table: str
    columns: frozenset[str]
    where: tuple[tuple[str, object], ...]


@dataclass(frozen=True)
class Told:
    """A purpose as its file tells it: who may ask, which fields there are, which leave whole."""

    id: str
    task: str
    activity: str
    hats: tuple[Hat, ...]
    fields: tuple[str, ...]
    never: tuple[str, ...]
    exact: Mapping[str, Granted]
    claims: Mapping[str, object]
    about_groups: bool
    veiled: bool


@cache
def purposes() -> Mapping[str, Told]:
    """Return every purpose of the project, by its id."""
    files = sorted(PURPOSES.glob("*/*.yaml"))
    told = [_told(yaml.safe_load(file.read_text("utf-8"))) for file in files]
    return {each.id: each for each in told}


@cache
def compared_columns() -> frozenset[tuple[str, str]]:
    """Return every column by which a purpose chooses its rows."""
    files = sorted(PURPOSES.glob("*/*.yaml"))
    return frozenset(
        (grant["of"].split(".")[0], column)
        for file in files
        for grant in yaml.safe_load(file.read_text("utf-8"))["fields"].values()
        for column in grant.get("where", {})
    )


def _told(document: Mapping[str, Any]) -> Told:
    fields: Mapping[str, Mapping[str, Any]] = document["fields"]
    conditions: Sequence[Mapping[str, Any]] = document.get("conditions") or []
    return Told(
        id=document["id"],
        task=document["task"],
        activity=document["activity"],
        hats=tuple(Hat(each["organisation"], each["role"]) for each in document["requesters"]),
        fields=tuple(fields),
        never=tuple(document.get("never") or ()),
        exact=dict(_exact(fields)),
        claims={
            each["name"]: (each.get("one_of") or [True])[0]
            for each in conditions
            if each["kind"] == "claim"
        },
        about_groups=any(each["kind"] == "group_size" for each in conditions)
        or any("cells" in each for each in fields.values()),
        veiled="indistinguishable" in document,
    )


def _exact(fields: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, Granted]]:
    for name, grant in fields.items():
        whole = grant["precision"] == "exact" and grant.get("derive") in _WHOLE
        if whole and "labels" not in grant and "cells" not in grant:
            table, _, column = grant["of"].partition(".")
            columns = {column, grant.get("key")} - {None, ""}
            where = tuple((grant.get("where") or {}).items())
            yield name, Granted(table, frozenset(map(str, columns)), where)
