"""One pass over a file: throughput, growth, logcheck's patterns."""

import dataclasses
import hashlib
import os
import pathlib
import re
import shlex
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable


@dataclasses.dataclass
class Bench:
    program: pathlib.Path
    tools: set
    directory: pathlib.Path
    lines: int
    runs: int


@dataclasses.dataclass
class Row:
    """A tool on a workload: seconds for all lines, lines found, a digest of them."""
    work: str
    tool: str
    seconds: float
    lines: int
    found: int | None
    memory: float | None = None
    note: str = ""
    command: str = ""


def timed(command, out, env=None):
    """Seconds of a command whose output goes to a file."""
    with open(out, "wb") as sink:
        start = time.perf_counter()
        subprocess.run(command, stdin=subprocess.DEVNULL, stdout=sink, stderr=subprocess.DEVNULL,
                       env={**os.environ, **(env or {})}, check=False)
        return time.perf_counter() - start


def peak(command, out, env=None):
    """Peak memory in MB, from time(1): getrusage for a direct child never reports less than the
    parent had at the fork."""
    if not shutil.which("time"):
        return None
    report = pathlib.Path(f"{out}.peak")
    timed(["time", "-q", "-f", "%M", "-o", report, *command], out, env)
    return int(report.read_text().split()[-1]) / 1024


def head(log, lines):
    """The first lines of a log in a separate file; the log itself if it has no more."""
    if lines >= count_lines(log):
        return log
    short = log.with_suffix(f".{lines}.log")
    if not short.exists():
        with open(log, "rb") as whole, open(short, "wb") as out:
            for _, line in zip(range(lines), whole):
                out.write(line)
    return short


def data(bench, sizes, lines):
    marker = bench.directory / f"made-{lines}-{'-'.join(map(str, sizes))}"
    if not marker.exists():
        here = pathlib.Path(__file__).parent
        subprocess.run([sys.executable, here / "generate.py", bench.directory, str(lines), ",".join(map(str, sizes))],
                       check=True)
        marker.touch()


def sec_rules(rules, patterns):
    text = "".join(f"type=Single\nptype=RegExp\npattern={p}\ndesc=$0\naction=write - $0\n\n"
                   for p in patterns.read_text().splitlines())
    rules.write_text(text)
    return rules


@dataclasses.dataclass
class Contestant:
    tool: str
    command: Callable[[pathlib.Path], list]
    """The command to run on a log."""
    log: pathlib.Path
    env: dict | None = None


def contestants(bench, conf, patterns, posix, log, slow_lines):
    """The contestants. Slow ones get only the head of the log because they need minutes."""
    short, shorter = head(log, slow_lines), head(log, max(slow_lines // 4, 1_000))
    yield Contestant("swatch-rs", lambda log: [bench.program, "-c", conf, "--examine", log], log)
    if "rg" in bench.tools and patterns:
        yield Contestant("ripgrep", lambda log: ["rg", "-a", "-N", "--no-config", "-f", patterns, log], log)
        yield Contestant("ripgrep -c", lambda log: ["rg", "-a", "-c", "--no-config", "-f", patterns, log], log)
    if "grep" in bench.tools:
        # Slow with many patterns when many of them match.
        grepped = log if count_lines(posix) <= 10 else head(log, slow_lines * 10)
        yield Contestant("grep -E", lambda log: ["grep", "-a", "-E", "-f", posix, log], grepped, {"LC_ALL": "C"})
    if "swatchdog" in bench.tools:
        yield Contestant("swatchdog", lambda log: ["swatchdog", "-c", conf, "--examine", log], short)
    if "sec" in bench.tools and patterns:
        rules = sec_rules(bench.directory / "rules.sec", patterns)
        yield Contestant("sec", lambda log: ["sec", f"--conf={rules}", f"--input={log}", "--fromstart", "--notail",
                                             "--nodetach"], shorter)
    if "fail2ban-regex" in bench.tools and patterns and len(patterns.read_text().splitlines()) <= 6:
        both = "|".join(patterns.read_text().splitlines())
        failregex = rf"^\s*<F-ID>\w+</F-ID>.*(?:{both})"
        yield Contestant("fail2ban", lambda log: ["fail2ban-regex", log, failregex], short)


def contest(bench, name, log, conf, patterns, posix, slow_lines):
    """Times all tools on a log."""
    out = bench.directory / "out"
    empty = bench.directory / "empty.log"
    empty.write_bytes(b"")
    lines = count_lines(log)
    entered = list(contestants(bench, conf, patterns, posix, log, slow_lines))
    seconds, starts, outputs = {c.tool: [] for c in entered}, {c.tool: [] for c in entered}, {}
    for _ in range(bench.runs):
        for c in entered:
            seconds[c.tool].append(timed(c.command(c.log), out, c.env))
            if c.tool not in outputs:
                outputs[c.tool] = found(c.tool, out.read_bytes())
            if c.log is not log:
                starts[c.tool].append(timed(c.command(empty), out, c.env))
    rows = []
    for c in entered:
        took, note = statistics.median(seconds[c.tool]), ""
        if c.log is not log:
            # Without the start-up time, which does not grow with the lines.
            start, count = statistics.median(starts[c.tool]), count_lines(c.log)
            took, note = start + max(took - start, 0) * lines / count, f"from {count:,} lines"
        rows.append(Row(name, c.tool, took, lines, outputs[c.tool][0], peak(c.command(c.log), out, c.env), note,
                        shown(c)))
        print(f"{name:30} {c.tool:16} {took:9.3f} s, {outputs[c.tool][0]} found {note}", flush=True)
    same(bench, conf, entered, outputs)
    return rows


def shown(contestant):
    """A command for the report, without directories."""
    words = [*(f"{name}={value}" for name, value in (contestant.env or {}).items())]
    for word in map(str, contestant.command(contestant.log)):
        key, equals, value = word.rpartition("=")
        words.append(f"{key}{equals}{pathlib.Path(value).name if value.startswith('/') else value}")
    return shlex.join(words)


def same(bench, conf, entered, outputs):
    """Checks that all found the same lines in the same log."""
    wanted = {}
    for c in entered:
        if c.log not in wanted:
            timed([bench.program, "-c", conf, "--examine", c.log], bench.directory / "out")
            wanted[c.log] = found("swatch-rs", (bench.directory / "out").read_bytes())
        count, digest = outputs[c.tool]
        if count != wanted[c.log][0] or digest not in (None, wanted[c.log][1]):
            sys.exit(f"{c.tool} found {count} other lines than swatch-rs's {wanted[c.log][0]}")


def found(tool, text):
    """The number of lines a tool found, and a digest of them if it prints them."""
    if tool == "fail2ban":
        match = re.search(rb"(\d+) matched", text)
        return (int(match.group(1)) if match else None, None)
    if tool == "ripgrep -c":
        return (int(text or b"0"), None)
    # Without the banners that some of them print.
    text = b"".join(line for line in text.splitlines(True) if line.startswith(b"Nov "))
    return (text.count(b"\n"), hashlib.sha256(text).hexdigest())


def count_lines(log):
    with open(log, "rb") as text:
        return sum(1 for _ in text)


def throughput(bench):
    data(bench, [6, 100, 1000], bench.lines)
    rows = []
    for rules, slow in ((6, 100_000), (100, 20_000), (1000, 4_000)):
        for hits in (0, 1, 10):
            stem = bench.directory / f"rules-{rules}"
            rows += contest(bench, f"{rules} rules, {hits} % hits", pathlib.Path(f"{stem}-{hits}.log"),
                            stem.with_suffix(".conf"), stem.with_suffix(".patterns"), stem.with_suffix(".posix"), slow)
    stem = bench.directory / "rules-ten"
    rows += contest(bench, "10 rules, 84 % hits", bench.directory / "rules-ten-84.log", stem.with_suffix(".conf"),
                    stem.with_suffix(".patterns"), stem.with_suffix(".posix"), 50_000)
    return rows


def logcheck(bench):
    """Debian's own ignore rules as a swatch configuration."""
    directories = [pathlib.Path("/etc/logcheck") / name for name in ("ignore.d.server", "ignore.d.workstation", "violations.ignore.d")]
    files = [path for directory in directories if directory.is_dir() for path in sorted(directory.iterdir()) if path.is_file()]
    patterns = [line for path in files for line in path.read_text(errors="replace").splitlines()
                if line.strip() and not line.startswith("#")]
    if not patterns:
        print("skipped: logcheck's rules (Debian package logcheck-database) are not installed")
        return None
    data(bench, [6, 100, 1000], bench.lines)
    conf = bench.directory / "logcheck.conf"
    conf.write_text("".join("watchfor /" + re.sub(r"(?<!\\)/", r"\\/", p).replace("@", "\\@") + "/\n\techo normal\n\n"
                            for p in patterns))
    posix = bench.directory / "logcheck.posix"
    posix.write_text("".join(p + "\n" for p in patterns))
    log = head(bench.directory / "rules-6-1.log", min(bench.lines, 200_000))
    return contest(bench, f"{len(patterns)} logcheck rules", log, conf, None, posix, 400)
