"""fail2ban's sshd filter on one log: fail2ban-regex, and swatch-rs with the imported rules."""

import os
import random
import re
import resource
import subprocess
import sys
import time

import generate

FAILED = "sshd[{pid}]: Failed password for invalid user {user} from {ip} port {port} ssh2"
HITS = 0.01


def imported(bench):
    """Rows of (tool, wall seconds, processor seconds, lines). One pair: fail2ban takes minutes.

    fail2ban-regex also counts the lines of sessions that are not failures.
    """
    if "fail2ban-regex" not in bench.tools:
        print("skipped: the imported filter needs fail2ban-regex")
        return None
    log, conf = bench.directory / "imported.log", bench.directory / "imported.conf"
    failures = write(log, bench.lines)
    import_filter = [bench.program, "import", "fail2ban", "sshd", "--action", "echo message={host}"]
    conf.write_bytes(subprocess.run(import_filter, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True).stdout)
    rows = []
    for tool, argv, count in [
        ("swatch-rs", [bench.program, "--config-file", conf, "--examine", log], lambda out: len(re.findall(rb"^\d+\.\d+\.", out, re.M))),
        ("fail2ban-regex", ["fail2ban-regex", log, "sshd"], lambda out: int(re.search(rb"Failregex: (\d+) total", out)[1])),
    ]:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        start = time.perf_counter()
        done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
        wall = time.perf_counter() - start
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        rows.append((tool, wall, cpu, count(done.stdout)))
        print(f"{tool:16} {wall:9.3f} s wall, {cpu:9.3f} s of processor, {rows[-1][3]} lines", file=sys.stderr, flush=True)
    if rows[0][3] != failures:
        sys.exit(f"swatch-rs found {rows[0][3]} of {failures} failures")
    return rows


def write(path, lines):
    """Writes a log of which one line in a hundred is a failed login; returns how many these are."""
    failures = 0
    chance = random.Random(1)
    weights, ordinary = zip(*generate.ORDINARY)
    with open(path, "w") as out:
        for number in range(lines):
            failed = chance.random() < HITS
            failures += failed
            text = FAILED if failed else chance.choices(ordinary, weights)[0]
            fields = {
                "pid": chance.randrange(300, 65536), "user": chance.choice(generate.USERS), "num": chance.randrange(100000),
                "port": chance.randrange(1024, 65536), "host": chance.choice(generate.HOSTS), "b64": f"{chance.getrandbits(96):x}",
                "hex": f"{chance.getrandbits(40):X}", "ip": f"203.0.113.{chance.randrange(1, 255)}",
            }
            second = number % 86400
            out.write(f"Nov {1 + number // 86400:2} {second // 3600:02}:{second // 60 % 60:02}:{second % 60:02} alpha {text.format(**fields)}\n")
    return failures


def table(rows):
    """The rows with the ratios to swatch-rs."""
    _, wall, cpu, _ = rows[0]
    return [(tool, f"{own:.2f}", f"{own / wall:.0f}", f"{used:.2f}", f"{used / cpu:.0f}", failures) for tool, own, used, failures in rows]
