"""An entry that is still to be recorded, as a text that the store keeps, and back."""

from base64 import b64decode, b64encode

import orjson

from audit.entry import Draft, EntryType


def draft_text(draft: Draft) -> str:
    """Return the text of a draft about one person at most.

    Trust: it holds what the ledger will seal, so it stays in the store of cases and goes nowhere.
    """
    subject = draft.subject
    return orjson.dumps(
        {
            "type": draft.type.value,
            "request_id": draft.request_id,
            "members": draft.members,
            "committed": {
                name: b64encode(value).decode() for name, value in draft.committed.items()
            },
            "subject": None if subject is None else b64encode(subject).decode(),
        }
    ).decode()


def draft_of(text: str) -> Draft:
    """Return the draft of a text.

    Raises: ValueError, KeyError, TypeError or AttributeError for what is no draft.
    """
    kept = orjson.loads(text)
    subject = kept["subject"]
    return Draft(
        type=EntryType(kept["type"]),
        request_id=kept["request_id"],
        members=kept["members"],
        committed={name: b64decode(value) for name, value in kept["committed"].items()},
        subject=None if subject is None else b64decode(subject),
    )
