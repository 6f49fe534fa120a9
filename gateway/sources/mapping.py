"""Where each logical table and column lives, as frozen values; `mapping_file` reads them.

A mapping speaks of the entities of the policy files (`brp.geboortedatum`) on the one side, and of
what a source calls them on the other: a column, an SQL expression, a path in JSON, a FHIRPath, the
header of a CSV file.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from gateway.catalogue.errors import Place
from gateway.sources.source import Scalar


class SourceKind(StrEnum):
    """What kind of source it is, and so which adapter reads it."""

    SQLITE = "sqlite"
    POSTGRESQL = "postgresql"
    BRP = "brp"
    FHIR = "fhir"
    FILES = "files"

    @property
    def is_in_sql(self) -> bool:
        """Whether it computes expressions and counts for itself."""
        return self in {SourceKind.SQLITE, SourceKind.POSTGRESQL}

    @property
    def is_over_http(self) -> bool:
        """Whether it is a service that tells of one person at a time."""
        return self in {SourceKind.BRP, SourceKind.FHIR}


class ValueKind(StrEnum):
    """What a logical column holds once its value has been read.

    `age` stands in the place of a birth date, where the source counts the years itself.
    """

    TEXT = "text"
    BOOLEAN = "boolean"
    INTEGER = "integer"
    DECIMAL = "decimal"
    DATE = "date"
    AGE = "age"
    LIST = "list"
    OBJECT = "object"


class Form(StrEnum):
    """How a source writes a value that it does not hold as such.

    `brp_date` is a date of the BRP API, of which the month or the day may be unknown; `yyyymmdd` is
    the date of the LO GBA, where 00 stands for unknown.
    """

    DIGITS = "digits"
    DECIMAL_POINT = "decimal_point"
    DECIMAL_COMMA = "decimal_comma"
    ZERO_ONE = "zero_one"
    YYYYMMDD = "yyyymmdd"
    DD_MM_YYYY = "dd-mm-yyyy"
    BRP_DATE = "brp_date"


FORMS: Mapping[Form, ValueKind] = {
    Form.DIGITS: ValueKind.INTEGER,
    Form.DECIMAL_POINT: ValueKind.DECIMAL,
    Form.DECIMAL_COMMA: ValueKind.DECIMAL,
    Form.ZERO_ONE: ValueKind.BOOLEAN,
    Form.YYYYMMDD: ValueKind.DATE,
    Form.DD_MM_YYYY: ValueKind.DATE,
    Form.BRP_DATE: ValueKind.DATE,
}
"""What kind of value each form is a form of."""


@dataclass(frozen=True, slots=True)
class ColumnPlace:
    """Where one logical column lives.

    `at` is a name or path in the words of the source; `sql` is an expression that the source itself
    computes, and takes the place of `at`. `words` translates texts of the source, and `absent` says
    what a value that is left out stands for, where a source leaves out every "no". `search` is the
    parameter by which a FHIR server finds resources with a value here.
    """

    name: str
    at: str
    kind: ValueKind
    sql: str | None = None
    form: Form | None = None
    words: Mapping[str, Scalar] = field(default_factory=dict, hash=False)
    absent: Scalar | None = None
    search: str | None = None
    place: Place = field(default=Place(""), compare=False)

    @property
    def translated(self) -> bool:
        """Whether the gateway must make a value of what the source has."""
        return self.form is not None or bool(self.words) or self.absent is not None

    @property
    def as_is(self) -> bool:
        """Whether a value in the source compares as it does in a policy file."""
        plain = self.kind in {ValueKind.TEXT, ValueKind.BOOLEAN, ValueKind.INTEGER}
        return plain and not self.translated


@dataclass(frozen=True, slots=True)
class TablePlace:
    """Where one logical table lives; without a `subject` it holds no persons."""

    name: str
    source: str
    at: str
    subject: str | None
    columns: Mapping[str, ColumnPlace] = field(hash=False)
    place: Place = field(default=Place(""), compare=False)


@dataclass(frozen=True, slots=True)
class OAuth:
    """How to get a token: client credentials, the secret in a file of its own."""

    token_url: str
    client_id: str
    secret_file: Path
    scope: str | None = None


@dataclass(frozen=True, slots=True)
class SourcePlace:
    """Where a source is, and how the gateway shows who it is; secrets stand in files of their own.

    Units:   deadline_s: seconds for one question to this source.
    """

    name: str
    kind: SourceKind
    address: str
    deadline_s: float
    password_file: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    authority: Path | None = None
    oauth: OAuth | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    place: Place = field(default=Place(""), compare=False)


@dataclass(frozen=True, slots=True)
class SourceMap:
    """A whole mapping file.

    Units:   deadline_s: seconds for one request, however many sources it needs.
    Trust:   only `mapping_file.read_mapping` makes one, after every check of form has passed.
    """

    deadline_s: float
    sources: Mapping[str, SourcePlace]
    tables: Mapping[str, TablePlace]
    place: Place = field(default=Place(""), compare=False)

    def tables_of(self, source: str) -> tuple[TablePlace, ...]:
        """Return the tables that live in this source."""
        return tuple(each for each in self.tables.values() if each.source == source)
