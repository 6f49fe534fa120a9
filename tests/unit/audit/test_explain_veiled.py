"""What the receipt of an answer behind a veil proves, told without promising more."""

from pathlib import Path

import pytest

from audit.__main__ import main
from audit.entry import Json
from tests.made_ledger import disclosure
from tests.unit.audit.test_explain import receipt


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"veiled": True}, "een nee kan zijn gegeven zonder ergens te kijken"),
        ({}, "een verstrekking van gegevens"),
    ],
)
def test_a_veiled_answer_is_no_plain_disclosure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], changes: dict[str, Json], words: str
) -> None:
    """Nobody is to read from the receipt that data were given."""
    main(["explain", receipt(tmp_path, disclosure(1, **changes))])

    assert words in capsys.readouterr().out
