"""What a start opens first: folders, policy files, sources, the case store and the engine."""

from collections.abc import Callable
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from gateway.aggregates.figures import require_noise
from gateway.cases.opening import open_cases
from gateway.cases.records import SqlCases
from gateway.catalogue.load import load_catalogue
from gateway.catalogue.model import Catalogue
from gateway.decision.decide import Decider
from gateway.decision.embedded import EmbeddedEngine
from gateway.decision.engine import Engine
from gateway.decision.opa import OpaEngine
from gateway.decision.parties import Parties
from gateway.errors import SettingsInvalid, SourceInvalid
from gateway.identity.registry import Registry
from gateway.settings import Settings
from gateway.sources.mapped import MappedSources
from gateway.sources.opening import open_sources
from gateway.sources.sql import SqlSource

OpenSource = SqlSource | MappedSources

_HTTPS_PORT: Final = 443
_OPA_PORT: Final = 8181


def load_policy(settings: Settings) -> tuple[Catalogue, Parties]:
    """Read the policy files; both raise an explanation when they are empty, broken or at odds."""
    catalogue = load_catalogue(settings.purposes, settings.policies)
    parties = Parties.load(
        settings.policies / "parties.conf", settings.policies / "parties.csv", catalogue
    )
    return catalogue, parties


def registry_of(settings: Settings) -> Registry:
    """Return the client registry of this gateway."""
    return Registry(settings.home / "clients.json")


def tally_path(home: Path) -> Path:
    """Return the file of the counts that are kept beside the ledger, without persons."""
    return home / "tally.json"


def build_decider(settings: Settings, source: OpenSource) -> Decider:
    """Read the policy files and make what decides by them, once the source can answer them all.

    Raises: CatalogueInvalid, PartiesInvalid, BundleInvalid, SourceInvalid, NoiseUnavailable.
    """
    catalogue, parties = load_policy(settings)
    source.check(catalogue)
    require_noise(catalogue)
    return Decider(catalogue, parties, _engine_of(settings, catalogue))


def make_home(home: Path) -> None:
    """Make the directory of this gateway alone, if it is not there.

    Raises: SettingsInvalid.
    """
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as exc:
        raise SettingsInvalid(f"DOELPOORT_HOME: {home} cannot be made into a folder") from exc


def open_source(settings: Settings, *, monotonic_s: Callable[[], float]) -> OpenSource:
    """Open the one register, or all that the mapping file names.

    Raises: SourceInvalid naming the setting; CatalogueInvalid pointing into the mapping file.
    """
    if settings.sources is not None:
        return open_sources(settings.sources, monotonic_s=monotonic_s)
    try:
        return SqlSource(settings.source_url or "")
    except SourceInvalid as exc:
        raise SourceInvalid(f"DOELPOORT_SOURCE_URL: {exc}") from exc


def open_case_store(url: str) -> SqlCases:
    """Open the store of cases and consents.

    Raises: SourceInvalid naming the setting.
    """
    try:
        return open_cases(url)
    except SourceInvalid as exc:
        raise SourceInvalid(f"DOELPOORT_CASES_URL: {exc}") from exc


def _engine_of(settings: Settings, catalogue: Catalogue) -> Engine:
    if settings.engine == "embedded":
        return EmbeddedEngine.build(catalogue, settings.policies)
    if settings.opa_url is None:
        raise SettingsInvalid("the OPA engine needs the address of its server")
    url = urlsplit(settings.opa_url)
    tls = url.scheme == "https"
    token = None if settings.opa_token is None else settings.opa_token.get_secret_value()
    port = url.port or (_HTTPS_PORT if tls else _OPA_PORT)
    return OpaEngine(url.hostname or "", port, tls=tls, token=token)
