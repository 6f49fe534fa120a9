"""The failures of the gateway itself, one small tree.

GatewayError
├── SettingsInvalid     the process does not start and says what to set
├── SourceInvalid       a source lacks a table or column that the catalogue names: no start
├── NoiseUnavailable    a purpose mixes chance into its figures, and nothing here can: no start
├── SourceFailed        a source is down, slow or answers nonsense: a recorded refusal
├── AnswerOdd           a source is well, and answers oddly about one person: a recorded refusal
├── SubjectInvalid      the identifier of the person is none: a recorded refusal
├── BodyInvalid         a request that is no request: 400
├── PayloadTooLarge     a body over the limit: 413
├── KeyReused           an idempotency key with another request: 409
├── KeySpent            an idempotency key whose answer is no longer kept: 409
├── KeptOutdated        a request that was kept is none under the rules of now: 409
├── NotFound            no such thing, or not yours: 404
├── SupervisorsOnly     only a supervisor reads this: 403
├── RoleNotMandated     the policy gives this role no mandate for it: 403
├── OwnReview           nobody judges an emergency of their own: 403
├── ReportTooLarge      more is kept about a person than one report reads: 400
├── ReviewClosed        an emergency that was judged already: 409
├── CaseRefused         a step in a case that its rules do not allow: 409, with its code
├── CaseRunning         a case like it in which the caller takes part runs: 409, with its id
├── TooManyLooks        a system looks more often than it may: 429, with when it may again
├── VersionConflict     a step from a version of a case that is no longer the last: 409
├── CasesUnavailable    the case store does not take a step: 503
├── PartnerFailed       the command line got no token or no answer from a gateway
├── RevisionInvalid     a kept policy revision is not the one that its digest names
├── EvidenceInvalid     receipts or query logs that are handed in cannot be read
└── DemoInvalid         the demo set cannot be loaded
"""


class GatewayError(Exception):
    """Whatever the gateway cannot do; only the leaves below are raised."""


class SettingsInvalid(GatewayError):
    """A setting is missing or weak; the text says which, and what to do."""


class SourceInvalid(GatewayError):
    """A source does not have what the catalogue says it has."""


class NoiseUnavailable(GatewayError):
    """Chance cannot be mixed into figures here, or not within what the policy allows."""


class SourceFailed(GatewayError):
    """A source gave no usable answer in time; the text never holds what it said."""


class AnswerOdd(GatewayError):
    """A source is well, and what it says about one person is no usable answer."""


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


class KeptOutdated(GatewayError):
    """What was asked and kept is no request under the rules of now; it is to be asked again."""


class NotFound(GatewayError):
    """There is no such resource for this caller."""


class SupervisorsOnly(GatewayError):
    """Only a supervisor may read the entries of everybody."""


class RoleNotMandated(GatewayError):
    """The policy gives the role of the caller no mandate for this."""


class OwnReview(GatewayError):
    """The one who judges is the one who used it, or acts in the same role."""


class ReportTooLarge(GatewayError):
    """More is kept about a person than one report reads; nothing of it is shown."""


class ReviewClosed(GatewayError):
    """Somebody judged this use before."""


class CaseRefused(GatewayError):
    """The rules of the case do not allow this step; `code` says which rule."""

    def __init__(self, code: str) -> None:
        super().__init__(f"the step is refused: {code}")
        self.code = code


class CaseRunning(GatewayError):
    """A case of this kind about this person runs, and the caller's organisation takes part in it.

    Shapes:  case_id: the id of that case, which the organisation may know.
    """

    def __init__(self, case_id: str) -> None:
        super().__init__("the organisation takes part in such a case already")
        self.case_id = case_id


class VersionConflict(GatewayError):
    """Somebody else took a step in the meantime; `current` is the version that is there now."""

    def __init__(self, current: int) -> None:
        super().__init__("another step came in between")
        self.current = current


class TooManyLooks(GatewayError):
    """A system looks more often than it may; it may again after `after_s` seconds."""

    def __init__(self, after_s: int) -> None:
        super().__init__("too many looks in a short time")
        self.after_s = after_s


class CasesUnavailable(GatewayError):
    """The case store did not write a step down in time; nothing of it took effect."""


class PartnerFailed(GatewayError):
    """A client of a gateway could not get a token or an answer."""


class RevisionInvalid(GatewayError):
    """A policy revision, kept or to be kept, is not the one that its digest names."""


class EvidenceInvalid(GatewayError):
    """A receipt or a line of a query log that was handed in cannot be read."""


class DemoInvalid(GatewayError):
    """The demo set is not there or not of its form."""
