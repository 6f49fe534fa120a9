"""Audits the locked dependencies for known vulnerabilities, where the advisories can be reached."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TIMEOUT_S = 300


@dataclass(frozen=True, slots=True)
class Audit:
    """What pip-audit found about one requirements file."""

    audited: int
    skipped: tuple[str, ...]
    vulnerable: tuple[str, ...]


def parse_report(text: str) -> Audit | None:
    """Return what the JSON report of pip-audit says; None when it is no such report."""
    try:
        dependencies = json.loads(text)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return None
    skipped = tuple(each["name"] for each in dependencies if "skip_reason" in each)
    vulnerable = tuple(
        f"{each['name']} {each['version']}: {found['id']}"
        for each in dependencies
        for found in each.get("vulns", ())
    )
    return Audit(len(dependencies) - len(skipped), skipped, vulnerable)


def audit_file(path: Path) -> Audit | None:
    """Ask pip-audit about one requirements file; None when it could not get an answer.

    Raises: CalledProcessError when the file itself is at fault, which needs no network to see.
    """
    options = ["--disable-pip", "--require-hashes", "--requirement", str(path)]
    options += ["--format", "json", "--progress-spinner", "off"]
    command = [sys.executable, "-m", "pip_audit", *options]
    subprocess.run([*command, "--dry-run"], capture_output=True, timeout=TIMEOUT_S, check=True)
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired:
        return None
    return parse_report(done.stdout)


def main() -> int:
    """Audit every requirements file; 1 when one is at fault or vulnerable, else 0."""
    paths = sorted((ROOT / "requirements").glob("*.txt"))
    return max(judge(path) for path in paths)


def judge(path: Path) -> int:
    """Tell what is known about one requirements file; 1 when that is bad."""
    name = path.relative_to(ROOT)
    try:
        audit = audit_file(path)
    except subprocess.CalledProcessError as exc:
        say(f"{name}: cannot be audited: {exc.stderr.decode().strip()}")
        return 1
    if audit is None or audit.audited == 0:
        say(f"{name}: NOT AUDITED, the advisories could not be reached from here")
        return 0
    say(f"{name}: {audit.audited} audited, {len(audit.vulnerable)} known vulnerabilities")
    if audit.skipped:
        say(f"{name}: not audited: {', '.join(audit.skipped)}")
    for line in audit.vulnerable:
        say(f"{name}: {line}")
    return int(bool(audit.vulnerable))


def say(line: str) -> None:
    """Write one line for the person who runs the check."""
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    sys.exit(main())
