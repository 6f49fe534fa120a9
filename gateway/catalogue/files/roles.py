"""What roles are called: from the YAML table to `Role`, each role of an organisation once."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from gateway.catalogue.files.members import Table
from gateway.catalogue.model import Catalogue
from gateway.catalogue.roles import Role

# Without it roles are told by their names: policies of before are still read.
ROLES: Final = "purposes/roles.yaml"


def read_roles(table: Table | None, catalogue: Catalogue) -> Mapping[str, Role]:
    """Return what the roles of this catalogue are called; a file that is not there says nothing."""
    if table is None:
        return MappingProxyType({})
    known = {role for each in catalogue.organisations.values() for role in each.roles}

    def read(name: str, inner: Table) -> Role:
        if name not in known:
            nl, en = f"Geen organisatie kent de rol '{name}'.", f"No organisation has '{name}'."
            inner.error("UNKNOWN_REFERENCE", nl, en)
        return Role(inner.text("title"), inner.text("title_en"))

    roles = table.named("roles", read)
    for name in sorted(known - roles.keys()):
        nl, en = f"Zeg hoe de rol '{name}' heet.", f"Say what the role '{name}' is called."
        table.error("ROLE_UNTITLED", nl, en, table.place_of("roles"))
    table.close()
    return MappingProxyType(roles)
