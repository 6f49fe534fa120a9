"""Reading Parquet with DuckDB, the lightest library that does; an extra that few need."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

from gateway.errors import SourceFailed, SourceInvalid
from gateway.sources.register import without_values
from gateway.sources.sql_text import quoted_name

try:
    import duckdb
except ModuleNotFoundError as exc:
    raise SourceInvalid(
        "voor Parquet is meer nodig: pip install doelpoort[parquet]"
        " / Parquet needs the extra: pip install doelpoort[parquet]"
    ) from exc

_MANY = 1_000


def read_parquet(path: Path, names: Sequence[str]) -> Iterator[dict[str, object]]:
    """Give the named columns of each row; no other column is read from the file.

    Raises: SourceInvalid when a column is missing, SourceFailed when the file is no Parquet.
    """
    columns = ", ".join(quoted_name(name) for name in names)
    try:
        with closing(duckdb.connect(config=dict(_ALONE))) as connection:
            cursor = connection.execute(f"SELECT {columns} FROM read_parquet(?)", [str(path)])  # noqa: S608
            while rows := cursor.fetchmany(_MANY):
                yield from (dict(zip(names, row, strict=True)) for row in rows)
    except duckdb.BinderException as exc:
        raise SourceInvalid(
            f"in bestand {path.name} ontbreekt een kolom / file {path.name} lacks a column"
        ) from without_values(exc)
    except duckdb.Error as exc:
        raise SourceFailed(
            "een bestand van de bron is geen Parquet / a file of a source is no Parquet"
        ) from without_values(exc)


# Nothing is fetched, no other file is read by an expression, and one thread is enough.
_ALONE = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "threads": "1",
    "memory_limit": "256MB",
}
