"""Policy revisions kept by the digest that entries name, to decide again under what was in force.

A kept revision is the very text that the digest is the SHA-256 of, so nobody has to be believed
about it: not this module, and not the database it lies in.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Final

from audit.storage.contract import Annex
from gateway.catalogue.errors import PurposeError
from gateway.catalogue.load import LENGTH_BYTES, load_catalogue, pack_policy
from gateway.catalogue.model import Catalogue
from gateway.decision.decide import Decider
from gateway.decision.embedded import EmbeddedEngine
from gateway.decision.errors import PolicyError
from gateway.decision.parties import Parties
from gateway.errors import RevisionInvalid

MAX_BYTES: Final = 64 * 1024 * 1024
"""A revision of ten thousand purposes is a third of it."""

_MAX_NAME_BYTES: Final = 1_000
_FOLDERS: Final = frozenset({"purposes", "policies"})
# Gateways may run a few revisions at a time while one of them takes over from the other.
_LOADED: Final = 4


def keep_revision(annex: Annex, purposes: Path, policies: Path, *, revision: str) -> None:
    """Keep the policy files in these folders under the revision that was made of them.

    Effects: one row beside the ledger, if it is not there yet.
    Raises:  RevisionInvalid when the files are no longer those of the revision, or too large;
             CatalogueInvalid when one is gone; StorageBroken.
    """
    content = pack_policy(purposes, policies)
    if digest_of(content) != revision:
        raise RevisionInvalid("the policy files changed while they were read")
    if len(content) > MAX_BYTES:
        raise RevisionInvalid("the policy files are too large to keep")
    annex.add_revision(revision, content)


def digest_of(content: bytes) -> str:
    """Return the digest that entries name, of a packed policy."""
    return hashlib.sha256(content).hexdigest()


def load_revision(content: bytes, digest: str) -> Decider:
    """Return what decides as it was decided under this revision.

    Trust:   content may come from anywhere; it is what the digest says, or it is refused.
    Effects: the files stand in a temporary folder while they are read.
    Raises:  RevisionInvalid.
    """
    with _unpacked(content, digest) as (purposes, policies):
        catalogue = _catalogue(purposes, policies, digest)
        parties = Parties.load(policies / "parties.conf", policies / "parties.csv", catalogue)
        return Decider(catalogue, parties, EmbeddedEngine.build(catalogue, policies))


def load_kept_catalogue(content: bytes, digest: str) -> Catalogue:
    """Return what the purposes were under this revision, without anything that decides.

    Trust, Effects and Raises: as `load_revision`.
    """
    with _unpacked(content, digest) as (purposes, policies):
        return _catalogue(purposes, policies, digest)


@contextmanager
def _unpacked(content: bytes, digest: str) -> Iterator[tuple[Path, Path]]:
    if len(content) > MAX_BYTES or digest_of(content) != digest:
        raise RevisionInvalid("the kept policy is not the one that the digest names")
    with TemporaryDirectory(prefix="doelpoort-revision-") as made:
        try:
            _write(unpack(content), Path(made))
            yield Path(made) / "purposes", Path(made) / "policies"
        except (PolicyError, PurposeError, OSError) as exc:
            raise RevisionInvalid("the kept policy cannot be put in force again") from exc


def unpack(content: bytes) -> Mapping[str, bytes]:
    """Return the files of a packed policy by their names.

    Trust:   content may come from anywhere: a name never leads out of the two policy folders.
    Raises:  RevisionInvalid unless every byte belongs to a file.
    """
    files: dict[str, bytes] = {}
    parts = _parts(content)
    for label in parts:
        name = _name(label)
        if name in files:
            raise RevisionInvalid("the kept policy has a file twice")
        text = next(parts, None)
        if text is None:
            raise RevisionInvalid("the kept policy ends within a file")
        files[name] = text
    return files


def _parts(content: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(content):
        start = at + LENGTH_BYTES
        at = start + int.from_bytes(content[at:start], "big")
        if start > len(content) or at > len(content):
            raise RevisionInvalid("the kept policy ends within a file")
        yield content[start:at]


def _name(label: bytes) -> str:
    try:
        name = label.decode()
    except UnicodeDecodeError as exc:
        raise RevisionInvalid("the kept policy has a file whose name is none") from exc
    path = PurePosixPath(name)
    plain = name == str(path) and name.isprintable() and "\\" not in name
    inside = path.parts[:1] and path.parts[0] in _FOLDERS and ".." not in path.parts
    if not (plain and inside and len(path.parts) > 1 and len(label) <= _MAX_NAME_BYTES):
        raise RevisionInvalid("the kept policy has a file that is no policy file")
    return name


def _write(files: Mapping[str, bytes], folder: Path) -> None:
    for name, text in files.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text)


def _catalogue(purposes: Path, policies: Path, digest: str) -> Catalogue:
    catalogue = load_catalogue(purposes, policies)
    if catalogue.revision != digest:
        raise RevisionInvalid("the kept policy holds files that are no policy files")
    return catalogue


class Unavailable(StrEnum):
    """Why there is nothing to decide by under a digest."""

    MISSING = "revision_missing"
    FORGED = "revision_forged"


class Revisions:
    """The kept revisions, loaded as entries name them; a few are held at a time."""

    def __init__(
        self,
        find: Callable[[str], bytes | None],
        load: Callable[[bytes, str], Decider] = load_revision,
    ) -> None:
        self._find = find
        self._load = load
        self._loaded: OrderedDict[str, Decider | Unavailable] = OrderedDict()

    def find(self, digest: str) -> Decider | Unavailable:
        """Return what decided under this revision, or why nothing can.

        Raises:  StorageBroken.
        """
        if digest not in self._loaded:
            self._loaded[digest] = self._open(digest)
            if len(self._loaded) > _LOADED:
                self._loaded.popitem(last=False)
        self._loaded.move_to_end(digest)
        return self._loaded[digest]

    def _open(self, digest: str) -> Decider | Unavailable:
        content = self._find(digest)
        if content is None:
            return Unavailable.MISSING
        try:
            return self._load(content, digest)
        except RevisionInvalid:
            return Unavailable.FORGED
