"""Files for pilots: CSV, JSON and Parquet, in one folder; only mapped columns are kept."""

import asyncio
import csv
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

import orjson

from gateway.errors import SourceFailed, SourceInvalid
from gateway.sources.group_rows import count_kept
from gateway.sources.groups import Group
from gateway.sources.mapping import SourcePlace, TablePlace
from gateway.sources.register import GroupLook, Look, RawRows, without_values
from gateway.subject import Subject

_LARGEST = 64 * 1024 * 1024
"""Bytes; a pilot has no larger file, and what is kept of it stays in memory."""

Kept: TypeAlias = dict[str, object]
Read: TypeAlias = Callable[[Path, Sequence[str]], Iterator[Kept]]


@dataclass(frozen=True, slots=True)
class _Loaded:
    """The rows of one file by person, as it was when it was read."""

    stamp: tuple[int, int, int]
    by_person: Mapping[str | None, list[Kept]]


class FilesRegister:
    """Reads a file when it is new, and keeps of it only what the mapping names, by person.

    Replace a file by renaming another one to its name: a file that changes while it is read gives
    no answer.
    """

    takes_conditions = False
    waits = True

    def __init__(self, place: SourcePlace) -> None:
        self._folder = Path(place.address)
        self._loaded: dict[str, _Loaded] = {}
        self._turn = asyncio.Lock()

    async def fetch(self, subject: Subject | None, looks: Sequence[Look]) -> Sequence[RawRows]:
        """Return the rows of every look; see `Register.fetch`."""
        person = None if subject is None else subject.value
        try:
            return [_asked(look, await self._rows_of(look.table), person) for look in looks]
        except OSError as exc:
            raise SourceFailed("a file of a source cannot be read") from without_values(exc)

    async def count(self, look: GroupLook) -> Sequence[Group]:
        """Return every cell that holds anybody; see `Register.count`."""
        try:
            loaded = await self._rows_of(look.table)
        except OSError as exc:
            raise SourceFailed("a file of a source cannot be read") from without_values(exc)
        return await asyncio.to_thread(count_kept, look, loaded.by_person)

    def probe(self, tables: Sequence[TablePlace]) -> None:
        """Make sure that the files have these columns; see `Register.probe`."""
        for table in tables:
            try:
                self._load(table)
            except OSError as exc:
                raise SourceInvalid(
                    f"er is geen bestand {table.at}; kijk of adres en at kloppen"
                    f" / there is no file {table.at}"
                ) from without_values(exc)

    def close(self) -> None:
        """Forget what was read."""
        self._loaded.clear()

    async def aclose(self) -> None:
        """Forget what was read."""
        self.close()

    async def _rows_of(self, table: TablePlace) -> _Loaded:
        """Return what a file holds now; a new one is read on a thread of its own."""
        async with self._turn:
            loaded = self._loaded.get(table.name)
            if loaded is not None and loaded.stamp == _stamp(self._path(table)):
                return loaded
            return await asyncio.to_thread(self._load, table)

    def _load(self, table: TablePlace) -> _Loaded:
        path = self._path(table)
        stamp = _stamp(path)
        names = list(dict.fromkeys(_names(table)))
        by_person: dict[str | None, list[Kept]] = {}
        for row in _reader_of(table)(path, names):
            person = None if table.subject is None else _person(row.get(table.subject))
            by_person.setdefault(person, []).append(row)
        if _stamp(path) != stamp:
            raise SourceFailed("a file changed while it was read")
        # Kept even where nobody waits for it any more: the next question finds it.
        self._loaded[table.name] = _Loaded(stamp, by_person)
        return self._loaded[table.name]

    def _path(self, table: TablePlace) -> Path:
        if Path(table.at).name != table.at:
            raise SourceInvalid(
                "een bestand van een bron staat in de map zelf; schrijf bij at alleen zijn naam"
                " / a file of a source stands in its folder itself"
            )
        return self._folder / table.at


def _asked(look: Look, loaded: _Loaded, person: str | None) -> RawRows:
    rows = loaded.by_person.get(person, [])
    return [[row.get(column.at) for column in look.columns] for row in rows]


def _names(table: TablePlace) -> list[str]:
    names = [column.at for column in table.columns.values()]
    return names if table.subject is None else [table.subject, *names]


def _person(value: object) -> str:
    """Return the number of a person as text; what is no number at all is nobody's."""
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:09}"
    return value if isinstance(value, str) else ""


def _stamp(path: Path) -> tuple[int, int, int]:
    """Return what tells this state of a file from another.

    Raises: SourceFailed when it is larger than a pilot's file.
    """
    found = os.stat(path)  # noqa: PTH116 - half the cost of Path.stat
    if found.st_size > _LARGEST:
        raise SourceFailed("een bestand van de bron is te groot / a file of a source is too large")
    return found.st_ino, found.st_size, found.st_mtime_ns


def _read_csv(path: Path, names: Sequence[str]) -> Iterator[Kept]:
    """Give the named columns of each line; an empty cell is no value."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        try:
            first = file.readline()
            header = next(csv.reader([first], delimiter=_delimiter(first)), [])
            places = {name: _only(header, name, path) for name in names}
            for line in csv.reader(file, delimiter=_delimiter(first), strict=True):
                yield {name: line[at] or None for name, at in places.items()}
        except (csv.Error, UnicodeDecodeError, IndexError) as exc:
            raise SourceFailed(
                "een bestand van de bron is geen CSV / a file of a source is no CSV"
            ) from without_values(exc)


def _delimiter(first: str) -> str:
    return max(";,\t", key=first.count)


def _only(header: Sequence[str], name: str, path: Path) -> int:
    if header.count(name) != 1:
        raise SourceInvalid(
            f"bestand {path.name} heeft niet precies één kolom {name}"
            f" / file {path.name} has no single column {name}"
        )
    return header.index(name)


def _read_json(path: Path, names: Sequence[str]) -> Iterator[Kept]:
    """Give what stands at the named paths of each item of one list."""
    try:
        items = orjson.loads(path.read_bytes())
    except orjson.JSONDecodeError as exc:
        raise SourceFailed(
            "een bestand van de bron is geen JSON / a file of a source is no JSON"
        ) from without_values(exc)
    if not isinstance(items, list) or not all(isinstance(each, dict) for each in items):
        raise SourceFailed(
            "een JSON-bestand van een bron is een lijst van objecten"
            " / a JSON file of a source is a list of objects"
        )
    missing = [name for name in names if items and not any(_has(name, each) for each in items)]
    if missing:
        raise SourceInvalid(
            f"bestand {path.name} heeft niets bij {missing[0]}; kijk wat in de mapping bij at staat"
            f" / file {path.name} has nothing at {missing[0]}"
        )
    for item in items:
        yield {name: _at(name, item) for name in names}


def _has(path: str, item: Mapping[str, object]) -> bool:
    return path.partition(".")[0] in item


def _at(path: str, item: object) -> object:
    for step in path.split("."):
        item = item.get(step) if isinstance(item, dict) else None
    return item


def _read_parquet(path: Path, names: Sequence[str]) -> Iterator[Kept]:
    # Only who has Parquet files installs what reads them.
    from gateway.sources.parquet import read_parquet  # noqa: PLC0415

    return read_parquet(path, names)


_READERS: Mapping[str, Read] = MappingProxyType(
    {".csv": _read_csv, ".json": _read_json, ".parquet": _read_parquet}
)


def _reader_of(table: TablePlace) -> Read:
    reader = _READERS.get(Path(table.at).suffix)
    if reader is None:
        words = ", ".join(_READERS)
        raise SourceInvalid(
            f"een bestand van een bron is een van {words}: {table.at}"
            f" / a file of a source is one of {words}: {table.at}"
        )
    return reader
