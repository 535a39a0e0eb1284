#!/usr/bin/env python3
"""A fleet on one machine: `make bench-fleet`, as root. Writes docs/fleet-benchmarks.md and docs/fleet-benchmarks.svg.

    bench/fleet.py PROGRAM [--rounds N] [--seconds N] [--locks N]

PROGRAM is swatch-action; `redis-server` (or `valkey-server`) is the engine. Hosts are network namespaces on a bridge, each with
its own nftables, state and `follow`; for load, hosts are processes that pass events to swatch-action.
"""

import argparse
import os
import pathlib
import platform
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time

TOP = pathlib.Path(__file__).resolve().parent.parent
ENGINE = next((name for name in ("valkey-server", "redis-server") if shutil.which(name)), None)
CLIENT = (ENGINE or "").replace("-server", "-cli")
HOSTS = 10


def sh(script):
    subprocess.run(["sh", "-euc", script], check=True)


class Fleet:
    """An engine and the settings of hosts, in a directory."""

    def __init__(self, program, base):
        self.program, self.base = program, base
        self.children = []
        self.engine = None
        self.watchers = 0
        sh("ip link set lo up; ip link add lan type bridge forward_delay 0; ip link set lan up; ip addr add 10.77.0.1/16 dev lan")
        (base / "key").touch(mode=0o600)
        (base / "key").write_text(os.urandom(32).hex() + "\n")

    def start_engine(self):
        self.engine = subprocess.Popen(
            [ENGINE, "--bind", "10.77.0.1", "--protected-mode", "no", "--dir", self.base, "--save", ""],
            stdout=subprocess.DEVNULL)
        while "PONG" not in self.ask("ping"):
            time.sleep(0.05)

    def stop_engine(self):
        self.engine.kill()
        self.engine.wait()

    def ask(self, *words):
        done = subprocess.run([CLIENT, "-h", "10.77.0.1", *words], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        return done.stdout

    def memory(self):
        lines = dict(line.split(":", 1) for line in self.ask("info", "memory").splitlines() if ":" in line)
        return int(lines["used_memory"])

    def engine_seconds(self):
        fields = pathlib.Path(f"/proc/{self.engine.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def settings(self, name, firewall="none", more=""):
        folder = self.base / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        path = folder / "action.toml"
        path.write_text(
            f'log_dir = "{folder}/log"\nstate_dir = "{folder}/state"\nfirewall = "{firewall}"\nmail = ""\n{more}\n[whois]\nserver = ""\n'
            f'[fleet]\nurl = "redis://10.77.0.1"\nkey_file = "{self.base}/key"\nhost = "{name}"\ntimeout = "5s"\n'
            "locks_per_minute = 0\nall_locks_per_minute = 0\n")
        return path

    def namespace(self, name, number):
        sh(f"ip netns add {name}; ip link add v{name} type veth peer name eth0 netns {name}; ip link set v{name} master lan up;"
           f"ip -n {name} link set lo up; ip -n {name} link set eth0 up; ip -n {name} addr add 10.77.{1 + number // 250}.{number % 250 + 1}/16 dev eth0")

    def inside(self, name, *words, **more):
        child = subprocess.Popen(["ip", "netns", "exec", name, *map(str, words)], **more)
        self.children.append(child)
        return child

    def end(self):
        for child in self.children:
            child.kill()
            child.wait()
        self.children.clear()


def follower(fleet, name, path):
    """Starts `follow` in a namespace, and waits until it has its place in the stream."""
    with open(fleet.base / name / "err", "wb") as log:
        fleet.inside(name, fleet.program, "follow", "--config", path, stdout=subprocess.DEVNULL, stderr=log)
    while "snapshot" not in (fleet.base / name / "err").read_text():
        time.sleep(0.02)


class Firewalls:
    """Notes when each host's kernel gets an address."""

    def __init__(self, fleet, names):
        self.seen, self.changed = {}, threading.Condition()
        for name in names:
            monitor = fleet.inside(name, "stdbuf", "-oL", "nft", "monitor", "elements", stdout=subprocess.PIPE, text=True)
            threading.Thread(target=self.read, args=(name, monitor.stdout), daemon=True).start()
        time.sleep(0.5)

    def read(self, name, lines):
        for line in lines:
            now = time.perf_counter()
            if line.startswith("add element"):
                address = line.split("{", 1)[1].split()[0]
                with self.changed:
                    self.seen.setdefault(address, {})[name] = now
                    self.changed.notify_all()

    def wait(self, address, count, limit=30):
        with self.changed:
            self.changed.wait_for(lambda: len(self.seen.get(address, {})) >= count, limit)
            return self.seen.get(address, {})


def percentile(values, part):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * part))]


def spread(fleet, rounds):
    """Milliseconds from the start of the deciding event's process to the lock on the last of HOSTS hosts."""
    fleet.start_engine()
    names = [f"h{n}" for n in range(HOSTS)]
    paths = [fleet.settings(name, "nftables") for name in names]
    for number, name in enumerate(names):
        fleet.namespace(name, number)
        follower(fleet, name, paths[number])
    firewalls = Firewalls(fleet, names)
    took, lost = [], 0
    for number in range(rounds + 5):
        address = f"203.0.113.{number % 250}" if number < 250 else f"198.51.100.{number % 250}"
        for host in (0, 1, 2):
            start = time.perf_counter()
            at = (number + host) % HOSTS
            knock = subprocess.run(["ip", "netns", "exec", names[at], fleet.program, "2", "--config", paths[at]],
                                   input=f"x {address}\n", text=True, stdout=subprocess.DEVNULL)
            assert knock.returncode == 0
        seen = firewalls.wait(address, HOSTS)
        lost += HOSTS - len(seen)
        # The first rounds make the tables of nftables.
        if number >= 5 and len(seen) == HOSTS:
            took.append((max(seen.values()) - start) * 1e3)
    fleet.end()
    fleet.stop_engine()
    return took, lost


def load(fleet, hosts, rate, seconds):
    """The engine while so many hosts count so many events a second, and the lag of a follower meanwhile."""
    fleet.start_engine()
    # Namespaces are removed some time after the last process in them has ended.
    name = f"w{hosts}at{rate}"
    watcher = fleet.settings(name, "nftables")
    fleet.namespace(name, 200 + fleet.watchers)
    fleet.watchers += 1
    follower(fleet, name, watcher)
    firewalls = Firewalls(fleet, [name])
    # The table of nftables is made by the first lock.
    publisher = fleet.settings("publisher")
    lock = lambda address: subprocess.run([fleet.program, "--ip", address, "lock", "--config", publisher], check=True,
                                          stdout=subprocess.DEVNULL)
    lock("192.0.2.255")
    firewalls.wait("192.0.2.255", 1)
    feeds = []
    for number in range(hosts):
        path = fleet.settings(f"load{number}", more="count = 1000000000\nkeep_history = \"0s\"")
        feeds.append(subprocess.Popen([fleet.program, "2", "--config", path], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL))
    before, sent, lags, stop = fleet.memory(), 0, [], threading.Event()
    addresses = [f"198.51.{n // 250}.{n % 250}" for n in range(20_000)]

    def probe():
        number = 0
        while not stop.wait(0.4):
            number += 1
            address = f"192.0.2.{number % 250}"
            lock(address)
            start = time.perf_counter()
            seen = firewalls.wait(address, 1)
            lags.append((seen.get(name, start + 30) - start) * 1e3)

    prober = threading.Thread(target=probe)
    prober.start()
    cpu, begun = fleet.engine_seconds(), time.perf_counter()
    calls = int(fleet.ask("info", "commandstats").split("cmdstat_evalsha:calls=")[1].split(",")[0])
    while (now := time.perf_counter() - begun) < seconds:
        while sent < now * rate:
            feed = feeds[sent % hosts]
            feed.stdin.write(f"x {random.choice(addresses)}\n".encode())
            feed.stdin.flush()
            sent += 1
        time.sleep(0.002)
    counted = int(fleet.ask("info", "commandstats").split("cmdstat_evalsha:calls=")[1].split(",")[0]) - calls
    elapsed = time.perf_counter() - begun
    used = (fleet.engine_seconds() - cpu) / elapsed * 100
    stop.set()
    prober.join()
    for feed in feeds:
        feed.kill()
        feed.wait()
    memory = fleet.memory() - before
    names = int(fleet.ask("dbsize"))
    fleet.end()
    sh(f"ip link del v{name}")
    fleet.stop_engine()
    return [hosts, rate, round(counted / elapsed), used, memory / 1e6, names, statistics.median(lags), max(lags)]


def catch_up(fleet, locks):
    """Bytes of the engine a lock, and the seconds in which a new host has all locks in its nftables."""
    fleet.start_engine()
    source = fleet.settings("source")
    listed = fleet.base / "list"
    # Single addresses of documentation's /32 are locked as networks of 64 bits.
    listed.write_text("".join(f"2001:db8:{n // 60_000:x}:{n % 60_000:x}::1\n" for n in range(locks)))
    before = fleet.memory()
    begun = time.perf_counter()
    subprocess.run([fleet.program, "import", listed, "--fleet", "--config", source], check=True, stdout=subprocess.DEVNULL)
    published = time.perf_counter() - begun
    memory = fleet.memory() - before
    stream = int(fleet.ask("memory", "usage", "swatch:{default}:stream", "samples", "0"))
    took = []
    for number in range(3):
        name = f"new{number}"
        path = fleet.settings(name, "nftables")
        fleet.namespace(name, 100 + number)
        begun = time.perf_counter()
        subprocess.run(["ip", "netns", "exec", name, fleet.program, "follow", "--once", "--config", path], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        took.append(time.perf_counter() - begun)
        listing = subprocess.run(["ip", "netns", "exec", name, "nft", "list", "ruleset"], stdout=subprocess.PIPE, text=True)
        there = listing.stdout.count("2001:db8:")
        assert there == locks, f"{there} of {locks} locks"
    fleet.stop_engine()
    return {"published": published, "memory": memory / locks, "stream": stream / locks, "took": took}


def chart(path, rows):
    """The engine's processor time over events a second."""
    most_events = max(row[2] for row in rows) or 1
    most_cpu = max(row[3] for row in rows) or 1
    parts = ['<svg xmlns="http://www.w3.org/2000/svg" width="640" height="300" font-family="sans-serif" font-size="12">',
             '<rect width="640" height="300" fill="white"/>',
             '<path d="M60 20V260H620" fill="none" stroke="black"/>',
             '<text x="60" y="14">engine, % of one processor</text><text x="620" y="292" text-anchor="end">events a second</text>']
    colours = dict(zip(sorted({row[0] for row in rows}), ["#c0392b", "#1f6feb", "#2e7d32", "#8e44ad"]))
    for hosts, _, events, cpu, *_ in rows:
        x, y = 60 + 540 * events / most_events, 260 - 220 * cpu / most_cpu
        parts.append(f'<circle cx="{x:.0f}" cy="{y:.0f}" r="4" fill="{colours[hosts]}"/>'
                     f'<text x="{x:.0f}" y="{y - 8:.0f}" text-anchor="middle">{cpu:.1f}</text>'
                     f'<text x="{x:.0f}" y="275" text-anchor="middle">{events}</text>')
    for number, (hosts, colour) in enumerate(colours.items()):
        parts.append(f'<text x="80" y="{40 + 16 * number}" fill="{colour}">{hosts} hosts</text>')
    path.write_text("\n".join(parts) + "\n</svg>\n")


def write(docs, spread_of, rows, bulk, arguments):
    took, lost = spread_of
    version = subprocess.run([ENGINE, "--version"], stdout=subprocess.PIPE, text=True).stdout.split(" sha=")[0].strip()
    model = next((line.split(":", 1)[1].strip() for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), platform.machine())
    out = [
        "# Benchmarks of a fleet", "",
        "Written by `make bench-fleet` (`bench/fleet.py`), with all hosts and the engine on one machine: "
        f"{model}, {os.cpu_count()} processors, Linux {platform.release()}; {version}.", "",
        "## From the deciding event to the last host's lock", "",
        f"{HOSTS} hosts, each a network namespace with nftables and `follow`; {len(took)} addresses with one event at each of three "
        "hosts. The time begins when the process of the third event is started and ends when the kernel of the last host has the "
        f"address. Locks that did not come: {lost}.", "",
        "| median, ms | p99, ms | most, ms |", "|---|---|---|",
        f"| {statistics.median(took):.0f} | {percentile(took, 0.99):.0f} | {max(took):.0f} |", "",
        "## The engine under load", "",
        f"Each host passes lines to one `swatch-action`; {arguments.seconds} s a row, 20,000 addresses. `lag`: from the end of the "
        "process that locked an address to the lock in the kernel of a follower, measured during the load. The hosts share the "
        "processors with the engine, so the rate that was reached is a limit of this machine, not of the engine. "
        "![chart](fleet-benchmarks.svg)", "",
        "| hosts | events/s wanted | events/s reached | engine, % of one processor | µs of the engine an event | engine memory, MB more | keys "
        "| lag, median ms | lag, most ms |", "|---|---|---|---|---|---|---|---|---|",
    ]
    for hosts, rate, events, cpu, memory, names, median, most in rows:
        each = cpu * 1e4 / max(events, 1)
        out.append(f"| {hosts} | {rate:,} | {events:,} | {cpu:.1f} | {each:.0f} | {memory:.1f} | {names:,} | {median:.0f} | {most:.0f} |")
    out += ["", f"## {arguments.locks:,} locks", "",
            "| | |", "|---|---|",
            f"| published by `import --fleet` | {bulk['published']:.1f} s |",
            f"| memory of the engine a lock, with its entry in the stream | {bulk['memory']:.0f} bytes |",
            f"| of these, the stream (bounded by `stream_length`) | {bulk['stream']:.0f} bytes |",
            f"| a new host has all of them in its nftables, median of {len(bulk['took'])} | {statistics.median(bulk['took']):.2f} s |", ""]
    (docs / "fleet-benchmarks.md").write_text("\n".join(out))
    chart(docs / "fleet-benchmarks.svg", rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--locks", type=int, default=100_000)
    parser.add_argument("--docs", type=pathlib.Path, default=TOP / "docs", help="directory for the results")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    missing = [tool for tool in ("nft", "ip", "unshare", "stdbuf") if not shutil.which(tool)]
    if os.geteuid() != 0 or not ENGINE or missing:
        sys.exit("bench-fleet needs root, redis-server or valkey-server, nft, ip, unshare and stdbuf")
    if not arguments.inside:
        words = [sys.executable, __file__, *sys.argv[1:], "--inside"]
        script = 'mount -t tmpfs tmpfs /run; mkdir /run/netns; exec "$@"'
        inner = ["unshare", "--net", "--mount", "--propagation", "private", "sh", "-euc", script, "sh", *map(str, words)]
        sys.exit(subprocess.run(inner).returncode)
    program = arguments.program.resolve()
    with tempfile.TemporaryDirectory() as folder:
        fleet = Fleet(program, pathlib.Path(folder))
        try:
            print("latency …", flush=True)
            spread_of = spread(fleet, arguments.rounds)
            rows = []
            for hosts, rate in ((10, 100), (10, 1000), (40, 1000), (40, 4000), (100, 4000)):
                print(f"{hosts} hosts, {rate} events/s …", flush=True)
                rows.append(load(fleet, hosts, rate, arguments.seconds))
            print(f"{arguments.locks} locks …", flush=True)
            bulk = catch_up(fleet, arguments.locks)
        finally:
            fleet.end()
            fleet.stop_engine()
    write(arguments.docs, spread_of, rows, bulk, arguments)
    print((arguments.docs / "fleet-benchmarks.md").read_text())


if __name__ == "__main__":
    main()
