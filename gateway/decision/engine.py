"""What evaluates the Rego: the seam between the decision and where it is computed."""

from typing import Protocol

ENTRYPOINT = "doelpoort/disclosure/answer"
"""The rule that every engine evaluates."""


class Engine(Protocol):
    """Evaluates policies/disclosure.rego over one question."""

    async def evaluate(self, question: bytes) -> object:
        """Return the JSON value of the answer, unchecked (see `answer.parse_answer`).

        Shapes:  question: canonical JSON as `Question.canonical` makes it.
        Trust:   the answer is not to be believed before it is parsed against the question.
        Raises:  EngineUnavailable, EngineAnswerInvalid.
        """

    async def aclose(self) -> None:
        """Release connections; afterwards the engine answers no more."""
