"""A token endpoint for client credentials, and a service that wants its tokens."""

import json
from base64 import b64encode
from urllib.parse import parse_qs

from tests.counterparts.listening import Heard, Reply, Say

CLIENT, CLIENT_SECRET = "doelpoort", "een-geheim"
_BASIC = "Basic " + b64encode(f"{CLIENT}:{CLIENT_SECRET}".encode()).decode()


class Guarded:
    """A service that answers only to a token that it gave and did not take back."""

    def __init__(self, inner: Say, *, life_s: int = 300) -> None:
        self._inner = inner
        self._life_s = life_s
        self.given = 0
        self.good: set[str] = set()

    def __call__(self, heard: Heard) -> Reply:
        """Answer one request."""
        if heard.path == "/token":
            return self._token(heard)
        if heard.headers.get("authorization", "").removeprefix("Bearer ") not in self.good:
            return Reply(401)
        return self._inner(heard)

    def _token(self, heard: Heard) -> Reply:
        form = parse_qs(heard.body.decode())
        right = heard.headers.get("authorization") == _BASIC
        if not right or form != {"grant_type": ["client_credentials"], "scope": ["lezen"]}:
            return Reply(401, b'{"error": "invalid_client"}')
        self.given += 1
        token = f"token-{self.given}"
        self.good.add(token)
        answer = {"access_token": token, "token_type": "Bearer", "expires_in": self._life_s}
        return Reply(200, json.dumps(answer).encode(), {"content-type": "application/json"})
