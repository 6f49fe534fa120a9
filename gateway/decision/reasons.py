"""The codes of refusal and what each means. Append-only: a code in the ledger keeps its meaning."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Code(StrEnum):
    """Log codes: what the ledger keeps. Never renamed, never removed, new ones last."""

    SUBJECT_INVALID_BSN = "SUBJECT_INVALID_BSN"
    SUBJECT_MISSING = "SUBJECT_MISSING"
    TASK_MISSING = "TASK_MISSING"
    TASK_UNKNOWN = "TASK_UNKNOWN"
    LAW_NOT_IN_FORCE = "LAW_NOT_IN_FORCE"
    HAT_NOT_OWNED = "HAT_NOT_OWNED"
    WRONG_HAT = "WRONG_HAT"
    TASK_NOT_HELD = "TASK_NOT_HELD"
    MANDATE_MISSING = "MANDATE_MISSING"
    ACTIVITY_MISSING = "ACTIVITY_MISSING"
    ACTIVITY_NOT_OF_TASK = "ACTIVITY_NOT_OF_TASK"
    ACTIVITY_NOT_FOR_ROLE = "ACTIVITY_NOT_FOR_ROLE"
    SUBJECT_UNKNOWN = "SUBJECT_UNKNOWN"
    CASE_MISSING = "CASE_MISSING"
    NOT_PARTY = "NOT_PARTY"
    CASE_CLOSED = "CASE_CLOSED"
    CASE_MEMBERSHIP_EXPIRED = "CASE_MEMBERSHIP_EXPIRED"
    CASE_MEMBERSHIP_NOT_STARTED = "CASE_MEMBERSHIP_NOT_STARTED"
    PURPOSE_MISSING = "PURPOSE_MISSING"
    PURPOSE_MULTIPLE = "PURPOSE_MULTIPLE"
    PURPOSE_TOO_VAGUE = "PURPOSE_TOO_VAGUE"
    PURPOSE_NOT_OF_ACTIVITY = "PURPOSE_NOT_OF_ACTIVITY"
    PERSON_IN_AGGREGATE = "PERSON_IN_AGGREGATE"
    NO_FIELDS = "NO_FIELDS"
    FIELD_NEVER = "FIELD_NEVER"
    FIELD_NOT_NECESSARY = "FIELD_NOT_NECESSARY"
    FIELD_UNKNOWN = "FIELD_UNKNOWN"
    MOTIVATION_MISSING = "MOTIVATION_MISSING"
    AGE_OUT_OF_RANGE = "AGE_OUT_OF_RANGE"
    CONSENT_MISSING = "CONSENT_MISSING"
    CONSENT_WITHDRAWN = "CONSENT_WITHDRAWN"
    CONSENT_EXPIRED = "CONSENT_EXPIRED"
    CONSENT_WRONG_PERSON = "CONSENT_WRONG_PERSON"
    CONDITION_NOT_MET = "CONDITION_NOT_MET"
    GROUP_TOO_SMALL = "GROUP_TOO_SMALL"
    NOT_CONFIGURED = "NOT_CONFIGURED"
    FACT_MISSING = "FACT_MISSING"
    ENGINE_FAILED = "ENGINE_FAILED"
    SOURCE_FAILED = "SOURCE_FAILED"
    PURPOSE_NOT_VALID = "PURPOSE_NOT_VALID"
    PURPOSE_NOT_FOR_ROLE = "PURPOSE_NOT_FOR_ROLE"
    TOO_MANY_FIELDS = "TOO_MANY_FIELDS"
    WITNESSES_MISSING = "WITNESSES_MISSING"
    CASE_PHASE = "CASE_PHASE"
    CASE_TASK = "CASE_TASK"
    EMERGENCY_NOT_ALLOWED = "EMERGENCY_NOT_ALLOWED"
    TABLE_REFUSED = "TABLE_REFUSED"
    ASKED_TOO_OFTEN = "ASKED_TOO_OFTEN"
    COOLING_DOWN = "COOLING_DOWN"
    NOT_TOGETHER = "NOT_TOGETHER"
    BUDGET_SPENT = "BUDGET_SPENT"
    COUNT_MISSING = "COUNT_MISSING"
    ANSWER_NARROWED = "ANSWER_NARROWED"


@dataclass(frozen=True, slots=True)
class ReasonText:
    """What a code means to the requester: the outward code, the step, the two sentences."""

    outward: str
    step: int
    nl: str
    en: str


_NO_CASE = (
    "NO_CASE",
    2,
    "Wij vinden geen lopende casus waarin u partij bent.",
    "We find no open case in which you are a party.",
)
_MEMBERSHIP = (
    "CASE_MEMBERSHIP_INACTIVE",
    2,
    "Uw deelname aan deze casus loopt vandaag niet.",
    "Your part in this case does not run today.",
)
_CONSENT = (
    "NO_VALID_CONSENT",
    4,
    "Er is geen geldige toestemming voor dit doel. Bespreek het met de inwoner.",
    "There is no valid consent for this purpose. Discuss it with the person.",
)

# The same for what does not go together: another code would tell what else was asked of a person.
_TOO_OFTEN = (
    "ASKED_TOO_OFTEN",
    3,
    "Uw organisatie heeft voor dit doel vaak genoeg gevraagd of antwoord gehad over deze inwoner.",
    "Your organisation asked or had answers about this person for this purpose often enough.",
)

_TABLE: dict[Code, tuple[str, int, str, str]] = {
    Code.SUBJECT_INVALID_BSN: (
        "SUBJECT_INVALID_BSN",
        0,
        "Dit burgerservicenummer klopt niet. Controleer de cijfers.",
        "This citizen service number is not valid. Check the digits.",
    ),
    Code.SUBJECT_MISSING: (
        "SUBJECT_MISSING",
        0,
        "Over wie gaat uw vraag?",
        "Whom is your question about?",
    ),
    Code.TASK_MISSING: (
        "TASK_MISSING",
        1,
        "Met welke wettelijke taak bent u bezig?",
        "Which statutory task are you performing?",
    ),
    Code.TASK_UNKNOWN: (
        "TASK_UNKNOWN",
        1,
        "Deze taak staat niet in de lijst. Welke wettelijke taak voert u uit?",
        "This task is not on the list. Which statutory task do you perform?",
    ),
    Code.LAW_NOT_IN_FORCE: (
        "LAW_NOT_IN_FORCE",
        1,
        "De wet achter deze taak geldt nog niet of niet meer. Kan het met toestemming?",
        "The law behind this task is not in force. Can it be done with consent?",
    ),
    Code.HAT_NOT_OWNED: (
        "HAT_NOT_OWNED",
        1,
        "Deze rol staat niet op uw naam.",
        "This role is not registered for you.",
    ),
    Code.WRONG_HAT: (
        "WRONG_HAT",
        1,
        "U handelt nu in een andere rol. Wissel bewust van rol als dat bij uw taak hoort.",
        "You are acting in another role. Change roles knowingly if your task asks for it.",
    ),
    Code.TASK_NOT_HELD: (
        "TASK_NOT_HELD",
        1,
        "Uw organisatie voert deze taak niet uit.",
        "Your organisation does not perform this task.",
    ),
    Code.MANDATE_MISSING: (
        "MANDATE_MISSING",
        1,
        "U heeft geen mandaat voor dit besluit. Wie in uw team wel?",
        "You have no mandate for this decision. Who in your team has?",
    ),
    Code.ACTIVITY_MISSING: (
        "ACTIVITY_MISSING",
        2,
        "Welke stap in uw werkproces zet u nu?",
        "Which step of your work are you taking now?",
    ),
    Code.ACTIVITY_NOT_OF_TASK: (
        "ACTIVITY_NOT_OF_TASK",
        2,
        "Deze stap hoort niet bij deze taak.",
        "This step does not belong to this task.",
    ),
    Code.ACTIVITY_NOT_FOR_ROLE: (
        "ACTIVITY_NOT_FOR_ROLE",
        2,
        "Deze stap hoort bij een andere rol of organisatie.",
        "This step belongs to another role or organisation.",
    ),
    Code.SUBJECT_UNKNOWN: _NO_CASE,
    Code.CASE_MISSING: _NO_CASE,
    Code.NOT_PARTY: _NO_CASE,
    Code.CASE_CLOSED: (
        "CASE_CLOSED",
        2,
        "Deze casus is afgesloten.",
        "This case is closed.",
    ),
    Code.CASE_MEMBERSHIP_EXPIRED: _MEMBERSHIP,
    Code.CASE_MEMBERSHIP_NOT_STARTED: _MEMBERSHIP,
    Code.PURPOSE_MISSING: (
        "PURPOSE_MISSING",
        3,
        "Waarvoor heeft u de gegevens nu nodig?",
        "What do you need the data for now?",
    ),
    Code.PURPOSE_MULTIPLE: (
        "PURPOSE_MULTIPLE",
        3,
        "Doe per doel een aparte vraag.",
        "Ask a separate question for each purpose.",
    ),
    Code.PURPOSE_TOO_VAGUE: (
        "PURPOSE_TOO_VAGUE",
        3,
        "Dit doel is te algemeen. Voor welk besluit staat u?",
        "This purpose is too general. Which decision do you face?",
    ),
    Code.PURPOSE_NOT_OF_ACTIVITY: (
        "PURPOSE_NOT_OF_ACTIVITY",
        3,
        "Dit doel hoort bij een andere stap.",
        "This purpose belongs to another step.",
    ),
    Code.PERSON_IN_AGGREGATE: (
        "PERSON_IN_AGGREGATE",
        3,
        "Voor stuurinformatie geven wij geen gegevens over personen.",
        "For policy figures we give no data about persons.",
    ),
    Code.NO_FIELDS: (
        "NO_FIELDS",
        3,
        "Welke gegevens heeft u nodig?",
        "Which data do you need?",
    ),
    Code.FIELD_NEVER: (
        "FIELD_NEVER",
        3,
        "Dit gegeven geven wij voor dit doel nooit.",
        "We never give this field for this purpose.",
    ),
    Code.FIELD_NOT_NECESSARY: (
        "FIELD_NOT_NECESSARY",
        3,
        "Dit gegeven is voor dit doel niet nodig.",
        "This field is not necessary for this purpose.",
    ),
    Code.FIELD_UNKNOWN: (
        "FIELD_UNKNOWN",
        3,
        "Dit gegeven kennen wij niet.",
        "We do not know this field.",
    ),
    Code.MOTIVATION_MISSING: (
        "MOTIVATION_MISSING",
        3,
        "Waarom is dit in dit geval nodig? Leg het kort uit.",
        "Why is this necessary in this case? Explain briefly.",
    ),
    Code.AGE_OUT_OF_RANGE: (
        "AGE_OUT_OF_RANGE",
        4,
        "Voor deze leeftijd geldt een andere route.",
        "Another route applies to this age.",
    ),
    Code.CONSENT_MISSING: _CONSENT,
    Code.CONSENT_WITHDRAWN: _CONSENT,
    Code.CONSENT_EXPIRED: _CONSENT,
    Code.CONSENT_WRONG_PERSON: _CONSENT,
    Code.CONDITION_NOT_MET: (
        "CONDITION_NOT_MET",
        4,
        "Aan een voorwaarde is nog niet voldaan: {condition}.",
        "A condition is not met yet: {condition}.",
    ),
    Code.GROUP_TOO_SMALL: (
        "GROUP_TOO_SMALL",
        4,
        "De groep is te klein om gegevens te geven.",
        "The group is too small to give data.",
    ),
    Code.NOT_CONFIGURED: (
        "NOT_CONFIGURED",
        0,
        "Voor deze vraag is nog geen beleid geschreven.",
        "Nobody has written a policy for this question yet.",
    ),
    Code.FACT_MISSING: (
        "FACT_MISSING",
        0,
        "Wij kunnen nu niet vaststellen wat voor dit besluit nodig is. Probeer het later.",
        "We cannot establish now what this decision needs. Try again later.",
    ),
    Code.ENGINE_FAILED: (
        "ENGINE_FAILED",
        0,
        "Wij kunnen nu geen besluit nemen. Probeer het later.",
        "We cannot take a decision now. Try again later.",
    ),
    Code.SOURCE_FAILED: (
        "SOURCE_FAILED",
        0,
        "De bron geeft nu geen antwoord. Probeer het later.",
        "The source does not answer now. Try again later.",
    ),
    Code.PURPOSE_NOT_VALID: (
        "PURPOSE_NOT_VALID",
        3,
        "Dit doel geldt vandaag niet.",
        "This purpose is not valid today.",
    ),
    Code.PURPOSE_NOT_FOR_ROLE: (
        "PURPOSE_NOT_FOR_ROLE",
        3,
        "Dit doel hoort bij een andere rol of organisatie.",
        "This purpose belongs to another role or organisation.",
    ),
    Code.TOO_MANY_FIELDS: (
        "TOO_MANY_FIELDS",
        3,
        "U vraagt te veel gegevens tegelijk. Vraag alleen wat u voor dit doel nodig heeft.",
        "You ask for too many fields at once. Ask only what this purpose needs.",
    ),
    Code.WITNESSES_MISSING: (
        "WITNESSES_MISSING",
        0,
        "De getuigen van het register antwoorden al te lang niet. Tot dan verstrekken wij niets.",
        "The witnesses of the ledger have been silent for too long. Until then we release nothing.",
    ),
    Code.CASE_PHASE: (
        "CASE_PHASE",
        2,
        "Deze vraag past niet bij de fase waarin de casus nu is.",
        "This question does not fit the phase that the case is in now.",
    ),
    Code.CASE_TASK: (
        "CASE_TASK",
        2,
        "U doet aan deze casus mee voor een andere taak.",
        "You take part in this case for another task.",
    ),
    Code.EMERGENCY_NOT_ALLOWED: (
        "EMERGENCY_NOT_ALLOWED",
        3,
        "Voor dit doel bestaat geen noodinzage. Is er direct gevaar? Bel 112.",
        "This purpose knows no emergency disclosure. Is there immediate danger? Call 112.",
    ),
    Code.TABLE_REFUSED: (
        "TABLE_REFUSED",
        0,
        "Niet iedereen aan tafel mag zijn deel krijgen. Daarom krijgt niemand iets.",
        "Not everybody at the table may get their part. So nobody gets anything.",
    ),
    Code.ANSWER_NARROWED: (
        "ANSWER_NARROWED",
        3,
        "U mag nu minder krijgen dan toen u dit vroeg. Vraag opnieuw, met een nieuwe sleutel.",
        "You may get fewer data now than when you asked. Ask again, under a new key.",
    ),
    Code.ASKED_TOO_OFTEN: _TOO_OFTEN,
    Code.COOLING_DOWN: (
        "COOLING_DOWN",
        3,
        "Uw organisatie kreeg hier net nog antwoord op. Vraag het later opnieuw.",
        "Your organisation was answered only just now. Ask again later.",
    ),
    Code.NOT_TOGETHER: _TOO_OFTEN,
    Code.BUDGET_SPENT: (
        "BUDGET_SPENT",
        3,
        "Uw organisatie heeft alle antwoorden gehad die dit doel in deze periode geeft.",
        "Your organisation had all the answers that this purpose gives in this period.",
    ),
    Code.COUNT_MISSING: (
        "COUNT_MISSING",
        0,
        "Wij kunnen nu niet nagaan hoe vaak dit is gevraagd. Probeer het later.",
        "We cannot tell now how often this was asked. Try again later.",
    ),
}

REASONS: Mapping[Code, ReasonText] = MappingProxyType(
    {code: ReasonText(*row) for code, row in _TABLE.items()}
)
_BY_OUTWARD: Mapping[str, Code] = MappingProxyType(
    {text.outward: code for code, text in reversed(tuple(REASONS.items()))}
)


def find_code(outward: str) -> Code | None:
    """Return the first code with this outward one: what a public entry tells of a reason."""
    return _BY_OUTWARD.get(outward)
