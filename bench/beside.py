"""This build beside an earlier one, which `BASELINE=DIRECTORY` names: work that a change must not make slower.

Latency of a line to `echo`; wake-ups and memory of twenty idle logs; swatch-action as a process for each event. The two
builds take turns, and the ratio is the median of those of the pairs. Also alone, with directories that hold both programs:
`BASELINE=DIRECTORY python3 bench/beside.py DIRECTORY [RUNS]`.
"""

import os
import pathlib
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import live

EVENTS = 300
LOGS = 20
IDLE = 10


def beside(bench):
    """Rows of (work, unit, the earlier build's median, this build's, ratio)."""
    named = os.environ.get("BASELINE")
    if not named:
        print("skipped: BASELINE=DIRECTORY does not name an earlier build")
        return None
    return compare(pathlib.Path(named), pathlib.Path(bench.program).parent, bench.runs)


def compare(before, now, runs):
    works = [("line to `echo`, median", "ms", echo_latency), ("20 idle logs: wake-ups", "a second", None),
             ("20 idle logs: PSS", "MB", None), ("20 idle logs: anonymous memory", "MB", None),
             (f"{EVENTS} events below the count, a process each: processor time", "s", each_a_process)]
    figures = {work: [] for work, _, _ in works}
    with tempfile.TemporaryDirectory(prefix="swatch-bench.") as temporary:
        place = pathlib.Path(temporary)
        before, now = copied(before, place / "before"), copied(now, place / "now")
        for number in range(runs):
            # Each goes first every other time.
            order = [before, now] if number % 2 == 0 else [now, before]
            for work, _, measure in works:
                if measure:
                    figures[work].append({build: measure(place, build) for build in order})
            idles = {build: idle(place, build) for build in order}
            for at, (work, _, _) in enumerate(work for work in works if work[2] is None):
                figures[work].append({build: figures_of[at] for build, figures_of in idles.items()})
    rows = []
    for work, unit, _ in works:
        pairs = figures[work]
        rows.append((work, unit, statistics.median(pair[before] for pair in pairs), statistics.median(pair[now] for pair in pairs),
                     statistics.median(ratio(pair[now], pair[before]) for pair in pairs)))
        print(f"{work:66} {rows[-1][2]:8.3f} {rows[-1][3]:8.3f} {unit:8} {rows[-1][4]:.2f} times", flush=True)
    return rows


def copied(build, to):
    """How many pages of an executable the kernel maps depends on how its file was written, so both are written anew."""
    to.mkdir()
    for program in ("swatch-rs", "swatch-action"):
        shutil.copy(build / program, to)
    return to


def ratio(now, before):
    return now / before if before else 1.0 if not now else float("inf")


def echo_latency(place, build):
    (place / "echo.conf").write_text("watchfor /sshd.*Invalid user/\n\techo normal\n")
    log = place / "echo.log"
    return statistics.median(live.each([build / "swatch-rs", "-c", place / "echo.conf", "-t", log], log, 200))


def idle(place, build):
    """Wake-ups a second, PSS and anonymous memory in MB."""
    (place / "echo.conf").write_text("watchfor /sshd.*Invalid user/\n\techo normal\n")
    logs = [place / f"idle-{number}.log" for number in range(LOGS)]
    for log in logs:
        log.write_bytes(b"")
    watch = live.Watch([build / "swatch-rs", "-c", place / "echo.conf", "-t", " ".join(map(str, logs))], logs[0])
    try:
        watch.wait_ready()
        # Its last position is saved once a second.
        time.sleep(2)
        processes = live.session(watch.child.pid)
        woken = live.wake_ups(processes)
        time.sleep(IDLE)
        return (live.wake_ups(processes) - woken) / IDLE, live.pss(processes), anonymous(processes)
    finally:
        watch.end()


def anonymous(pids):
    texts = (pathlib.Path(f"/proc/{pid}/status").read_text() for pid in pids)
    return sum(int(re.search(r"^RssAnon:\s+(\d+)", text, re.M).group(1)) for text in texts) / 1024


def each_a_process(place, build):
    """Seconds of processor time, of the watcher and of all processes that it starts."""
    with tempfile.TemporaryDirectory(dir=place) as temporary:
        here = pathlib.Path(temporary)
        (here / "action.toml").write_text(
            f'log_dir = "{here}/log"\nstate_dir = "{here}/state"\nmail = ""\ncount = 1000000\n[whois]\nserver = ""\n')
        (here / "conf").write_text(f'watchfor /Invalid/\n\tpipe "{build}/swatch-action 10 --config {here}/action.toml"\n')
        line = "Nov 22 10:00:00 alpha sshd[7]: Invalid user oracle from 203.0.113.{} port 4711\n"
        (here / "log.txt").write_text("".join(line.format(n % 250 + 1) for n in range(EVENTS)))
        command = [build / "swatch-rs", "-c", here / "conf", "-f", here / "log.txt"]
        known = subprocess.run([build / "swatch-rs", "--help"], capture_output=True, text=True, check=False).stdout
        command += ["--no-resident"] if "--no-resident" in known else []
        start = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        end = resource.getrusage(resource.RUSAGE_CHILDREN)
        if done.returncode or len(done.stdout.splitlines()) != EVENTS:
            sys.exit(f"{build}: {done.returncode}, {len(done.stdout.splitlines())} answers: {done.stderr}")
        return end.ru_utime + end.ru_stime - start.ru_utime - start.ru_stime


def table(rows):
    return [(work, unit, f"{before:.3g}", f"{now:.3g}", f"{times:.2f}") for work, unit, before, now, times in rows]


if __name__ == "__main__":
    compare(pathlib.Path(os.environ["BASELINE"]), pathlib.Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 5)
