"""The policy under which an entry was made: what was promised then holds, whatever holds now."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from audit.entry import Json
from gateway.catalogue.model import Catalogue
from gateway.errors import RevisionInvalid
from gateway.replay.revisions import load_kept_catalogue

# Whoever is told something is told of the last years, in which a policy changes now and then.
_LOADED: Final = 16


class KeptCatalogues:
    """The catalogues of kept revisions, read as entries name them; some are held at a time."""

    def __init__(self, find: Callable[[str], bytes | None]) -> None:
        self._find_content = find
        self.find = lru_cache(maxsize=_LOADED)(self._find)

    def _find(self, digest: str) -> Catalogue | None:
        """Return the catalogue of this revision; None where it is not kept, or is another.

        Raises: StorageBroken.
        """
        content = self._find_content(digest)
        if content is None:
            return None
        try:
            return load_kept_catalogue(content, digest)
        except RevisionInvalid:
            return None


@dataclass(frozen=True, slots=True)
class Policies:
    """The policy in force, and those before it as far as they are kept."""

    current: Catalogue
    kept: KeptCatalogues

    def find(self, leaf: Mapping[str, Json]) -> Catalogue | None:
        """Return the policy under which this entry was made, if it is known.

        Raises: StorageBroken.
        """
        digest = str(leaf.get("policy", ""))
        return self.current if digest == self.current.revision else self.kept.find(digest)
