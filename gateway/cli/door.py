"""What the commands of professionals reach a gateway through: as whom, and what came back."""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import httpx

from gateway.errors import PartnerFailed
from gateway.partner import Hat, Partner, load_key
from gateway.wiring import os_random, utc_now

Body = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a gateway answered, and whether it did what was asked."""

    body: object
    is_done: bool


@dataclass(frozen=True, slots=True)
class Door:
    """Which gateway, which client, and the hat that it wears."""

    url: str
    client_id: str
    key: Path
    hat: Hat

    def send(
        self,
        method: str,
        path: str,
        body: Body | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Outcome:
        """Ask something of the gateway and return what it answered, refusals included.

        Raises: PartnerFailed when it gives no token, or an answer that is none.
        """
        key = load_key(self.key)
        made = Partner(
            url=self.url, client_id=self.client_id, key=key, now=utc_now, random=os_random
        )
        with closing(made) as partner:
            response = partner.send(self.hat, method, path, body, headers)
        if response.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
            raise PartnerFailed(f"the gateway answered with status {response.status_code}")
        try:
            return Outcome(response.json(), response.is_success)
        except ValueError as exc:
            raise PartnerFailed("the gateway's answer is no JSON") from exc
