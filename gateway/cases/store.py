"""The seam to the case store: what decisions may ask of it, about one person at a time."""

from collections.abc import Sequence
from typing import Protocol

from gateway.cases.model import Case, Confirmation, Consent, Representation
from gateway.subject import Subject


class CaseStore(Protocol):
    """Reads what was recorded about a person by those entitled to record it.

    Every method raises SourceFailed when there is no answer in time.
    """

    async def cases(self, subject: Subject) -> Sequence[Case]:
        """Return every case of this person; none means that the person is not known here."""
        ...

    async def consents(self, subject: Subject, processing: str) -> Sequence[Consent]:
        """Return the consents ever given for this processing, withdrawn ones included."""
        ...

    async def confirmations(self, subject: Subject, purpose: str) -> Sequence[Confirmation]:
        """Return the confirmations by the source holder's professional for this purpose."""
        ...

    async def representations(self, subject: Subject) -> Sequence[Representation]:
        """Return who was ever appointed to decide for this person, and in which domain."""
        ...

    def close(self) -> None:
        """Let go of the connection."""
        ...
