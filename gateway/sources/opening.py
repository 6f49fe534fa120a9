"""Opening what a mapping file names: the one place that knows every adapter."""

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

from gateway.sources.files import FilesRegister
from gateway.sources.mapped import MappedSources
from gateway.sources.mapping import SourceKind, SourceMap, SourcePlace
from gateway.sources.mapping_file import load_mapping
from gateway.sources.register import Register
from gateway.sources.sqlite import SqliteRegister

_Clock: TypeAlias = Callable[[], float]
_Open: TypeAlias = Callable[[SourcePlace, _Clock], Register]

# Their lines hold addresses and headers; ours say what an operator needs, without them.
_TALKATIVE = ("httpx", "httpcore", "psycopg")


def open_sources(path: Path, *, monotonic_s: _Clock) -> MappedSources:
    """Return the sources that a mapping file names; nothing is connected yet.

    Effects: the loggers of the libraries that talk to sources say no more than warnings.
    Raises:  SourceInvalid, CatalogueInvalid with every finding.
    """
    return sources_of(load_mapping(path), monotonic_s=monotonic_s)


def sources_of(mapping: SourceMap, *, monotonic_s: _Clock) -> MappedSources:
    """Return the sources of a mapping that was read."""
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    registers = {
        name: _ADAPTERS[place.kind](place, monotonic_s) for name, place in mapping.sources.items()
    }
    return MappedSources(mapping, registers, monotonic_s=monotonic_s)


def _sqlite(place: SourcePlace, monotonic_s: _Clock) -> Register:
    return SqliteRegister(place, monotonic_s=monotonic_s)


def _files(place: SourcePlace, _monotonic_s: _Clock) -> Register:
    return FilesRegister(place)


# Each adapter brings its library along, which takes its time: only what is used is loaded.
def _postgresql(place: SourcePlace, _monotonic_s: _Clock) -> Register:
    from gateway.sources.postgres import PostgresRegister  # noqa: PLC0415

    return PostgresRegister(place)


def _brp(place: SourcePlace, monotonic_s: _Clock) -> Register:
    from gateway.sources.brp import BrpRegister  # noqa: PLC0415

    return BrpRegister(place, monotonic_s=monotonic_s)


def _fhir(place: SourcePlace, monotonic_s: _Clock) -> Register:
    from gateway.sources.fhir import FhirRegister  # noqa: PLC0415

    return FhirRegister(place, monotonic_s=monotonic_s)


_ADAPTERS: Mapping[SourceKind, _Open] = MappingProxyType(
    {
        SourceKind.SQLITE: _sqlite,
        SourceKind.POSTGRESQL: _postgresql,
        SourceKind.BRP: _brp,
        SourceKind.FHIR: _fhir,
        SourceKind.FILES: _files,
    }
)
