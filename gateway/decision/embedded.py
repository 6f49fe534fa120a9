"""The Rego evaluated in this process by rego-cpp, from a bundle that is built once."""

from pathlib import Path
from typing import Protocol, cast

import orjson
from regopy import Interpreter, RegoError

from gateway.catalogue.model import Catalogue
from gateway.decision.bundle import REGO_FILE, rego_data
from gateway.decision.engine import ENTRYPOINT
from gateway.decision.errors import BundleInvalid, EngineAnswerInvalid


class _Bundle(Protocol):
    def ok(self) -> bool: ...


class _Interpreter(Protocol):
    def set_input_term(self, term: str) -> None: ...
    def query_bundle_entrypoint(self, bundle: _Bundle, entrypoint: str) -> object: ...


class EmbeddedEngine:
    """Decides in this process; one instance serves one revision and one thread."""

    def __init__(self, interpreter: _Interpreter, bundle: _Bundle) -> None:
        self._interpreter = interpreter
        self._bundle = bundle

    @classmethod
    def build(cls, catalogue: Catalogue, policies_dir: Path) -> "EmbeddedEngine":
        """Compile the Rego with the catalogue; this takes a moment, evaluating does not.

        Raises:  BundleInvalid when the Rego is missing or does not compile.
        """
        try:
            interpreter = Interpreter()
            rego = (policies_dir / REGO_FILE).read_text(encoding="utf-8")
            interpreter.add_module(REGO_FILE, rego)
            interpreter.add_data_json(orjson.dumps(rego_data(catalogue)).decode())
            bundle = interpreter.build(None, [ENTRYPOINT])
        except (OSError, UnicodeDecodeError, RegoError) as exc:
            raise BundleInvalid("disclosure.rego cannot be built") from exc
        return cls(cast("_Interpreter", interpreter), cast("_Bundle", bundle))

    async def evaluate(self, question: bytes) -> object:
        """Return the JSON value of the answer; see `engine.Engine.evaluate`."""
        try:
            self._interpreter.set_input_term(question.decode())
            output = self._interpreter.query_bundle_entrypoint(self._bundle, ENTRYPOINT)
            return _only_expression(orjson.loads(str(output)))
        except (RegoError, ValueError) as exc:
            raise EngineAnswerInvalid("the embedded engine gave no JSON answer") from exc

    async def aclose(self) -> None:
        """Do nothing: there is no connection."""


def _only_expression(output: object) -> object:
    """Return the one expression of the output, which stands alone or in a list of one."""
    match output:
        case {"expressions": [answer]}:
            return answer
        case _:
            raise EngineAnswerInvalid("the embedded engine gave no single expression")
