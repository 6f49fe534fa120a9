"""Reading a mapping file: the strict YAML of the policy files, with every finding at once."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from urllib.parse import SplitResult, urlsplit

from gateway.catalogue.errors import CatalogueInvalid
from gateway.catalogue.files.members import Findings, Table
from gateway.catalogue.files.yaml_subset import parse_yaml
from gateway.errors import SourceInvalid
from gateway.sources.mapping import (
    FORMS,
    ColumnPlace,
    Form,
    OAuth,
    SourceKind,
    SourceMap,
    SourcePlace,
    TablePlace,
    ValueKind,
)
from gateway.sources.source import Scalar

_SECONDS = 1_000
# A request that needs several sources waits no longer than this, unless the file says otherwise.
_WHOLE_MS = 1_000
_EACH_MS = 500
_LONGEST_MS = 30_000
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_SCALARS: Mapping[ValueKind, type] = {
    ValueKind.TEXT: str,
    ValueKind.BOOLEAN: bool,
    ValueKind.INTEGER: int,
}


def load_mapping(path: Path) -> SourceMap:
    """Return the mapping in this file; paths in it count from the folder that it is in.

    Raises:  SourceInvalid when there is no such file, CatalogueInvalid with every finding.
    """
    try:
        raw = path.read_bytes()
    except OSError as exc:
        raise SourceInvalid(
            f"het mappingbestand is niet te lezen: {path.name}"
            f" / the mapping file cannot be read: {path.name}"
        ) from exc
    return read_mapping(raw, path.name, path.parent)


def read_mapping(raw: bytes, name: str, folder: Path) -> SourceMap:
    """Return the mapping in these bytes; `name` is what findings call the file.

    Raises:  CatalogueInvalid with every finding.
    """
    findings = Findings()
    reader = _Reader(findings, folder)
    table = Table(parse_yaml(raw, name), findings)
    mapping = SourceMap(
        deadline_s=reader.seconds(table, _WHOLE_MS),
        sources=MappingProxyType(table.named("sources", reader.source)),
        tables=MappingProxyType(table.named("tables", reader.table)),
        place=table.place_of("tables"),
    )
    table.close()
    _check(mapping, findings)
    if findings.all():
        raise CatalogueInvalid(findings.all())
    return mapping


class _Reader:
    """Reads the parts of a mapping file; what is wrong goes to the findings."""

    def __init__(self, findings: Findings, folder: Path) -> None:
        self._findings = findings
        self._folder = folder

    def source(self, name: str, table: Table) -> SourcePlace:
        kind = table.one_of("kind", SourceKind)
        place = SourcePlace(
            name=name,
            kind=kind,
            address=self._address(kind, table),
            deadline_s=self.seconds(table, _EACH_MS),
            password_file=self._path(table, "password_file"),
            certificate=self._path(table, "certificate"),
            key=self._path(table, "key"),
            authority=self._path(table, "authority"),
            oauth=table.optional_table("oauth", self._oauth),
            headers=MappingProxyType(
                {header: str(value) for header, value in table.scalars("headers")}
            ),
            place=table.place,
        )
        if (place.certificate is None) != (place.key is None):
            _wrong(
                table,
                "certificate",
                "Een certificaat en een sleutel horen bij elkaar.",
                "A certificate and a key belong together.",
            )
        return place

    def table(self, name: str, table: Table) -> TablePlace:
        return TablePlace(
            name=name,
            source=table.text("source"),
            at=table.text("at"),
            subject=table.optional_text("subject"),
            columns=MappingProxyType(
                table.named("columns", _column) if table.has("columns") else {}
            ),
            place=table.place,
        )

    def seconds(self, table: Table, default_ms: int) -> float:
        given = table.integer("deadline_ms")
        milliseconds = default_ms if given is None else given
        if not 1 <= milliseconds <= _LONGEST_MS:
            _wrong(table, "deadline_ms", f"Kies 1 tot {_LONGEST_MS}.", f"From 1 to {_LONGEST_MS}.")
        return milliseconds / _SECONDS

    def _address(self, kind: SourceKind, table: Table) -> str:
        """Return an address; for a file or folder its path, from the folder of the mapping file."""
        text = table.text("address")
        if kind in {SourceKind.SQLITE, SourceKind.FILES}:
            return str(self._folder / text)
        fits = _is_web(text) if kind.is_over_http else _is_database(text)
        if text and not fits:
            _wrong(
                table,
                "address",
                "Schrijf https://... of postgresql://..., zonder wachtwoord.",
                "Write https://... or postgresql://..., without a password.",
            )
        return text

    def _path(self, table: Table, key: str) -> Path | None:
        text = table.optional_text(key)
        return None if text is None else self._folder / text

    def _oauth(self, table: Table) -> OAuth:
        oauth = OAuth(
            token_url=table.text("token_url"),
            client_id=table.text("client_id"),
            secret_file=self._folder / table.text("secret_file"),
            scope=table.optional_text("scope"),
        )
        if oauth.token_url and not _is_web(oauth.token_url):
            _wrong(table, "token_url", "Schrijf https://...", "Write https://...")
        return oauth


def _column(name: str, table: Table) -> ColumnPlace:
    column = ColumnPlace(
        name=name,
        at=table.optional_text("at") or "",
        kind=table.one_of("type", ValueKind),
        sql=table.optional_text("sql"),
        form=table.one_of("form", Form) if table.has("form") else None,
        words=MappingProxyType(dict(table.scalars("words"))),
        absent=table.optional_scalar("absent"),
        search=table.optional_text("search"),
        place=table.place,
    )
    _check_column(column, table)
    return column


def _check_column(column: ColumnPlace, table: Table) -> None:
    if bool(column.at) == (column.sql is not None):
        _wrong(table, "at", "Noem óf 'at' óf 'sql'.", "Name either 'at' or 'sql'.")
    if column.form is not None and FORMS[column.form] is not column.kind:
        wanted = FORMS[column.form]
        _wrong(table, "form", f"Deze vorm hoort bij type: {wanted}.", f"A form of type: {wanted}.")
    if column.form is not None and column.words:
        _wrong(table, "words", "Noem óf 'form' óf 'words'.", "Name either 'form' or 'words'.")
    values = (*column.words.values(), *(() if column.absent is None else (column.absent,)))
    if not all(_is_of(column.kind, value) for value in values):
        _wrong(
            table,
            "words" if column.words else "absent",
            "Deze waarde past niet bij het type.",
            "This value does not fit the type.",
        )


def _is_of(kind: ValueKind, value: Scalar) -> bool:
    return type(value) is _SCALARS.get(kind)


def _check(mapping: SourceMap, findings: Findings) -> None:
    """Find what does not hang together: tables without a source, expressions where none can be."""
    if not mapping.sources:
        return
    for table in mapping.tables.values():
        source = mapping.sources.get(table.source)
        if source is None:
            findings.error(
                table.place, "SOURCE_UNKNOWN", "Deze bron staat er niet bij.", "No such source."
            )
            continue
        if table.subject is None and source.kind.is_over_http:
            findings.error(
                table.place,
                "SUBJECT_MISSING",
                "Deze soort bron gaat over personen: noem 'subject'.",
                "This kind of source is about persons: name 'subject'.",
            )
        for column in table.columns.values():
            _check_place(column, source.kind, findings)


def _check_place(column: ColumnPlace, kind: SourceKind, findings: Findings) -> None:
    if column.sql is not None and not kind.is_in_sql:
        findings.error(
            column.place,
            "SQL_ELSEWHERE",
            "'sql' kan alleen in een SQL-bron.",
            "'sql' belongs to an SQL source.",
        )
    if column.search is not None and (
        kind is not SourceKind.FHIR or column.kind is not ValueKind.TEXT
    ):
        findings.error(
            column.place,
            "SEARCH_ELSEWHERE",
            "'search' kan alleen bij een tekst in een FHIR-bron.",
            "'search' belongs to a text in a FHIR source.",
        )


def _is_web(text: str) -> bool:
    """Tell whether this is an address to send a BSN to: https, or http on this host."""
    url = _split(text)
    if url is None or "@" in url.netloc or url.query or url.fragment:
        return False
    return url.scheme == "https" or (url.scheme == "http" and url.hostname in _LOOPBACK)


def _is_database(text: str) -> bool:
    url = _split(text)
    return url is not None and url.scheme == "postgresql" and url.password is None


def _split(text: str) -> SplitResult | None:
    try:
        url = urlsplit(text)
        named = bool(url.hostname) and url.port != 0
    except ValueError:
        return None
    return url if named else None


def _wrong(table: Table, key: str, nl: str, en: str) -> None:
    table.error("VALUE_WRONG", nl, en, table.place_of(key))
