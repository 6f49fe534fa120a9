"""The ways in which a counterpart can be made to fail, the same words for every kind of source."""

from enum import StrEnum


class Failure(StrEnum):
    """What goes wrong at a source; which adapter knows which stands in `adapter_house`.

    `tells_values`: it refuses in a text that holds the whole row and the number of the person.
    `silent`: it does not answer. `dies`: its answer breaks off. `gone`: nobody is there.
    `wrong_types`: every value is of another type than the mapping says, and can be seen in it.
    `too_many_rows`: it gives more than anybody has. `redirects`: it points elsewhere.
    `foreign_certificate`: it shows a certificate of somebody whom nobody trusts.
    """

    TELLS_VALUES = "tells_values"
    SILENT = "silent"
    DIES = "dies"
    GONE = "gone"
    WRONG_TYPES = "wrong_types"
    TOO_MANY_ROWS = "too_many_rows"
    REDIRECTS = "redirects"
    FOREIGN_CERTIFICATE = "foreign_certificate"
