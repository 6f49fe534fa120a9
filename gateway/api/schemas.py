"""The JSON of the API, in and out. Request bodies are strict: unknown members are refused."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from gateway.api.words import NAMES_NOBODY

FIELDS_LIMIT = 100

# Names are echoed in refusals and may stand in the ledger, so no number of a person and no date
# fits, however it is written: a name begins with a letter and holds four digits at most.
Name = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z](?:[a-z_-]*[0-9]){0,4}[a-z_-]*$", max_length=64),
]
# A purpose may be typed as free text by someone who does not know the catalogue; it is then told
# apart as too vague, and its text goes nowhere.
PurposeText = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"\S")]
CaseId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=64)]
PurposeAsked = Annotated[PurposeText, NAMES_NOBODY]
Justification = Annotated[str, StringConstraints(max_length=2_000), NAMES_NOBODY]


class SubjectIn(BaseModel):
    """The person the request is about."""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)

    type: Literal["bsn"]
    value: Annotated[str, StringConstraints(max_length=64)] = Field(
        description="A burgerservicenummer: nine digits that pass the elfproef.",
        examples=["999911235"],
    )


class DisclosureIn(BaseModel):
    """A request for data: which task, which activity of it, for which purpose, about whom."""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)

    task: Name = Field(description="Step 1: the statutory task.", examples=["jeugd-toeleiding"])
    activity: Name = Field(
        description="Step 2: the activity of that task.", examples=["criteria-toetsen-zwaarte"]
    )
    purpose: PurposeAsked | Annotated[list[PurposeAsked], Field(min_length=1, max_length=10)] = (
        Field(
            description="Step 3: one purpose; more than one is refused.",
            examples=["lichte-of-zware-hulp"],
        )
    )
    subject: SubjectIn | None = Field(
        default=None, description="The person; left out only for figures about groups."
    )
    fields: Annotated[list[Name], Field(max_length=FIELDS_LIMIT)] | None = Field(
        default=None, description="Left out: exactly the minimal set of the purpose."
    )
    justifications: Annotated[dict[Name, Justification], Field(max_length=FIELDS_LIMIT)] = Field(
        default_factory=dict, description="Per field of professional judgement: why, in this case."
    )
    claims: Annotated[dict[Name, bool | Name], Field(max_length=20)] = Field(
        default_factory=dict,
        description="What you say is so, by the name of a condition; recorded as your claim.",
    )
    case: CaseId | None = Field(default=None, description="The case (casus) this belongs to.")
    over_asking: Literal["refuse", "withhold"] = Field(
        default="refuse", description="What happens when a field goes beyond the purpose."
    )
    wait: Literal["answer", "refuse"] = Field(
        default="answer",
        description="What happens when only the professional who holds the answer can give it: "
        "the request waits (202), or is refused at once.",
    )


class ReceiptOut(BaseModel):
    """The proof that this answer stands in the ledger."""

    log: str = Field(description="The origin of the log.")
    index: int = Field(description="The number of the entry, from zero.")
    proof: str = Field(description="A tlog-proof (c2sp.org/tlog-proof@v1), the leaf included.")


class ReasonOut(BaseModel):
    """Why something was refused, and what to ask instead."""

    code: str
    message: str
    message_en: str
    step: int
    field: str | None = None
    instead: list[str] | None = None
    again_from: str | None = None


class ValueOut(BaseModel):
    """One released field: null means that the source does not know, which is not "no".

    Figures about groups are a list of cells: the label of each column, then `persons`, `mean` or
    `median`, or `suppressed` where it is not told. A total over cells is marked `total`.
    """

    value: Any
    precision: str
    as_of: str


class LegalBasisOut(BaseModel):
    """Step 4: the law and the ground of the GDPR."""

    law: str
    article: str
    gdpr: str


class ObligationOut(BaseModel):
    """What comes with the data."""

    code: str
    message: str
    message_en: str


class DisclosureOut(BaseModel):
    """What was released, on which basis, with its receipt."""

    disclosure_id: str
    outcome: Literal["permit", "partial"]
    data: dict[str, ValueOut]
    withheld: list[ReasonOut]
    legal_basis: list[LegalBasisOut]
    obligations: list[ObligationOut]
    policy_revision: str
    receipt: ReceiptOut
    no_means: str | None = Field(
        default=None, description="Behind a veil: what a no stands for, which nobody can tell."
    )
    no_means_en: str | None = None
    padding: str | None = Field(
        default=None, description="Behind a veil: makes a yes as long as a no; says nothing."
    )


class PendingOut(BaseModel):
    """That a request waits for the professional who holds the answer."""

    disclosure_id: str = Field(
        description="Collect the answer under this id; of who asked the same before and still "
        "waits, it is that of the first time."
    )
    outcome: Literal["pending"]
    message: str
    message_en: str
    until: str = Field(description="The last day on which it is answered.")
    receipt: ReceiptOut | None = Field(
        default=None, description="Of the request itself; there is none when you only look."
    )


class UnansweredOut(BaseModel):
    """That the professional who holds the answer does not give it; why not is not told."""

    disclosure_id: str
    outcome: Literal["unanswered"]
    message: str
    message_en: str


class MemberOut(BaseModel):
    """A member of the request that is wrong; never its value."""

    member: str
    message: str


class ProblemOut(BaseModel):
    """A problem document (RFC 9457); refusals carry the last five members."""

    type: str
    title: str
    title_en: str
    status: int
    detail: str
    detail_en: str
    errors: list[MemberOut] | None = None
    code: str | None = Field(default=None, description="The rule that refuses a step in a case.")
    case: str | None = Field(
        default=None, description="The case in which you take part already, instead of a second."
    )
    version: int | None = Field(default=None, description="The version of the case as it is now.")
    disclosure_id: str | None = None
    step: int | None = None
    reasons: list[ReasonOut] | None = None
    policy_revision: str | None = None
    receipt: ReceiptOut | None = None


class PurposeFieldOut(BaseModel):
    """A field of a purpose: how precise it comes, and why it is needed."""

    name: str
    precision: str
    need: str
    because: str
    meaning: str


class PurposeOut(BaseModel):
    """What may I ask, what will I get, why, and on which basis."""

    id: str
    task: str
    activity: str
    title: str
    title_en: str
    question: str
    fields: list[PurposeFieldOut]
    never: list[str]
    instead: dict[str, list[str]]
    conditions: list[str]
    legal_basis: list[LegalBasisOut]
    obligations: list[ObligationOut]
    policy_revision: str
    no_means: str | None = Field(
        default=None, description="What a no stands for, where nobody can tell one from another."
    )


class HealthOut(BaseModel):
    """Whether the gateway can answer, under which policy, and how fresh its checkpoint is."""

    status: Literal["ok", "stopped"]
    policy_revision: str
    ledger_size: int
    checkpoint_age_s: float
    engine: str
    policy_problem: str | None = Field(
        default=None,
        description="Why edited policy files are not in force; the old ones still are.",
    )
    log_problem: str | None = Field(
        default=None,
        description="That entries still go into the log of a year that is over, and what to do.",
    )
    cases_overdue: int | None = Field(
        default=None, description="Open cases in which nobody decided within the term."
    )
    reviews_overdue: int | None = Field(
        default=None, description="Uses in an emergency that nobody judged within the term."
    )
    messages_given_up: int | None = Field(
        default=None, description="Messages that did not arrive; a person must look at them."
    )


class ConsistencyOut(BaseModel):
    """The proof that a log only grew: hashes of RFC 9162 section 2.1.4, in base64."""

    old_size: int
    new_size: int
    path: list[str]


TOO_MANY_LOOKS: dict[int | str, dict[str, Any]] = {
    429: {"model": ProblemOut, "description": "Your system looks too often; see Retry-After."},
}
"""The answer of routes on which a look is recorded, or costs much, when there were too many."""
