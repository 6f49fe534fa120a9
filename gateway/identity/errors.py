"""The error tree of identity; only leaves are raised, and no text repeats what a caller sent.

IdentityError
├── Unauthenticated            the bearer token does not count
│   ├── TokenMissing
│   ├── TokenInvalid
│   ├── TokenExpired
│   ├── AudienceWrong
│   ├── ClientUnknown
│   ├── ClientRevoked
│   └── HatWithdrawn
├── RequestInvalid             the token endpoint refuses; `code` is the word of RFC 6749, 5.2
│   ├── AssertionInvalid       invalid_client
│   ├── RequestMalformed       invalid_request
│   ├── GrantUnsupported       unsupported_grant_type
│   └── HatNotOwned            invalid_scope
├── IdentityUnavailable        nobody can be recognised now
├── KeysUnsafe                 a key file may not be used; the process does not start
└── RegistryInvalid            the client registry cannot be read or would become wrong
"""

from typing import ClassVar


class IdentityError(Exception):
    """The root of everything that goes wrong while recognising a caller."""


class Unauthenticated(IdentityError):
    """The bearer token gives no right to speak."""


class TokenMissing(Unauthenticated):
    """There is no bearer token in the Authorization header."""


class TokenInvalid(Unauthenticated):
    """The token was not issued by this gateway, or was altered."""


class TokenExpired(Unauthenticated):
    """The token was good and its time has passed."""


class AudienceWrong(Unauthenticated):
    """The token was issued for another service."""


class ClientUnknown(Unauthenticated):
    """The client of the token stands in the registry no longer."""


class ClientRevoked(Unauthenticated):
    """The client of the token was revoked."""


class HatWithdrawn(Unauthenticated):
    """The client may no longer speak for the organisation and role of the token."""


class RequestInvalid(IdentityError):
    """The token endpoint refuses the request; `code` is the OAuth word for the reason."""

    code: ClassVar[str]


class AssertionInvalid(RequestInvalid):
    """The client did not prove who it is."""

    code = "invalid_client"


class RequestMalformed(RequestInvalid):
    """A parameter is missing, repeated or not of its form."""

    code = "invalid_request"


class GrantUnsupported(RequestInvalid):
    """Another grant than client_credentials was asked for."""

    code = "unsupported_grant_type"


class HatNotOwned(RequestInvalid):
    """The client is not registered for the organisation and role it asked for."""

    code = "invalid_scope"


class IdentityUnavailable(IdentityError):
    """The registry or the replay memory cannot be relied on, so nobody is recognised."""


class KeysUnsafe(IdentityError):
    """A key file is readable by others, misshapen, weak or missing; the text says what to do."""


class RegistryInvalid(IdentityError):
    """The client registry is malformed, or the asked change would make it so."""
