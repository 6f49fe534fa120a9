"""A command that ends by a bug shows its kind and no row: no traceback, no text, no locals."""

import pytest

from gateway.cli import main as cli
from tests.canary.watch import Watch
from tests.canary.world import World


def test_a_bug_in_a_command_shows_its_kind_alone(
    flowing: World, watch: Watch, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Its text, which may hold a row of a source, goes nowhere."""
    row = dict.fromkeys(flowing.canaries, flowing.clients)

    def broken() -> None:
        raise KeyError(row)

    monkeypatch.setattr(cli, "app", broken)

    with pytest.raises(SystemExit) as ended:
        cli.main()

    told = "".join(capfd.readouterr())
    assert watch.found(told) == frozenset()
    assert (ended.value.code, told) == (70, "unexpected failure: KeyError\n")
