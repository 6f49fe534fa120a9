"""From a question to a decision: the steps between "may I" and a permit that can be relied on."""

# To permit we must hold, in this order:
#   1. the question in its one canonical form           (model.Question.canonical), without a word
#      that the caller made up                          (wording)
#   2. the answer of the engine over the same policy    (engine; policies/disclosure.rego)
#   3. that answer in exactly the agreed shape          (answer.parse_answer)
#   4. the party policy saying yes as well, by itself   (parties.Parties)
# Any step that fails is a refusal with ENGINE_FAILED, and is forgotten, so that the next request
# tries again. A decision that stood all four is remembered under the whole question.

import logging
from collections import OrderedDict
from typing import Final

from gateway.catalogue.model import Catalogue
from gateway.decision.answer import parse_answer
from gateway.decision.engine import Engine
from gateway.decision.errors import EngineAnswerInvalid, EngineUnavailable, PolicyError
from gateway.decision.model import Code, Decision, Permit, Question, Reason, Refuse, Standing
from gateway.decision.parties import Parties
from gateway.decision.wording import with_own_words, without_own_words

_LOG: Final = logging.getLogger("doelpoort.decision")

MEMO_SIZE: Final = 16_384
"""Far more than the combinations that occur on one day."""

MEMO_KEY_BYTES: Final = 4_096
"""A longer question is not remembered: with `MEMO_SIZE` this bounds the memory of the memo."""


class Decider:
    """Decides questions under one revision of the policy; a new revision is a new decider."""

    def __init__(
        self, catalogue: Catalogue, parties: Parties, engine: Engine, memo_size: int = MEMO_SIZE
    ) -> None:
        self.catalogue = catalogue
        self.parties = parties
        self._engine = engine
        self._memo: OrderedDict[bytes, Decision] = OrderedDict()
        self._memo_size = memo_size

    async def decide(self, question: Question) -> Decision:
        """Return the decision; a failing engine is a refusal, never an exception.

        Trust:   the same question always gets the same decision while this revision is active;
                 the memo key is the whole question, the date included.
        """
        asked = without_own_words(question, self.catalogue)  # step 1
        decision = await self._decide(asked)
        return with_own_words(decision, question, self.catalogue)

    async def _decide(self, question: Question) -> Decision:
        key = question.canonical()
        known = self._memo.get(key)
        if known is not None:
            self._memo.move_to_end(key)
            return known
        try:
            answer = await self._answer(key)  # step 2
            decision = parse_answer(answer, question, self.catalogue)  # step 3
            self._check_parties(decision, question)  # step 4
        except (EngineUnavailable, EngineAnswerInvalid):
            return Refuse((Reason(Code.ENGINE_FAILED),), (), self.catalogue.revision)
        self._remember(key, decision)
        return decision

    async def require_revision(self) -> None:
        """Make sure that the engine decides under the revision of this catalogue.

        Raises:  EngineUnavailable, EngineAnswerInvalid when it does not, or not yet.
        """
        match await self._answer(b"{}"):
            case {"revision": self.catalogue.revision}:
                return
            case _:
                raise EngineAnswerInvalid("the engine decides under another revision")

    async def aclose(self) -> None:
        """Release the engine."""
        await self._engine.aclose()

    async def _answer(self, key: bytes) -> object:
        """Return what the engine says.

        Raises:  EngineUnavailable, EngineAnswerInvalid, and nothing else, whatever the engine does.
        """
        try:
            return await self._engine.evaluate(key)
        except PolicyError:
            raise
        except Exception as exc:
            # Its text may hold the question, so the log gets its kind alone.
            _LOG.error("the policy engine failed in a way nobody foresaw: %s", type(exc).__name__)
            raise EngineUnavailable("the engine failed in a way nobody foresaw") from exc

    def _check_parties(self, decision: Decision, question: Question) -> None:
        """Refuse to believe a permit that the party policy does not support."""
        if not isinstance(decision, Permit):
            return
        acting = (question.organisation, question.role)
        supported = self.parties.may_declare(acting, question.task, question.activity)
        if question.standing is not Standing.HOLDS or not supported:
            raise EngineAnswerInvalid("the engine permits what the party policy does not")

    def _remember(self, key: bytes, decision: Decision) -> None:
        if len(key) > MEMO_KEY_BYTES:
            return
        self._memo[key] = decision
        if len(self._memo) > self._memo_size:
            self._memo.popitem(last=False)
