"""How the application is served: one process, one ledger, and no log line that names anybody."""

import uvicorn
from fastapi import FastAPI


def server_config(app: FastAPI, host: str, port: int) -> uvicorn.Config:
    """Return the settings of the HTTP server.

    There is no access log, because a path or an address may tell about a person or a professional.
    """
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        access_log=False,
        log_level="warning",
        server_header=False,
        date_header=False,
    )
