"""Ids in paths: 32 hex digits, for everything that has one."""

import re
from typing import Final

from gateway.errors import NotFound

ID: Final = r"^[0-9a-f]{32}$"
"""What an id of a path looks like; the pattern of its parameter."""


def known_form(identity: str) -> str:
    """Return an id of the path of a strict route, which takes the path as it comes.

    Raises: NotFound for what can be none.
    """
    if not re.fullmatch(ID, identity):
        raise NotFound("no such id")
    return identity
