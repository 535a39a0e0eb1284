"""Within a network namespace: the time of a lock with few and with many addresses locked.

    locks_inside.py SWATCH-ACTION SETTINGS FILE-OF-ADDRESSES

Prints lines `WHAT SECONDS`.
"""

import statistics
import subprocess
import sys
import time


def run(*words):
    start = time.perf_counter()
    done = subprocess.run([sys.argv[1], *words, "--config", sys.argv[2]], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(words)}: {done.stderr or done.stdout}")
    return time.perf_counter() - start


def lock(first):
    return statistics.median(run("lock", f"198.51.100.{first + n}") for n in range(40))


print("a lock, none before", lock(1))
print("locking 50,000 addresses of a file", run("import", sys.argv[3]))
print("a lock, 50,000 before", lock(101))
print("putting back 50,000 after a start", run("restore"))
