#!/usr/bin/env bash
# Creates .venv with the pinned requirements and this project in it. Usage: tools/setup.sh runtime|dev
set -euo pipefail
cd "$(dirname "$0")/.."
kind="${1:-runtime}"
python="${PYTHON:-}"
if [ -z "$python" ]; then
  for candidate in python3.11 python3.12 python3 python; do
    if command -v "$candidate" >/dev/null && "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 13))'; then
      python="$candidate"
      break
    fi
  done
fi
if [ -z "$python" ]; then
  echo "Python 3.11 or 3.12 is needed and none was found on the PATH; install one, or give PYTHON=/path/to/python3.11" >&2
  exit 2
fi

[ -x .venv/bin/python ] || { echo "· creating .venv with $("$python" --version)"; "$python" -m venv .venv; }
echo "· installing $(grep -c '==' "requirements/$kind.txt") pinned packages (a minute or two on a new machine)"
if .venv/bin/python -m pip install --quiet --disable-pip-version-check "uv==0.13.8" \
  && .venv/bin/uv pip install --quiet --python .venv/bin/python --compile-bytecode -r "requirements/$kind.txt"; then
  .venv/bin/uv pip install --quiet --python .venv/bin/python --no-deps --editable .
else
  echo "· uv could not install them here; taking pip, which is slower"
  .venv/bin/python -m pip install --quiet -r "requirements/$kind.txt"
  .venv/bin/python -m pip install --quiet --no-deps --editable .
fi
.venv/bin/python -m compileall -q mesh_orchestration

if [ "$kind" = dev ]; then
  # Real servers and a real browser, which the tests start for themselves.
  missing=""
  command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing="$missing postgresql"
  command -v promtool >/dev/null || missing="$missing prometheus"
  command -v chromium chromium-browser google-chrome google-chrome-stable >/dev/null \
    || missing="$missing chromium fonts-dejavu-core"
  if [ -n "$missing" ]; then
    if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
      echo "· installing what the tests start for themselves:$missing"
      # shellcheck disable=SC2086
      apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
    else
      echo "The tests start servers and a browser of their own; install the packages (names of Debian):$missing" >&2
      exit 2
    fi
  fi
fi
if [ "$kind" = dev ]; then
  # Real OPA, for the tests that compare the embedded engine with it. It works with older Pythons than it says.
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --ignore-requires-python \
    --only-binary :all: "opa-golib-python-bindings==0.4.4" \
    || echo "· OPA is not to be had for this machine; the tests that compare with it are skipped"
fi
touch ".venv/$kind.stamp"
[ "$kind" = dev ] && touch .venv/runtime.stamp
echo "· ready: .venv/bin/mesh --help"
