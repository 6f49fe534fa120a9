"""Reading a catalogue from its folders: every finding at once, or a catalogue without any."""

import datetime as dt
import gc
import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from gateway.catalogue.errors import CatalogueInvalid, Finding, Place
from gateway.catalogue.files.answer import check_answering
from gateway.catalogue.files.case import (
    check_case_kind,
    check_case_kinds_of,
    check_own_tables,
    read_case_kind,
)
from gateway.catalogue.files.guard import MOSAIC, read_mosaic
from gateway.catalogue.files.members import NO_DATE, Findings, Table
from gateway.catalogue.files.purpose import GROUNDS, PurposeFile, read_purpose
from gateway.catalogue.files.recording import RECORDS, ZRM, RecordingReader
from gateway.catalogue.files.references import NAME, check_purpose, check_task, name_words
from gateway.catalogue.files.roles import ROLES, read_roles
from gateway.catalogue.files.yaml_subset import Members, parse_yaml
from gateway.catalogue.model import (
    Activity,
    Catalogue,
    Field,
    FieldType,
    LawStatus,
    Organisation,
    OrganisationType,
    Sensitivity,
    Task,
)

_SHARED = ("organisations", "tasks", "fields")
_OPTIONAL = ("cases", "mosaic", "records", "roles", "zrm")
# Without it no case can begin here, and purposes may name any kind of case that is kept elsewhere.
_CASES = "purposes/cases.yaml"
_POLICY_FILES = ("disclosure.rego", "parties.conf", "parties.csv")
_PARTY_CELLS = 5
_YAML = frozenset({".yaml", ".yml"})
_NAMES = ", ".join(sorted((*_SHARED, *_OPTIONAL)))
_NOT_READ = (
    f"Dit wordt niet gelezen. Een doel staat in een map en heet iets.yaml; daarbuiten: {_NAMES}.",
    f"This is not read. A purpose stands in a folder, as a name.yaml; outside of it: {_NAMES}.",
)
LENGTH_BYTES = 8
"""In a packed policy, the length of what follows."""
_OIN = re.compile(r"[0-9]{20}")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Reading:
    """A catalogue as read, with the places that lint points at and every finding of reading.

    `party_rows` are the rows of the party policy as they stand, unchecked: organisation, role,
    task, activity. `task_laws` is where each task names its law.
    """

    catalogue: Catalogue
    files: Mapping[str, PurposeFile]
    findings: tuple[Finding, ...]
    party_rows: frozenset[tuple[str, str, str, str]]
    recording_places: Mapping[tuple[str, str], Place] = field(default_factory=dict)
    task_laws: Mapping[str, Place] = field(default_factory=dict)

    @property
    def usable(self) -> bool:
        """Whether reading found nothing wrong, so that this is a catalogue."""
        return not self.findings


def load_catalogue(purposes_dir: Path, policies_dir: Path) -> Catalogue:
    """Return the catalogue that these folders hold.

    Raises:  CatalogueInvalid with every finding, if there is one.
    """
    reading = read_catalogue(purposes_dir, policies_dir)
    if not reading.usable:
        raise CatalogueInvalid(reading.findings)
    return reading.catalogue


def pack_policy(purposes_dir: Path, policies_dir: Path) -> bytes:
    """Return every policy file in these folders as the one text that the revision is the hash of.

    Shapes:  per file, in the order of names: the length of the name in 8 bytes (big-endian), the
             name, the length of the content likewise, the content. The revision is the SHA-256.
    Raises:  CatalogueInvalid when a file cannot be read.
    """
    findings = Findings()
    contents = _contents(purposes_dir, policies_dir, findings)
    if findings.all():
        raise CatalogueInvalid(findings.all())
    return _packed(contents)


def read_catalogue(purposes_dir: Path, policies_dir: Path) -> Reading:
    """Read everything that can be read; the result is a catalogue only if it is `usable`."""
    with _no_collection():
        return _read(purposes_dir, policies_dir)


@contextmanager
def _no_collection() -> Iterator[None]:
    """Keep the collector of cycles away: reading makes millions of objects and not one cycle.

    It would walk all of them over and over, which is a fifth of the time for ten thousand purposes.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _read(purposes_dir: Path, policies_dir: Path) -> Reading:
    findings = Findings()
    contents = _contents(purposes_dir, policies_dir, findings)
    tables: dict[tuple[str, str], Table] = {}
    fields = _shared(contents, "fields", _field, findings, tables)
    files = _purposes(contents, fields, findings)
    catalogue = Catalogue(
        revision=hashlib.sha256(_packed(contents)).hexdigest(),
        organisations=_shared(contents, "organisations", _organisation, findings, tables),
        tasks=_shared(contents, "tasks", _task, findings, tables),
        fields=fields,
        purposes=MappingProxyType({name: file.purpose for name, file in files.items()}),
        case_kinds=_shared(contents, "cases", read_case_kind, findings, tables)
        if _CASES in contents
        else MappingProxyType({}),
    )
    for name, task in catalogue.tasks.items():
        check_task(task, catalogue, tables["tasks", name])
    for name, kind in catalogue.case_kinds.items():
        check_case_kind(kind, catalogue, tables["cases", name])
    for file in files.values():
        check_purpose(file, catalogue, findings)
        check_own_tables(file, findings)
        if _CASES in contents:
            check_case_kinds_of(file, catalogue, findings)
        check_answering(file.purpose, catalogue, file.at("answer"), findings)
    reader = RecordingReader(catalogue)
    zrm, records, guard, roles = (
        _table(contents, name, findings) if name in contents else None
        for name in (ZRM, RECORDS, MOSAIC, ROLES)
    )
    catalogue = replace(
        catalogue,
        recording=reader.read(zrm, records),
        mosaic=read_mosaic(guard, catalogue),
        roles=read_roles(roles, catalogue),
    )
    laws = {name: tables["tasks", name].place_of("law") for name in catalogue.tasks}
    return Reading(catalogue, files, findings.all(), _party_rows(contents), reader.places, laws)


def _party_rows(contents: Mapping[str, bytes]) -> frozenset[tuple[str, str, str, str]]:
    """Return the rows that have the form of one; whether they can be trusted is not asked here."""
    text = contents.get("policies/parties.csv", b"").decode("utf-8", errors="replace")
    rows = ([cell.strip() for cell in line.split(",")] for line in text.splitlines())
    return frozenset((r[1], r[2], r[3], r[4]) for r in rows if len(r) == _PARTY_CELLS)


def _contents(purposes_dir: Path, policies_dir: Path, findings: Findings) -> Mapping[str, bytes]:
    """Read every policy file once, so that what is decided on is what the revision names."""
    paths = {f"policies/{name}": policies_dir / name for name in _POLICY_FILES}
    paths |= {f"purposes/{name}.yaml": purposes_dir / f"{name}.yaml" for name in _SHARED}
    for path in sorted(purposes_dir.rglob("*")):
        label = f"purposes/{path.relative_to(purposes_dir).as_posix()}"
        if path.suffix == ".yaml":
            paths[label] = path
        if path.suffix.lower() in _YAML and not _is_read(label):
            findings.error(Place(label), "FILE_NOT_READ", *_NOT_READ)
    contents: dict[str, bytes] = {}
    for label, path in paths.items():
        try:
            contents[label] = path.read_bytes()
        except OSError:
            nl = "Dit bestand ontbreekt of is niet te lezen."
            findings.error(Place(label), "FILE_UNREADABLE", nl, "Missing or unreadable file.")
    return contents


def _is_read(label: str) -> bool:
    """Tell whether anything reads this file: a purpose in a folder, or a shared file by name."""
    name = label.removeprefix("purposes/")
    shared = {f"{each}.yaml" for each in (*_SHARED, *_OPTIONAL)}
    return name.endswith(".yaml") and ("/" in name or name in shared)


def _packed(contents: Mapping[str, bytes]) -> bytes:
    """Return the names and bytes of all policy files, in the order of their names."""
    parts = (
        part for label, content in sorted(contents.items()) for part in (label.encode(), content)
    )
    return b"".join(len(part).to_bytes(LENGTH_BYTES, "big") + part for part in parts)


def _purposes(
    contents: Mapping[str, bytes], fields: Mapping[str, Field], findings: Findings
) -> Mapping[str, PurposeFile]:
    """Return the purposes by id; an id that is there twice, or none at all, is a finding."""
    files: dict[str, PurposeFile] = {}
    for label in (label for label in contents if label.count("/") > 1):
        table = _table(contents, label, findings)
        if table is None:
            continue
        file = read_purpose(table, fields)
        table.close()
        if file.purpose.id in files:
            nl = "Dit doel bestaat al in een ander bestand."
            findings.error(file.at("id"), "PURPOSE_TWICE", nl, "This purpose exists already.")
        files.setdefault(file.purpose.id, file)
    if not files:
        nl = "Er is geen enkel doel."
        findings.error(Place("purposes"), "CATALOGUE_EMPTY", nl, "There is no purpose at all.")
    return MappingProxyType(dict(sorted(files.items())))


def _table(contents: Mapping[str, bytes], label: str, findings: Findings) -> Table | None:
    """Return the one table of a file, or None when the file is no YAML or holds no table."""
    try:
        node = parse_yaml(contents[label], label)
    except CatalogueInvalid as invalid:
        findings.extend(invalid)
        return None
    table = Table(node, findings)
    return table if isinstance(node, Members) else None


def _shared(
    contents: Mapping[str, bytes],
    name: str,
    read: Callable[[str, Table], T],
    findings: Findings,
    tables: dict[tuple[str, str], Table],
) -> Mapping[str, T]:
    """Return what a shared file says, by name; a file that is missing was found before.

    Effects: adds the table of each name, for what is found of it once all files are read.
    """

    def named(key: str, inner: Table) -> T:
        tables[name, key] = inner
        if not NAME.fullmatch(key):
            inner.error("NAME", *name_words(key))
        return read(key, inner)

    label = f"purposes/{name}.yaml"
    table = _table(contents, label, findings) if label in contents else None
    if table is None:
        return MappingProxyType({})
    things = table.named(name, named)
    table.close()
    return MappingProxyType(things)


def _organisation(name: str, table: Table) -> Organisation:
    oin = table.text("oin")
    if not _OIN.fullmatch(oin):
        table.error(
            "OIN", "Een OIN heeft 20 cijfers.", "An OIN has 20 digits.", table.place_of("oin")
        )
    roles = table.texts("roles")
    for role in roles:
        if not NAME.fullmatch(role):
            table.error("NAME", *name_words(role), table.place_of("roles"))
    return Organisation(
        id=name,
        name=table.text("name"),
        oin=oin,
        type=table.one_of("type", OrganisationType),
        roles=roles,
        mandates=MappingProxyType(table.lists("mandates")),
    )


def _task(name: str, table: Table) -> Task:
    validity = table.table("valid", _validity_of_law)
    activities = table.named("activities", lambda key, t: Activity(key, t.text("title")))
    return Task(
        id=name,
        title=table.text("title"),
        law=table.text("law"),
        article=table.text("article"),
        gdpr=table.choice("gdpr", GROUNDS),
        responsible=table.texts("responsible"),
        status=table.one_of("status", LawStatus),
        valid_from=validity[0],
        valid_until=validity[1],
        activities=MappingProxyType(activities),
        bill_checked=validity[2],
    )


def _validity_of_law(table: Table) -> tuple[dt.date, dt.date | None, dt.date | None]:
    """Return the first and the last day of a law; a bill has neither, but a day of looking."""
    if table.has("bill_checked"):
        return NO_DATE, None, table.date("bill_checked")
    start, end = table.date("from"), table.optional_date("until")
    table.check_order(start, end)
    return start, end, None


def _field(name: str, table: Table) -> Field:
    return Field(
        name=name,
        type=table.one_of("type", FieldType),
        holder=table.text("holder"),
        sensitivity=table.one_of("sensitivity", Sensitivity),
        secrecy=table.flag("secrecy"),
        meaning=table.text("meaning"),
    )
