"""A log that grows: latency, bursts, memory."""

import os
import pathlib
import re
import select
import signal
import statistics
import subprocess
import time

LINE = b"Nov 22 10:00:00 alpha sshd[%d]: Invalid user oracle from 198.51.100.7 port 4711\n"

HIT = b"Invalid user"


class Watch:
    """A watcher on its own log, with its output in a pipe."""

    def __init__(self, command, log):
        self.log = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        self.child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                      stderr=subprocess.DEVNULL, start_new_session=True)
        self.number = 0
        self.rest, self.hit = b"", HIT

    def append(self, text):
        os.write(self.log, text)

    def read(self, lines, seconds):
        """Reads that many hits, without the banner; returns how many came in time."""
        out = self.child.stdout.fileno()
        end = time.monotonic() + seconds
        came = 0
        while came < lines:
            left = end - time.monotonic()
            if left <= 0 or not select.select([out], [], [], left)[0]:
                break
            text = os.read(out, 1 << 20)
            if not text:
                break
            # A message sent to a pipe has no newline.
            *hits, self.rest = (self.rest + text).split(self.hit)
            came += len(hits)
        return came

    def once(self, seconds=5):
        """Milliseconds from an appended line to its effect."""
        self.number += 1
        start = time.perf_counter()
        self.append(LINE % self.number)
        return (time.perf_counter() - start) * 1e3 if self.read(1, seconds) else None

    def at_once(self, text, lines, seconds):
        """Seconds until that many hits for a text have come, and how many did."""
        start = time.perf_counter()
        self.append(text)
        came = self.read(lines, seconds)
        return time.perf_counter() - start, came

    def wait_ready(self):
        for _ in range(100):
            if self.once(0.3) is not None:
                self.read(1000, 0.3)
                return True
        return False

    def end(self):
        try:
            os.killpg(self.child.pid, signal.SIGTERM)
            self.child.wait(5)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            os.killpg(self.child.pid, signal.SIGKILL)
            self.child.wait()
        self.child.stdout.close()
        os.close(self.log)


def commands(bench, conf, log):
    yield "swatch-rs", [bench.program, "-c", conf, "-t", log]
    if "swatchdog" in bench.tools:
        yield "swatchdog, tail(1)", ["swatchdog", "-c", conf, "-t", log]
        yield "swatchdog, File::Tail", ["swatchdog", "-c", conf, "-t", log, "--use-cpan-file-tail"]


def conf(bench, name, action):
    path = bench.directory / f"{name}.conf"
    path.write_text(f"watchfor /sshd.*Invalid user/\n\t{action}\n")
    return path


def latency(bench):
    """One line at a time, the tools in turn. `tail -f` alone shows the machine's floor."""
    rows = []
    for name, action in (("echo", "echo normal"), ("pipe", 'pipe "cat"')):
        rules = conf(bench, f"live-{name}", action)
        log = bench.directory / "live.log"
        contestants = list(commands(bench, rules, log))
        if name == "echo":
            contestants.append(("nothing but tail(1)", ["tail", "-n", "0", "-f", log]))
        took = {tool: [] for tool, _ in contestants}
        for round in range(bench.runs):
            for tool, command in contestants:
                # This tool needs a second per line.
                if "File::Tail" not in tool:
                    took[tool] += each(command, log, 200)
                elif round == 0:
                    took[tool] += each(command, log, 20)
        for tool, times in took.items():
            if not times:
                print(f"{tool}: no answer to {name}")
                continue
            times.sort()
            p99 = times[min(len(times) - 1, int(len(times) * 0.99))]
            rows.append((name, tool, statistics.median(times), p99, len(times)))
            print(f"{name:5} {tool:22} median {rows[-1][2]:.2f} ms, p99 {p99:.2f} ms", flush=True)
    return rows


def each(command, log, count):
    """Milliseconds per line."""
    log.write_bytes(b"")
    watch = Watch(command, log)
    took = []
    try:
        if watch.wait_ready():
            for _ in range(count):
                took.append(watch.once())
                time.sleep(0.005)
    finally:
        watch.end()
    return [t for t in took if t is not None]


def burst(bench):
    """100,000 lines at once, 9,915 of them matching."""
    other = b"Nov 22 10:00:00 alpha CRON[17]: (root) CMD (run-parts /etc/cron.hourly)\n"
    text = b"".join(LINE % n if n % 10 == 5 and n < 99_150 else other for n in range(100_000))
    matching = text.count(b"Invalid user")
    rows = []
    log = bench.directory / "burst.log"
    for name, action in (("echo", "echo normal"), ("pipe", 'pipe "cat"')):
        rules = conf(bench, f"live-{name}", action)
        contestants = list(commands(bench, rules, log))[:2]
        if name == "pipe":
            contestants.insert(1, ("swatch-rs --jobs 4", [*contestants[0][1], "--jobs", "4"]))
            contestants.append(("nothing but starting `cat`", None))
        took, came = {tool: [] for tool, _ in contestants}, {}
        # With a process per line it takes minutes.
        for _ in range(bench.runs if name == "echo" else min(bench.runs, 3)):
            for tool, command in contestants:
                seconds, count = (bare(matching), matching) if command is None else at_once(command, log, text, matching)
                took[tool].append(seconds)
                came[tool] = min(count, came.get(tool, count))
        rows += compared(name, took, came, matching)
    return rows


def compared(name, took, came, matching):
    """Rows of the tools' times in each run; the first tool is the baseline, run by run."""
    first = next(iter(took.values()))
    for tool, seconds in took.items():
        times = statistics.median(one / own for one, own in zip(seconds, first))
        print(f"{name:5} {tool:40} {statistics.median(seconds):.3f} s, {times:.2f} times, {came[tool]} of {matching} came",
              flush=True)
        yield name, tool, statistics.median(seconds), times, came[tool], matching


def at_once(command, log, text, matching):
    """Seconds until all effects of a text have come, and how many did."""
    log.write_bytes(b"")
    watch = Watch(command, log)
    try:
        watch.wait_ready()
        return watch.at_once(text, matching, 180)
    finally:
        watch.end()


def bare(count):
    """Seconds to start `cat` so many times, one after another, with a line each: the floor for any watcher."""
    cat = "/bin/cat"
    null = os.open(os.devnull, os.O_WRONLY)
    start = time.perf_counter()
    for _ in range(1_000):
        ours, theirs = os.pipe()
        actions = [(os.POSIX_SPAWN_DUP2, ours, 0), (os.POSIX_SPAWN_DUP2, null, 1)]
        child = os.posix_spawn(cat, [cat], os.environ, file_actions=actions)
        os.write(theirs, LINE % 1)
        os.close(theirs)
        os.close(ours)
        os.waitpid(child, 0)
    os.close(null)
    return (time.perf_counter() - start) * count / 1_000


def pss(pids):
    total = 0
    for pid in pids:
        try:
            text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
        except OSError:
            continue
        total += int(re.search(r"^Pss:\s+(\d+)", text, re.M).group(1))
    return total / 1024


def session(leader):
    """The processes of a session."""
    found = []
    for path in pathlib.Path("/proc").iterdir():
        if path.name.isdigit():
            try:
                fields = (path / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[3]) == leader:
                found.append(int(path.name))
    return found


def wake_ups(pids):
    """The number of voluntary context switches of these processes so far."""
    files = [path for pid in pids for path in pathlib.Path(f"/proc/{pid}/task").glob("*/status")]
    return sum(int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", file.read_text(), re.M).group(1)) for file in files)


def memory(bench):
    """Twenty logs: one swatch-rs process, or one watcher per log of the original (one is measured)."""
    rules = conf(bench, "live-echo", "echo normal")
    logs = [bench.directory / f"many-{n}.log" for n in range(20)]
    for log in logs:
        log.write_bytes(b"")
    rows = []
    ours = [bench.program, "-c", rules, "-t", " ".join(map(str, logs))]
    for tool, command, factor in [("swatch-rs", ours, 1)] + [
            (tool, command, 20) for tool, command in commands(bench, rules, logs[0]) if tool == "swatchdog, tail(1)"]:
        watch = Watch(command, logs[0])
        try:
            watch.wait_ready()
            processes = session(watch.child.pid)
            before = wake_ups(processes)
            time.sleep(10)
            woken = (wake_ups(processes) - before) / 10 * factor
            rows.append((tool, pss(processes) * factor, len(processes) * factor, woken))
            text = b"".join(LINE % n for n in range(100_000))
            watch.append(text)
            watch.read(100_000, 60)
            rows.append((f"{tool}, after 100,000 hits in one log", pss(processes) * factor, len(processes) * factor, None))
        finally:
            watch.end()
    for name, size, processes, woken in rows:
        idle = "" if woken is None else f", {woken:.1f} wake-ups a second when idle"
        print(f"{name:48} {size:.1f} MB in {processes} processes{idle}", flush=True)
    return rows
