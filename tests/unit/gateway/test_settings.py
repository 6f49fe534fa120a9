"""Settings: read from the environment, refused when weak, explained when missing."""

import pytest

from gateway.errors import SettingsInvalid
from gateway.settings import Settings, load_settings

GOOD: dict[str, object] = {
    "home": "/var/lib/doelpoort",
    "public_url": "https://poort.waterveen.example",
    "source_url": "sqlite:///bron.db",
    "cases_url": "sqlite:///zaken.db",
}


def load(**changes: object) -> Settings:
    """Return settings that are in order but for some changes."""
    return load_settings(**(GOOD | changes))


@pytest.mark.usefixtures("environment")
def test_what_is_needed_is_enough() -> None:
    """Four settings must be set; the rest has a safe default."""
    settings = load()

    assert (settings.engine, settings.host, settings.port) == ("embedded", "127.0.0.1", 8080)
    assert settings.public_host == "poort.waterveen.example"


def test_the_environment_is_read(environment: pytest.MonkeyPatch) -> None:
    """Each setting has a variable that begins with DOELPOORT_."""
    for name, value in GOOD.items():
        environment.setenv(f"DOELPOORT_{name.upper()}", str(value))

    assert load_settings().public_url == GOOD["public_url"]


@pytest.mark.usefixtures("environment")
def test_everything_that_is_missing_is_told_at_once() -> None:
    """An operator sees all that must be set, and what for, in one go."""
    with pytest.raises(SettingsInvalid) as caught:
        load_settings()

    lines = str(caught.value).splitlines()
    assert [line.split()[0] for line in lines] == [
        f"DOELPOORT_{name}" for name in ("HOME", "PUBLIC_URL", "CASES_URL")
    ]
    assert all(" is not set: " in line and len(line) > 60 for line in lines)


@pytest.mark.parametrize(
    "url",
    [
        "https://poort.waterveen.example",
        "https://poort.waterveen.example:8443",
        "http://127.0.0.1:8080",
        "http://localhost",
    ],
)
def test_an_address_that_is_safe_is_taken(url: str) -> None:
    """The address is https, or http on this host."""
    assert load(public_url=url).public_url == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "poort",
        "http://poort.waterveen.example",
        "ftp://poort.waterveen.example",
        "https://",
        "https://poort.waterveen.example/",
        "https://poort.waterveen.example/pad",
        "https://poort.waterveen.example?x",
        "https://poort.waterveen.example#x",
        "https://poort waterveen.example",
        "https://poort.waterveen.example:poort",
        "https://poort.waterveen.example:99999",
        "https://iemand:geheim@poort.waterveen.example",
    ],
)
def test_any_other_address_is_refused(url: str) -> None:
    """The address names the log and the tokens, so it is a plain host and nothing else."""
    with pytest.raises(SettingsInvalid) as caught:
        load(public_url=url)

    assert "PUBLIC_URL" in str(caught.value)
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8181", "http://[::1]:8181", "https://opa.waterveen.example"]
)
def test_a_policy_server_on_this_host_or_over_tls_is_taken(url: str) -> None:
    """The policy server is reached over TLS, or does not leave this host."""
    assert load(engine="opa", opa_url=url).opa_url == url


@pytest.mark.parametrize(
    ("engine", "url"),
    [
        ("opa", None),
        ("embedded", "http://127.0.0.1:8181"),
        ("opa", "http://opa.waterveen.example:8181"),
        ("opa", "https://"),
        ("opa", "http://127.0.0.1:poort"),
        ("opa", "https://opa.waterveen.example/v1/data"),
        ("iets", None),
    ],
)
def test_an_engine_without_its_address_is_refused(engine: str, url: str | None) -> None:
    """Engine and address belong together, and the address must be one that can be asked."""
    with pytest.raises(SettingsInvalid):
        load(engine=engine, opa_url=url)


@pytest.mark.parametrize(
    ("name", "value"),
    [("port", 0), ("port", 65_536), ("port", "veel"), ("gateway_id", "Poort"), ("gateway_id", "")],
)
def test_a_value_out_of_range_is_named_and_not_shown(name: str, value: object) -> None:
    """The text names the setting, never what stood in it."""
    with pytest.raises(SettingsInvalid) as caught:
        load(**{name: value})

    assert f"DOELPOORT_{name.upper()}" in str(caught.value)
    assert "veel" not in str(caught.value)


def test_a_secret_does_not_show_itself() -> None:
    """The token of the policy server stands in no text of the settings."""
    word = "geheim"
    settings = load(engine="opa", opa_url="http://127.0.0.1:8181", opa_token=f"heel-{word}")

    assert word not in f"{settings!r}{settings}"


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"source_url": None}, "SOURCE_URL"),
        ({"sources": "mapping.yaml"}, "SOURCES"),
        ({"ledger_url": "mysql://host/db"}, "LEDGER_URL"),
        ({"timestamp_url": "https://stamps.example"}, "TIMESTAMP_ROOTS"),
        ({"timestamp_roots": "roots.pem"}, "TIMESTAMP_URL"),
        ({"otlp_url": "http://collector.example"}, "OTLP_URL"),
    ],
)
@pytest.mark.usefixtures("environment")
def test_settings_that_do_not_hang_together_are_told(changes: dict[str, object], name: str) -> None:
    """What belongs together is set together, and what travels is protected."""
    with pytest.raises(SettingsInvalid, match=name):
        load(**changes)


@pytest.mark.usefixtures("environment")
def test_a_ledger_in_a_database_keeps_its_password_to_itself() -> None:
    """The address may hold a password, so settings never show it."""
    settings = load(ledger_url="postgresql://gateway:geheim@db/doelpoort")

    assert "geheim" not in repr(settings)
