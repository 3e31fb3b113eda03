#!/usr/bin/env bash
# Runs the tests; needs only Python 3.11:   bash launch/test.sh [--python=python3.12] [pytest arguments]
set -euo pipefail
cd "$(dirname "$0")/.."
source launch/environment.sh
python="" folder=.venv
if [[ ${1:-} == --python=* ]]; then
  python=${1#--python=}
  folder=.venv-$(basename "$python")
  shift
fi
environment "$folder" dev "$python"
ruff check .
ruff format --check .
exec python -m pytest --numprocesses="$(getconf _NPROCESSORS_ONLN)" --dist=worksteal "$@"
