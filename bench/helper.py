"""swatch-action, one process for each line, beside a shell script that does the same."""

import os
import pathlib
import shutil
import statistics
import subprocess
import tempfile
import time


from live import Watch

SCRIPT = pathlib.Path(__file__).parent / "count.sh"
TEXT = "Nov 22 10:00:00 alpha sshd[7]: Invalid user oracle from {} port 4711\n"
FIELD = "10"


def address(number):
    return f"198.51.{100 + number // 250 % 4}.{number % 250 + 1}"


class Helper:
    """A way to hand a line on: the program or the script, with ledgers of its own."""

    def __init__(self, name, command, ledgers):
        self.name, self.command, self.ledgers = name, command, ledgers

    def event(self, text):
        """Seconds for one line."""
        start = time.perf_counter()
        subprocess.run(self.command, input=text.encode(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False,
                       env={**os.environ, "SWATCH_BENCH_LEDGERS": str(self.ledgers)})
        return time.perf_counter() - start


def helpers(bench, folder, *more):
    program = bench.program.with_name("swatch-action")
    ours, theirs = folder / "ours", folder / "theirs"
    for path in (ours, theirs, folder / "state"):
        path.mkdir(mode=0o700)
    command = [program, "--no-mail", "--log-dir", ours, "--state-dir", folder / "state", *more, FIELD]
    return [Helper("swatch-action", command, ours), Helper("shell script", [SCRIPT, FIELD], theirs)]


def paired(helpers, texts):
    """Median seconds of each for these lines, in turn."""
    took = {helper.name: [] for helper in helpers}
    for text in texts:
        for helper in helpers:
            took[helper.name].append(helper.event(text))
    return [(name, statistics.median(values)) for name, values in took.items()]


def one_event(bench, folder):
    both = helpers(bench, folder, "--count", "1000000")
    yield "a private address", paired(both, [TEXT.format("192.168.1.1")] * 100)
    yield "below the count", paired(both, [TEXT.format(address(n)) for n in range(200)])
    for helper in both:
        (helper.ledgers / "203.0.113.7").write_text(TEXT.format("203.0.113.7") * 999_000)
    # The first one may have to count.
    paired(both, [TEXT.format("203.0.113.7")])
    yield "below the count, 999,000 lines in its ledger", paired(both, [TEXT.format("203.0.113.7")] * 50)


def locks(bench, folder):
    """Real nftables in a network of its own: with nothing locked, and with 50,000 addresses."""
    program = bench.program.with_name("swatch-action")
    settings = folder / "locks.toml"
    for name in ("log", "state"):
        (folder / name).mkdir(mode=0o700)
    settings.write_text(f'log_dir = "{folder / "log"}"\nstate_dir = "{folder / "state"}"\nmail = ""\nfirewall = "nftables"\n')
    settings.chmod(0o600)
    many = folder / "many"
    # RFC 2544's network for benchmarks.
    many.write_text("".join(f"198.18.{n // 256}.{n % 256}\n" for n in range(50_000)))
    inside = pathlib.Path(__file__).with_name("locks_inside.py")
    done = subprocess.run(["unshare", "-n", "python3", inside, program, settings, many], capture_output=True, text=True,
                          check=False)
    if done.returncode:
        print(f"skipped: locks in nftables: {done.stderr.strip()[-300:]}")
        return
    for line in done.stdout.splitlines():
        text, seconds = line.rsplit(" ", 1)
        yield text, [("swatch-action", float(seconds))]


def through_the_watcher(bench, folder):
    """A burst of lines for a hundred addresses: how long until each has been counted."""
    count = 500
    text = "".join(TEXT.format(address(n % 100)) for n in range(count)).encode()
    (ours, theirs) = helpers(bench, folder, "--count", "1000000")
    took = []
    for tool, helper, watcher in (("swatch-rs and swatch-action", ours, [bench.program]),
                                  ("swatchdog and the script", theirs, ["swatchdog"])):
        if watcher[0] == "swatchdog" and "swatchdog" not in bench.tools:
            continue
        conf = folder / f"{helper.ledgers.name}.conf"
        command = " ".join(str(word) for word in helper.command)
        conf.write_text(f'watchfor /Invalid user/\n\tpipe "{command}"\n')
        log = folder / "burst.log"
        log.write_bytes(b"")
        os.environ["SWATCH_BENCH_LEDGERS"] = str(helper.ledgers)
        watch = Watch([*watcher, "-c", conf, "-t", log], log)
        watch.hit = b" 198.51.100."
        try:
            watch.append(TEXT.format("198.51.100.250").encode())
            while not watch.read(1, 0.5):
                watch.append(TEXT.format("198.51.100.250").encode())
            watch.read(100, 1)
            start = time.perf_counter()
            watch.append(text)
            came = watch.read(count, 120)
            took.append((tool, (time.perf_counter() - start) / count))
            if came != count:
                print(f"{tool}: {came} of {count} came")
        finally:
            watch.end()
    yield f"{count} lines at once through the watcher, each", took


def helper(bench):
    rows = []
    for part in (one_event, locks, through_the_watcher):
        if part is locks and (os.geteuid() != 0 or not shutil.which("nft") or not shutil.which("unshare")):
            print("skipped: locks in nftables need root, nft and unshare")
            continue
        with tempfile.TemporaryDirectory(prefix="swatch-helper.", dir=bench.folder) as temporary:
            for work, took in part(bench, pathlib.Path(temporary)):
                for tool, seconds in took:
                    ratio = seconds / took[0][1]
                    rows.append((work, tool, seconds * 1e3, ratio))
                    print(f"{work:52} {tool:28} {seconds * 1e3:8.2f} ms {ratio:6.1f}", flush=True)
    return rows
