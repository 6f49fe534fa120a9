"""What people call the roles of organisations: words of the policy, which decide nothing."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Role:
    """A role in plain words, in Dutch and in English."""

    title: str
    title_en: str


def role_called(roles: Mapping[str, Role], name: str) -> Role:
    """Return what a role is called; where the policy does not say, its name as words."""
    words = name.replace("-", " ").replace("_", " ")
    return roles.get(name, Role(words, words))
