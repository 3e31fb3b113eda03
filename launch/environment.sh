# Source this file, as demo.sh and test.sh do. It finds Python, builds a virtual environment once, and puts it on PATH.
#   environment NAME EXTRA [PYTHON]     environment .venv baselines
environment() {
  local folder=$1 extra=$2 python stamp
  python=$(find_python "${3:-}") || {
    echo "inpaint: needs Python 3.11 or newer as python3.11, python3 or --python=PATH" >&2
    return 2
  }
  stamp="$folder/.installed-$extra-$(cksum <pyproject.toml | tr ' ' -)"
  if [ ! -e "$stamp" ]; then
    echo "installing into $folder (once, a few minutes) ..."
    [ -x "$folder/bin/python" ] || "$python" -m venv "$folder"
    "$folder/bin/python" -m pip install --quiet --disable-pip-version-check --editable ".[$extra]"
    touch "$stamp"
  fi
  PATH="$PWD/$folder/bin:$PATH"
}

# Prints the first interpreter that runs and is new enough, including those of pyenv.
find_python() {
  local candidate
  for candidate in ${1:-python3.11 python3.12 python3.13 python3} "${PYENV_ROOT:-$HOME/.pyenv}"/versions/*/bin/"${1:-python3.11}"; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      echo "$candidate"
      return 0
    fi
  done
  return 1
}
