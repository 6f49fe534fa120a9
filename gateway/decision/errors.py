"""What can go wrong with a decision, apart from a refusal.

PolicyError
├── EngineUnavailable     no answer in time: a recorded refusal
├── EngineAnswerInvalid   an answer that is none: a recorded refusal
├── BundleInvalid         the Rego cannot be built: no start
└── PartiesInvalid        the party policy cannot be trusted: no start
"""


class PolicyError(Exception):
    """Root of what can go wrong with deciding; only the leaves below are raised."""


class EngineUnavailable(PolicyError):
    """The engine cannot be reached, or not in time."""


class EngineAnswerInvalid(PolicyError):
    """The engine said something that is not exactly a decision on the question asked."""


class BundleInvalid(PolicyError):
    """The Rego and the catalogue cannot be made into something that decides."""


class PartiesInvalid(PolicyError):
    """The party policy is empty, malformed, or names what the catalogue does not know."""
