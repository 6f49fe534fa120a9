"""One table from error to problem document (RFC 9457); an error that is not in it is a 500."""

from dataclasses import dataclass

import orjson

from audit import errors as ledger
from gateway import errors as own
from gateway.identity import errors as identity

MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Problem:
    """A kind of problem: its name, its status, and what it tells, in Dutch and in English."""

    name: str
    status: int
    title: str
    title_en: str
    detail: str
    detail_en: str

    def members(self) -> dict[str, object]:
        """Return the members of the problem document."""
        return {
            "type": f"urn:doelpoort:problem:{self.name}",
            "title": self.title,
            "title_en": self.title_en,
            "status": self.status,
            "detail": self.detail,
            "detail_en": self.detail_en,
        }

    def body(self) -> bytes:
        """Return the problem document as JSON."""
        return orjson.dumps(self.members())


INTERNAL = Problem(
    "internal",
    500,
    "Er ging iets mis",
    "Something went wrong",
    "Er is niets verstrekt. Probeer het later opnieuw.",
    "Nothing was released. Try again later.",
)
TOO_LARGE = Problem(
    "too-large",
    413,
    "Het verzoek is te groot",
    "The request is too large",
    "Een verzoek mag hoogstens 256 KiB groot zijn.",
    "A request holds 256 KiB at most.",
)
INVALID = Problem(
    "invalid-request",
    400,
    "Het verzoek klopt niet",
    "The request is not valid",
    "Zie `errors` voor wat er niet klopt.",
    "See `errors` for what is wrong.",
)
NOT_FOUND = Problem(
    "not-found",
    404,
    "Niet gevonden",
    "Not found",
    "Dit bestaat niet, of het is niet van u.",
    "This does not exist, or it is not yours.",
)
METHOD_NOT_ALLOWED = Problem(
    "method-not-allowed",
    405,
    "Deze methode kan hier niet",
    "Method not allowed",
    "Gebruik de methode die de documentatie noemt.",
    "Use the method that the documentation names.",
)
_UNAUTHENTICATED = Problem(
    "unauthenticated",
    401,
    "U bent niet aangemeld",
    "You are not authenticated",
    "Vraag een nieuw token aan bij /oauth/token.",
    "Ask for a new token at /oauth/token.",
)
_IDENTITY_DOWN = Problem(
    "identity-unavailable",
    503,
    "Wij kunnen u nu niet herkennen",
    "We cannot recognise you now",
    "Er is niets verstrekt. Probeer het later opnieuw.",
    "Nothing was released. Try again later.",
)
_PRUNED = Problem(
    "pruned",
    410,
    "De bewaartermijn is voorbij",
    "The retention period is over",
    "De inhoud van deze regel is gewist. Een ontvangstbewijs dat eerder is gegeven, blijft geldig.",
    "The content of this entry is gone. A receipt that was given earlier stays valid.",
)
_LEDGER_DOWN = Problem(
    "ledger-unavailable",
    503,
    "Het register is niet beschikbaar",
    "The ledger is not available",
    "Zonder bewijs geen gegevens: er is niets verstrekt. Probeer het later opnieuw.",
    "No receipt, no data: nothing was released. Try again later.",
)
_BUSY = Problem(
    "busy",
    503,
    "Het is te druk",
    "Too busy",
    "Er is niets verstrekt. Probeer het zo opnieuw.",
    "Nothing was released. Try again shortly.",
)
_KEY_REUSED = Problem(
    "idempotency-key-reused",
    409,
    "Deze sleutel hoort bij een ander verzoek",
    "This key belongs to another request",
    "Gebruik voor elk nieuw verzoek een nieuwe Idempotency-Key.",
    "Use a new Idempotency-Key for each new request.",
)
_KEY_SPENT = Problem(
    "idempotency-key-spent",
    409,
    "Deze sleutel is al gebruikt",
    "This key has been used",
    "Het antwoord van toen bewaren wij niet meer. Doe een nieuw verzoek met een nieuwe sleutel.",
    "The answer of that time is no longer kept. Make a new request with a new key.",
)
_KEPT_OUTDATED = Problem(
    "request-outdated",
    409,
    "Vraag dit opnieuw",
    "Ask this again",
    "De regels voor een verzoek zijn veranderd sinds u dit vroeg, en het past er niet meer in. "
    "Er is niets verstrekt.",
    "The rules for a request have changed since you asked this, and it no longer fits them. "
    "Nothing was released.",
)

_SUPERVISORS_ONLY = Problem(
    "supervisors-only",
    403,
    "Dit is voor toezichthouders",
    "This is for supervisors",
    "Alleen een toezichthouder leest de regels van alle organisaties. Uw eigen bewijs staat bij "
    "uw verstrekking.",
    "Only a supervisor reads the entries of all organisations. Your own receipt stands with your "
    "disclosure.",
)

_NOT_MANDATED = Problem(
    "not-mandated",
    403,
    "Uw rol mag dit niet",
    "Your role may not do this",
    "Het beleid geeft uw rol hiervoor geen mandaat.",
    "The policy gives your role no mandate for this.",
)
_OWN_REVIEW = Problem(
    "own-review",
    403,
    "Een ander moet dit beoordelen",
    "Somebody else must judge this",
    "Wie de noodinzage deed, beoordeelt haar niet zelf.",
    "Who used the emergency disclosure does not judge it.",
)
_REVIEW_CLOSED = Problem(
    "review-closed",
    409,
    "Dit is al beoordeeld",
    "This was judged already",
    "Een ander was u voor. Een oordeel wordt niet veranderd.",
    "Somebody else was first. A verdict is not changed.",
)

_REPORT_TOO_LARGE = Problem(
    "report-too-large",
    400,
    "Het overzicht is te groot",
    "The report is too large",
    "Er is meer over deze persoon vastgelegd dan in een overzicht past. De functionaris "
    "gegevensbescherming kan het uit het register halen.",
    "More is recorded about this person than one report holds. The data protection officer can "
    "get it from the ledger.",
)
_TOO_MANY_LOOKS = Problem(
    "too-many-looks",
    429,
    "Uw systeem vraagt te vaak",
    "Your system asks too often",
    "Er is niets ingezien. Wacht het aantal seconden dat in Retry-After staat.",
    "Nothing was looked at. Wait the number of seconds that Retry-After says.",
)

CASE_REFUSED = Problem(
    "case-step-refused",
    409,
    "Deze stap kan niet",
    "This step is not possible",
    "De regels van de casus laten deze stap niet toe. Zie `code`.",
    "The rules of the case do not allow this step. See `code`.",
)
_CASE_RUNNING = Problem(
    "case-running",
    409,
    "Zo'n casus loopt al",
    "Such a case runs already",
    "Uw organisatie doet al mee in een casus van deze soort over deze persoon: `case` zegt welke. "
    "Doet u zelf mee, werk daarin verder. Ziet u die casus niet, dan doet uw rol er niet in mee: "
    "vraag de coördinator van de casus om u toe te laten.",
    "Your organisation already takes part in a case of this kind about this person: `case` says "
    "which. If you take part yourself, go on in that one. If you cannot see that case, your role "
    "takes no part in it: ask the coordinator of the case to let you in.",
)
VERSION_CONFLICT = Problem(
    "version-conflict",
    409,
    "Een ander was u voor",
    "Somebody else was first",
    "De casus is intussen veranderd. Lees hem opnieuw en bekijk of uw stap nog past.",
    "The case has changed in the meantime. Read it again and see whether your step still fits.",
)
_CASES_DOWN = Problem(
    "cases-unavailable",
    503,
    "De casus is nu niet bereikbaar",
    "The case cannot be reached now",
    "Er is niets veranderd. Probeer het later opnieuw.",
    "Nothing has changed. Try again later.",
)

PROBLEMS: dict[type[Exception], Problem] = {
    own.BodyInvalid: INVALID,
    own.SubjectInvalid: INVALID,
    own.PayloadTooLarge: TOO_LARGE,
    own.KeyReused: _KEY_REUSED,
    own.KeySpent: _KEY_SPENT,
    own.KeptOutdated: _KEPT_OUTDATED,
    own.NotFound: NOT_FOUND,
    own.SupervisorsOnly: _SUPERVISORS_ONLY,
    own.RoleNotMandated: _NOT_MANDATED,
    own.OwnReview: _OWN_REVIEW,
    own.ReviewClosed: _REVIEW_CLOSED,
    own.CaseRefused: CASE_REFUSED,
    own.CaseRunning: _CASE_RUNNING,
    own.TooManyLooks: _TOO_MANY_LOOKS,
    own.ReportTooLarge: _REPORT_TOO_LARGE,
    own.VersionConflict: VERSION_CONFLICT,
    own.CasesUnavailable: _CASES_DOWN,
    own.SourceFailed: INTERNAL,
    own.AnswerOdd: INTERNAL,
    own.SourceInvalid: INTERNAL,
    own.NoiseUnavailable: INTERNAL,
    own.SettingsInvalid: INTERNAL,
    identity.TokenMissing: _UNAUTHENTICATED,
    identity.TokenInvalid: _UNAUTHENTICATED,
    identity.TokenExpired: _UNAUTHENTICATED,
    identity.AudienceWrong: _UNAUTHENTICATED,
    identity.ClientUnknown: _UNAUTHENTICATED,
    identity.ClientRevoked: _UNAUTHENTICATED,
    identity.HatWithdrawn: _UNAUTHENTICATED,
    identity.IdentityUnavailable: _IDENTITY_DOWN,
    ledger.AppendFailed: _LEDGER_DOWN,
    ledger.EntryPruned: _PRUNED,
    ledger.LedgerStopped: _LEDGER_DOWN,
    ledger.StorageBroken: _LEDGER_DOWN,
    ledger.LedgerBusy: _BUSY,
}
