"""Step 2 of a request: what the declared words stand for in the catalogue."""

from functools import lru_cache

from gateway.catalogue.model import Catalogue
from gateway.decision.parties import Parties
from gateway.identity.clients import Hat
from gateway.passage import Acting, Declaration, Request

# What stands in the question for a word that the catalogue does not know: free text goes nowhere.
_UNKNOWN_WORD = "unknown"


def declare(
    catalogue: Catalogue, parties: Parties, caller: Acting, request: Request
) -> Declaration:
    """Look the declared words up; one that the catalogue does not know has another in its place.

    So the decision knows that something was declared, and free text never reaches it.
    """
    task = catalogue.tasks.get(request.task)
    activity = request.activity if task and request.activity in task.activities else None
    of_step = catalogue.purposes_of(request.task, request.activity) if activity else ()
    # Unknown names stay as many as they were: two declared purposes are refused as two.
    purposes = tuple(
        name if name in catalogue.purposes else _UNKNOWN_WORD + "-again" * number
        for number, name in enumerate(dict.fromkeys(request.purposes))
    )
    one = catalogue.purposes.get(purposes[0]) if len(purposes) == 1 else None
    purpose = one if one is not None and one in of_step else None
    perhaps = (purpose,) if purpose else of_step
    return Declaration(
        task=request.task if task or not request.task else _UNKNOWN_WORD,
        activity=_known_word(catalogue, request.activity),
        purposes=purposes,
        purpose=purpose,
        case_kinds=tuple(sorted({kind for each in perhaps for kind in each.case_kinds})),
        standing=parties.standing(
            _hats(caller.hats),
            (caller.organisation, caller.role),
            request.task,
            request.activity,
        ),
    )


@lru_cache(maxsize=1_024)
def _hats(hats: frozenset[Hat]) -> frozenset[tuple[str, str]]:
    return frozenset((hat.organisation, hat.role) for hat in hats)


def _known_word(catalogue: Catalogue, activity: str) -> str:
    known = any(activity in task.activities for task in catalogue.tasks.values())
    return activity if known or not activity else _UNKNOWN_WORD
