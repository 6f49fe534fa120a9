"""The Rego evaluated by an OPA server, through its data API."""

import aiohttp
import orjson
from opa_client import AsyncOpaClient

from gateway.decision.engine import ENTRYPOINT
from gateway.decision.errors import EngineAnswerInvalid, EngineUnavailable

TIMEOUT_S = 0.3
"""A permitted disclosure waits for this; an engine that needs longer is not there."""

_PACKAGE, _RULE = ENTRYPOINT.rsplit("/", 1)


class OpaEngine:
    """Asks an OPA server that serves the folder which `bundle.write_bundle` made.

    Nothing is retried: a decision that needs a second try comes too late. Policy is never uploaded
    from here, so what runs is what was reviewed; the revision in each answer proves it.
    """

    def __init__(
        self, host: str, port: int, *, tls: bool, token: str | None, timeout_s: float = TIMEOUT_S
    ) -> None:
        self._client = AsyncOpaClient(
            host=host, port=port, ssl=tls, token=token, retries=0, timeout=timeout_s
        )
        self._open = False

    async def evaluate(self, question: bytes) -> object:
        """Return the JSON value of the answer; see `engine.Engine.evaluate`."""
        try:
            if not self._open:
                await self._client.__aenter__()
                self._open = True
            body: object = await self._client.query_rule(orjson.loads(question), _PACKAGE, _RULE)
        except (aiohttp.ContentTypeError, ValueError, RecursionError) as exc:
            raise EngineAnswerInvalid("the policy server gave no JSON") from exc
        except (aiohttp.ClientError, TimeoutError, OSError) as exc:
            raise EngineUnavailable("the policy server gave no answer in time") from exc
        return _only_result(body)

    async def aclose(self) -> None:
        """Close the connections to the server."""
        if self._open:
            self._open = False
            await self._client.close_connection()


def _only_result(body: object) -> object:
    """Return the result; an undefined rule has none, and anything beside it is not expected."""
    match body:
        case {"result": answer, **others} if not others.keys() - {"decision_id"}:
            return answer
        case _:
            raise EngineAnswerInvalid("the policy server gave no result")
