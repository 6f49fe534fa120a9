"""What the policy commands do: check the files, explain a question, write the bundle."""

import asyncio
import datetime as dt
import itertools
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.markup import escape

from gateway.catalogue.errors import Finding, Severity
from gateway.catalogue.lint import lint
from gateway.catalogue.load import load_catalogue, read_catalogue
from gateway.catalogue.model import Catalogue
from gateway.catalogue.outcomes import all_met
from gateway.decision.bundle import write_bundle
from gateway.decision.decide import Decider
from gateway.decision.embedded import EmbeddedEngine
from gateway.decision.explain import Explanation, StepState, explain
from gateway.decision.model import OverAsking, Permit, Question, SubjectCheck
from gateway.decision.parties import Parties
from gateway.demo.data import load_clients, reference_day, tables_of
from gateway.errors import SettingsInvalid
from gateway.golden.cases import read_cases
from gateway.golden.examples import run_examples
from gateway.golden.running import Report, World, run_cases
from gateway.passage import justified
from gateway.sources.sql import SqlSource

_FEW = 10
_OUT = Console(highlight=False, soft_wrap=True, emoji=False)


@dataclass(frozen=True, slots=True)
class PolicyFolders:
    """Where the policy files stand."""

    purposes: Path
    policies: Path

    def parties(self, catalogue: Catalogue) -> Parties:
        """Return the party policy, checked against the catalogue."""
        return Parties.load(
            self.policies / "parties.conf", self.policies / "parties.csv", catalogue
        )


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as typed on the command line."""

    task: str
    activity: str
    purpose: str
    fields: Sequence[str] | None
    because: Sequence[str]
    case: str | None
    over_asking: str
    claims: Sequence[str] = ()

    @property
    def justifications(self) -> dict[str, str]:
        """The motivations by field.

        Raises: SettingsInvalid when one is not written as FIELD=TEXT.
        """
        pairs = [text.partition("=") for text in self.because]
        if not all(field and sign for field, sign, _ in pairs):
            raise SettingsInvalid("write a motivation as --because FIELD=TEXT")
        return {field: text for field, _, text in pairs}


def check(folders: PolicyFolders, *, today: dt.date) -> tuple[Finding, ...]:
    """Return everything that is wrong with the policy files, or may be better.

    Raises: PartiesInvalid when the party policy cannot be used.
    """
    reading = read_catalogue(folders.purposes, folders.policies)
    if not reading.usable:
        return reading.findings
    folders.parties(reading.catalogue)
    _require_compiling(reading.catalogue, folders.policies)
    return lint(reading, today)


def _require_compiling(catalogue: Catalogue, policies: Path) -> None:
    """Make sure that the Rego compiles; a few purposes tell as much as ten thousand, and sooner."""
    few = dict(itertools.islice(catalogue.purposes.items(), _FEW))
    EmbeddedEngine.build(replace(catalogue, purposes=few), policies)


def is_sound(findings: Sequence[Finding]) -> bool:
    """Tell whether none of the findings is an error."""
    return all(finding.severity is not Severity.ERROR for finding in findings)


def show_findings(findings: Sequence[Finding]) -> None:
    """Print findings for a person, with their place; what must be mended comes last, in sight."""
    for finding in sorted(findings, key=lambda each: each.severity is Severity.ERROR):
        wrong = finding.severity is Severity.ERROR
        colour, word = ("red", "FOUT (error)") if wrong else ("yellow", "let op (warning)")
        where = f"{escape(finding.file)}:{finding.line}:{finding.column}"
        _OUT.print(f"[{colour}]{where} {word}[/] {finding.code}")
        # What somebody wrote in a file is repeated here, and may look like a style.
        _OUT.print(f"   {escape(finding.message_nl)}\n   [dim]{escape(finding.message_en)}[/]")
    errors = sum(finding.severity is Severity.ERROR for finding in findings)
    others = len(findings) - errors
    _OUT.print(f"{errors} fouten (errors), {others} waarschuwingen (warnings)")


def findings_out(findings: Sequence[Finding]) -> list[dict[str, object]]:
    """Return findings for a program."""
    return [
        {
            "file": finding.file,
            "line": finding.line,
            "column": finding.column,
            "code": finding.code,
            "severity": finding.severity.value,
            "message": finding.message_nl,
            "message_en": finding.message_en,
        }
        for finding in findings
    ]


def test_cases(folders: PolicyFolders, files: Sequence[Path], clients: Path) -> tuple[bool, str]:
    """Run files of decision cases, and return whether all came out as written, with the report."""
    report = _run(folders, files, clients, OverAsking.WITHHOLD)
    return report.is_sound, report.text


def test_everything(
    folders: PolicyFolders, files: Sequence[Path], clients: Path
) -> tuple[bool, str]:
    """Run the project's cases under both ways of over-asking, and every purpose's own examples."""
    catalogue = load_catalogue(folders.purposes, folders.policies)
    examples = asyncio.run(
        run_examples(
            catalogue,
            folders.policies,
            lambda policy: EmbeddedEngine.build(policy, folders.policies),
        )
    )
    reports = [_run(folders, files, clients, way) for way in OverAsking]
    sound = examples.is_sound and all(report.is_sound for report in reports)
    named = [f"{way.value}: {report.text}" for way, report in zip(OverAsking, reports, strict=True)]
    return sound, "\n\n".join((*named, examples.text))


def _run(
    folders: PolicyFolders, files: Sequence[Path], clients: Path, over_asking: OverAsking
) -> Report:
    """Run cases against the clients as they were on the day that the set is about."""
    with TemporaryDirectory(prefix="doelpoort-cases-") as folder:
        database = Path(folder) / "clients.db"
        day = reference_day(clients)
        load_clients(clients, database, day)
        with closing(SqlSource(f"sqlite:///{database}")) as source:
            world = World(
                load_catalogue(folders.purposes, folders.policies),
                folders.policies,
                lambda policy: EmbeddedEngine.build(policy, folders.policies),
                source,
                tables_of(clients, day),
                Path(folder) / "cases.db",
            )
            cases = [read_cases(file) for file in files]
            return asyncio.run(run_cases(cases, world, over_asking))


def bundle(folders: PolicyFolders, out: Path) -> str:
    """Write what an OPA server loads, and return the revision it decides under."""
    catalogue = load_catalogue(folders.purposes, folders.policies)
    folders.parties(catalogue)
    write_bundle(catalogue, folders.policies, out)
    return catalogue.revision


def dry_run(
    folders: PolicyFolders, hat: tuple[str, str], asked: Asked, *, today: dt.date
) -> Explanation:
    """Explain what would be decided if every condition that needs a fact were met."""
    catalogue = load_catalogue(folders.purposes, folders.policies)
    decider = Decider(
        catalogue, folders.parties(catalogue), EmbeddedEngine.build(catalogue, folders.policies)
    )
    return asyncio.run(explain(decider, _question(decider, hat, asked, today)))


def _question(decider: Decider, hat: tuple[str, str], asked: Asked, today: dt.date) -> Question:
    organisation, role = hat
    return Question(
        organisation=organisation,
        role=role,
        standing=decider.parties.standing(frozenset({hat}), hat, asked.task, asked.activity),
        task=asked.task,
        activity=asked.activity,
        purposes=(asked.purpose,),
        subject=SubjectCheck.VALID,
        fields=tuple(dict.fromkeys(asked.fields)) if asked.fields else None,
        justified=justified(asked.justifications),
        over_asking=OverAsking(asked.over_asking),
        facts=tuple(sorted(_supposed(decider.catalogue, asked.purpose).items())),
        date=today.isoformat(),
    )


def _supposed(catalogue: Catalogue, name: str) -> Mapping[str, str]:
    purpose = catalogue.purposes.get(name)
    return all_met(() if purpose is None else purpose.conditions)


_MARKS = {
    StepState.PASSED: "[green]✓[/]",
    StepState.FAILED: "[red]✗[/]",
    StepState.NOT_REACHED: "[dim]·[/]",
}


def show_explanation(explanation: Explanation) -> None:
    """Print the steps for a person, Dutch first."""
    for step in explanation.steps[1:]:
        # What somebody declared is repeated, and so are texts of the policy files.
        declared = escape(", ".join(word for word in step.declared if word))
        title = f"[bold]Stap {step.number}. {escape(step.title.nl)}[/]"
        _OUT.print(f"{_MARKS[step.state]} {title}  {declared}")
        for words in step.says:
            english = "" if words.en == words.nl else f"\n     [dim]{escape(words.en)}[/]"
            _OUT.print(f"     {escape(words.nl)}{english}")
    if isinstance(explanation.decision, Permit):
        names = escape(", ".join(explanation.decision.fields))
        _OUT.print(f"[green]Zou worden verstrekt[/] (would be released): {names}")
        _OUT.print("Casus en voorwaarden worden bij de echte vraag getoetst.")
        _OUT.print("[dim]Case and conditions are checked when you really ask.[/]")
    else:
        _OUT.print("[red]Zou worden geweigerd[/] (would be refused)")


def explanation_out(explanation: Explanation) -> dict[str, object]:
    """Return the explanation for a program."""
    decision = explanation.decision
    return {
        "outcome": decision.outcome,
        "fields": list(decision.fields) if isinstance(decision, Permit) else [],
        "policy_revision": decision.revision,
        "steps": [
            {
                "step": step.number,
                "title": step.title.nl,
                "title_en": step.title.en,
                "declared": list(step.declared),
                "state": step.state.value,
                "says": [{"nl": words.nl, "en": words.en} for words in step.says],
            }
            for step in explanation.steps
        ],
    }
