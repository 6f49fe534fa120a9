"""GET /v1/verwerkte-objecten: VNG verwerkingenlogging for supervisors, the read interface.

The published interface puts the identifier of a person in the address. Here that is a pseudonym,
the random key id that an erasure names in the public log as well. A BSN is refused in this place;
which pseudonym belongs to a BSN is a look into the particulars, which is no matter of projections.
"""

import datetime as dt
import re
from typing import Annotated, Any, Literal
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from audit.ledger import LedgerReader
from audit.projections.record import PSEUDONYM_TYPE, Context
from audit.projections.vng import find_object, vng_objects
from audit.projections.window import Wanted, matching
from gateway.api.guard import Auditor
from gateway.api.reading import context_of, period
from gateway.api.schemas import TOO_MANY_LOOKS, ProblemOut
from gateway.api.state import services_of
from gateway.errors import BodyInvalid, NotFound
from gateway.moments import midnight, unix_ms
from gateway.rates import Look

router = APIRouter(tags=["vng"])

PAGE = 100
_PATH = "/verwerkte-objecten"
_PSEUDONYM = re.compile(r"[0-9a-f]{32}")
_Text = Annotated[str, Field(max_length=242)]
_Day = Annotated[dt.date, Field(ge=dt.date(2000, 1, 1), lt=dt.date(3000, 1, 1))]


class VerwerkteObjectenIn(BaseModel):
    """Whose processing to list, and of which days."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    objecttype: Literal["persoon"]
    kind: _Text = Field(alias="soortObjectId", examples=[PSEUDONYM_TYPE])
    pseudonym: _Text = Field(alias="objectId", description="A pseudonym of this ledger.")
    begin: _Day = Field(alias="beginDatum", description="The first day.")
    end: _Day = Field(alias="eindDatum", description="The day after the last.")
    activity: UUID | None = Field(default=None, alias="verwerkingsactiviteitId")
    page: int = Field(default=1, ge=1, le=1_000, alias="pagina")


class VerwerkteObjectenOut(BaseModel):
    """A page of processed objects; `count` is of all pages."""

    count: int
    next: str | None
    previous: str | None
    results: list[dict[str, Any]]


@router.get(
    _PATH,
    responses={
        400: {"model": ProblemOut, "description": "The question is not one, or too wide."},
        401: {"model": ProblemOut},
        403: {"model": ProblemOut, "description": "Only a supervisor reads this."},
        **TOO_MANY_LOOKS,
    },
)
async def list_verwerkte_objecten(
    request: Request, asked: Annotated[VerwerkteObjectenIn, Query()], auditor: Auditor
) -> VerwerkteObjectenOut:
    """List what was processed about one person, known by a pseudonym, in a number of days."""
    if asked.kind != PSEUDONYM_TYPE or not _PSEUDONYM.fullmatch(asked.pseudonym):
        raise BodyInvalid(
            "objectId",
            f"is een pseudoniem van de soort {PSEUDONYM_TYPE}; een BSN hoort niet in een adres / "
            f"is a pseudonym of the kind {PSEUDONYM_TYPE}; a BSN does not belong in an address",
        )
    service, context = services_of(request), context_of(request)
    service.rates.take(auditor.client_id, Look.LOG)
    found = await run_in_threadpool(_list, service.log, asked, context)
    return _page_of(found, asked, context)


@router.get(
    _PATH + "/{id}",
    responses={
        401: {"model": ProblemOut},
        403: {"model": ProblemOut, "description": "Only a supervisor reads this."},
        **TOO_MANY_LOOKS,
        404: {"model": ProblemOut},
    },
)
async def read_verwerkt_object(
    id: UUID,  # noqa: A002 (the name of the path member)
    request: Request,
    auditor: Auditor,
) -> dict[str, Any]:
    """Return what was processed about one person in one action."""
    service = services_of(request)
    service.rates.take(auditor.client_id, Look.LOG)
    found = await run_in_threadpool(find_object, service.log, id, context_of(request))
    if found is None:
        raise NotFound("no such object, or it was erased")
    return found


def _list(log: LedgerReader, asked: VerwerkteObjectenIn, context: Context) -> list[dict[str, Any]]:
    first_ms, stop_ms = unix_ms(midnight(asked.begin)), unix_ms(midnight(asked.end))
    part = period(log, "eindDatum", first_ms, stop_ms - 1)
    activity = None if asked.activity is None else str(asked.activity)
    return [
        each
        for recorded in matching(log, part, Wanted(pseudonym=asked.pseudonym))
        for each in vng_objects(recorded, context)
        if each["objectId"] == asked.pseudonym
        and activity in (None, each["verwerkingsactie"].get("verwerkingsactiviteitId"))
    ]


def _page_of(
    found: list[dict[str, Any]], asked: VerwerkteObjectenIn, context: Context
) -> VerwerkteObjectenOut:
    start = (asked.page - 1) * PAGE
    return VerwerkteObjectenOut(
        count=len(found),
        next=_link(asked, asked.page + 1, context) if start + PAGE < len(found) else None,
        previous=_link(asked, asked.page - 1, context) if asked.page > 1 else None,
        results=found[start : start + PAGE],
    )


def _link(asked: VerwerkteObjectenIn, page: int, context: Context) -> str:
    members = asked.model_dump(mode="json", by_alias=True, exclude_none=True) | {"pagina": page}
    return f"{context.public_url}/v1{_PATH}?{urlencode(members)}"
