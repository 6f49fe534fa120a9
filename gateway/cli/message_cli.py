"""`doelpoort messages ...`: what could not be delivered, and trying it again."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import closing
from typing import Annotated, TypeVar

import typer

from gateway.cases.records import SqlCases
from gateway.cases.store import CaseBook
from gateway.citizen import given_up as to_persons
from gateway.citizen.given_up import GivenUp
from gateway.citizen.store import text_of
from gateway.cli.cli_base import Output, OutputOption, explained, show_json
from gateway.inbox import given_up as to_partners
from gateway.openings import open_case_store
from gateway.wiring import utc_now

app = typer.Typer(help="Berichten die niet aankwamen. Undelivered messages.", no_args_is_help=True)

T = TypeVar("T")

CasesUrl = Annotated[
    str, typer.Option("--url", envvar="DOELPOORT_CASES_URL", help="The case store.")
]


@app.command("list")
def list_given_up(*, url: CasesUrl, output: OutputOption = Output.TEXT) -> None:
    """List the messages that were given up: when and how often tried, never what they say.

    Those to persons and reviewers, and those that tell the system of a partner of an answer.
    """
    with explained():
        found = _over(url, _given_up)
    if output is Output.JSON:
        show_json([_shown(each) for each in found])
        return
    for each in found:
        typer.echo(
            f"{each.id}  {each.kind}  {text_of(each.last_tried_at)}  {each.attempts}x geprobeerd "
            "(tried)"
        )
    typer.echo(f"{len(found)} opgegeven (given up)")


@app.command()
def retry(
    messages: Annotated[
        list[str] | None, typer.Argument(help="De berichten; weglaten is alle. All if left out.")
    ] = None,
    *,
    url: CasesUrl,
) -> None:
    """Let given-up messages be tried again, from now on; exit status 1 if one was not given up."""

    async def put_all_back(book: SqlCases) -> Sequence[str]:
        wanted = messages or [each.id for each in await _given_up(book)]
        return [of for of in wanted if not await _put_back(book, of)]

    with explained():
        missing = _over(url, put_all_back)
    for of in missing:
        typer.echo(f"{of}: niet opgegeven (not given up)", err=True)
    raise typer.Exit(1 if missing else 0)


async def _given_up(book: CaseBook) -> Sequence[GivenUp]:
    found = [*await to_persons.given_up(book), *await to_partners.given_up(book)]
    return sorted(found, key=lambda each: (each.last_tried_at, each.id))


async def _put_back(book: CaseBook, identity: str) -> bool:
    # Both may have the id of the same request.
    now = utc_now()
    found = [
        await to_persons.put_back(book, identity, now),
        await to_partners.put_back(book, identity, now),
    ]
    return any(found)


def _over(url: str, work: Callable[[SqlCases], Awaitable[T]]) -> T:
    async def over() -> T:
        with closing(open_case_store(url)) as book:
            return await work(book)

    return asyncio.run(over())


def _shown(each: GivenUp) -> dict[str, object]:
    return {
        "id": each.id,
        "kind": each.kind,
        "last_tried_at": text_of(each.last_tried_at),
        "attempts": each.attempts,
    }
