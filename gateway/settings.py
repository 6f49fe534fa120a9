"""What an operator sets, by environment variables that start with DOELPOORT_."""

import re
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from gateway.errors import SettingsInvalid

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_HOST = re.compile(r"[a-z0-9.-]{1,200}")
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
    source_url: str = Field(
        description="The register with the clients' data, as sqlite:///path/to/file.db."
    )
    cases_url: str = Field(
        description="The records of cases, consents and confirmations, as sqlite:///path."
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
        description="File that remembers how far the log came; put it on another disk than `home` "
        "(default: high-water in `home`).",
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
        if self.opa_url is not None:
            _require_safe("OPA_URL", self.opa_url)
        return self

    @property
    def public_host(self) -> str:
        """The host that partners see; it stands in the name of the log."""
        return urlsplit(self.public_url).hostname or ""


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
