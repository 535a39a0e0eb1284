"""A burst through the watcher to a helper that counts: swatch-rs and swatch-action, swatchdog and a shell script."""

import os
import pathlib
import tempfile

from live import Watch, compared

SCRIPT = pathlib.Path(__file__).with_name("count.sh")
TEXT = "Nov 22 10:00:00 alpha sshd[7]: Invalid user oracle from 198.51.100.{} port 4711\n"
FIELD = "10"
COUNT = 1_000


def contestants(bench, directory):
    for name in ("log", "state", "script"):
        (directory / name).mkdir(mode=0o700)
    helper = [bench.program.with_name("swatch-action"), "--no-mail", "--count", "1000000",
              "--log-dir", directory / "log", "--state-dir", directory / "state", FIELD]
    yield "swatch-rs and swatch-action", [bench.program], helper
    yield "swatch-rs --jobs 4 and swatch-action", [bench.program, "--jobs", "4"], helper
    if "swatchdog" in bench.tools:
        os.environ["SWATCH_BENCH_LOGS"] = str(directory / "script")
        yield "swatchdog and a shell script", ["swatchdog"], [SCRIPT, FIELD]


def through(bench):
    """Seconds until a thousand lines for a hundred addresses have all been counted."""
    took, came = {}, {}
    for _ in range(min(bench.runs, 3)):
        with tempfile.TemporaryDirectory(prefix="swatch-through.", dir=bench.directory) as temporary:
            directory = pathlib.Path(temporary)
            for tool, watcher, helper in contestants(bench, directory):
                seconds, count = one(watcher, helper, directory)
                took.setdefault(tool, []).append(seconds)
                came[tool] = min(count, came.get(tool, count))
    return list(compared("pipe to a helper that counts", took, came, COUNT))


def one(watcher, helper, directory):
    """Seconds until all have been counted, and how many were."""
    text = "".join(TEXT.format(n % 100) for n in range(COUNT)).encode()
    log, conf = directory / "burst.log", directory / "rules.conf"
    conf.write_text(f'watchfor /Invalid user/\n\tpipe "{" ".join(map(str, helper))}"\n')
    log.write_bytes(b"")
    watch = Watch([*watcher, "-c", conf, "-t", log], log)
    watch.hit = b" 198.51.100."
    try:
        watch.append(TEXT.format(250).encode())
        while not watch.read(1, 0.5):
            watch.append(TEXT.format(250).encode())
        watch.read(100, 1)
        return watch.at_once(text, COUNT, 120)
    finally:
        watch.end()
