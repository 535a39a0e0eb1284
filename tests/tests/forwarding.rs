//! Logs of many hosts on one: real rsyslog daemons forward over TCP into a file for each host, and
//! one swatch-rs watches them all. The configurations are those of `docs/fleet.md`.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use swatch_tests::live::{Site, wait_for};
use swatch_tests::skip::skipped;

/// A daemon of the test, ended with the value.
struct Daemon(Child);

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A configuration of the manual, with the places of the test.
fn manual(title: &str, changes: &[(&str, &str)]) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/fleet.md");
    let text = fs::read_to_string(path).expect("the manual");
    let (_, rest) = text.split_once(title).expect("the title");
    let (block, _) = rest.split_once("\n```").expect("the end of the block");
    let mut block = block.to_owned();
    for (from, to) in changes {
        assert!(block.contains(from), "{from}: {block}");
        block = block.replace(from, to);
    }
    block
}

fn rsyslog(site: &Site, name: &str, conf: &str) -> Daemon {
    let work = site.path(&format!("{name}.work"));
    fs::create_dir_all(&work).expect("a folder");
    let head = format!("global(workDirectory=\"{}\")\n", work.display());
    site.write(&format!("{name}.conf"), head + conf);
    let mut command = Command::new("/usr/sbin/rsyslogd");
    site.prepare(&mut command);
    command
        .arg("-n")
        .arg("-f")
        .arg(site.path(&format!("{name}.conf")))
        .arg("-i")
        .arg(site.path(&format!("{name}.pid")))
        .stdin(Stdio::null());
    Daemon(command.spawn().expect("rsyslogd starts"))
}

/// The daemon of a host: it takes what programs log on a socket, and forwards it.
fn sender(site: &Site, host: &str, port: u16) -> (Daemon, UnixDatagram) {
    let socket = site.path(&format!("{host}.socket"));
    let port = format!("port=\"{port}\"");
    let forward = manual(
        "# each host: ",
        &[("logs.example.net", "127.0.0.1"), ("port=\"514\"", &port)],
    );
    let (_, forward) = forward.split_once('\n').expect("the title's line");
    let conf = format!(
        "global(localHostname=\"{host}\")\nmodule(load=\"imuxsock\" SysSock.Use=\"off\")\n\
         input(type=\"imuxsock\" Socket=\"{}\" UseSysTimeStamp=\"off\")\n{forward}\n",
        socket.display()
    );
    let daemon = rsyslog(site, host, &conf);
    let log = UnixDatagram::unbound().expect("a socket");
    wait_for("the socket of a host", || log.connect(&socket).is_ok());
    (daemon, log)
}

fn receiver(site: &Site, port: u16) -> Daemon {
    let folder = format!("{}/", site.path("hosts").display());
    let port_of = format!("port=\"{port}\"");
    let conf = manual(
        "# logs.example.net: ",
        &[("/var/log/hosts/", &folder), ("port=\"514\"", &port_of)],
    );
    let (_, conf) = conf.split_once('\n').expect("the title's line");
    let daemon = rsyslog(site, "receiver", conf);
    wait_for("the receiver", || {
        TcpStream::connect(("127.0.0.1", port)).is_ok()
    });
    daemon
}

fn log(socket: &UnixDatagram, text: &str) {
    let line = format!("<38>Nov 22 18:00:01 sshd[7]: {text}");
    wait_for("the daemon takes a line", || {
        socket.send(line.as_bytes()).is_ok()
    });
}

#[test]
fn one_watcher_reads_what_many_hosts_forward() {
    if !Path::new("/usr/sbin/rsyslogd").exists() {
        return skipped("forwarded logs", "there is no rsyslogd");
    }
    let site = Site::new();
    fs::create_dir(site.path("hosts")).expect("a folder");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    drop(listener);
    site.write(
        "conf",
        "watchfor /^\\S+ (\\S+) sshd\\[7\\]: Failed password for .* from (203\\S+) port/\n\techo\n",
    );
    let logs = format!("{}/*.log", site.path("hosts").display());
    let mut swatch = site.start(&["-c", "conf", "-t", &logs, "--insecure"]);
    let receiving = receiver(&site, port);
    let (_one, alpha) = sender(&site, "alpha", port);
    let (_two, beta) = sender(&site, "beta", port);
    for n in 0..20 {
        log(
            &alpha,
            &format!("Failed password for root from 203.0.113.{n} port 4 ssh2"),
        );
        log(
            &beta,
            &format!("Failed password for root from 203.0.113.1{n:02} port 4 ssh2"),
        );
    }
    wait_for("the lines of both hosts", || {
        site.count("out", "203.0.113.") == 40
    });
    assert_eq!(site.count("hosts/alpha.log", "203.0.113."), 20);
    assert_eq!(site.count("hosts/beta.log", "203.0.113.1"), 20);
    // A line feed in a message stays within its line.
    log(
        &alpha,
        "Failed password for x\nFailed password for root from 203.0.113.200 port 4\u{1b}[1m from 203.0.113.66 port 4 ssh2",
    );
    wait_for("the hostile line", || {
        site.count("out", "203.0.113.66") == 1
    });
    assert_eq!(site.read("hosts/alpha.log").lines().count(), 21);
    // What is logged while the receiver is away comes later.
    drop(receiving);
    for n in 0..5 {
        log(
            &beta,
            &format!("Failed password for root from 203.0.113.24{n} port 4 ssh2"),
        );
    }
    let _receiving = receiver(&site, port);
    wait_for("what waited", || {
        (0..5).all(|n| site.count("out", &format!("203.0.113.24{n} ")) > 0)
    });
    assert!(swatch.stop().success());
}
