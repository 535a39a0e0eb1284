"""One pass over a file: throughput, growth, logcheck's patterns."""

import dataclasses
import hashlib
import os
import pathlib
import re
import statistics
import subprocess
import sys
import time


@dataclasses.dataclass
class Bench:
    program: pathlib.Path
    tools: set
    folder: pathlib.Path
    lines: int
    runs: int


@dataclasses.dataclass
class Row:
    """A tool at a piece of work: seconds for all lines, lines found, a digest of them."""
    work: str
    tool: str
    seconds: float
    lines: int
    found: int | None
    note: str = ""


def timed(command, out, env=None):
    """Seconds and peak memory (KiB) of a command whose output goes to a file."""
    with open(out, "wb") as sink:
        start = time.perf_counter()
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=sink, stderr=subprocess.DEVNULL,
                                 env={**os.environ, **(env or {})})
        _, _, usage = os.wait4(child.pid, 0)
        child.returncode = 0
        return time.perf_counter() - start, usage.ru_maxrss


def head(log, lines):
    """The first lines of a log as a file of its own."""
    short = log.with_suffix(f".{lines}.log")
    if not short.exists():
        with open(log, "rb") as whole, open(short, "wb") as out:
            for _, line in zip(range(lines), whole):
                out.write(line)
    return short


def data(bench, sizes, lines):
    marker = bench.folder / f"made-{lines}-{'-'.join(map(str, sizes))}"
    if not marker.exists():
        here = pathlib.Path(__file__).parent
        subprocess.run([sys.executable, here / "generate.py", bench.folder, str(lines), ",".join(map(str, sizes))],
                       check=True)
        marker.touch()


def sec_rules(rules, patterns):
    text = "".join(f"type=Single\nptype=RegExp\npattern={p}\ndesc=$0\naction=write - $0\n\n"
                   for p in patterns.read_text().splitlines())
    rules.write_text(text)
    return rules


def found_by_fail2ban(out):
    match = re.search(rb"(\d+) matched", out.read_bytes())
    return int(match.group(1)) if match else None


def contest(bench, name, log, conf, patterns, posix, slow_lines):
    """Times all tools on a log. The interpreters take the head of it, as they need minutes."""
    out = bench.folder / "out"
    lines = sum(1 for _ in open(log, "rb"))
    slow = min(slow_lines, lines)
    short = head(log, slow)
    contestants = [("swatch-rs", [bench.program, "-c", conf, "--examine", log], lines, None)]
    if "rg" in bench.tools:
        contestants.append(("ripgrep", ["rg", "-a", "-N", "--no-config", "-f", patterns, log], lines, None))
        contestants.append(("ripgrep -c", ["rg", "-a", "-c", "--no-config", "-f", patterns, log], lines, None))
    if "grep" in bench.tools:
        contestants.append(("grep -E", ["grep", "-a", "-E", "-f", posix, log], lines, {"LC_ALL": "C"}))
    if "swatchdog" in bench.tools:
        contestants.append(("swatchdog", ["swatchdog", "-c", conf, "--examine", short], slow, None))
        contestants.append(("swatch-rs, head", [bench.program, "-c", conf, "--examine", short], slow, None))
    if "sec" in bench.tools:
        rules = sec_rules(bench.folder / "rules.sec", patterns)
        few = max(slow // 4, 1_000)
        command = ["sec", f"--conf={rules}", f"--input={head(log, few)}", "--fromstart", "--notail", "--nodetach"]
        contestants.append(("sec", command, few, None))
    if "fail2ban-regex" in bench.tools and len(patterns.read_text().splitlines()) <= 6:
        both = "|".join(patterns.read_text().splitlines())
        contestants.append(("fail2ban", ["fail2ban-regex", short, rf"^\s*<F-ID>\w+</F-ID>.*(?:{both})"], slow, None))
    seconds = {tool: [] for tool, *_ in contestants}
    memory, outputs = {}, {}
    for _ in range(bench.runs):
        for tool, command, _, env in contestants:
            took, peak = timed(command, out, env)
            seconds[tool].append(took)
            memory[tool] = peak
            if tool not in outputs:
                text = out.read_bytes()
                if tool == "fail2ban":
                    outputs[tool] = (found_by_fail2ban(out), None)
                elif tool == "ripgrep -c":
                    outputs[tool] = (int(text or b"0"), None)
                else:
                    # Not the greetings that some of them write besides.
                    text = b"".join(line for line in text.splitlines(True) if line.startswith(b"Nov "))
                    outputs[tool] = (text.count(b"\n"), hashlib.sha256(text).hexdigest())
    rows = []
    for tool, _, count, _ in contestants:
        median = statistics.median(seconds[tool])
        rows.append(Row(name, tool, median * lines / count, lines, outputs[tool][0],
                        f"{memory[tool] / 1024:.0f} MB" + (f", measured on {count} lines" if count < lines else "")))
        print(f"{name:34} {tool:18} {median:9.3f} s of {count} lines, {outputs[tool][0]} found", flush=True)
    same(outputs, ["swatch-rs", "ripgrep", "grep -E"])
    same(outputs, ["swatch-rs, head", "swatchdog"])
    return [row for row in rows if row.tool != "swatch-rs, head"]


def same(outputs, tools):
    """All of them must have found the same lines."""
    digests = {tool: outputs[tool][1] for tool in tools if tool in outputs}
    if len(set(digests.values())) > 1:
        sys.exit(f"the tools found different lines: { {tool: outputs[tool][0] for tool in digests} }")


def throughput(bench):
    data(bench, [6, 100, 1000], bench.lines)
    rows = []
    for rules, slow in ((6, 100_000), (100, 20_000), (1000, 4_000)):
        for hits in (0, 1, 10):
            stem = bench.folder / f"rules-{rules}"
            rows += contest(bench, f"{rules} rules, {hits} % hits", pathlib.Path(f"{stem}-{hits}.log"),
                            stem.with_suffix(".conf"), stem.with_suffix(".patterns"), stem.with_suffix(".posix"), slow)
    stem = bench.folder / "rules-ten"
    rows += contest(bench, "10 rules, 84 % hits", bench.folder / "rules-ten-84.log", stem.with_suffix(".conf"),
                    stem.with_suffix(".patterns"), stem.with_suffix(".posix"), 50_000)
    return rows


def growth(bench):
    """swatch-rs alone, with more and more rules on one log."""
    sizes = [6, 100, 200, 500, 1000, 2000, 5000]
    folder = bench.folder / "growth"
    lines = min(bench.lines, 200_000)
    inner = dataclasses.replace(bench, folder=folder)
    data(inner, sizes, lines)
    rows = []
    for size in sizes:
        log, conf = folder / "rules-100-1.log", folder / f"rules-{size}.conf"
        took = [timed([bench.program, "-c", conf, "--examine", log], folder / "out") for _ in range(bench.runs)]
        empty = folder / "empty.log"
        empty.write_bytes(b"")
        ready = [timed([bench.program, "-c", conf, "--examine", empty], folder / "out")[0] for _ in range(bench.runs)]
        rows.append((size, statistics.median(t for t, _ in took), statistics.median(ready), max(m for _, m in took) / 1024))
        print(f"{size:5} rules {rows[-1][1]:.3f} s, start {rows[-1][2]:.3f} s, {rows[-1][3]:.0f} MB", flush=True)
    return {"lines": lines, "rows": rows}


def logcheck(bench):
    """Debian's own ignore rules as a swatch configuration."""
    folders = [pathlib.Path("/etc/logcheck") / name for name in ("ignore.d.server", "ignore.d.workstation", "violations.ignore.d")]
    files = [path for folder in folders if folder.is_dir() for path in sorted(folder.iterdir()) if path.is_file()]
    patterns = [line for path in files for line in path.read_text(errors="replace").splitlines()
                if line.strip() and not line.startswith("#")]
    if not patterns:
        print("skipped: logcheck's rules (Debian package logcheck-database) are not installed")
        return None
    data(bench, [6, 100, 1000], bench.lines)
    conf = bench.folder / "logcheck.conf"
    conf.write_text("".join("watchfor /" + re.sub(r"(?<!\\)/", r"\\/", p).replace("@", "\\@") + "/\n\techo normal\n\n"
                            for p in patterns))
    posix = bench.folder / "logcheck.posix"
    posix.write_text("".join(p + "\n" for p in patterns))
    log = head(bench.folder / "rules-6-1.log", min(bench.lines, 100_000))
    out = bench.folder / "out"
    rows = []
    for tool, command, count, env in (
        ("swatch-rs", [bench.program, "-c", conf, "--examine", log], 100_000, None),
        ("grep -E", ["grep", "-a", "-E", "-f", posix, log], 100_000, {"LC_ALL": "C"}),
        ("swatchdog", ["swatchdog", "-c", conf, "--examine", head(log, 4_000)], 4_000, None),
    ):
        if tool == "swatchdog" and "swatchdog" not in bench.tools:
            continue
        took = statistics.median(timed(command, out, env)[0] for _ in range(bench.runs))
        found = sum(line.startswith(b"Nov ") for line in out.read_bytes().splitlines())
        rows.append(Row(f"{len(patterns)} logcheck rules", tool, took * 100_000 / count, 100_000, found))
        print(f"{tool:18} {took:.3f} s of {count} lines, {found} found", flush=True)
    return rows
