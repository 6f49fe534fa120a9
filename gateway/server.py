"""How the application is served: one process, one ledger, and no log line that names anybody."""

import gc
import logging

import uvicorn
from fastapi import FastAPI


def settle() -> None:
    """Take what was made at the start out of the garbage collector's rounds.

    Modules, routes, the catalogue and the compiled policy stay until the end. Without this, every
    full collection walks them all while requests wait.
    """
    gc.collect()
    gc.freeze()


def server_config(app: FastAPI, host: str, port: int) -> uvicorn.Config:
    """Return the settings of the HTTP server.

    There is no access log, because a path or an address may tell about a person or a professional;
    and uvicorn keeps its hands off the loggers, because it would wake the ones we put to sleep.
    """
    # FastAPI remarks that it cannot check the e-mail address in our own document: no news.
    logging.getLogger("fastapi").setLevel(logging.ERROR)
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        date_header=False,
    )
