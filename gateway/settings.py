"""What an operator sets, by environment variables that start with DOELPOORT_."""

import re
from base64 import b64decode
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from gateway.errors import SettingsInvalid

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_HOST = re.compile(r"[a-z0-9.-]{1,200}")
_POSTGRESQL = re.compile(r"postgresql://[^\s]+\Z")
_SECRET_MARK = "whsec_"  # noqa: S105 (what such secrets begin with)
_SECRET = re.compile(
    rf"{_SECRET_MARK}(?:[A-Za-z0-9+/]{{4}}){{8,}}(?:[A-Za-z0-9+/]{{2,3}}={{1,2}})?\Z"
)
PREFIX = "DOELPOORT_"


class Settings(BaseSettings):
    """Every setting of a gateway; those without a default must be set."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, extra="ignore", hide_input_in_errors=True
    )

    home: Path = Field(
        description="Directory of this gateway alone: keys, clients, ledger (owner-only)."
    )
    public_url: str = Field(
        description="The address partners use, such as https://doelpoort.waterveen.example; it is "
        "the issuer and audience of tokens, and its host names the log."
    )
    source_url: str | None = Field(
        default=None,
        description="The register with the clients' data, as sqlite:///path/to/file.db.",
    )
    sources: Path | None = Field(
        default=None,
        description="A mapping file that says which table lives in which source; instead of "
        "SOURCE_URL.",
    )
    cases_url: str = Field(
        description="The records of cases and consents: sqlite:///path or postgresql://..."
    )
    purposes: Path = Field(default=Path("purposes"), description="Folder of the purpose files.")
    policies: Path = Field(
        default=Path("policies"), description="Folder of the Rego and the party policy."
    )
    engine: Literal["embedded", "opa"] = Field(
        default="embedded", description="Who evaluates the Rego: this process or an OPA server."
    )
    opa_url: str | None = Field(
        default=None, description="The OPA server, when it is the engine: https, or on this host."
    )
    opa_token: SecretStr | None = Field(
        default=None, description="The bearer token of the OPA server, when it asks for one."
    )
    gateway_id: str = Field(
        default="gw-1",
        pattern=r"^[a-z0-9-]{1,32}$",
        description="The name of this gateway in the ledger; its entries are numbered without gap.",
    )
    high_water: Path | None = Field(
        default=None,
        description="File that remembers how far the log came, the year is added to its name; put "
        "it on another disk than `home` (default: high-water in `home`).",
    )
    ledger_url: SecretStr | None = Field(
        default=None,
        description="Where the ledger is kept when it is not a file in `home`: postgresql://...",
    )
    witnesses: Path | None = Field(
        default=None,
        description="A tlog-policy file: who must witness the ledger, and how many of them.",
    )
    timestamp_url: str | None = Field(
        default=None, description="A time stamping authority (RFC 3161) for the checkpoints."
    )
    timestamp_roots: Path | None = Field(
        default=None, description="PEM file with the root certificates of that authority."
    )
    otlp_url: str | None = Field(
        default=None, description="An OpenTelemetry collector that gets the LDV and ADL lines."
    )
    inform_folder: Path | None = Field(
        default=None, description="Folder that takes the messages to persons and reviewers."
    )
    inform_url: str | None = Field(
        default=None, description="Webhook that takes those messages instead: https, fixed address."
    )
    inform_secret: SecretStr | None = Field(
        default=None,
        description="The secret that signs the webhook: whsec_ and at least 24 bytes in base64.",
    )
    looks_per_minute: int = Field(
        default=300,
        ge=1,
        le=1_000_000,
        description="How many looks that are recorded one client may take in a minute, for each "
        "kind of look; per gateway process.",
    )
    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(default=8080, ge=1, le=65_535, description="Port to listen on.")

    @model_validator(mode="after")
    def _hang_together(self) -> Self:
        _require_safe("PUBLIC_URL", self.public_url)
        if not _HOST.fullmatch(self.public_host):
            raise ValueError("PUBLIC_URL names a host by its name, because the log is named so")
        if (self.opa_url is not None) != (self.engine == "opa"):
            raise ValueError("OPA_URL belongs to ENGINE=opa: set both or neither")
        for name, address in (("OPA_URL", self.opa_url), ("OTLP_URL", self.otlp_url)):
            if address is not None:
                _require_safe(name, address)
        if self.ledger_url is not None and not _POSTGRESQL.match(_revealed(self.ledger_url)):
            raise ValueError("LEDGER_URL is postgresql://...; without it the ledger is a file")
        if (self.source_url is None) == (self.sources is None):
            raise ValueError("SOURCE_URL names the one register, SOURCES a mapping: set one")
        if (self.timestamp_url is None) != (self.timestamp_roots is None):
            raise ValueError("TIMESTAMP_URL and TIMESTAMP_ROOTS belong together: set both")
        self._require_one_way_out()
        return self

    def _require_one_way_out(self) -> None:
        """Refuse messages that would go two ways, or unsigned, or unprotected."""
        if (self.inform_url is None) != (self.inform_secret is None):
            raise ValueError("INFORM_URL and INFORM_SECRET belong together: set both")
        if self.inform_url is not None:
            url = urlsplit(self.inform_url)
            if self.inform_folder is not None:
                raise ValueError("set INFORM_URL or INFORM_FOLDER, not both")
            if url.query or url.fragment:
                raise ValueError("INFORM_URL is an address without ? or #")
            _require_safe("INFORM_URL", f"{url.scheme}://{url.netloc}")
        if self.inform_secret is not None and not _SECRET.match(_revealed(self.inform_secret)):
            raise ValueError("INFORM_SECRET is whsec_ and at least 24 bytes in base64")

    @property
    def inform_key(self) -> bytes:
        """The bytes that sign the webhook."""
        secret = "" if self.inform_secret is None else _revealed(self.inform_secret)
        return b64decode(secret.removeprefix(_SECRET_MARK))

    @property
    def public_host(self) -> str:
        """The host that partners see; it stands in the name of the log."""
        return urlsplit(self.public_url).hostname or ""


def _revealed(secret: SecretStr) -> str:
    return secret.get_secret_value()


def _require_safe(name: str, address: str) -> None:
    """Refuse an address that is more or less than a host, or that travels unprotected."""
    plain = f"{name} is scheme://host or scheme://host:port, nothing after it"
    try:
        url = urlsplit(address)
        named = bool(url.hostname) and url.port != 0 and "@" not in url.netloc
    except ValueError as exc:
        raise ValueError(plain) from exc
    if not named or address != f"{url.scheme}://{url.netloc}":
        raise ValueError(plain)
    on_this_host = url.scheme == "http" and url.hostname in _LOOPBACK
    if url.scheme != "https" and not on_this_host:
        raise ValueError(f"{name} is https, or http on this host only")


def load_settings(**overrides: object) -> Settings:
    """Return the settings of the environment, with these set by hand.

    Raises: SettingsInvalid with a line per setting that is missing or wrong, and what it is for.
    """
    try:
        return Settings(**overrides)  # type: ignore[arg-type]
    except ValidationError as exc:
        lines = [_explain(error["loc"], error["type"], error["msg"]) for error in exc.errors()]
        raise SettingsInvalid("\n".join(lines)) from None


def _explain(location: tuple[int | str, ...], kind: str, message: str) -> str:
    if not location:
        return message.removeprefix("Value error, ")
    name = str(location[0]).removeprefix(PREFIX).lower()
    described = Settings.model_fields[name].description if name in Settings.model_fields else ""
    fault = "is not set" if kind == "missing" else message
    return f"{PREFIX}{name.upper()} {fault}: {described}"


def settings_told() -> str:
    """Return every setting with what it means, a paragraph each."""
    fields = Settings.model_fields.items()
    return "\n\n".join(f"{PREFIX}{name.upper()}: {field.description}" for name, field in fields)
