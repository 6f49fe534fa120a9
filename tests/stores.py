"""Case stores of both kinds for tests that hold for either: a file, and a real database server."""

import os
from pathlib import Path

import psycopg

from gateway.cases.migrate import migrate
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
