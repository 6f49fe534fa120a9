"""The auditor's command."""

import argparse
import io
import json
import runpy
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from typing_extensions import override

from audit.__main__ import main
from audit.bundle import Enclosed, Scope, write_bundle
from audit.entry import Receipt
from audit.verifier.command import (
    DEFECT,
    NO_QUORUM,
    OTHER_KEY,
    RECEIPT,
    SOUND,
    STALE,
    UNUSABLE,
    parse_age,
    progress_on,
)
from audit.verifier.report import instant
from tests.fakes_audit import VKEY, make_signer
from tests.made_ledger import POLICY, Made, make_ledger, retention, story

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
        ["LEDGER", "--key", VKEY, "--policy", "none"],
        ["LEDGER", "--key", VKEY, "--policy", "LEDGER"],
        ["LEDGER", "--key", VKEY, "--receipt", "/dev/zero"],
        ["FOLDER", "--key", VKEY],
    ],
)
def test_what_cannot_be_read_has_a_status_of_its_own(
    sound: Sound, capsys: Capture, arguments: list[str]
) -> None:
    """A missing file and a malformed key are told apart from defects."""
    places = {"LEDGER": str(sound[0]), "FOLDER": str(sound[0].parent)}
    status = main(["verify", *(places.get(argument, argument) for argument in arguments)])

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

    assert status == RECEIPT
    assert "a receipt is not" in capsys.readouterr().out


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


def written(made: Made, folder: Path, **of: Any) -> list[str]:  # noqa: ANN401  Parts of a bundle.
    """Write a bundle of this ledger and give the arguments that verify it."""
    write_bundle(made.store(), folder / "bundle", **of)
    return ["verify", str(folder / "bundle"), "--key", VKEY, "--json"]


def test_a_bundle_is_verified_like_a_ledger(tmp_path: Path, capsys: Capture) -> None:
    """A folder is a bundle, and the same command takes it."""
    status = main(written(make_ledger(story(300)), tmp_path))

    told = json.loads(capsys.readouterr().out)
    assert status == SOUND
    assert (told["outcome"], told["size"], told["absent"]) == ("sound", 300, 0)


def test_a_bundle_of_some_entries_says_what_was_not_checked(
    tmp_path: Path, capsys: Capture
) -> None:
    """It is sound in part, and the text tells how many entries are there by hash only."""
    scope = Scope(wanted=lambda members: members["counter"] != 7)
    arguments = written(make_ledger(story(300)), tmp_path, scope=scope)

    statuses = [main(arguments), main(arguments[:-1]), main([*arguments, "--whole"])]

    first, _, rest = capsys.readouterr().out.partition("\n")
    assert statuses == [SOUND, SOUND, DEFECT]
    assert json.loads(first)["outcome"] == "sound-in-part"
    assert "Van 1 regels is alleen de vingerafdruk meegegeven" in rest
    assert "Of 1 entries only the fingerprint was handed over" in rest


def test_entries_past_their_retention_period_are_told(tmp_path: Path, capsys: Capture) -> None:
    """Their content is gone, and the reader hears that this was recorded."""
    made = make_ledger([*story(300), retention(300, 256)]).prune(256)

    status = main(written(made, tmp_path)[:-1])

    text = capsys.readouterr().out
    assert status == SOUND
    assert "Van 256 regels is de inhoud er niet meer" in text
    assert "content of 256 entries is gone" in text


def test_an_empty_selection_tells_that_nothing_can_be_dated(
    tmp_path: Path, capsys: Capture
) -> None:
    """Where the newest entry is there by hash only, nothing shows how recent the ledger is."""
    scope = Scope(wanted=lambda _members: False)

    status = main(written(make_ledger(story(3)), tmp_path, scope=scope)[:-1])

    assert status == SOUND
    assert "Hoe nieuw het logboek is, is niet te zeggen" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("cosigned", "options", "status", "outcome"),
    [
        (True, [], SOUND, "sound"),
        (False, [], NO_QUORUM, "no-quorum"),
        (True, ["--max-age", "1s"], STALE, "stale"),
    ],
)
def test_witnesses_are_asked_for_by_a_policy(
    tmp_path: Path,
    capsys: Capture,
    *,
    cosigned: bool,
    options: list[str],
    status: int,
    outcome: str,
) -> None:
    """A cosigned checkpoint makes the quorum, and its time counts."""
    made = make_ledger(story(300), [256])
    notes = made.cosign(256).cosigned.values() if cosigned else ()
    (tmp_path / "policy").write_bytes(POLICY)
    arguments = written(made, tmp_path, enclosed=Enclosed(cosigned=notes))

    result = main([*arguments, "--policy", str(tmp_path / "policy"), *options])

    told = json.loads(capsys.readouterr().out)
    assert (result, told["outcome"]) == (status, outcome)
    assert told.get("witnessed", 256) + told.get("unwitnessed", 44) == 300


def test_a_summary_tells_of_witnesses_in_words(tmp_path: Path, capsys: Capture) -> None:
    """The reader hears how many entries enough witnesses saw."""
    (tmp_path / "policy").write_bytes(POLICY)
    made = make_ledger(story(300), [256]).cosign(256)
    arguments = written(made, tmp_path, enclosed=Enclosed(cosigned=made.cosigned.values()))[:-1]

    main([*arguments, "--policy", str(tmp_path / "policy")])

    assert "Genoeg getuigen zagen de eerste 256 regels; na hen komen er nog 44." in (
        capsys.readouterr().out
    )


def test_a_policy_about_other_logs_is_the_auditors_mistake(tmp_path: Path) -> None:
    """It is told as a file that cannot be used."""
    other = make_signer(b"o" * 32, "other.example").verifier.vkey
    (tmp_path / "policy").write_bytes(b"log %s\nquorum none\n" % other.encode())

    status = main([*written(make_ledger(story(3)), tmp_path), "--policy", str(tmp_path / "policy")])

    assert status == UNUSABLE


@pytest.mark.parametrize("option", [["--max-age", "24h"], ["--tsa-root", "CHAIN"]])
def test_what_cannot_be_shown_to_be_recent_has_a_status_of_its_own(
    tmp_path: Path, capsys: Capture, option: list[str]
) -> None:
    """An old ledger, and one without a time stamp, are told apart from defects."""
    (tmp_path / "chain").write_bytes(b"-----BEGIN")
    arguments = written(make_ledger(story(3)), tmp_path)
    status = main([*arguments, *(o.replace("CHAIN", str(tmp_path / "chain")) for o in option)])

    assert status == STALE
    assert json.loads(capsys.readouterr().out)["outcome"] == "stale"


def test_a_time_stamp_that_proves_nothing_is_none(tmp_path: Path) -> None:
    """Bytes that are no stamp do not count as one."""
    (tmp_path / "chain").write_bytes(b"-----BEGIN")
    arguments = written(make_ledger(story(3)), tmp_path, enclosed=Enclosed(stamps={3: b"no stamp"}))

    assert main([*arguments, "--tsa-root", str(tmp_path / "chain")]) == STALE


@pytest.mark.parametrize(
    ("text", "ms"), [("90s", 90_000), ("5m", 300_000), ("24h", 86_400_000), ("7d", 604_800_000)]
)
def test_an_age_has_a_unit(text: str, ms: int) -> None:
    """Seconds, minutes, hours or days."""
    assert parse_age(text) == ms


@pytest.mark.parametrize("text", ["", "24", "h", "0h", "-1h", "1.5h", "24 h", "9999999d", "٣h"])
def test_an_age_has_one_form(text: str) -> None:
    """Anything else is wrong usage."""
    with pytest.raises(argparse.ArgumentTypeError):
        parse_age(text)


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    @override
    def isatty(self) -> bool:
        """Say so."""
        return True


def test_progress_is_shown_on_a_terminal_only() -> None:
    """A pipe gets none; a terminal gets a sign now and then, and the end."""
    terminal = Terminal()
    show = progress_on(terminal)
    assert show is not None
    show(10, 12000)
    show(6000, 12000)
    show(12000, 12000)

    assert terminal.getvalue() == "\r6000 / 12000\r12000 / 12000\n"
    assert progress_on(io.StringIO()) is None


@pytest.mark.parametrize(
    ("ms", "text"),
    [(0, "1970-01-01T00:00:00.000+00:00"), (2**53 - 1, "9007199254740991 ms")],
)
def test_a_time_is_told_also_when_no_calendar_has_it(ms: int, text: str) -> None:
    """The schema allows times that the calendar of the machine does not."""
    assert instant(ms) == text
