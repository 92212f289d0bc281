#!/usr/bin/env bash
# Builds the wheel, installs it into a fresh environment, and runs it from an empty folder that knows nothing of the checkout.
# usage: tests/wheel.sh [PYTHON]
set -euo pipefail
python=$(command -v "${1:-python3}")
source=$(cd "$(dirname "$0")/.." && pwd)
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
unset PYTHONPATH
export MPLCONFIGDIR="$place/matplotlib"

"$python" -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir dist "$source"
wheel=$(ls dist/*.whl)
"$python" -m venv environment
bin=environment/bin
[ -d "$bin" ] || bin=environment/Scripts
"$bin/python" -m pip install --quiet --disable-pip-version-check --constraint "$source/constraints.txt" "$wheel"

echo "core alone: schemas, scores, a given separation; what is missing is said in one line"
"$bin/python" - <<'EOF'
import sys

from rebalance import Audiogram, load_task
from rebalance.assets import demo_folder, schema_folder

assert "environment" in str(demo_folder()), demo_folder()
assert len(list(schema_folder().glob("*.schema.json"))) >= 9
assert load_task(demo_folder(), "valid").pairs
Audiogram(frequencies_hz=(250, 1000), thresholds_db_hl=(20, 40))
assert not {"torch", "matplotlib", "hydra"} & set(sys.modules)
EOF
demo=$("$bin/python" -c 'from rebalance.assets import demo_folder; print(demo_folder())')
"$bin/rebalance" check "$demo"
"$bin/rebalance" enhance "$demo" core-run --separator mixture --limit 1
"$bin/rebalance" score "$demo" core-run --limit 1
test -s core-run/scores.csv
"$bin/python" - <<'EOF'
import sys

from rebalance import load_task, read_source, remix_as_edit
from rebalance.assets import demo_folder

task = load_task(demo_folder(), "valid")
scene = task.scenes["S50001"]
mixture = read_source(task, scene.segment.mixture)
stems = {source.name: read_source(task, source) for source in scene.segment.sources}
remixed = remix_as_edit(mixture, stems, scene.gains_db)
assert remixed.shape == mixture.shape and (remixed != mixture).any()
assert "torch" not in sys.modules
EOF
if "$bin/rebalance" demo --out without-torch 2>errors.txt; then
    echo "expected a demo without torch to be refused" >&2
    exit 1
fi
grep -q "rebalance-music\[separation\]" errors.txt || { cat errors.txt >&2; exit 1; }
if "$bin/rebalance" listen 2>errors.txt; then
    echo "expected a listening room without its server to be refused" >&2
    exit 1
fi
grep -q "rebalance-music\[web\]" errors.txt || { cat errors.txt >&2; exit 1; }

echo "with separation and report: the demo, a remix, the default separator"
"$bin/python" -m pip install --quiet --disable-pip-version-check --constraint "$source/constraints.txt" torch==2.13.0
"$bin/python" -m pip install --quiet --disable-pip-version-check --constraint "$source/constraints.txt" "$wheel[separation,report]"
"$bin/rebalance" demo --out demo-run
test -s demo-run/report.html
mixture=$demo/audio/valid/haydn-quartet/mixture.flac
"$bin/rebalance" remix "$mixture" --instruments violin,violin,viola,cello --gain cello=+6 --out more-cello.flac
"$bin/python" - <<'EOF'
import soundfile

from rebalance.separation import load_separator

assert soundfile.info("more-cello.flac").frames > 0
load_separator("default")
EOF

echo "with web: the listening room answers and leaves nothing behind"
"$bin/python" -m pip install --quiet --disable-pip-version-check --constraint "$source/constraints.txt" "$wheel[web]"
"$bin/python" - "$mixture" <<'EOF'
import signal, subprocess, sys, urllib.request

command = [sys.executable, "-m", "rebalance", "listen", sys.argv[1], "--port", "0", "--no-browser"]
with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as room:
    address = room.stdout.readline().split(" at ")[1].split()[0]
    for name in ("", "page.js", "page.css", "engine.js", "api/setup"):
        assert urllib.request.urlopen(address + name).status == 200, name
    room.send_signal(signal.SIGINT)
EOF
echo "with web: a board is made from the migrations in the wheel, and serves its pages"
"$bin/rebalance" board init --data board --quiet >token.txt
"$bin/python" - <<'EOF'
import signal, subprocess, sys, urllib.request

command = [sys.executable, "-m", "rebalance", "serve", "--data", "board", "--workers", "0", "--port", "0"]
with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
    address = server.stdout.readline().split(" at ")[1].split()[0]
    for name in ("", "health", "api/openapi.json"):
        assert urllib.request.urlopen(address + name).status == 200, name
    server.send_signal(signal.SIGINT)
EOF
echo "the wheel works"
