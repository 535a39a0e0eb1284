"""The cost of being observed: status, metrics and JSON events, against the same watcher without them."""

import os
import random
import statistics
import subprocess
import time

from live import LINE, Watch, conf

CALM = 0.003
ADDRESS = "127.0.0.1:0"


def with_all(bench, name):
    """The options that turn everything on."""
    folder = bench.directory / f"observed-{name}"
    folder.mkdir(exist_ok=True)
    return ["--log-format", "json", "--metrics", folder / "metrics.prom", "--metrics-listen", ADDRESS, "--runtime-dir", folder / "run"]


def latency(bench, rules, rounds):
    """Milliseconds from an appended line to its echo, of two watchers that run at the same time and take turns."""
    watches = {}
    for name, more in (("without", []), ("with", with_all(bench, "latency"))):
        log = bench.directory / f"observed-{name}.log"
        log.write_bytes(b"")
        watches[name] = Watch([bench.program, "-c", rules, "-t", log, *more], log)
    took = {name: [] for name in watches}
    try:
        if not all(watch.wait_ready() for watch in watches.values()):
            return None
        for _ in range(rounds):
            for name in random.sample(list(watches), 2):
                took[name].append(watches[name].once())
                time.sleep(CALM)
    finally:
        for watch in watches.values():
            watch.end()
    return took if all(None not in times for times in took.values()) else None


def processor_seconds(command):
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as child:
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode == 0, command
    return used.ru_utime + used.ru_stime


def passes(bench, rules, runs):
    """Processor seconds of passes over a log of which every seventh line hits, in turn."""
    log = bench.directory / "observed-pass.log"
    other = b"Nov 22 10:00:00 alpha CRON[17]: (root) CMD (run-parts /etc/cron.hourly)\n"
    block = b"".join(LINE % n if n % 7 == 0 else other for n in range(10_000))
    with open(log, "wb") as out:
        for _ in range(max(1, bench.lines // 10_000)):
            out.write(block)
    took = {"without": [], "with": []}
    for _ in range(runs):
        for name, more in (("without", []), ("with", with_all(bench, "pass"))):
            took[name].append(processor_seconds([bench.program, "-c", rules, "--examine", log, *more]))
    return took


def observed(bench):
    rules = conf(bench, "observed", "echo normal")
    rows = []
    for work, unit, took in (
            ("latency of a line to its echo", "ms", latency(bench, rules, 400 * bench.runs)),
            (f"pass over {bench.lines:,} lines, every seventh a hit", "s of processor time", passes(bench, rules, 3 * bench.runs))):
        if took is None:
            print(f"{work}: a watcher did not answer")
            continue
        ratio = statistics.median(a / b for a, b in zip(took["with"], took["without"]))
        middle = {name: statistics.median(times) for name, times in took.items()}
        rows.append((work, unit, middle["without"], middle["with"], ratio, len(took["with"])))
        print(f"{work}: {middle['without']:.3f} {unit} without, {middle['with']:.3f} with; pair by pair {ratio:.3f}", flush=True)
    return rows


def table(rows):
    return [(work, unit, f"{without:.3f}", f"{with_all:.3f}", f"{with_all / without:.3f}", f"{ratio:.3f}", pairs)
            for work, unit, without, with_all, ratio, pairs in rows]
