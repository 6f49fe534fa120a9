"""The failures of the gateway itself, one small tree.

GatewayError
├── SettingsInvalid     the process does not start and says what to set
├── SourceInvalid       a source lacks a table or column that the catalogue names: no start
├── SourceFailed        a source is down, slow or answers nonsense: a recorded refusal
├── SubjectInvalid      the identifier of the person is none: a recorded refusal
├── BodyInvalid         a request that is no request: 400
├── PayloadTooLarge     a body over the limit: 413
├── KeyReused           an idempotency key with another request: 409
├── KeySpent            an idempotency key whose answer is no longer kept: 409
├── NotFound            no such thing, or not yours: 404
├── PartnerFailed       the command line got no token or no answer from a gateway
└── DemoInvalid         the demo set cannot be loaded
"""


class GatewayError(Exception):
    """Whatever the gateway cannot do; only the leaves below are raised."""


class SettingsInvalid(GatewayError):
    """A setting is missing or weak; the text says which, and what to do."""


class SourceInvalid(GatewayError):
    """A source does not have what the catalogue says it has."""


class SourceFailed(GatewayError):
    """A source gave no usable answer in time; the text never holds what it said."""


class SubjectInvalid(GatewayError):
    """The identifier fails its own check (for a BSN: the elfproef)."""


class BodyInvalid(GatewayError):
    """The request body cannot be read as one; `member` names what is wrong, never its value."""

    def __init__(self, member: str, message: str) -> None:
        super().__init__(f"{member}: {message}")
        self.member = member
        self.message = message


class PayloadTooLarge(GatewayError):
    """The request body is over the limit."""


class KeyReused(GatewayError):
    """The idempotency key stands for another request."""


class KeySpent(GatewayError):
    """The idempotency key was used, and its answer is no longer kept."""


class NotFound(GatewayError):
    """There is no such resource for this caller."""


class PartnerFailed(GatewayError):
    """A client of a gateway could not get a token or an answer."""


class DemoInvalid(GatewayError):
    """The demo set is not there or not of its form."""
