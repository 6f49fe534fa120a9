"""What a gateway does so that people hear of what was asked: follow the log, deliver messages."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import httpx

from gateway.api.state import Services
from gateway.background.chores import Chore
from gateway.citizen.delivery import Courier, Folder, Hook, Post
from gateway.citizen.follower import Follower
from gateway.citizen.store import SqlMessages
from gateway.settings import Settings
from gateway.webhooks import Webhook

_FOLLOW_S: Final = 2.0
_DELIVER_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Informing:
    """The parts of it, as far as the settings name a way out."""

    settings: Settings
    origin: str
    http: httpx.AsyncClient
    services: Callable[[], Services]

    def chores(self) -> Sequence[Chore]:
        """Return what is to be done beside answering; without a way out messages wait."""
        services = self.services()
        messages = SqlMessages(services.book)
        follower = Follower(
            self.origin,
            services.log,
            services.personal,
            messages,
            lambda: self.services().gate.catalogue,
            services.kept,
        )
        chores = [Chore("following of the log", _FOLLOW_S, follower.follow)]
        courier = self._courier()
        if courier is not None:
            post = Post(messages, courier, services.now)
            chores.append(Chore("delivery of messages", _DELIVER_S, post.deliver))
        return chores

    def _courier(self) -> Courier | None:
        settings = self.settings
        if settings.inform_url is not None:
            to = Webhook(settings.inform_url, settings.inform_key)
            return Hook(self.http, to, self.services().now)
        return None if settings.inform_folder is None else Folder(settings.inform_folder)
