"""The closed word lists of the policy files: each word with what it stands for."""

from collections.abc import Mapping
from enum import IntEnum, StrEnum
from types import MappingProxyType


class Precision(IntEnum):
    """How much of a value leaves, from nothing to everything; the smaller one wins."""

    ABSENT = 0
    EXISTS = 1
    FLAG = 2
    COUNT = 3
    BAND = 4
    YEAR = 5
    QUARTER = 6
    POSTCODE4 = 7
    PSEUDONYM = 8
    EXACT = 9

    @property
    def label(self) -> str:
        """The word that stands in the policy files and in the answers."""
        return self.name.lower()


class Derive(StrEnum):
    """What is made of the rows at the source before precision is applied."""

    ONE = "one"
    ANY = "any"
    LIST = "list"
    ITEMS = "items"
    PAIRS = "pairs"
    ACTIVE_PARTIES = "active_parties"
    SUM = "sum"
    EARLIEST = "earliest"
    AGE = "age"
    AGE_FROM = "age_from"
    LAST_12_MONTHS = "last_12_months"
    CLASH = "clash"
    EQUALS = "equals"
    ONE_OF = "one_of"
    AT_MOST = "at_most"
    AT_LEAST = "at_least"
    MATCH = "match"
    FIGURE = "figure"


LEVELS: Mapping[Derive, frozenset[Precision]] = MappingProxyType(
    {
        Derive.ONE: frozenset(Precision) - {Precision.ABSENT},
        Derive.ANY: frozenset({Precision.FLAG}),
        Derive.LIST: frozenset({Precision.EXACT}),
        Derive.ITEMS: frozenset({Precision.EXACT}),
        Derive.PAIRS: frozenset({Precision.EXACT}),
        Derive.ACTIVE_PARTIES: frozenset({Precision.EXACT}),
        Derive.SUM: frozenset({Precision.BAND, Precision.EXACT}),
        Derive.EARLIEST: frozenset({Precision.YEAR, Precision.QUARTER, Precision.EXACT}),
        Derive.AGE: frozenset({Precision.BAND, Precision.YEAR}),
        Derive.AGE_FROM: frozenset({Precision.FLAG}),
        Derive.LAST_12_MONTHS: frozenset({Precision.COUNT}),
        Derive.CLASH: frozenset({Precision.FLAG}),
        Derive.EQUALS: frozenset({Precision.FLAG}),
        Derive.ONE_OF: frozenset({Precision.FLAG}),
        Derive.AT_MOST: frozenset({Precision.FLAG}),
        Derive.AT_LEAST: frozenset({Precision.FLAG}),
        Derive.MATCH: frozenset({Precision.FLAG}),
        Derive.FIGURE: frozenset({Precision.COUNT, Precision.EXACT}),
    }
)
"""The levels at which each derivation can leave; any other combination is a mistake."""


class Need(StrEnum):
    """When a field is necessary for its purpose (altijd or oordeel)."""

    ALWAYS = "always"
    JUDGEMENT = "professional_judgement"


class Sensitivity(StrEnum):
    """How much harm a field can do in the wrong hands."""

    ORDINARY = "ordinary"
    SENSITIVE = "sensitive"
    SPECIAL = "special"
    CRIMINAL = "criminal"
    NATIONAL_ID = "national_id"


class FieldType(StrEnum):
    """What kind of value a field holds."""

    BOOLEAN = "boolean"
    INTEGER = "integer"
    DECIMAL = "decimal"
    DATE = "date"
    ENUM = "enum"
    STRING = "string"
    LIST = "list"
    OBJECT = "object"
    FREE_TEXT = "free_text"
    DOCUMENT = "document"


class LawStatus(StrEnum):
    """How well the legal source was checked: read in a current text, an older one, or recalled."""

    CURRENT = "V26"
    OLDER = "V15"
    PUBLISHED = "VS"
    RECALLED = "R"


class ConditionKind(StrEnum):
    """What must hold before anything leaves."""

    AGE = "age"
    CONSENT = "consent"
    SOURCE_CONFIRMATION = "source_confirmation"
    MANDATE = "mandate"
    SOURCE_TRUE = "source_true"
    DATE_NOT_PAST = "date_not_past"
    GROUP_SIZE = "group_size"
    CLAIM = "claim"


class RestsOn(StrEnum):
    """What makes the gateway believe that a condition is met.

    A fact is fetched, a recorded act was entered earlier by someone entitled to it, a source
    confirmation is given by the source holder's own professional, a claim is the requester's word.
    """

    FACT = "fact"
    RECORDED_ACT = "recorded_act"
    SOURCE_CONFIRMATION = "source_confirmation"
    CLAIM = "claim"


RESTS_ON: Mapping[ConditionKind, RestsOn] = MappingProxyType(
    {
        ConditionKind.AGE: RestsOn.FACT,
        ConditionKind.CONSENT: RestsOn.RECORDED_ACT,
        ConditionKind.SOURCE_CONFIRMATION: RestsOn.SOURCE_CONFIRMATION,
        ConditionKind.MANDATE: RestsOn.RECORDED_ACT,
        ConditionKind.SOURCE_TRUE: RestsOn.FACT,
        ConditionKind.DATE_NOT_PAST: RestsOn.FACT,
        ConditionKind.GROUP_SIZE: RestsOn.FACT,
        ConditionKind.CLAIM: RestsOn.CLAIM,
    }
)
"""What each kind of condition rests on; the policy file repeats it, so that a reader sees it."""


class Phase(StrEnum):
    """How far a case is (fase); what ordinary work needs no phases for is simply running."""

    EXPLORATION = "verkenning"
    WORK_PLAN = "werkplan"
    COORDINATION = "coordinatie"
    RUNNING = "lopend"
    CLOSED = "gesloten"


class Beginning(StrEnum):
    """How a case began: somebody asked, a professional saw, or somebody else reported."""

    OWN_REQUEST = "own_request"
    SIGNAL = "signal"
    REPORT = "report"


class Domain(StrEnum):
    """In which part of somebody's life a court may let another one decide; a curator in each."""

    MONEY = "financien"
    CARE = "zorg"


class OrganisationType(StrEnum):
    """What kind of organisation a party is; only a supervisor reads the entries of everybody."""

    MUNICIPALITY = "municipality"
    CARE_PROVIDER = "care_provider"
    SCHOOL = "school"
    NEIGHBOURHOOD_TEAM = "neighbourhood_team"
    HOUSING_ASSOCIATION = "housing_association"
    FINANCIAL_SERVICE = "financial_service"
    SOCIAL_ENTERPRISE = "social_enterprise"
    STATE_AGENCY = "state_agency"
    SUPERVISOR = "supervisor"
