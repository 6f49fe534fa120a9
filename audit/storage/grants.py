"""What each role of PostgreSQL may do with the tables of one log.

The gateway adds and moves the head; the keeper, for the privacy officer, takes away what may go;
the auditor reads what an outsider may see. None of them alters an entry or a checkpoint.
"""

from typing import Final

from sqlalchemy import Connection, text

ROLES: Final = ("doelpoort_gateway", "doelpoort_keeper", "doelpoort_auditor")
_PUBLIC: Final = "entry, node, head, checkpoint, writer, cosigned, stamp, revision, alembic_version"
_SEALED: Final = "subject_key, particulars, replay"
_ADDED_TO: Final = (
    "entry, node, head, checkpoint, writer, cosigned, stamp, revision, "
    "subject_key, particulars, replay"
)
_WRITING: Final = (
    f"SELECT ON {_PUBLIC}, {_SEALED}",
    f"INSERT ON {_ADDED_TO}",
    "UPDATE (size, root, last_time) ON head",
    "UPDATE (counter) ON writer",
    "DELETE ON replay",
)
_KEEPING: Final = (
    "DELETE ON subject_key, particulars",
    "UPDATE (wrapped, epoch) ON subject_key",
    "UPDATE (leaf) ON entry",
    "UPDATE (epoch) ON head",
)
RIGHTS: Final = {
    "doelpoort_gateway": _WRITING,
    "doelpoort_keeper": (*_WRITING, *_KEEPING),
    "doelpoort_auditor": (f"SELECT ON {_PUBLIC}",),
}


def grant(connection: Connection, schema: str) -> None:
    """Give every role that this database has its rights, and no others.

    Effects: rights that were given by hand before are taken back.
    """
    known = connection.execute(text("SELECT rolname FROM pg_roles")).scalars().all()
    for role in RIGHTS.keys() & set(known):
        connection.execute(text(f'REVOKE ALL ON ALL TABLES IN SCHEMA "{schema}" FROM {role}'))
        connection.execute(text(f'GRANT USAGE ON SCHEMA "{schema}" TO {role}'))
        for right in RIGHTS[role]:
            connection.execute(text(f"GRANT {right} TO {role}"))
