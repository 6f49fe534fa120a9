"""The story of the specialisation flag, as a partner and an auditor live it, in five scenes."""

import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.markup import escape

from gateway.answer import shown
from gateway.demo.stage import CARE_WORKER, CONSULTANT
from gateway.identity.clients import Hat as RegisteredHat
from gateway.partner import Hat, Partner

_YUSUF = "999911235"
_PROFESSIONAL = "medewerker-7"
_TAMPERED = 2  # the index of the entry that is altered in the copy: the refusal of scene (b)
_RELEASED, _REFUSED = 200, 403
_DEFECT_FOUND = 1


@dataclass(frozen=True, slots=True)
class Log:
    """Where the ledger of the demo stands, and the key an auditor got beforehand."""

    path: Path
    vkey: str
    url: str


class Story:
    """Tells each scene, and remembers whether everything came out as told."""

    def __init__(self, console: Console, partner: Partner, log: Log) -> None:
        self._console = console
        self._partner = partner
        self._log = log

    def tell(self) -> bool:
        """Tell the five scenes; true when each came out as told."""
        scenes = (
            self._one_flag,
            self._the_whole_plan,
            self._the_wrong_hat,
            self._the_auditor,
            self._one_byte,
        )
        told = [self._closed(scene()) for scene in scenes]  # all of them, also after one went wrong
        return all(told)

    def _closed(self, as_told: bool) -> bool:  # noqa: FBT001 (the outcome of a scene)
        if as_told:
            self._console.print("   [green]✓ zoals verteld[/] [dim](as told)[/]\n")
        else:
            self._console.print("   [red]✗ ANDERS DAN VERTELD[/] [dim](not as told)[/]\n")
        return as_told

    def _one_flag(self) -> bool:
        self._scene(
            "a",
            "De consulent vraagt precies wat zij moet weten: wordt een specialist ingezet?",
            "The consultant asks just what she must know: is a specialist involved?",
        )
        response = self._ask(CONSULTANT)
        body = response.json()
        released = body.get("data", {})
        for name, entry in released.items():
            value = escape(f"{shown(entry['value'])}  (precisie {entry['precision']})")
            self._say(f"[bold]{escape(name)}[/] = {value}")
        self._show_receipt(body)
        return (
            response.status_code == _RELEASED
            and list(released) == ["specialisatie_ingezet"]
            and released["specialisatie_ingezet"]["value"] is True
            and "receipt" in body
        )

    def _the_whole_plan(self) -> bool:
        self._scene(
            "b",
            "Dezelfde consulent vraagt het hele behandelplan.",
            "The same consultant asks for the whole treatment plan.",
        )
        response = self._ask(CONSULTANT, fields=["behandelplan_tekst"])
        body = response.json()
        self._show_refusal(body)
        offers = [reason.get("instead") for reason in body.get("reasons", [])]
        return (
            response.status_code == _REFUSED
            and body.get("step") == 3  # noqa: PLR2004 (purpose and fields)
            and offers == [["specialisatie_ingezet"]]
            and "receipt" in body
        )

    def _the_wrong_hat(self) -> bool:
        self._scene(
            "c",
            "Dezelfde persoon, nu als jeugdhulpverlener: de verkeerde pet voor deze taak.",
            "The same person, now as a youth care worker: the wrong hat for this task.",
        )
        response = self._ask(CARE_WORKER)
        body = response.json()
        self._show_refusal(body)
        codes = [reason.get("code") for reason in body.get("reasons", [])]
        return (
            response.status_code == _REFUSED
            and body.get("step") == 1
            and codes == ["WRONG_HAT"]
            and "receipt" in body
        )

    def _the_auditor(self) -> bool:
        self._scene(
            "d",
            "De toezichthouder kijkt mee: de regels, het checkpoint, de controle zonder ons.",
            "The auditor's view: the entries, the checkpoint, the verification without us.",
        )
        entries = list(_entries(self._log.path))
        for index, entry in enumerate(entries):
            self._say(f"{index}  {_line_of(entry)}")
        checkpoint = httpx.get(f"{self._log.url}/log/checkpoint").text
        self._quote(checkpoint)
        verified = _verify(self._log.path, self._log.vkey)
        self._say("$ python -m audit verify ledger.db --key …")
        self._quote(verified.stdout)
        kinds = [entry["type"] for entry in entries]
        return verified.returncode == 0 and kinds == [
            "genesis",
            "disclosure",
            "refusal",
            "refusal",
        ]

    def _one_byte(self) -> bool:
        self._scene(
            "e",
            "Iemand verandert één byte in een kopie van het register.",
            "Somebody alters one byte in a copy of the ledger.",
        )
        copy = self._log.path.with_name("copy.db")
        _copy_with_one_byte_altered(self._log.path, copy, _TAMPERED)
        verified = _verify(copy, self._log.vkey, "--json")
        report = json.loads(verified.stdout or "{}")
        self._quote(verified.stdout)
        self._say(f"De controle wijst regel {report.get('index')} aan (the verifier names it).")
        return verified.returncode == _DEFECT_FOUND and report.get("index") == _TAMPERED

    def _ask(self, hat: RegisteredHat, **more: object) -> httpx.Response:
        request = {
            "task": "jeugd-toeleiding",
            "activity": "criteria-toetsen-zwaarte",
            "purpose": "lichte-of-zware-hulp",
            "subject": {"type": "bsn", "value": _YUSUF},
            **more,
        }
        self._say(f"rol {hat.role} bij {hat.organisation}", style="dim")
        masked = {**request, "subject": {"type": "bsn", "value": f"*******{_YUSUF[-2:]}"}}
        self._say(f"POST /v1/disclosures {json.dumps(masked, ensure_ascii=False)}", style="dim")
        return self._partner.ask(Hat(hat.organisation, hat.role, _PROFESSIONAL), request)

    def _show_refusal(self, body: Mapping[str, Any]) -> None:
        title, english = escape(str(body.get("title"))), escape(str(body.get("title_en")))
        self._say(f"[yellow]{title}[/]  [dim]({english})[/]")
        for reason in body.get("reasons", []):
            field = f" [bold]{escape(reason['field'])}[/]:" if "field" in reason else ""
            self._say(f"{escape(reason['code'])}{field} {escape(reason['message'])}")
            for offer in reason.get("instead", []):
                self._say(
                    f"→ vraag in plaats daarvan [bold]{escape(offer)}[/]  [dim](ask instead)[/]"
                )
        self._show_receipt(body)

    def _show_receipt(self, body: Mapping[str, Any]) -> None:
        receipt = body.get("receipt", {})
        self._say(f"ontvangstbewijs: regel {receipt.get('index')} van {receipt.get('log')}")

    def _scene(self, letter: str, dutch: str, english: str) -> None:
        self._console.print(f"[bold cyan]({letter})[/] [bold]{dutch}[/]", soft_wrap=True)
        self._console.print(f"    [dim]{english}[/]", soft_wrap=True)

    def _quote(self, text: str) -> None:
        for line in text.splitlines():
            self._console.print(f"     {line}", markup=False, highlight=False, soft_wrap=True)

    def _say(self, text: str, style: str | None = None) -> None:
        self._console.print(f"   {text}", style=style, highlight=False, soft_wrap=True)


def _entries(ledger: Path) -> Iterator[dict[str, Any]]:
    """Yield the leaves as the auditor reads them: from the file, without the gateway."""
    with closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)) as connection:
        for (leaf,) in connection.execute('SELECT leaf FROM entry ORDER BY "index"'):
            yield json.loads(leaf)


def _line_of(entry: Mapping[str, Any]) -> str:
    """Return one entry as a line: who, for what, what left or why not."""
    left = [f"{each['field']} ({each['precision']})" for each in entry.get("released", ())]
    refused = [each["code"] for each in entry.get("refused", ())]
    told = (entry["type"], entry.get("role"), entry.get("purpose"), *left, *refused)
    return "  ".join(word for word in told if word)


def _verify(ledger: Path, vkey: str, *more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "audit", "verify", str(ledger), "--key", vkey, *more]
    return subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 (our own verifier)


def _copy_with_one_byte_altered(ledger: Path, copy: Path, index: int) -> None:
    """Copy the ledger and flip the lowest bit of one byte of one leaf, in the file itself."""
    snapshot = copy.with_suffix(".snapshot")
    with (
        closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)) as source,
        closing(sqlite3.connect(snapshot)) as target,
    ):
        source.backup(target)
        (leaf,) = target.execute('SELECT leaf FROM entry WHERE "index" = ?', (index,)).fetchone()
        target.execute("PRAGMA journal_mode=DELETE")
    content = bytearray(snapshot.read_bytes())
    place = content.find(leaf) + leaf.find(b'"time":') + len(b'"time":')
    content[place] ^= 1
    shutil.move(snapshot, copy)
    copy.write_bytes(content)
