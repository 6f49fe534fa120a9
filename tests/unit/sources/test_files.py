"""Files for pilots: what is read, what is kept of it, and what is no such file."""

import itertools
import os
import sys
from pathlib import Path

import duckdb
import pytest

from gateway.errors import SourceFailed, SourceInvalid
from gateway.sources import files
from gateway.sources.mapped import MappedSources
from gateway.sources.source import Query, Row
from gateway.subject import Subject, parse_bsn
from tests.builders import YUSUF
from tests.counterparts.registers import mapped

pytestmark = pytest.mark.anyio

MAPPING = """
sources:
  bron: {{kind: files, address: .}}
tables:
  t:
    source: bron
    at: '{name}'
    {subject}
    columns:
      x: {{at: {at}, type: text}}
"""


def over(
    folder: Path, name: str, content: str, at: str = "x", subject: str = "bsn"
) -> MappedSources:
    """Return the adapter over one file; without a subject it holds no persons."""
    if Path(name).name == name:
        (folder / name).write_text(content, "utf-8")
    line = f"subject: {subject}" if subject else ""
    return mapped(MAPPING.format(name=name, at=at, subject=line), folder)


async def rows(source: MappedSources, subject: Subject | None) -> list[Row]:
    """Ask for the one column."""
    (found,) = await source.rows(subject, [Query("t", ("x",), ())])
    return list(found)


@pytest.mark.parametrize(
    ("name", "content", "at"),
    [
        ("a.csv", f"bsn;x\n{YUSUF};waarde\n", "x"),
        ("a.csv", f'\ufeffx,y,bsn\n"waarde",geheim,{YUSUF}\n', "x"),
        ("a.csv", f"bsn\tx\r\n{YUSUF}\twaarde\r\n", "x"),
        ("a.json", f'[{{"bsn": "{YUSUF}", "x": "waarde", "y": "geheim"}}]', "x"),
        ("a.json", f'[{{"bsn": {YUSUF}, "a": {{"b": "waarde"}}}}]', "a.b"),
    ],
)
async def test_a_file_is_read_and_only_mapped_columns_are_kept(
    tmp_path: Path, name: str, content: str, at: str
) -> None:
    """Delimiters, a byte order mark and numbers as numbers are no matter."""
    source = over(tmp_path, name, content, at)

    assert await rows(source, parse_bsn(YUSUF)) == [{"x": "waarde"}]
    assert "geheim" not in repr(source._registers["bron"]._loaded)  # type: ignore[attr-defined]


async def test_a_file_without_a_subject_holds_figures(tmp_path: Path) -> None:
    """A table of figures has rows about nobody."""
    source = over(tmp_path, "a.csv", "x\n12\n", subject="")

    assert await rows(source, None) == [{"x": "12"}]


async def test_a_new_file_is_read_anew(tmp_path: Path) -> None:
    """What is delivered again under the same name is what counts."""
    source = over(tmp_path, "a.csv", f"bsn;x\n{YUSUF};oud\n")
    assert await rows(source, parse_bsn(YUSUF)) == [{"x": "oud"}]
    (tmp_path / "nieuw").write_text(f"bsn;x\n{YUSUF};nieuw\n")
    (tmp_path / "nieuw").rename(tmp_path / "a.csv")

    assert await rows(source, parse_bsn(YUSUF)) == [{"x": "nieuw"}]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", 'bsn;x\n999911235;"geheim\n'),
        ("a.csv", "bsn;x\n999911235\n"),
        ("a.json", "geheim"),
        ("a.json", '{"bsn": "geheim"}'),
        ("a.json", '["geheim"]'),
        ("a.parquet", "geheim"),
    ],
)
async def test_what_is_no_such_file_fails(tmp_path: Path, name: str, content: str) -> None:
    """A broken file gives no answer, and nothing of it is told."""
    source = over(tmp_path, name, content)

    with pytest.raises(SourceFailed) as caught:
        await rows(source, parse_bsn(YUSUF))

    assert "geheim" not in f"{caught.value}{caught.value.__cause__}"


@pytest.mark.parametrize(
    ("name", "content", "fault"),
    [
        ("a.csv", "bsn;y\n", "no single column x"),
        ("a.csv", "bsn;x;x\n", "no single column x"),
        ("a.csv", "", "no single column bsn"),
        ("a.json", '[{"bsn": "1"}]', "nothing at x"),
        ("a.xml", "", "is one of"),
        ("../a.csv", "", "folder itself"),
        ("/etc/passwd", "", "folder itself"),
    ],
)
def test_the_probe_tells_what_is_missing(
    tmp_path: Path, name: str, content: str, fault: str
) -> None:
    """A column that is not there, or a place outside the folder, stops the start."""
    with pytest.raises(SourceInvalid, match=fault):
        over(tmp_path, name, content).probe("bron")


def test_the_probe_tells_of_a_file_that_is_not_there(tmp_path: Path) -> None:
    """The name is told, and no path."""
    source = over(tmp_path, "a.csv", "bsn;x\n")
    (tmp_path / "a.csv").unlink()

    with pytest.raises(
        SourceInvalid, match=r"^er is geen bestand a\.csv;.* / there is no file a\.csv$"
    ):
        source.probe("bron")


def test_parquet_is_read_by_column(tmp_path: Path) -> None:
    """A column that is missing is told; one that is there is found."""
    with duckdb.connect() as connection:
        target = str(tmp_path / "a.parquet")
        connection.execute(f"COPY (SELECT '{YUSUF}' AS bsn, 'w' AS y) TO '{target}'")
    kept = (tmp_path / "a.parquet").read_bytes()
    wrong, right = over(tmp_path, "a.parquet", ""), over(tmp_path, "a.parquet", "", at="y")
    (tmp_path / "a.parquet").write_bytes(kept)

    right.probe("bron")

    with pytest.raises(SourceInvalid, match="lacks a column"):
        wrong.probe("bron")


async def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    """There is an end to what stays in memory."""
    source = over(tmp_path, "a.csv", "bsn;x\n")
    os.truncate(tmp_path / "a.csv", 64 * 1024 * 1024 + 1)

    with pytest.raises(SourceFailed, match="too large"):
        await rows(source, parse_bsn(YUSUF))


async def test_a_file_that_went_away_fails(tmp_path: Path) -> None:
    """No file, no answer."""
    source = over(tmp_path, "a.csv", f"bsn;x\n{YUSUF};a\n")
    await rows(source, parse_bsn(YUSUF))
    (tmp_path / "a.csv").unlink()

    with pytest.raises(SourceFailed):
        await rows(source, parse_bsn(YUSUF))


async def test_a_file_that_changes_while_it_is_read_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of the old and half of the new is no answer."""
    stamps = itertools.count()
    monkeypatch.setattr(files, "_stamp", lambda _path: (next(stamps), 0, 0))
    source = over(tmp_path, "a.csv", f"bsn;x\n{YUSUF};a\n")

    with pytest.raises(SourceFailed, match="changed while"):
        await rows(source, parse_bsn(YUSUF))


def test_who_has_no_duckdb_is_told_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Parquet is an extra."""
    monkeypatch.setitem(sys.modules, "duckdb", None)
    monkeypatch.delitem(sys.modules, "gateway.sources.parquet", raising=False)

    with pytest.raises(SourceInvalid, match=r"doelpoort\[parquet\]"):
        over(tmp_path, "a.parquet", "").probe("bron")
