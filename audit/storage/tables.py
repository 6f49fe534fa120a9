"""The tables of the ledger, defined once for both databases; the rows themselves never leave."""

from typing import Any, Final

from sqlalchemy import BigInteger, CheckConstraint, LargeBinary, MetaData
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import TypeCompiler
from sqlmodel import Field, SQLModel


class Number(BigInteger):
    """A number of 64 bits; in SQLite a plain INTEGER, which as a key is the row's own number."""

    cache_ok = True


@compiles(Number, "sqlite")
def _in_sqlite(_type: Number, _compiler: TypeCompiler, **_other: Any) -> str:  # noqa: ANN401  As told by SQLAlchemy.
    return "INTEGER"


class _Row(SQLModel):
    metadata = MetaData()


def _key(kind: type[Number | LargeBinary] = Number) -> Any:  # noqa: ANN401  A field of any type.
    # No key is handed out by the database: the ledger numbers its own rows.
    return Field(primary_key=True, sa_type=kind, sa_column_kwargs={"autoincrement": False})


def _number() -> Any:  # noqa: ANN401  A field of any type.
    return Field(sa_type=Number)


class EntryRow(_Row, table=True):
    """One entry, as it was hashed; retention takes the leaf and leaves its hash."""

    __tablename__ = "entry"
    index: int = _key()
    request_id: str = Field(unique=True)
    leaf: bytes | None
    leaf_hash: bytes


class NodeRow(_Row, table=True):
    """The root of one complete subtree of height 8, 16, 24 ..."""

    __tablename__ = "node"
    __table_args__ = ({"sqlite_with_rowid": False},)
    level: int = _key()
    index: int = _key()
    hash: bytes


class HeadRow(_Row, table=True):
    """The one row that says where the log stands; it comes with the first entry."""

    __tablename__ = "head"
    __table_args__ = (CheckConstraint("id = 1"),)
    id: int = _key()
    size: int = _number()
    root: bytes
    last_time: int = _number()
    epoch: int = Field(sa_type=Number, sa_column_kwargs={"server_default": "1"})


class WriterRow(_Row, table=True):
    """The next counter of one gateway."""

    __tablename__ = "writer"
    gateway: str = Field(primary_key=True)
    counter: int = _number()


class CheckpointRow(_Row, table=True):
    """One signed checkpoint."""

    __tablename__ = "checkpoint"
    size: int = _key()
    note: bytes


class SubjectKeyRow(_Row, table=True):
    """The wrapped data key of one subject."""

    __tablename__ = "subject_key"
    key_id: bytes = _key(LargeBinary)
    lookup: bytes = Field(unique=True, sa_type=LargeBinary)
    wrapped: bytes
    epoch: int = _number()


class ParticularsRow(_Row, table=True):
    """The sealed particulars of one person in one entry."""

    __tablename__ = "particulars"
    index: int = _key()
    position: int = _key()
    key_id: bytes = Field(index=True, sa_type=LargeBinary)
    sealed: bytes


class ReplayRow(_Row, table=True):
    """A sealed answer that is kept for a while."""

    __tablename__ = "replay"
    index: int = _key()
    expires_ms: int = _number()
    digest: bytes
    key_id: bytes
    sealed: bytes


class CosignedRow(_Row, table=True):
    """A checkpoint with the cosignatures of witnesses."""

    __tablename__ = "cosigned"
    size: int = _key()
    note: bytes


class StampRow(_Row, table=True):
    """A time stamp over a checkpoint."""

    __tablename__ = "stamp"
    size: int = _key()
    response: bytes


class RevisionRow(_Row, table=True):
    """A policy revision, under the digest that leaves name."""

    __tablename__ = "revision"
    digest: str = Field(primary_key=True)
    content: bytes


METADATA: Final = _Row.metadata
