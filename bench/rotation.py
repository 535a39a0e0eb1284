"""Lines lost under rotation: all tools follow the same log and print what they see."""

import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import threading
import time

RATE, LINES, ROTATIONS = 2_000, 40_000, 10
MODES = {
    "at once": "renamed and created at once",
    "writer keeps": "the writer keeps the old file for 300 ms",
    "created later": "created 300 ms later",
    "copytruncate": "copied and truncated",
    "down": "stopped, and started again while lines are written",
    "HUP": "one HUP",
}


class Tool:
    def __init__(self, name, command, directory):
        self.name, self.command = name, command
        self.out = directory / f"{name.replace(' ', '-').replace(',', '')}.out"
        self.child = None

    def start(self):
        with open(self.out, "ab") as out:
            self.child = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.DEVNULL,
                                          start_new_session=True)

    def hang_up(self):
        self.child.send_signal(signal.SIGHUP)

    def stop(self):
        try:
            os.killpg(self.child.pid, signal.SIGTERM)
            self.child.wait(5)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            pass
        try:
            os.killpg(self.child.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.child.wait()

    def seen(self):
        """The numbers that were printed, including repetitions."""
        found = []
        for line in self.out.read_bytes().split(b"\n"):
            words = line.split()
            if len(words) == 8 and words[-1] == b"end" and words[-2].isdigit():
                found.append(int(words[-2]))
        return found


class Writer(threading.Thread):
    """Writes numbered lines at a steady rate; reopens the log when told, like a log daemon."""

    def __init__(self, log):
        super().__init__(daemon=True)
        self.log, self.number, self.reopen_at = log, 0, None

    def run(self):
        start, file = time.monotonic(), os.open(self.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        while self.number < LINES:
            due = start + self.number / RATE
            time.sleep(max(0.0, due - time.monotonic()))
            if self.reopen_at is not None and time.monotonic() >= self.reopen_at:
                os.close(file)
                file, self.reopen_at = os.open(self.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT), None
            os.write(file, b"Nov 22 10:00:00 alpha app[7]: number %d end\n" % self.number)
            self.number += 1
        while self.reopen_at is not None:
            time.sleep(0.05)
            if time.monotonic() >= self.reopen_at:
                os.close(os.open(self.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT))
                self.reopen_at = None

    def until(self, number):
        while self.number < min(number, LINES):
            time.sleep(0.002)


def rotate(mode, log, nth, writer):
    rotated = f"{log}.{ROTATIONS - nth}"
    if mode == "copytruncate":
        shutil.copy(log, rotated)
        os.truncate(log, 0)
        return
    os.rename(log, rotated)
    if mode != "created later":
        os.close(os.open(log, os.O_WRONLY | os.O_CREAT))
    writer.reopen_at = time.monotonic() + (0 if mode == "at once" else 0.3)


def tools(bench, directory, log):
    conf = directory / "rotation.conf"
    conf.write_text("watchfor /number \\d+ end/\n\techo normal\n")
    # In separate directories, where nothing looks like a rotated log.
    yield Tool("swatch-rs", [bench.program, "-c", conf, "-t", log, "--state-dir", directory / "state"], directory)
    if "swatchdog" in bench.tools:
        yield Tool("swatchdog, tail(1)", ["swatchdog", "-c", conf, "-t", log], directory)
        yield Tool("swatchdog, File::Tail", ["swatchdog", "-c", conf, "-t", log, "--use-cpan-file-tail"], directory)
    if "sec" in bench.tools:
        rules = directory / "rotation.sec"
        rules.write_text("type=Single\nptype=RegExp\npattern=number \\d+ end\ndesc=$0\naction=write - $0\n\n")
        yield Tool("sec", ["sec", f"--conf={rules}", f"--input={log}", "--nodetach"], directory)


def play(bench, mode):
    with tempfile.TemporaryDirectory(prefix="swatch-rotation.", dir=bench.directory) as temporary:
        directory = pathlib.Path(temporary)
        (directory / "log").mkdir()
        (directory / "state").mkdir(mode=0o700)
        log = directory / "log" / "app.log"
        log.write_bytes(b"")
        watchers = list(tools(bench, directory, log))
        for tool in watchers:
            tool.start()
        ready(watchers, log)
        writer = Writer(log)
        writer.start()
        events = 1 if mode in ("down", "HUP") else ROTATIONS
        for nth in range(events):
            writer.until(LINES * (nth + 1) // (events + 1))
            if mode == "down":
                for tool in watchers:
                    tool.stop()
                writer.until(writer.number + 500)
                for tool in watchers:
                    tool.start()
            elif mode == "HUP":
                for tool in watchers:
                    tool.hang_up()
            else:
                rotate(mode, log, nth, writer)
        writer.join()
        settle(watchers)
        for tool in watchers:
            tool.stop()
        for tool in watchers:
            numbers = tool.seen()
            yield mode, tool.name, LINES - len(set(numbers)), len(numbers) - len(set(numbers))


def ready(watchers, log):
    """Waits until each has printed a line written after its start. File::Tail polls every few seconds."""
    for _ in range(300):
        with open(log, "ab", buffering=0) as out:
            out.write(b"Nov 22 10:00:00 alpha app[7]: number 0 end\n")
        time.sleep(0.1)
        if all(b"number 0 end" in tool.out.read_bytes() for tool in watchers):
            break
    settle(watchers)
    for tool in watchers:
        os.truncate(tool.out, 0)


def settle(watchers):
    """Waits until nothing has been printed for longer than any of them sleeps."""
    sizes, since = None, time.monotonic()
    while time.monotonic() - since < 12:
        now = [tool.out.stat().st_size for tool in watchers]
        if now != sizes:
            sizes, since = now, time.monotonic()
        time.sleep(0.1)


def rotation(bench):
    rows = []
    for mode, text in MODES.items():
        for _, tool, lost, doubled in play(bench, mode):
            rows.append((text, tool, lost, doubled))
            print(f"{text:44} {tool:22} {lost} lost, {doubled} doubled", flush=True)
    return rows
