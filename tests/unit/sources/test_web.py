"""Asking over HTTP: who the gateway shows itself to be, and one retry where it is safe."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from gateway.errors import SourceFailed, SourceInvalid
from gateway.sources.mapping import OAuth, SourceKind, SourcePlace
from gateway.sources.secrets import read_secret
from gateway.sources.web import Asked, Web
from tests.counterparts.certificates import Authority
from tests.counterparts.listening import Heard, Listening, Reply, Say, listening
from tests.counterparts.oauth import CLIENT, CLIENT_SECRET, Guarded

pytestmark = pytest.mark.anyio


def well(_heard: Heard) -> Reply:
    """Answer that all is well."""
    return Reply(200, b'{"goed": true}')


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.at_s = 1_000.0

    def __call__(self) -> float:
        """Return the time that the test set."""
        return self.at_s


@pytest.fixture
def clock() -> Clock:
    """Give a clock that stands still."""
    return Clock()


@pytest.fixture
def opened() -> Iterator[ExitStack]:
    """Give what closes the servers of a test."""
    with ExitStack() as stack:
        yield stack


@pytest.fixture
async def webs() -> AsyncIterator[list[Web]]:
    """Give a list whose clients are closed at the end."""
    made: list[Web] = []
    yield made
    for web in made:
        await web.aclose()


def place_of(
    url: str, folder: Path, *, oauth: bool = False, secret: str = CLIENT_SECRET
) -> SourcePlace:
    """Return where a source is, with a token endpoint beside it where that is asked."""
    (folder / "secret").write_text(secret + "\n")
    how = OAuth(f"{url}/token", CLIENT, folder / "secret", "lezen") if oauth else None
    return SourcePlace("bron", SourceKind.BRP, url, 2.0, oauth=how)


def guarded(
    opened: ExitStack, folder: Path, clock: Clock, webs: list[Web], **how: int
) -> tuple[Guarded, Web, Asked]:
    """Return a service that wants tokens, a client of it, and a question."""
    service = Guarded(well, **how)
    server = opened.enter_context(listening(service))
    web = Web(place_of(server.url, folder, oauth=True), monotonic_s=clock)
    webs.append(web)
    return service, web, Asked("POST", f"{server.url}/vraag", json={})


async def test_a_token_is_got_once_and_kept(
    opened: ExitStack, tmp_path: Path, clock: Clock, webs: list[Web]
) -> None:
    """Two questions need one token."""
    service, web, asked = guarded(opened, tmp_path, clock, webs)

    statuses = [(await web.ask(asked)).status for _ in range(2)]

    assert (statuses, service.given) == ([200, 200], 1)


async def test_a_token_is_renewed_before_it_ends(
    opened: ExitStack, tmp_path: Path, clock: Clock, webs: list[Web]
) -> None:
    """Half a minute before its end a token is no longer used."""
    service, web, asked = guarded(opened, tmp_path, clock, webs, life_s=60)
    await web.ask(asked)
    clock.at_s += 31

    await web.ask(asked)

    assert service.given == 2


async def test_a_token_that_was_taken_back_is_renewed_once(
    opened: ExitStack, tmp_path: Path, clock: Clock, webs: list[Web]
) -> None:
    """A 401 costs one more token, not a failure."""
    service, web, asked = guarded(opened, tmp_path, clock, webs)
    await web.ask(asked)
    service.good.clear()

    said = await web.ask(asked)

    assert (said.status, service.given) == (200, 2)


@pytest.mark.parametrize(
    "token",
    [
        Reply(401, b"geheim"),
        Reply(200, b"geheim"),
        Reply(200, b'{"access_token": "a"}'),
        Reply(200, b'{"access_token": "a", "token_type": "mac"}'),
        Reply(200, b'{"access_token": "a\\r\\nx: y", "token_type": "bearer"}'),
    ],
)
async def test_without_a_token_nothing_is_asked(
    opened: ExitStack, tmp_path: Path, clock: Clock, webs: list[Web], token: Reply
) -> None:
    """A token endpoint that gives anything else is a source that fails."""
    server = opened.enter_context(listening(lambda _heard: token))
    web = Web(place_of(server.url, tmp_path, oauth=True), monotonic_s=clock)
    webs.append(web)

    with pytest.raises(SourceFailed):
        await web.ask(Asked("POST", f"{server.url}/vraag", json={}))

    assert {heard.path for heard in server.heard} == {"/token"}


async def test_a_token_without_a_life_is_kept_for_a_while(
    opened: ExitStack, tmp_path: Path, clock: Clock, webs: list[Web]
) -> None:
    """Half a minute is what such a token is trusted for."""
    reply = Reply(200, b'{"access_token": "a", "token_type": "bearer"}')
    server = opened.enter_context(listening(lambda _heard: reply))
    web = Web(place_of(server.url, tmp_path, oauth=True), monotonic_s=clock)
    webs.append(web)
    asked = Asked("POST", f"{server.url}/vraag", json={})
    for later in (0.0, 29.0, 2.0):
        clock.at_s += later
        await web.ask(asked)

    paths = [heard.path for heard in server.heard]
    assert paths == ["/token", "/vraag", "/vraag", "/token", "/vraag"]


@pytest.mark.parametrize("secret", ["", "twee\nregels", "x" * 5_000])
async def test_a_secret_is_one_line(
    opened: ExitStack, tmp_path: Path, clock: Clock, webs: list[Web], secret: str
) -> None:
    """A file that holds something else is no secret, and is not shown."""
    server = opened.enter_context(listening(well))
    web = Web(place_of(server.url, tmp_path, oauth=True, secret=secret), monotonic_s=clock)
    webs.append(web)

    with pytest.raises(SourceInvalid, match="one line"):
        await web.ask(Asked("POST", f"{server.url}/vraag", json={}))

    assert server.heard == []


def test_a_secret_that_is_not_there_is_told(tmp_path: Path) -> None:
    """The name of the file is told, and no path."""
    with pytest.raises(SourceInvalid, match=r"cannot be read: weg$"):
        read_secret(tmp_path / "weg")


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """Give an authority of this test."""
    return Authority(tmp_path)


def secured(server: Listening, authority: Authority, *, shown: bool) -> SourcePlace:
    """Return where a source is that wants to see a certificate."""
    certificate, key = authority.hand_out("gateway") if shown else (None, None)
    return SourcePlace(
        "bron",
        SourceKind.BRP,
        server.url,
        2.0,
        certificate=certificate,
        key=key,
        authority=authority.file,
    )


async def test_a_certificate_is_shown(
    opened: ExitStack, authority: Authority, clock: Clock, webs: list[Web]
) -> None:
    """A service that wants to see a certificate gets the one of the mapping."""
    server = opened.enter_context(listening(well, authority.server()))
    webs.append(Web(secured(server, authority, shown=True), monotonic_s=clock))

    said = await webs[0].ask(Asked("POST", f"{server.url}/vraag", json={}))

    assert said.status == 200


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
async def test_without_a_certificate_there_is_no_answer(
    opened: ExitStack, authority: Authority, clock: Clock, webs: list[Web]
) -> None:
    """The same service gives nothing to who shows none."""
    server = opened.enter_context(listening(well, authority.server()))
    webs.append(Web(secured(server, authority, shown=False), monotonic_s=clock))

    with pytest.raises(SourceFailed):
        await webs[0].ask(Asked("POST", f"{server.url}/vraag", json={}))

    assert server.heard == []


async def test_a_server_that_the_authority_does_not_know_is_not_asked(
    opened: ExitStack, authority: Authority, tmp_path: Path, clock: Clock, webs: list[Web]
) -> None:
    """Whom the mapping does not trust never sees a number."""
    (tmp_path / "ander").mkdir()
    other = Authority(tmp_path / "ander")
    server = opened.enter_context(listening(well, authority.server()))
    webs.append(Web(secured(server, other, shown=True), monotonic_s=clock))

    with pytest.raises(SourceFailed):
        await webs[0].ask(Asked("POST", f"{server.url}/vraag", json={}))

    assert server.heard == []


def test_a_certificate_that_is_not_there_is_told(tmp_path: Path, clock: Clock) -> None:
    """A mistyped path stops the start."""
    place = SourcePlace(
        "bron", SourceKind.BRP, "https://localhost:1", 2.0, authority=tmp_path / "weg.pem"
    )

    with pytest.raises(SourceInvalid, match="bron"):
        Web(place, monotonic_s=clock)


def after(replies: list[Reply]) -> Say:
    """Answer with each reply in turn."""
    waiting = iter(replies)
    return lambda _heard: next(waiting)


@pytest.mark.parametrize(
    ("statuses", "said"),
    [([503, 200], [503, 200]), ([503, 503], [503, 503]), ([500, 200], [500]), ([429], [429])],
)
async def test_a_source_that_cannot_answer_now_is_asked_once_more(
    tmp_path: Path, clock: Clock, webs: list[Web], statuses: list[int], said: list[int]
) -> None:
    """Once, and only where the source says that it is a matter of time."""
    with listening(after([Reply(status) for status in statuses])) as server:
        webs.append(Web(place_of(server.url, tmp_path), monotonic_s=clock))
        answer = await webs[0].ask(Asked("POST", f"{server.url}/vraag", json={}))

    assert (answer.status, len(server.heard)) == (said[-1], len(said))


async def test_a_source_that_is_not_there_fails(
    tmp_path: Path, clock: Clock, webs: list[Web]
) -> None:
    """Nobody listens: no answer, told without the address."""
    with listening(well) as server:
        url = server.url
    webs.append(Web(place_of(url, tmp_path), monotonic_s=clock))

    with pytest.raises(SourceFailed, match="cannot be reached"):
        await webs[0].ask(Asked("POST", f"{url}/vraag", json={}))


async def test_the_environment_names_no_proxy(
    opened: ExitStack,
    tmp_path: Path,
    clock: Clock,
    webs: list[Web],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A proxy that an environment names would see the number."""
    proxy = opened.enter_context(listening(well))
    server = opened.enter_context(listening(well))
    monkeypatch.setenv("HTTP_PROXY", proxy.url)
    monkeypatch.setenv("ALL_PROXY", proxy.url)
    webs.append(Web(place_of(server.url, tmp_path), monotonic_s=clock))

    await webs[0].ask(Asked("POST", f"{server.url}/vraag", json={"a": 1}))

    assert [json.loads(heard.body) for heard in server.heard] == [{"a": 1}]
    assert proxy.heard == []
