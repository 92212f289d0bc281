"""Change the modules that decide the numbers, one thing at a time, and print the share the tests notice.

What is changed, and which tests try it: ``[tool.mutmut]`` in ``pyproject.toml``. Exits with 1 below the least share.

    python benchmarks/mutants.py [N_PROCESSES]
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

MIN_SHARE = 0.90

ROOT = Path(__file__).resolve().parents[1]
WORK = ROOT / "mutants"
# Exit codes of the tests, as mutmut keeps them: 1 and 3 failed; by signal, too long or crashed.
NOTICED = {1, 3, 24, -24, 36, 152, 255, -9, -11}


def main() -> int:
    shutil.rmtree(WORK, ignore_errors=True)
    mutmut = Path(sys.executable).with_name("mutmut")
    n_processes = sys.argv[1] if len(sys.argv) > 1 else "2"
    subprocess.run([mutmut, "run", "--max-children", n_processes], cwd=ROOT, check=True)
    codes = {
        path.relative_to(WORK).with_suffix(""): json.loads(path.read_text(encoding="utf-8"))["exit_code_by_key"]
        for path in sorted(WORK.rglob("*.meta"))
    }
    for mutants in codes.values():
        for name, code in mutants.items():
            if code not in NOTICED:
                print(f"not noticed: mutmut show {name}")
    totals: Counter[str] = Counter()
    for path, mutants in codes.items():
        noticed = sum(code in NOTICED for code in mutants.values())
        totals.update(noticed=noticed, all=len(mutants))
        print(f"{path}: {noticed} of {len(mutants)}")
    share = totals["noticed"] / totals["all"]
    print(f"noticed by the tests: {totals['noticed']} of {totals['all']} changes, {share:.1%}")
    return int(share < MIN_SHARE)


if __name__ == "__main__":
    sys.exit(main())
