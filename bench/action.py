"""swatch-action: one event, a long per-address log, many locks. Paired runs in a network namespace with separate directories.

Also alone: `python3 bench/action.py PROGRAM [RUNS]`. SWATCH_SEED_SCRIPT names the bash script to compare with,
instead of count.sh.
"""

import ctypes
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import time

LINE = "Nov 22 10:00:00 alpha sshd[7]: Invalid user oracle from {} port 4711\n"
MANY = 50_000
LONG = 1_000_000


def action(bench):
    """Rows of (work, tool, median ms, times the first row of the work)."""
    program = pathlib.Path(bench.program).with_name("swatch-action")
    if os.geteuid() != 0 or not shutil.which("unshare"):
        print("skipped: swatch-action's figures need root and unshare")
        return None
    if not program.exists():
        print(f"skipped: {program} is not there")
        return None
    inner = ["unshare", "--net", "--mount", "--propagation", "private", sys.executable, __file__, program,
             str(max(bench.runs, 5)), "--inside"]
    done = subprocess.run(inner, stdout=subprocess.PIPE, text=True, check=True)
    return [tuple(row) for row in json.loads(done.stdout)]


def timed(argv, line):
    """Milliseconds that a process takes with the line on its standard input."""
    with open("/run/line", "w+") as stdin, open("/run/out", "wb") as out:
        stdin.write(line)
        stdin.flush()
        stdin.seek(0)
        start = time.perf_counter()
        child = subprocess.Popen(argv, stdin=stdin, stdout=out, stderr=out)
        status = child.wait()
        took = (time.perf_counter() - start) * 1e3
    if status:
        sys.exit(f"{argv}: {status}: {pathlib.Path('/run/out').read_text()}")
    return took


def paired(work, contestants, runs, rows):
    """Runs each contestant once per round: [(tool, before, argv, line)]; the first is the baseline."""
    took = {tool: [] for tool, *_ in contestants}
    for number in range(runs):
        for tool, before, argv, line in contestants:
            before()
            ms = timed([str(word).format(n=number) for word in argv], line)
            took[tool].append(ms)
    first = took[contestants[0][0]]
    for tool, *_ in contestants:
        ratio = statistics.median(a / b for a, b in zip(took[tool], first))
        rows.append((work, tool, statistics.median(took[tool]), ratio))
        print(f"{work:34} {tool:34} {rows[-1][2]:8.2f} ms, {ratio:.2f} times", file=sys.stderr, flush=True)


def one_event(program, runs, rows):
    logs = pathlib.Path("/var/log/swatch")
    line = LINE.format("203.0.113.9")

    def fresh():
        shutil.rmtree(logs, ignore_errors=True)
        logs.mkdir(mode=0o755)

    contestants = [("swatch-action", fresh, [program, "10"], line)]
    # The original if it is available, else a script with a process for each of the same steps.
    script = os.environ.get("SWATCH_SEED_SCRIPT", pathlib.Path(__file__).with_name("count.sh"))
    contestants.append(("a shell script", fresh, ["bash", script, "10"], line))
    contestants.append(("/bin/true", fresh, ["/bin/true"], line))
    paired("one event below the count", contestants, runs * 20, rows)


def long_log(program, runs, rows):
    logs = pathlib.Path("/var/log/swatch")
    shutil.rmtree(logs, ignore_errors=True)
    logs.mkdir(mode=0o755)
    long = logs / "203.0.113.10"
    long.write_text(LINE.format("203.0.113.10") * LONG)

    def event(address):
        return [program, "10", "--count", "1000000000"], LINE.format(address)

    def nothing():
        pass

    def edited():
        # A log that something else has written to is recounted.
        with open(long, "a") as log:
            log.write("x\n")

    timed(*event("203.0.113.10"))
    paired("one event, log", [("1 line", nothing, *event("203.0.113.9")),
                                 (f"{LONG:,} lines", nothing, *event("203.0.113.10"))], runs * 20, rows)
    paired("one event, log recounted", [(f"{LONG:,} lines", edited, *event("203.0.113.10"))], runs, rows)


def enter(name):
    def go():
        handle = os.open(f"/run/netns/{name}", os.O_RDONLY)
        if ctypes.CDLL(None, use_errno=True).setns(handle, 0x40000000):
            sys.exit(f"setns: {os.strerror(ctypes.get_errno())}")
        os.close(handle)
    return go


def locks(program, runs, rows):
    os.makedirs("/run/netns", exist_ok=True)
    addresses = [f"198.{18 + n // 65536}.{n // 256 % 256}.{n % 256}" for n in range(MANY)]
    contestants, tables = [], []
    for name, number in (("few", 1), ("many", MANY)):
        subprocess.run(["ip", "netns", "add", name], check=True)
        enter(name)()
        settings = pathlib.Path(f"/run/{name}.toml")
        settings.write_text(f'firewall = "nftables"\nmail = ""\nlog_dir = "/run/log-{name}"\nstate_dir = "/run/state-{name}"\n'
                            'time_limit = "60s"\n[whois]\nserver = ""\n')
        pathlib.Path("/run/list").write_text("\n".join(addresses[:number]) + "\n")
        took = timed([program, "import", "/run/list", "--for", "1d", "--config", settings], "")
        if number > 1:
            rows.append(("import", f"{number:,} addresses, nftables", took, 1.0))
        contestants.append((f"{number:,} locked, nftables", enter(name),
                            [program, "--ip", "203.0.113.{n}", "lock", "--config", settings], ""))
        text = "*filter\n" + "".join(f"-A INPUT -s {a} -j DROP\n" for a in addresses[:number]) + "COMMIT\n"
        subprocess.run(["iptables-restore", "--noflush"], input=text, text=True, check=True)
        tables.append((f"{number:,} rules, iptables -I alone", enter(name),
                       ["iptables", "-I", "INPUT", "-s", "203.0.113.{n}", "-j", "DROP"], ""))
    paired("one more lock", contestants, min(runs * 10, 200), rows)
    paired("one more rule, as the script", tables, runs * 2, rows)


def processes(program, rows):
    """The programs that an event starts, according to strace."""
    if not shutil.which("strace"):
        print("skipped: what an event starts: strace is not installed", file=sys.stderr)
        return
    enter("few")()
    settings = "/run/few.toml"
    for work, words in (("below the count", ["10"]), ("first lock", ["10", "lock"]), ("renewed lock", ["10", "lock"])):
        line = LINE.format("203.0.113.250")
        subprocess.run(["strace", "-f", "-qq", "-e", "trace=execve,openat", "-o", "/run/trace", program, *words,
                        "--config", settings], input=line, text=True, check=True, stdout=subprocess.DEVNULL)
        trace = pathlib.Path("/run/trace").read_text().splitlines()
        started = [text.split('"')[1].rpartition("/")[2] for text in trace if "execve(" in text and text.endswith(" = 0")]
        opened = sum("state.db\"" in text for text in trace)
        rows.append((f"programs started, {work}", ", ".join(started[1:]) or "none", float(len(started) - 1), 1.0))
        print(f"{work}: started {started[1:]}, database opened {opened} times", file=sys.stderr)
        if work == "below the count" and (started[1:] or opened):
            sys.exit("an event below the count started a program or opened the database")


def inside(program, runs):
    for directory in ("/run", "/var/log", "/var/lib"):
        subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", directory], check=True)
    rows = []
    one_event(program, runs, rows)
    long_log(program, runs, rows)
    missing = [tool for tool in ("nft", "iptables", "ip") if not shutil.which(tool)]
    if missing:
        print(f"skipped: locks: {', '.join(missing)} not installed", file=sys.stderr)
    else:
        locks(program, runs, rows)
        processes(program, rows)
    print(json.dumps(rows))


def table(rows):
    """Formats the rows as table cells."""
    for work, tool, ms, ratio in rows:
        if work.startswith("programs"):
            yield work, tool, "", ""
        else:
            yield work, tool, f"{ms:.2f}", f"{ratio:.2f}"


if __name__ == "__main__":
    if "--inside" in sys.argv:
        inside(sys.argv[1], int(sys.argv[2]))
    else:
        import passes
        alone = passes.Bench(sys.argv[1], set(), pathlib.Path("/tmp"), 0, int((sys.argv + ["5"])[2]))
        action(alone)
