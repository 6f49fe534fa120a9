"""Why a step in a case or with a consent is refused: one table, in plain Dutch and in English."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from gateway.catalogue.words import Beginning


class CaseCode(StrEnum):
    """The codes of refused steps; append-only, because partners act on them."""

    KIND_UNKNOWN = "CASE_KIND_UNKNOWN"
    BEGINNING_NOT_ALLOWED = "BEGINNING_NOT_ALLOWED"
    BEGINNER_NOT_ALLOWED = "BEGINNER_NOT_ALLOWED"
    LAW_NOT_IN_FORCE = "LAW_NOT_IN_FORCE"
    CONVERSATION_FIRST = "CONVERSATION_FIRST"
    SEVERITY_MISSING = "SEVERITY_MISSING"
    CASE_CLOSED = "CASE_CLOSED"
    COORDINATOR_ONLY = "COORDINATOR_ONLY"
    PHASE_NOT_NEXT = "PHASE_NOT_NEXT"
    NO_WORK_PLAN_YET = "NO_WORK_PLAN_YET"
    PARTY_UNKNOWN = "PARTY_UNKNOWN"
    ALREADY_PARTY = "ALREADY_PARTY"
    NO_SUCH_PARTY = "NO_SUCH_PARTY"
    COORDINATOR_STAYS = "COORDINATOR_STAYS"
    TASK_UNKNOWN = "TASK_UNKNOWN"
    TERM_WRONG = "TERM_WRONG"
    NO_SUCH_AGREEMENT = "NO_SUCH_AGREEMENT"
    TOO_MANY = "TOO_MANY"
    PURPOSE_UNKNOWN = "PURPOSE_UNKNOWN"
    CONSENT_NOT_THE_BASIS = "CONSENT_NOT_THE_BASIS"
    FIELD_WITHOUT_CONSENT = "FIELD_WITHOUT_CONSENT"
    CONSENT_ENDED = "CONSENT_ENDED"
    GIVER_WRONG = "GIVER_WRONG"
    QUESTION_ENDED = "QUESTION_ENDED"
    OWN_QUESTION = "OWN_QUESTION"
    REMINDED_TODAY = "REMINDED_TODAY"
    NOT_A_WORKING_DAY = "NOT_A_WORKING_DAY"
    NOTED_ALREADY = "NOTED_ALREADY"
    NOTHING_TO_DECIDE = "NOTHING_TO_DECIDE"
    TERM_TOO_LONG = "TERM_TOO_LONG"
    VEILED_AT_TABLE = "VEILED_AT_TABLE"


SENTENCES: Mapping[CaseCode, tuple[str, str]] = MappingProxyType(
    {
        CaseCode.KIND_UNKNOWN: (
            "Deze soort casus kennen wij niet.",
            "We do not know this kind of case.",
        ),
        CaseCode.BEGINNING_NOT_ALLOWED: (
            "Een casus van deze soort kan niet zo beginnen.",
            "A case of this kind cannot begin in this way.",
        ),
        CaseCode.BEGINNER_NOT_ALLOWED: (
            "In uw rol kunt u deze casus niet beginnen.",
            "In your role you cannot begin this case.",
        ),
        CaseCode.LAW_NOT_IN_FORCE: (
            "De wet die dit mogelijk maakt, geldt nog niet of niet meer.",
            "The law that allows this is not in force.",
        ),
        CaseCode.CONVERSATION_FIRST: (
            "Probeer eerst zelf met de inwoner te praten. Leg vast wanneer en hoe vaak u dat deed.",
            "Try to talk with the person first. Record when and how often you did.",
        ),
        CaseCode.SEVERITY_MISSING: (
            "Noem hoe ernstig het is: ernstige-overlast, zorgmijding of ernstig-nadeel.",
            "State how serious it is: serious nuisance, care avoidance or serious harm.",
        ),
        CaseCode.CASE_CLOSED: ("Deze casus is afgesloten.", "This case is closed."),
        CaseCode.COORDINATOR_ONLY: (
            "Alleen de coördinator van de casus kan dit doen.",
            "Only the coordinator of the case can do this.",
        ),
        CaseCode.PHASE_NOT_NEXT: (
            "Deze fase volgt niet op de fase van nu.",
            "This phase does not follow the present one.",
        ),
        CaseCode.NO_WORK_PLAN_YET: (
            "Afspraken maakt u pas als er een werkplan is.",
            "Agreements are made once there is a work plan.",
        ),
        CaseCode.PARTY_UNKNOWN: (
            "Deze organisatie of rol kennen wij niet.",
            "We do not know this organisation or role.",
        ),
        CaseCode.ALREADY_PARTY: (
            "Deze partij doet al mee.",
            "This party takes part already.",
        ),
        CaseCode.NO_SUCH_PARTY: (
            "Deze partij doet niet mee.",
            "This party does not take part.",
        ),
        CaseCode.COORDINATOR_STAYS: (
            "Zonder coördinator kan een casus niet. Sluit de casus, of laat eerst een ander toe.",
            "A case needs a coordinator. Close the case, or let another one join first.",
        ),
        CaseCode.TASK_UNKNOWN: (
            "Deze taak staat niet in de lijst.",
            "This task is not on the list.",
        ),
        CaseCode.TERM_WRONG: (
            "Deze dag ligt in het verleden.",
            "This day lies in the past.",
        ),
        CaseCode.NO_SUCH_AGREEMENT: (
            "Deze afspraak is er niet, is al gereed, of is niet van u.",
            "There is no such agreement, it was kept already, or it is not yours.",
        ),
        CaseCode.TOO_MANY: (
            "Meer past niet in één casus.",
            "One case holds no more.",
        ),
        CaseCode.PURPOSE_UNKNOWN: (
            "Dit doel kennen wij niet.",
            "We do not know this purpose.",
        ),
        CaseCode.CONSENT_NOT_THE_BASIS: (
            "Dit doel rust niet op toestemming. Toestemming maakt het ook niet ruimer.",
            "This purpose does not rest on consent, and consent does not widen it.",
        ),
        CaseCode.FIELD_WITHOUT_CONSENT: (
            "Voor dit gegeven kan toestemming bij dit doel niet de grond zijn.",
            "Consent cannot be the basis for this field under this purpose.",
        ),
        CaseCode.CONSENT_ENDED: (
            "Deze toestemming is al ingetrokken.",
            "This consent has been withdrawn already.",
        ),
        CaseCode.GIVER_WRONG: (
            "Zeg door wie de toestemming is gegeven.",
            "Say by whom the consent was given.",
        ),
        CaseCode.QUESTION_ENDED: (
            "Deze vraag is al beantwoord, of de termijn is voorbij.",
            "This question has been answered already, or its term is over.",
        ),
        CaseCode.OWN_QUESTION: (
            "U stelde deze vraag zelf. Een ander moet antwoorden.",
            "You asked this question yourself. Somebody else has to answer.",
        ),
        CaseCode.REMINDED_TODAY: (
            "Vandaag is er al een herinnering gestuurd. Morgen kan het weer.",
            "A reminder was sent today already. Tomorrow there can be another.",
        ),
        CaseCode.NOT_A_WORKING_DAY: (
            "Herinneren kan alleen op een werkdag.",
            "A reminder can be sent on working days only.",
        ),
        CaseCode.NOTED_ALREADY: (
            "Dat staat al zo in de casus.",
            "The case says so already.",
        ),
        CaseCode.NOTHING_TO_DECIDE: (
            "In deze casus valt niets te beslissen, of het is al beslist.",
            "There is nothing to decide in this case, or it has been decided already.",
        ),
        CaseCode.TERM_TOO_LONG: (
            "De laatste dag ligt te ver weg voor deze soort casus. Noem een eerdere dag, of geen.",
            "The last day is too far away for this kind of case. Name an earlier one, or none.",
        ),
        CaseCode.VEILED_AT_TABLE: (
            "Bij dit doel zijn alle antwoorden gelijk. Daarom vraagt ieder het zelf, apart.",
            "Answers for this purpose all look the same. So each party asks for itself, apart.",
        ),
    }
)
"""What each code means to a person, in Dutch and in English."""

NEEDS_CONVERSATION = frozenset({Beginning.SIGNAL})
"""The ways of beginning that a conversation with the person must have been tried before."""
