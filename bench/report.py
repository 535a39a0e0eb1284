"""Writes docs/benchmarks.md and its chart."""

import pathlib
import platform
import re
import subprocess

import action
import beside
import imported
import matching
import observed
import resident


def first_line(command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    except OSError:
        return "not there"
    return next(iter((done.stdout or done.stderr).strip().splitlines()), "no version")


def machine():
    info = pathlib.Path("/proc/cpuinfo").read_text()
    model = re.search(r"model name\s*:\s*(.*)", info)
    cores = info.count("processor\t")
    memory = int(re.search(r"MemTotal:\s+(\d+)", pathlib.Path("/proc/meminfo").read_text()).group(1)) // (1 << 20)
    return f"{model.group(1) if model else platform.machine()}, {cores} cores, {memory} GiB, Linux {platform.release()}"


def table(out, head, rows):
    out.append("| " + " | ".join(head) + " |")
    out.append("|" + "---|" * len(head))
    out.extend("| " + " | ".join(str(cell) for cell in row) + " |" for row in rows)
    out.append("")


def passes(out, rows):
    works = list(dict.fromkeys(row.work for row in rows))
    body = []
    for work in works:
        mine = next(row for row in rows if row.work == work and row.tool == "swatch-rs")
        for row in (row for row in rows if row.work == work):
            body.append((work, row.tool, f"{row.seconds:.3f}", f"{row.lines / row.seconds / 1e6:.3f}",
                         "" if row is mine else f"{row.seconds / mine.seconds:.2f}", row.found, size(row.memory), row.note))
    table(out, ["work", "tool", "s", "million lines/s", "time ÷ swatch-rs's", "lines found", "peak memory, MB", ""], body)


def size(memory):
    return "" if memory is None else f"{memory:.0f}"


def chart(path, rows):
    """Lines per second at 1 % hits, on a logarithmic scale."""
    import math
    works = [work for work in dict.fromkeys(row.work for row in rows) if " 1 % hits" in work]
    tools = list(dict.fromkeys(row.tool for row in rows if row.work in works and row.tool != "ripgrep -c"))
    colours = dict(zip(tools, ["#b3261e", "#4a6fa5", "#6b8e4e", "#8a8a8a", "#b58a2b", "#7d5ba6"]))
    parts, y = [], 30
    for work in works:
        parts.append(f'<text x="10" y="{y}" font-weight="bold">{work}</text>')
        y += 10
        for tool in tools:
            row = next((row for row in rows if row.work == work and row.tool == tool), None)
            if row is None:
                continue
            rate = row.lines / row.seconds
            width = max(2, (math.log10(rate) - 2) * 75)
            parts.append(f'<rect x="110" y="{y}" width="{width:.0f}" height="14" fill="{colours[tool]}"/>'
                         f'<text x="104" y="{y + 12}" text-anchor="end">{tool}</text>'
                         f'<text x="{116 + width:.0f}" y="{y + 12}">{rate:,.0f}</text>')
            y += 18
        y += 24
    path.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" width="640" height="{y + 10}" font-family="sans-serif" font-size="12">'
        f'<rect width="100%" height="100%" fill="white"/>{"".join(parts)}'
        f'<text x="10" y="{y}">lines per second, logarithmic</text></svg>\n')


def write(docs, program, tools, arguments, results):
    out = ["# Benchmarks", "",
           "Written by `make bench` (`bench/run`); run it for the figures of your machine. `bench/generate.py` generates the "
           "same data each time. Figures are medians of "
           f"{arguments.runs} runs in which the tools take turns. Ratios say more than seconds.", "",
           f"Machine: {machine()}.", "",
           "Versions: " + "; ".join(filter(None, [
               f"swatch-rs: {first_line([program, '--version'])}",
               "swatchdog" in tools and f"swatchdog: {first_line(['swatchdog', '--version'])}",
               "sec" in tools and f"sec: {first_line(['sec', '--version'])}",
               "fail2ban-regex" in tools and f"fail2ban: {first_line(['fail2ban-regex', '--version'])}",
               "rg" in tools and f"ripgrep: {first_line(['rg', '--version'])}",
               "grep" in tools and f"grep: {first_line(['grep', '--version'])}"])) + ".", ""]
    if rows := results.get("throughput"):
        out += ["## One pass over a file", "",
                f"{arguments.lines:,} lines of syslog; `--examine`, with each hit echoed to a file. All tools found the same "
                "lines (otherwise the run fails). Interpreted tools ran on the head of the log, and their times are "
                "scaled up. ![chart](benchmarks.svg)", ""]
        passes(out, rows)
        out += ["Commands for the first workload:", ""]
        out += [f"    {row.command}" for row in rows if row.work == rows[0].work] + [""]
        chart(docs / "benchmarks.svg", rows)
    if rows := results.get("matching"):
        out += ["## Many rules and many hits", "",
                "User and system time of one pass over the log (two threads of ours against one of the others), each tool in turn. "
                "Hyperscan's database was compiled beforehand. All found the same lines. The build before is that of `BASELINE`.", ""]
        table(out, *matching.table(rows))
    for title, rows in (results.get("growth") or {}).items():
        out += [f"## Growth: {title}", ""]
        table(out, ["", "s", "s to be ready", "peak memory, MB"],
              [(n, f"{s:.3f}", f"{r:.3f}" if r else "", size(m)) for n, s, r, m in rows])
    if rows := results.get("logcheck"):
        out += ["## Debian's logcheck rules", ""]
        passes(out, rows)
    if rows := results.get("latency"):
        out += ["## From an appended line to its effect", ""]
        table(out, ["action", "tool", "median, ms", "p99, ms", "lines"],
              [(a, t, f"{m:.2f}", f"{p:.2f}", n) for a, t, m, p, n in rows])
    if rows := (results.get("burst") or []) + (results.get("through") or []):
        out += ["## 100,000 lines appended at once", "", "The last rows: a thousand lines, each passed to a process of a helper that counts.", ""]
        table(out, ["action", "tool", "s", "time ÷ swatch-rs's, run by run", "effects", "matching lines"],
              [(a, t, f"{s:.3f}", f"{r:.2f}", c, m) for a, t, s, r, c, m in rows])
    if rows := results.get("memory"):
        out += ["## Memory for 20 logs", "", "Proportional set size of all processes (for the original, one watcher times 20).", ""]
        table(out, ["tool", "MB", "processes", "wake-ups a second when idle"],
              [(t, f"{m:.1f}", n, "" if w is None else f"{w:.1f}") for t, m, n, w in rows])
    if rows := results.get("rotation"):
        out += ["## Lines lost under rotation", "",
                "2,000 lines a second, 40,000 lines, ten rotations; all tools on the same log at once. No tool can see lines written "
                "between copy and truncation. Lines written while a tool is down are read only with saved positions, "
                "which swatch-rs has here.", ""]
        table(out, ["what happens", "tool", "lost", "printed twice"], rows)
    if rows := results.get("imported"):
        out += ["## fail2ban's sshd filter, imported", "", "One pair of runs over the same log. fail2ban-regex also counts the lines of sessions that are no failures.", ""]
        table(out, ["tool", "wall, s", "÷ swatch-rs", "processor, s", "÷ swatch-rs", "lines"], imported.table(rows))
    if rows := results.get("action"):
        out += ["## swatch-action", "", "Whole processes in a network namespace with separate directories; paired runs.", ""]
        table(out, ["work", "with", "median, ms", "times the first"], action.table(rows))
    if rows := results.get("observed"):
        out += ["## Observed", "", "The same watcher with `--log-format json`, `--metrics`, `--metrics-listen` and a status socket, and without; "
                "of each pair one run follows the other at once.", ""]
        table(out, ["work", "unit", "without", "with", "ratio of the medians", "median of the ratios", "pairs"], observed.table(rows))
    if rows := results.get("resident"):
        out += ["## swatch-action behind swatch-rs", "", "Events a second through `pipe`; paired runs. The process each is that of the build that "
                "`BASELINE` names, else that of `--no-resident`.", ""]
        table(out, ["work", "with", "events a second", "times the first"], resident.table(rows))
    if rows := results.get("beside"):
        out += ["## Beside an earlier build", "", "That which `BASELINE` names, in turns with this one. Memory is with the pages of the executable that the kernel "
                "has mapped; they are shared and can be dropped.", ""]
        table(out, ["work", "unit", "earlier", "now", "median of the ratios"], beside.table(rows))
    (docs / "benchmarks.md").write_text("\n".join(out))
