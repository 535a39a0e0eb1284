"""Many rules, many hits: processor time beside ripgrep, Hyperscan and RE2, and beside an earlier build.

`BASELINE=PATH` names an earlier swatch-rs. Hyperscan's database is compiled beforehand. The peers in `peers/` are built
here if Debian's libhyperscan-dev and libre2-dev are installed. All tools must find the same lines.
"""

import os
import pathlib
import random
import resource
import shutil
import statistics
import subprocess
import sys

import generate
import passes

PEERS = {"Hyperscan": ("hyperscan.c", "cc", "-lhs"), "RE2::Set": ("re2.cc", "c++", "-lre2")}
CLASSES = [rf"[0-9a-f]{{4}}[-:](?:[0-9]{{{a}}}|[A-F]{{{b}}})[-:](?:[g-k]+|[0-9]+)[;,]" for a in range(2, 9) for b in range(2, 9)]
HITS = {6: (1, 50), 100: (1, 10, 50), 1000: (0, 1, 10, 50)}


def build_peers(directory):
    """The programs that could be built, by name."""
    built = {}
    for name, (source, compiler, library) in PEERS.items():
        program = directory / pathlib.Path(source).stem
        source = pathlib.Path(__file__).parent / "peers" / source
        done = shutil.which(compiler) and subprocess.run([compiler, "-O2", source, "-o", program, library],
                                                         stderr=subprocess.DEVNULL, check=False)
        if done and done.returncode == 0:
            built[name] = program
        else:
            print(f"skipped: {name} ({compiler} or its development package is not installed)")
    return built


def used(command, out, env=None):
    """User and system time of a command, in seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    passes.timed(command, out, env)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def without_literals(directory, lines):
    """Rules whose patterns are classes only, and a log of which one line in a hundred matches one."""
    stem = directory / "classes"
    generate.write_rules(directory, "classes", CLASSES)
    chance = random.Random("classes")
    weights, texts = zip(*generate.ORDINARY)
    log = directory / f"classes-{lines}.log"
    if not log.exists():
        with open(log, "w", encoding="ascii") as out:
            for _ in range(lines):
                text = generate.fill(chance, chance.choices(texts, weights)[0])
                if chance.random() < 0.01:
                    text += f" 12ab-{'7' * chance.randrange(2, 9)}:ghi;"
                out.write(f"Nov 10 10:00:00 alpha {text}\n")
    return stem, log


def matching(bench):
    """Rows of (work, tool, seconds of processor time, peak memory in MB)."""
    peers = build_peers(bench.directory)
    baseline = os.environ.get("BASELINE")
    passes.data(bench, [6, 100, 1000], bench.lines)
    many = generate.SIX + list(generate.other_rules(random.Random(10_000), 10_000 - len(generate.SIX)))
    generate.write_rules(bench.directory, "rules-10000", [pattern for pattern, _ in many])
    empty = bench.directory / "empty.log"
    empty.write_bytes(b"")
    works = [(f"{rules:,} rules, {hits} % hits", bench.directory / f"rules-{rules}", bench.directory / f"rules-{rules}-{hits}.log")
             for rules, all_hits in HITS.items() for hits in all_hits]
    works.append((f"{len(CLASSES)} rules without a literal, 1 % hits", *without_literals(bench.directory, bench.lines)))
    works += [(f"start with {rules:,} rules", bench.directory / f"rules-{rules}", empty) for rules in (1000, 10000)]
    rows = []
    for work, stem, log in works:
        rows += contest(bench, work, stem, log, baseline, peers)
    return rows


def contest(bench, work, stem, log, baseline, peers):
    conf, patterns = stem.with_suffix(".conf"), stem.with_suffix(".patterns")
    tools = {"swatch-rs": [bench.program, "-c", conf, "--examine", log]}
    if baseline:
        tools["build before"] = [baseline, "-c", conf, "--examine", log]
    if log.stat().st_size > 0:
        if "rg" in bench.tools:
            tools["ripgrep"] = ["rg", "-a", "-N", "--no-config", "-f", patterns, log]
        if "Hyperscan" in peers:
            tools["Hyperscan"] = [peers["Hyperscan"], patterns, log, stem.with_suffix(".hs")]
        if "RE2::Set" in peers:
            tools["RE2::Set"] = [peers["RE2::Set"], patterns, log]
        if "grep" in bench.tools and len(patterns.read_text().splitlines()) <= 6:
            tools["grep -E"] = ["grep", "-a", "-E", "-f", stem.with_suffix(".posix"), log]
    out, seconds, outputs = bench.directory / "out", {tool: [] for tool in tools}, {}
    for tool, command in tools.items():
        # Warms up, and compiles Hyperscan's database.
        passes.timed(command, out, {"LC_ALL": "C"})
        outputs[tool] = passes.found(tool, out.read_bytes())
    if len(set(outputs.values())) > 1:
        sys.exit(f"{work}: the tools found different lines: {outputs}")
    for _ in range(bench.runs):
        for tool, command in tools.items():
            seconds[tool].append(used(command, out, {"LC_ALL": "C"}))
    rows = []
    for tool, command in tools.items():
        rows.append((work, tool, statistics.median(seconds[tool]), passes.peak(command, out, {"LC_ALL": "C"})))
        print(f"{work:40} {tool:14} {rows[-1][2]:8.3f} s of processor", flush=True)
    return rows


def table(rows):
    """Each work as a row: our seconds, and the ratio of each tool to them."""
    tools = list(dict.fromkeys(tool for _, tool, _, _ in rows))
    body = []
    for work in dict.fromkeys(work for work, *_ in rows):
        mine = {tool: (seconds, memory) for w, tool, seconds, memory in rows if w == work}
        own, memory = mine["swatch-rs"]
        ratios = [f"{mine[tool][0] / own:.2f}" if tool in mine else "" for tool in tools[1:]]
        body.append((work, f"{own:.3f}", *ratios, "" if memory is None else f"{memory:.0f}"))
    return ["work", "swatch-rs, s", *(f"{tool} ÷ swatch-rs" for tool in tools[1:]), "peak memory, MB"], body
