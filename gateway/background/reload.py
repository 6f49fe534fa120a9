"""A new policy without a pause: the gate of one revision is exchanged for that of the next, whole.

A request takes the services once and keeps them, so no decision is ever half old and half new. An
edit that does not load changes nothing but what health says.
"""

import logging
import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from pathlib import Path

from audit.errors import AuditError
from gateway.api.state import Services
from gateway.catalogue.errors import PurposeError
from gateway.decision.decide import Decider
from gateway.decision.errors import EngineAnswerInvalid, EngineUnavailable, PolicyError
from gateway.errors import NoiseUnavailable, RevisionInvalid, SourceInvalid

_LOG = logging.getLogger("doelpoort.policy")

Stamp = Mapping[str, tuple[int, int, int]]


class Reloader:
    """Looks whether the policy files changed, and puts them in force when they are sound."""

    def __init__(
        self,
        get: Callable[[], Services],
        put: Callable[[Services], None],
        *,
        stamp: Callable[[], Stamp],
        build: Callable[[], Awaitable[Decider]],
        announce: Callable[[str], Awaitable[None]],
        seen: Stamp,
    ) -> None:
        self._get = get
        self._put = put
        self._stamp = stamp
        self._build = build
        self._announce = announce
        self._seen = seen
        self._replaced: Decider | None = None

    async def refresh(self) -> None:
        """Put the files in force if they changed and are sound; else keep the revision in force.

        Effects: `announce` is awaited before the first request meets the new revision; what was
                 replaced is closed one call later, when its last requests are done.
        """
        await self.aclose()
        stamp = self._stamp()
        if stamp == self._seen:
            return
        try:
            await self._exchange(await self._build())
        except (EngineUnavailable, EngineAnswerInvalid, AuditError, RevisionInvalid) as exc:
            # Not the files are to blame but the policy server or the ledger, or the files were
            # edited again while they were kept: this is tried again.
            self._keep(exc)
            return
        except (PurposeError, PolicyError, SourceInvalid, NoiseUnavailable) as exc:
            self._keep(exc)
        except Exception as exc:
            # What nobody foresaw shows in the health as well, for as long as it lasts.
            self._keep(exc)
            raise
        self._seen = stamp

    async def aclose(self) -> None:
        """Close what was replaced and not closed yet."""
        replaced, self._replaced = self._replaced, None
        if replaced is not None:
            await replaced.aclose()

    async def _exchange(self, decider: Decider) -> None:
        services = self._get()
        old, revision = services.gate.decider, decider.catalogue.revision
        try:
            await decider.require_revision()
            if revision != old.catalogue.revision:
                await self._announce(revision)
        except BaseException:
            await decider.aclose()
            raise
        gate = replace(services.gate, catalogue=decider.catalogue, decider=decider)
        self._put(replace(self._get(), gate=gate, policy_problem=None))
        # Requests that took the old gate still ask its engine.
        self._replaced = old

    def _keep(self, exc: Exception) -> None:
        problem = type(exc).__name__
        services = self._get()
        if services.policy_problem != problem:
            _LOG.error("the edited policy is not in force: %s", problem)
            self._put(replace(services, policy_problem=problem))


def stamp_of(*folders: Path) -> Stamp:
    """Return what tells one state of these folders from the next, without reading a file.

    Shapes:  per path: modification and change time in ns, and size.
    """
    stamp: dict[str, tuple[int, int, int]] = {}
    # Unlike Path.rglob, a walk passes over a folder that disappears under its eyes.
    walked = (place for folder in folders for place in os.walk(folder))
    for path in (Path(root) / name for root, names, files in walked for name in (*names, *files)):
        try:
            found = path.stat()
        except OSError:
            continue
        stamp[str(path)] = (found.st_mtime_ns, found.st_ctime_ns, found.st_size)
    return stamp
