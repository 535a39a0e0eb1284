"""Logs and rules for the benchmarks: the same for the same arguments.

    python3 generate.py DIRECTORY LINES

writes to DIRECTORY, for each number of rules N:

    rules-N.conf        rules for swatch: each pattern with `echo normal`
    rules-N.patterns    the same patterns, one a line, for ripgrep and sec (Perl's (?i:...) in them)
    rules-N.posix       the same as POSIX expressions ([Ee][Rr]... for (?i:...)), for grep -E
    rules-N-HITS.log    LINES lines, HITS per cent of which match one of the rules
"""

import pathlib
import random
import re
import sys

HOSTS = ["alpha", "bravo", "mail1", "mail2", "gw", "db-primary", "web03", "web04"]
USERS = ["root", "anna", "ben", "carla", "deploy", "www-data", "postgres", "nagios"]

# The bulk of a system's log, with realistic frequencies.
ORDINARY = [
    (14, "CRON[{pid}]: pam_unix(cron:session): session opened for user {user}(uid=0) by (uid=0)"),
    (14, "CRON[{pid}]: pam_unix(cron:session): session closed for user {user}"),
    (10, "CRON[{pid}]: (root) CMD (   cd / && run-parts --report /etc/cron.hourly)"),
    (12, "sshd[{pid}]: Accepted publickey for {user} from {ip} port {port} ssh2: ED25519 SHA256:{b64}"),
    (9, "sshd[{pid}]: pam_unix(sshd:session): session opened for user {user}(uid=1000) by (uid=0)"),
    (9, "sshd[{pid}]: Received disconnect from {ip} port {port}:11: disconnected by user"),
    (7, "systemd[1]: Started Session {num} of User {user}."),
    (7, "systemd-logind[612]: New session {num} of user {user}."),
    (5, "systemd[1]: Starting Daily apt download activities..."),
    (12, "postfix/smtpd[{pid}]: connect from {host}.example.net[{ip}]"),
    (12, "postfix/smtpd[{pid}]: disconnect from {host}.example.net[{ip}] ehlo=1 mail=1 rcpt=1 data=1 quit=1 commands=5"),
    (10, "postfix/qmgr[1422]: {hex}: from=<{user}@example.org>, size={num}, nrcpt=1 (queue active)"),
    (8, "postfix/qmgr[1422]: {hex}: removed"),
    (8, "dovecot: imap-login: Login: user=<{user}>, method=PLAIN, rip={ip}, lip=192.0.2.1, mpid={pid}, TLS, session=<{b64}>"),
    (6, "named[801]: client @0x7f{hex} {ip}#{port} (www.example.com): query: www.example.com IN A +E(0)K (192.0.2.1)"),
    (5, "dhclient[733]: DHCPREQUEST for 192.0.2.14 on eth0 to 192.0.2.254 port 67"),
    (5, "dhclient[733]: bound to 192.0.2.14 -- renewal in {num} seconds."),
    (6, "kernel: [{num}.{pid}] audit: type=1400 audit(1700000000.{num}:{pid}): apparmor=\"ALLOWED\" operation=\"open\" profile=\"ntpd\" name=\"/proc/{pid}/status\""),
    (5, "ntpd[901]: Soliciting pool server {ip}"),
    (4, "snmpd[1011]: Connection from UDP: [{ip}]:{port}->[192.0.2.1]:161"),
    (5, "nrpe[{pid}]: Host {ip} is asking for command 'check_load' to be run..."),
    (4, "smartd[611]: Device: /dev/sda [SAT], SMART Usage Attribute: 194 Temperature_Celsius changed from 117 to 116"),
]

# The rules of a small server's configuration, each with a matching line.
SIX = [
    (r"query \'VERSION\.BIND\/TXT\/CH\' denied", "named[801]: client {ip}#{port}: query 'VERSION.BIND/TXT/CH' denied"),
    (r"named.*client.*query.*denied", "named[801]: client {ip}#{port}: query (cache) 'example.com/A/IN' denied"),
    (r"sshd.*refused", "sshd[{pid}]: refused connect from {ip} ({ip})"),
    (r"sshd.*Invalid user", "sshd[{pid}]: Invalid user oracle from {ip} port {port}"),
    (r"Connection refused: tcp_wrappers denial", "vsftpd[{pid}]: [pid {pid}] CONNECT: Client \"{ip}\", \"Connection refused: tcp_wrappers denial.\""),
    (r"FAIL LOGIN", "vsftpd[{pid}]: [pid {pid}] [{user}] FAIL LOGIN: Client \"{ip}\""),
]

# Ten rules that most lines on a server under attack match.
TEN = [
    r"Failed password for (invalid user )?([^ ]+) from ([0-9.]+)",
    r"Invalid user ([^ ]+) from",
    r"authentication failure; .*rhost=([^ ]+)",
    r"Connection closed by [0-9.]+ .*\[preauth\]",
    r"Received disconnect from ([0-9.]+): 11: Bye Bye \[preauth\]",
    r"POSSIBLE BREAK-IN ATTEMPT!",
    r"Did not receive identification string from",
    r"input_userauth_request: invalid user",
    r"check pass; user unknown",
    r"error: maximum authentication attempts exceeded",
]
TEN_LINES = [
    "sshd[{pid}]: Failed password for invalid user {user} from {ip} port {port} ssh2",
    "sshd[{pid}]: Failed password for root from {ip} port {port} ssh2",
    "sshd[{pid}]: Invalid user {user} from {ip}",
    "sshd[{pid}]: pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost={ip}",
    "sshd[{pid}]: Connection closed by {ip} [preauth]",
    "sshd[{pid}]: Received disconnect from {ip}: 11: Bye Bye [preauth]",
    "sshd[{pid}]: reverse mapping checking getaddrinfo for {host}.example.net [{ip}] failed - POSSIBLE BREAK-IN ATTEMPT!",
    "sshd[{pid}]: Did not receive identification string from {ip}",
    "sshd[{pid}]: input_userauth_request: invalid user {user} [preauth]",
    "sshd[{pid}]: pam_unix(sshd:auth): check pass; user unknown",
    "sshd[{pid}]: error: maximum authentication attempts exceeded for root from {ip} port {port} ssh2 [preauth]",
]

SERVICES = ("backupd billing broker cachefs catalog chatd clusterd collector conductor dbproxy "
            "dispatcher docstore edgegw exporter faxgw fileidx gateway geoip graphd harvester idmapd "
            "indexer invoiced jobrunner keystore ledgerd licensed mailfilter mediasrv meterd mirrord "
            "netmon objstore payments pbxd printd proxyd queued relayd renderer reportd rsyncd sandboxd "
            "scand scheduler searchd sessiond shipper spooler streamd syncd tapelib tokenizer "
            "trackerd tunneld uploader vaultd voicemail warehouse webhookd").split()
OBJECTS = ("account archive backup blob bucket cache certificate channel checkpoint cluster connection cursor "
           "device directory endpoint feed handle index journal key lease lock message mirror mount node "
           "partition peer pool port queue quota replica request route schema segment session shard snapshot "
           "socket stream subscription table tenant thread ticket token transaction upload volume worker zone").split()
FAILURES = ("abandoned aborted corrupted denied deadlocked dropped exhausted expired failed forged inconsistent "
            "invalid lost mismatched missing overflowed overrun poisoned quarantined rejected revoked stale starved "
            "suspended timed-out truncated unavailable unreachable unresponsive wedged").split()


def other_rules(rng, count):
    """Rules as administrators write them: (pattern, matching line)."""
    seen = set()
    while len(seen) < count:
        service, thing = rng.choice(SERVICES), rng.choice(OBJECTS)
        first, second = rng.sample(FAILURES, 2)
        if (service, thing, first) in seen:
            continue
        seen.add((service, thing, first))
        kind = len(seen) % 6
        line = f"{service}[{{pid}}]: {thing} {first} by {{ip}} after {{num}} ms"
        if kind == 0:
            yield f"{service}.*{thing} {first}", line
        elif kind == 1:
            yield f"(?i:{thing.upper()} {first} by).*{service[:3]}?", line
        elif kind == 2:
            yield rf"{service}\[[0-9]+\]: {thing} ({first}|{second})", line
        elif kind == 3:
            yield f"(?i:{service}.*({second}|{thing} {first}))", line
        elif kind == 4:
            yield rf"{thing} {first} by ([0-9]+\.[0-9]+\.[0-9]+\.[0-9]+) after [0-9]+ ms", line
        else:
            yield f"{service}.* {first} by", line


def fill(rng, text):
    if "{" not in text:
        return text
    return text.format(
        pid=rng.randrange(300, 32768), port=rng.randrange(1024, 65536), num=rng.randrange(1, 99999),
        ip=f"198.51.100.{rng.randrange(1, 255)}", user=rng.choice(USERS), host=rng.choice(HOSTS),
        hex=f"{rng.getrandbits(40):010X}", b64=f"{rng.getrandbits(64):016x}",
    )


def log(path, rng, lines, per_cent, hits):
    """Writes a log in which `per_cent` of the lines come from `hits`."""
    weights = [weight for weight, _ in ORDINARY]
    texts = [text for _, text in ORDINARY]
    with open(path, "w", encoding="ascii", newline="\n") as out:
        second = 0
        for _ in range(lines):
            second += rng.randrange(3) == 0
            stamp = f"Nov {10 + second // 86400:2d} {second // 3600 % 24:02d}:{second // 60 % 60:02d}:{second % 60:02d}"
            if per_cent and rng.random() * 100 < per_cent:
                text = rng.choice(hits)
            else:
                text = rng.choices(texts, weights)[0]
            out.write(f"{stamp} {rng.choice(HOSTS)} {fill(rng, text)}\n")


def posix(pattern):
    """Rewrites (?i:...) as [Xx], and escapes that POSIX does not have."""
    def both(match):
        out, in_class = [], False
        for char in match.group(1):
            in_class = char == "[" or (in_class and char != "]")
            out.append(f"[{char.upper()}{char.lower()}]" if char.isalpha() and not in_class else char)
        return "".join(out)
    pattern = re.sub(r"\(\?i:((?:[^()]|\([^()]*\))*)\)", both, pattern)
    return re.sub(r"\\([/'])", r"\1", pattern)


def write_rules(directory, name, patterns):
    conf = "".join(f"watchfor /{pattern}/\n\techo normal\n\n" for pattern in patterns)
    (directory / f"{name}.conf").write_text(conf)
    plain = [re.sub(r"\\([/'])", r"\1", pattern) for pattern in patterns]
    (directory / f"{name}.patterns").write_text("".join(f"{p}\n" for p in plain))
    (directory / f"{name}.posix").write_text("".join(f"{posix(p)}\n" for p in patterns))


def main():
    directory, lines = pathlib.Path(sys.argv[1]), int(sys.argv[2])
    directory.mkdir(parents=True, exist_ok=True)
    sizes = [int(n) for n in sys.argv[3].split(",")] if len(sys.argv) > 3 else [6, 100, 1000]
    for count in sizes:
        rng = random.Random(count)
        rules = SIX + list(other_rules(rng, max(0, count - len(SIX))))
        rules = rules[:count]
        write_rules(directory, f"rules-{count}", [pattern for pattern, _ in rules])
        for per_cent in (0, 1, 10, 50):
            path = directory / f"rules-{count}-{per_cent}.log"
            log(path, random.Random(f"{count} {per_cent}"), lines, per_cent, [line for _, line in rules])
    write_rules(directory, "rules-ten", TEN)
    log(directory / "rules-ten-84.log", random.Random("ten"), lines, 84, TEN_LINES)


if __name__ == "__main__":
    main()
