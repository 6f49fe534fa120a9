"""Erasing a person from the views that wait for their recipients."""

from gateway.cases.store import CasePen
from gateway.cases.tables import Kind
from gateway.subject import Subject
from gateway.table.tables import statements_for


async def erase_views(pen: CasePen, kind: Kind, subject: Subject) -> int:
    """Erase the views of this person that wait, and return how many there were."""
    return len(await pen.run(statements_for(kind).erase, {"person": subject.as_json()}))
