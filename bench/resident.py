"""swatch-action behind swatch-rs: a burst below the count, and a storm of first locks. Paired runs, in a network namespace.

Also alone, as root: `BASELINE=DIRECTORY python3 bench/resident.py DIRECTORY [RUNS]`. Both directories hold swatch-rs and
swatch-action; without BASELINE the same programs with `--no-resident` take its place.
"""

import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

LINE = "Nov 22 10:00:00 alpha sshd[7]: Invalid user oracle from {} port 4711\n"
BURST = 1000
STORM = 10_000
# A process for each of the whole storm would take minutes: its rate does not depend on the number.
SLOW_STORM = 200


def resident(bench):
    """Rows of (work, tool, events a second, times the first row of the work)."""
    programs = pathlib.Path(bench.program).parent
    if os.geteuid() != 0 or not shutil.which("unshare") or not shutil.which("nft"):
        print("skipped: the figures of the helper that stays need root, unshare and nft")
        return None
    inner = ["unshare", "--net", "--mount", "--propagation", "private", sys.executable, __file__, programs,
             str(bench.runs), "--inside"]
    done = subprocess.run(inner, stdout=subprocess.PIPE, text=True, check=True)
    return [tuple(row) for row in json.loads(done.stdout)]


def rate(programs, flags, settings, addresses):
    """Events a second, from the start of swatch-rs to the last answer."""
    with tempfile.TemporaryDirectory(prefix="swatch-bench.") as temporary:
        place = pathlib.Path(temporary)
        (place / "action.toml").write_text(
            f'log_dir = "{place}/log"\nstate_dir = "{place}/state"\nmail = ""\n{settings}\n[whois]\nserver = ""\n')
        (place / "conf").write_text(
            f'watchfor /Invalid/\n\tpipe "{programs}/swatch-action 10 --config {place}/action.toml"\n')
        (place / "log.txt").write_text("".join(LINE.format(address) for address in addresses))
        start = time.perf_counter()
        done = subprocess.run([programs / "swatch-rs", "-c", place / "conf", "-f", place / "log.txt", *flags],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
        took = time.perf_counter() - start
        if done.returncode or len(done.stdout.splitlines()) != len(addresses):
            sys.exit(f"{programs}: {done.returncode}, {len(done.stdout.splitlines())} answers: {done.stderr}")
        subprocess.run(["nft", "flush", "ruleset"], check=False)
        return len(addresses) / took


def inside(programs, runs):
    named = os.environ.get("BASELINE")
    before = (pathlib.Path(named), []) if named else (programs, ["--no-resident"])
    storm = [f"198.{18 + n // 65536}.{n // 256 % 256}.{n % 256}" for n in range(STORM)]
    burst = [f"203.0.113.{n % 250 + 1}" for n in range(BURST)]
    works = [("burst below the count", "count = 1000000", burst, burst),
             ("storm of first locks, nftables", 'count = 1\nfirewall = "nftables"', storm[:SLOW_STORM], storm)]
    rows = []
    for work, settings, few, many in works:
        rates = []
        for _ in range(runs):
            rates.append((rate(*before, settings, few), rate(programs, [], settings, many)))
        first = statistics.median(slow for slow, _ in rates)
        rows.append((work, "a process each", first, 1.0))
        rows.append((work, "the helper that stays", statistics.median(fast for _, fast in rates),
                     statistics.median(fast / slow for slow, fast in rates)))
        for row in rows[-2:]:
            print(f"{row[0]:34} {row[1]:24} {row[2]:10.0f} a second, {row[3]:.1f} times", file=sys.stderr, flush=True)
    return rows


def table(rows):
    return [(work, tool, f"{rate:,.0f}", f"{times:.1f}") for work, tool, rate, times in rows]


if __name__ == "__main__":
    print(json.dumps(inside(pathlib.Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 5)))
