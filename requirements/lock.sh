#!/bin/sh
# Compiles pyproject.toml into hashed requirements for every platform and Python we support. The
# files name no download address; new releases wait a week before they come in.
set -eu
cd "$(dirname "$0")/.."
before=$(date -u -d '7 days ago' +%Y-%m-%d)
compile() {
    uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
        --no-emit-index-url --no-header --no-annotate --exclude-newer "$before" --quiet "$@"
}
compile --group build --output-file requirements/runtime.txt
compile --group build --group dev --constraint requirements/runtime.txt --output-file requirements/dev.txt
