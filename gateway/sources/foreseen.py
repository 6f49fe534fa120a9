"""What nobody foresaw in an adapter becomes the failure that its seam promises."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from gateway.errors import CasesUnavailable, SourceFailed
from gateway.sources.register import without_values

_LOG = logging.getLogger("doelpoort.sources")


@contextmanager
def foreseen(
    part: str, failure: type[SourceFailed] | type[CasesUnavailable] = SourceFailed
) -> Iterator[None]:
    """Let `failure` through, and turn every other exception into it.

    A request of which an adapter makes nothing is then refused and recorded like any other.

    Effects: the kind of what happened is logged, and never its text, which may hold a value.
    Raises:  `failure`.
    """
    try:
        yield
    except failure:
        raise
    except Exception as exc:  # noqa: BLE001 (raised again, without its values)
        raise unforeseen(part, exc, failure) from without_values(exc)


def unforeseen(
    part: str, exc: Exception, failure: type[SourceFailed] | type[CasesUnavailable] = SourceFailed
) -> Exception:
    """Return the failure to raise in the place of an exception that nobody foresaw.

    Effects: logs the kind of the exception and which part it came from, and nothing else.
    """
    _LOG.error("%s failed in a way nobody foresaw: %s", part, type(exc).__name__)
    return failure(f"{part} failed in a way nobody foresaw")
