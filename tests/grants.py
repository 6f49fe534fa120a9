"""Grants of one column and rows to try them on, with what each derivation needs beside it."""

import datetime as dt
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from gateway.catalogue.model import Band, Derive, FieldGrant, Need, Precision
from gateway.catalogue.occasion import Occasion

DAY = dt.date(2026, 3, 2)
BAND = Band((100, 500), ("klein", "midden", "groot"))


def token(value: str) -> str:
    """Return a stand-in for a pseudonym, from which a test can see the value."""
    return f"codenaam van {value}"


OCCASION = Occasion(DAY, token)


def grant(derive: Derive, precision: Precision, **more: Any) -> FieldGrant:  # noqa: ANN401
    """Return a grant of one column that has what its derivation needs."""
    plain = FieldGrant(
        name="gegeven",
        table="tabel",
        column="kolom",
        where=(),
        derive=derive,
        precision=precision,
        band=BAND if precision is Precision.BAND else None,
        need=Need.ALWAYS,
        because="Nodig voor de toets.",
        consent=False,
        special=None,
        key="wie" if derive is Derive.PAIRS else None,
        against=18 if derive is Derive.AGE_FROM else 110,
        one_of=("licht", "zwaar"),
        other=("brp", "naam") if derive is Derive.MATCH else None,
    )
    return replace(plain, **more)


def column(*values: object) -> list[dict[str, object]]:
    """Return rows with one column."""
    return [{"kolom": value} for value in values]


dates = st.builds(
    "{:04}-{:02}-{:02}".format, st.integers(1900, 2026), st.integers(0, 12), st.integers(0, 31)
)
anything = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(),
    st.text(st.characters(categories=["Cs", "Lu"]), max_size=3),
    st.binary(max_size=8),
    dates,
    st.dates(),
    st.decimals(),
    st.from_regex(r"[1-9][0-9]{3} ?[A-Za-z]{2}", fullmatch=True),
    st.lists(st.text()),
    st.dictionaries(st.text(), st.integers() | st.none()),
    st.sampled_from(["licht", "zwaar", "Anna Jansen", "A. Jansen", '["a", 1]', '{"a": 2}']),
)
"""What a source may say: what fits a word, and everything that does not."""
