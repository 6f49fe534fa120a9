"""Where a policy is read from: a folder that holds `purposes` and `policies`, or a git revision."""

import hashlib
import re
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import TypeAlias

from gateway.catalogue.compare import Policy
from gateway.catalogue.load import load_catalogue
from gateway.catalogue.model import Requester
from gateway.decision.bundle import REGO_FILE
from gateway.decision.parties import Parties
from gateway.errors import SettingsInvalid

Folders: TypeAlias = tuple[Path, Path]
"""The folder of the purposes, and the folder of the rules and the parties."""

_NAMES = ("purposes", "policies")
_REVISION = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./^~@{}-]{0,199}")
_TIMEOUT_S = 30
_MAX_BYTES = 64 * 1024 * 1024


@contextmanager
def open_policy(where: str, repository: Path) -> Iterator[Folders]:
    """Give the folders of the policy in this folder, or at this revision of the repository.

    Effects: a git revision is unpacked into a temporary folder, which is gone afterwards.
    Raises:  SettingsInvalid when there is no such policy.
    """
    folder = Path(where)
    if where and all((folder / name).is_dir() for name in _NAMES):
        yield folder / "purposes", folder / "policies"
        return
    with TemporaryDirectory(prefix="doelpoort-policy-") as made:
        _unpack(_archive(where, repository), Path(made))
        yield Path(made) / "purposes", Path(made) / "policies"


def policy_in(folders: Folders) -> Policy:
    """Return the policy in these two folders.

    Raises:  CatalogueInvalid, PartiesInvalid.
    """
    purposes_dir, policies_dir = folders
    catalogue = load_catalogue(purposes_dir, policies_dir)
    parties = Parties.load(policies_dir / "parties.conf", policies_dir / "parties.csv", catalogue)

    def may_declare(requester: Requester, task: str, activity: str) -> bool:
        return parties.may_declare((requester.organisation, requester.role), task, activity)

    rules = hashlib.sha256((policies_dir / REGO_FILE).read_bytes()).hexdigest()
    return Policy(catalogue, may_declare, rules)


def _archive(revision: str, repository: Path) -> bytes:
    """Return the policy folders at a revision as a tar file."""
    git = shutil.which("git")
    if git is None or not _REVISION.fullmatch(revision):
        raise SettingsInvalid("name a folder with purposes and policies, or a git revision")
    command = [git, "-C", str(repository), "archive", "--format=tar", revision, "--", *_NAMES]
    try:
        done = subprocess.run(  # noqa: S603 - no shell, and the revision cannot be an option
            command, capture_output=True, check=True, timeout=_TIMEOUT_S
        )
    except (subprocess.SubprocessError, OSError) as exc:
        raise SettingsInvalid("git knows no policy by this revision") from exc
    return done.stdout


def _unpack(archive: bytes, folder: Path) -> None:
    """Write the plain files of a tar file; a link is left out, a path outside is refused."""
    with tarfile.open(fileobj=BytesIO(archive)) as tar:
        for member in tar:
            path = PurePosixPath(member.name)
            content = tar.extractfile(member) if member.isfile() else None
            if content is None:
                continue
            if path.is_absolute() or ".." in path.parts or member.size > _MAX_BYTES:
                raise SettingsInvalid("this revision holds files that are no policy files")
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content.read())
