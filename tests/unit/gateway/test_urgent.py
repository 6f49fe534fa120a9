"""How somebody who cannot wait says why: never as an argument of a command."""

import io

import pytest
from typing_extensions import override

from gateway.cli.commands import read_urgent
from gateway.emergency.model import Danger


class Terminal(io.StringIO):
    """A person at a terminal, who types these lines."""

    @override
    def isatty(self) -> bool:
        """Tell that somebody sits there."""
        return True


def test_a_program_sends_the_reason_after_the_person() -> None:
    """Whatever is left of standard input is the reason, over as many lines as it has."""
    found = read_urgent(
        io.StringIO("Er is geschreeuw.\nEn er wordt gehuild.\n"), Danger.VIOLENCE_NOW
    )

    assert found == {
        "reason": "violence_now",
        "words": "Er is geschreeuw.\nEn er wordt gehuild.",
    }


def test_a_person_is_asked_for_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """At a terminal the question is put on standard error, so that the answer stands alone."""
    found = read_urgent(Terminal("Er is geschreeuw.\nniet dit\n"), Danger.LIFE_IN_DANGER)

    shown = capsys.readouterr()
    assert found == {"reason": "life_in_danger", "words": "Er is geschreeuw."}
    assert "Wat gebeurt er" in shown.err
    assert shown.out == ""


def test_a_reason_without_end_is_cut_off() -> None:
    """No more is read than shows the gateway that it is too long."""
    found = read_urgent(io.StringIO("a" * 9_000), Danger.VIOLENCE_NOW)

    assert len(found["words"]) == 4_001
