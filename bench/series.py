"""Growth of cost with rules, line length, keys and logs, for swatch-rs alone."""

import os
import random
import statistics
import sys
import time

import generate
from live import Watch, pss, session
from passes import data, peak, timed


def median(bench, command, out):
    return statistics.median(timed(command, out) for _ in range(bench.runs))


def rules(bench, sizes=(6, 100, 200, 500, 1000, 2000, 5000)):
    """More and more rules on one log in which 1 % of the lines match one of the first hundred."""
    data(bench, [6, 100, 1000], bench.lines)
    log, empty, out = bench.directory / "rules-100-1.log", bench.directory / "empty.log", bench.directory / "out"
    empty.write_bytes(b"")
    for size in sizes:
        # The same seed for all, so that larger sets extend smaller ones.
        others = generate.other_rules(random.Random(100), max(0, size - len(generate.SIX)))
        patterns = [pattern for pattern, _ in generate.SIX + list(others)]
        generate.write_rules(bench.directory, f"growth-{size}", patterns)
        command = [bench.program, "-c", bench.directory / f"growth-{size}.conf", "--examine"]
        ready = median(bench, [*command, empty], out)
        yield f"{size:,} rules", median(bench, [*command, log], out) - ready, ready, peak([*command, log], out)


def pcre2(bench):
    """A rule that `regex` cannot express, among a hundred others."""
    data(bench, [6, 100, 1000], bench.lines)
    plain = (bench.directory / "rules-100.conf").read_text()
    log = bench.directory / "rules-100-1.log"
    for name, pattern in (("100 rules", None),
                          ("and one with look-around, its literal in no line", r"tapelib\[\d+\]: (?!volume)\w+ moved"),
                          ("and one with look-around, its literal in 1 line of 6", r"sshd\[\d+\]: Accepted (?!publickey)\w+")):
        conf = bench.directory / "with-pcre2.conf"
        conf.write_text(plain + (f"watchfor /{pattern}/\n\techo normal\n" if pattern else ""))
        command = [bench.program, "-c", conf, "--examine", log]
        yield name, median(bench, command, bench.directory / "out"), 0.0, peak(command, bench.directory / "out")


def line_length(bench):
    """The same number of bytes in longer and longer lines."""
    data(bench, [6, 100, 1000], bench.lines)
    total = bench.lines * 100
    for length in (100, 1_000, 10_000, 100_000):
        log = bench.directory / f"length-{length}.log"
        rng = random.Random(length)
        words = [rng.choice(["alpha", "session", "opened", "192.0.2.7", "uid=0", "port"]) for _ in range(length // 5)]
        line = ("Nov 22 10:00:00 alpha app[7]: " + " ".join(words))[:length - 1].encode() + b"\n"
        log.write_bytes(line * (total // length))
        command = [bench.program, "-c", bench.directory / "rules-100.conf", "--examine", log]
        yield f"{length:,} bytes a line", median(bench, command, bench.directory / "out"), 0.0, peak(command, bench.directory / "out")
        log.unlink()


def keys(bench):
    """Every line matches a throttled rule, with more and more distinct keys."""
    conf = bench.directory / "keys.conf"
    conf.write_text("watchfor /from user (\\d+)$/\n\techo normal\n\tthrottle 1:00:00,key=$1\n")
    for distinct in (1, 1_000, 100_000, bench.lines):
        log = bench.directory / "keys.log"
        with open(log, "w", encoding="ascii") as text:
            for n in range(bench.lines):
                text.write(f"Nov 22 10:00:00 alpha app[7]: refused from user {n % distinct}\n")
        command = [bench.program, "-c", conf, "--examine", log]
        yield f"{distinct:,} keys", median(bench, command, bench.directory / "out"), 0.0, peak(command, bench.directory / "out")
        log.unlink()


def logs(bench):
    """One process following more and more logs: a line to each, until all have arrived."""
    conf = bench.directory / "live-logs.conf"
    conf.write_text("watchfor /Invalid user/\n\techo normal\n")
    for count in (1, 20, 100, 500):
        names = [bench.directory / f"series-{n}.log" for n in range(count)]
        for name in names:
            name.write_bytes(b"")
        watch = Watch([bench.program, "-c", conf, "-t", " ".join(map(str, names))], names[0])
        try:
            watch.wait_ready()
            memory = pss(session(watch.child.pid))
            took = []
            for _ in range(bench.runs):
                start = time.perf_counter()
                for name in names:
                    with open(name, "ab", buffering=0) as log:
                        log.write(b"Nov 22 10:00:00 alpha sshd[7]: Invalid user x from 198.51.100.7\n" * (10_000 // count))
                came = watch.read(10_000 // count * count, 30)
                if came != 10_000 // count * count:
                    sys.exit(f"{count} logs: {came} lines came")
                took.append(time.perf_counter() - start)
            yield f"{count} logs, 10,000 lines in all", statistics.median(took), 0.0, memory
        finally:
            watch.end()
            for name in names:
                os.unlink(name)


def growth(bench):
    tables = {}
    for title, series in (("rules", rules), ("a rule for PCRE2", pcre2), ("length of lines", line_length),
                          ("distinct throttle keys", keys), ("logs followed", logs)):
        tables[title] = []
        for row in series(bench):
            tables[title].append(row)
            print(f"{title:24} {row[0]:48} {row[1]:.3f} s, start {row[2]:.3f} s, {row[3] or 0:.0f} MB", flush=True)
    return tables
