"""Case stores of both kinds for tests that hold for either: a file, and a real database server."""

import os
from pathlib import Path

import psycopg

from gateway.cases.migrate import migrate
from gateway.cases.model import Confirmation, Representation
from gateway.cases.records import SqlCases
from gateway.cases.rows import confirmation_row, representation_row
from gateway.cases.tables import Statements
from gateway.subject import Subject
from tests.postgresql_server import Server

KINDS = ("sqlite", "postgresql")


def new_database(server: Server) -> str:
    """Make an empty database on this server and return its address."""
    name = f"cases_{os.urandom(4).hex()}"
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    return server.url(database=name)


def migrated_in_file(folder: Path) -> str:
    """Return the address of an empty case store in a file of this folder."""
    url = f"sqlite:///{folder / 'zaken.db'}"
    migrate(url)
    return url


def migrated_on(server: Server) -> str:
    """Return the address of an empty case store on this server."""
    url = new_database(server)
    migrate(url)
    return url


async def confirm(store: SqlCases, identity: str, subject: Subject, given: Confirmation) -> None:
    """Put an answer of a source holder's professional in the store, the way it is imported."""
    row = confirmation_row(identity, subject, given)
    async with store.writing() as pen:
        await pen.run(Statements.written_for(store.kind).add_confirmation, row)


async def appoint(store: SqlCases, identity: str, subject: Subject, made: Representation) -> None:
    """Put an appointment of who decides for the person in the store, the way it is imported."""
    row = representation_row(identity, subject, made)
    async with store.writing() as pen:
        await pen.run(Statements.written_for(store.kind).add_representation, row)
