"""The auditor's command."""

import io
import json
import runpy
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from typing_extensions import override

from audit.__main__ import DEFECT, OTHER_KEY, SOUND, UNUSABLE, _instant, _progress, main
from audit.entry import Receipt
from tests.fakes_audit import VKEY, make_signer

Sound = tuple[Path, Sequence[Receipt]]
Alter = Callable[..., Path]
Capture = pytest.CaptureFixture[str]


def test_a_sound_ledger_is_told_in_two_languages(sound: Sound, capsys: Capture) -> None:
    """Dutch first, then English, then the numbers."""
    status = main(["verify", str(sound[0]), "--key", VKEY])

    text = capsys.readouterr().out
    assert status == SOUND
    assert text.index("Het logboek is in orde") < text.index("The ledger is sound")
    assert "600 disclosures and 0 refusals" in text
    assert VKEY in text


def test_a_machine_gets_one_object(sound: Sound, capsys: Capture) -> None:
    """The same outcome as JSON."""
    status = main(["verify", str(sound[0]), "--key", VKEY, "--json"])

    told = json.loads(capsys.readouterr().out)
    assert status == SOUND
    assert (told["outcome"], told["size"], told["disclosures"]) == ("sound", 601, 600)


def test_a_defect_is_told_with_its_index(altered: Alter, capsys: Capture) -> None:
    """The first bad index and the class stand in the first line."""
    path = altered('UPDATE entry SET leaf_hash = zeroblob(32) WHERE "index" = 7')

    status = main(["verify", str(path), "--key", VKEY])

    text = capsys.readouterr().out
    assert status == DEFECT
    assert "Eerste fout bij regel 7, soort: leaf-hash" in text
    assert "First defect at entry 7, class: leaf-hash" in text


def test_a_machine_hears_of_a_defect(altered: Alter, capsys: Capture) -> None:
    """Outcome, index and class as JSON."""
    path = altered('DELETE FROM entry WHERE "index" = 7')

    status = main(["verify", str(path), "--key", VKEY, "--json"])

    told = json.loads(capsys.readouterr().out)
    assert status == DEFECT
    assert (told["outcome"], told["index"], told["defect"]) == ("defect", 7, "missing")


def test_another_key_has_a_status_of_its_own(sound: Sound, capsys: Capture) -> None:
    """The auditor is asked to check the key."""
    status = main(["verify", str(sound[0]), "--key", make_signer(b"o" * 32).verifier.vkey])

    assert status == OTHER_KEY
    assert "Controleer de sleutel" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["none.db", "--key", VKEY],
        ["LEDGER", "--key", "no key"],
        ["LEDGER", "--key", VKEY, "--receipt", "none"],
    ],
)
def test_what_cannot_be_read_has_a_status_of_its_own(
    sound: Sound, capsys: Capture, arguments: list[str]
) -> None:
    """A missing file and a malformed key are told apart from defects."""
    status = main(["verify", *(a.replace("LEDGER", str(sound[0])) for a in arguments)])

    assert status == UNUSABLE
    assert "De controle kon niet beginnen" in capsys.readouterr().err


def test_wrong_usage_ends_with_the_same_status(capsys: Capture) -> None:
    """The command tells how it is used."""
    with pytest.raises(SystemExit) as caught:
        main(["verify"])

    assert caught.value.code == UNUSABLE
    assert "usage" in capsys.readouterr().err


def test_receipts_are_checked_against_the_ledger(
    sound: Sound, tmp_path: Path, capsys: Capture
) -> None:
    """Sound receipts are counted."""
    files = [tmp_path / f"{index}.txt" for index in (5, 300)]
    files[0].write_bytes(sound[1][5].proof)
    files[1].write_bytes(sound[1][300].proof)
    options = [part for file in files for part in ("--receipt", str(file))]

    status = main(["verify", str(sound[0]), "--key", VKEY, "--json", *options])

    assert status == SOUND
    assert json.loads(capsys.readouterr().out)["receipts"] == 2


def test_a_false_receipt_is_a_defect(sound: Sound, tmp_path: Path, capsys: Capture) -> None:
    """A receipt that the ledger does not hold is told."""
    file = tmp_path / "receipt.txt"
    file.write_bytes(sound[1][5].proof.replace(b"index 5", b"index 6"))

    status = main(["verify", str(sound[0]), "--key", VKEY, "--receipt", str(file)])

    assert status == DEFECT
    assert "receipt" in capsys.readouterr().out


def test_the_verifier_needs_only_cryptography(sound: Sound) -> None:
    """No database library, no web framework and no gateway is imported."""
    program = (
        "import sys\n"
        "from audit.__main__ import main\n"
        "status = main(sys.argv[1:])\n"
        "tops = {name.partition('.')[0] for name in sys.modules}\n"
        "foreign = tops - set(sys.stdlib_module_names) - set(sys.builtin_module_names)\n"
        "foreign = {n for n in foreign if not n.startswith('_') and n != 'sitecustomize'}\n"
        "print(sorted(foreign - {'audit', 'cryptography', 'cffi'}))\n"
        "sys.exit(status)\n"
    )
    command = [sys.executable, "-c", program, "verify", str(sound[0]), "--key", VKEY]
    root = Path(__file__).parents[3]

    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)

    assert done.returncode == SOUND, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_module_runs_as_a_program(
    sound: Sound, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    """The module itself is the command, and its status is that of the process."""
    monkeypatch.setattr(sys, "argv", ["audit", "verify", str(sound[0]), "--key", VKEY, "--json"])

    with pytest.raises(SystemExit) as caught:
        runpy.run_path(str(Path(__file__).parents[3] / "audit" / "__main__.py"), None, "__main__")

    assert caught.value.code == SOUND
    assert json.loads(capsys.readouterr().out)["outcome"] == "sound"


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    @override
    def isatty(self) -> bool:
        """Say so."""
        return True


def test_progress_is_shown_on_a_terminal_only() -> None:
    """A pipe gets none; a terminal gets a sign now and then, and the end."""
    terminal = Terminal()
    show = _progress(terminal)
    assert show is not None
    show(10, 12000)
    show(6000, 12000)
    show(12000, 12000)

    assert terminal.getvalue() == "\r6000 / 12000\r12000 / 12000\n"
    assert _progress(io.StringIO()) is None


@pytest.mark.parametrize(
    ("ms", "text"),
    [(0, "1970-01-01T00:00:00.000+00:00"), (2**53 - 1, "9007199254740991 ms")],
)
def test_a_time_is_told_also_when_no_calendar_has_it(ms: int, text: str) -> None:
    """The schema allows times that the calendar of the machine does not."""
    assert _instant(ms) == text
