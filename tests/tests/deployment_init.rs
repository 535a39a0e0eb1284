//! swatch-rs under an init script, as distributions run it: start, status, restart and stop with
//! real pid files, and a real logrotate in between, under a steady writer.

use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{JoinHandle, sleep};
use std::time::{Duration, Instant};

use swatch_tests::deployment::{examples, make};
use swatch_tests::live::wait_for;
use swatch_tests::machine::{Machine, allowed};

const PROGRAMS: &[&str] = &["logrotate", "make", "install"];

/// An init script and its surroundings.
struct Flavour {
    /// The path at which it is installed.
    path: &'static str,
    /// Its text.
    script: Vec<u8>,
    /// The logrotate configuration for the watcher's own output.
    rotation: String,
    /// The paths of the pid files of `a.conf` and `b.conf`.
    pid_files: [&'static str; 2],
    /// The exit code of `status` when nothing runs.
    stopped: i32,
    /// True if `stop` waits for the exit, so that no line can be processed twice.
    waits: bool,
}

/// The project's example.
fn ours() -> Flavour {
    Flavour {
        path: "/etc/init.d/swatch-rs",
        script: fs::read(examples().join("swatch-rs.init")).unwrap(),
        rotation: fs::read_to_string(examples().join("../packaging/logrotate")).unwrap(),
        pid_files: ["/run/swatch-rs_a.pid", "/run/swatch-rs_b.pid"],
        stopped: 3,
        waits: true,
    }
}

/// A tutorial's script, from a directory that is not part of the project.
fn from_folder(folder: &str) -> Flavour {
    let folder = PathBuf::from(folder);
    Flavour {
        path: "/etc/rc.d/init.d/swatch",
        script: fs::read(folder.join("swatch.init")).unwrap(),
        rotation: fs::read_to_string(folder.join("logrotate.swatch")).unwrap(),
        pid_files: ["/run/swatch_1.pid", "/run/swatch_2.pid"],
        stopped: 0,
        waits: false,
    }
}

#[test]
fn the_example_runs_by_its_script() {
    if allowed("the init script", PROGRAMS) {
        run(&ours());
    }
}

#[test]
fn a_foreign_script_runs_untouched() {
    match std::env::var("SWATCH_SEED_DIR") {
        Ok(folder) if allowed("a foreign init script", PROGRAMS) => run(&from_folder(&folder)),
        _ => {}
    }
}

fn run(flavour: &Flavour) {
    let gate = Machine::furnished("gate");
    make("install-compat", &gate.path("/"));
    gate.write_program(flavour.path, &flavour.script);
    // The distribution's own functions are not needed.
    gate.write("/etc/rc.d/init.d/functions", "");
    for name in ["a", "b"] {
        // By a command rather than echo: the watcher's own output is rotated too, which loses parts
        // of it.
        let conf = format!(
            "# logfile /var/log/{name}.log\nwatchfor /^{name} \\d+$/\n    pipe \"awk 1 >> /var/log/seen_{name}\"\n"
        );
        gate.write(&format!("/etc/swatch/{name}.conf"), conf);
        gate.write(&format!("/var/log/{name}.log"), "");
    }
    let watched = "/var/log/a.log /var/log/b.log {\n rotate 9\n nocreate\n sharedscripts\n \
                   postrotate\n touch /run/reopen_a /run/reopen_b\n endscript\n}\n";
    gate.write(
        "/etc/logrotate.of-test",
        format!("{watched}{}", flavour.rotation),
    );
    lifecycle(&gate, flavour);
    under_load(&gate, flavour);
    assert!(
        fs::read_dir(gate.path("/tmp")).unwrap().next().is_none(),
        "something is left in /tmp"
    );
}

fn init(gate: &Machine, flavour: &Flavour, verb: &str) -> (i32, String) {
    let output = gate.run(&[flavour.path, verb]);
    let mut said = String::from_utf8_lossy(&output.stdout).into_owned();
    said.push_str(&String::from_utf8_lossy(&output.stderr));
    (output.status.code().unwrap_or(-1), said)
}

fn pids(gate: &Machine, flavour: &Flavour) -> Vec<String> {
    flavour
        .pid_files
        .iter()
        .map(|file| gate.read(file).trim().to_owned())
        .collect()
}

/// True if a process of the machine exists, by its number inside.
fn alive(gate: &Machine, pid: &str) -> bool {
    gate.run(&["kill", "-0", pid]).status.success()
}

fn expect_running(gate: &Machine, flavour: &Flavour) -> Vec<String> {
    wait_for("the pid files", || {
        pids(gate, flavour).iter().all(|pid| !pid.is_empty())
    });
    let pids = pids(gate, flavour);
    for pid in &pids {
        assert!(alive(gate, pid), "{pid} does not run");
        let line = gate.said(&["cat", &format!("/proc/{pid}/cmdline")]);
        assert!(line.contains("--daemon"), "{pid} is {line:?}");
    }
    let (code, said) = init(gate, flavour, "status");
    assert_eq!(code, 0, "{said}");
    assert!(
        pids.iter().all(|pid| said.contains(pid)),
        "{pids:?}: {said}"
    );
    pids
}

fn expect_stopped(gate: &Machine, flavour: &Flavour, pids: &[String]) {
    for pid in pids {
        wait_for("the end of the watcher", || !alive(gate, pid));
    }
    for file in flavour.pid_files {
        assert!(!gate.path(file).exists(), "{file} is left");
    }
    let (code, said) = init(gate, flavour, "status");
    assert_eq!(code, flavour.stopped, "{said}");
}

fn lifecycle(gate: &Machine, flavour: &Flavour) {
    expect_stopped(gate, flavour, &[]);
    assert_eq!(
        init(gate, flavour, "start").0,
        0,
        "{}",
        gate.read("/var/log/swatch/swatch.log")
    );
    let first = expect_running(gate, flavour);
    // A second `start` starts nothing.
    init(gate, flavour, "start");
    assert_eq!(expect_running(gate, flavour), first);
    assert_eq!(init(gate, flavour, "restart").0, 0);
    let second = expect_running(gate, flavour);
    assert!(
        first.iter().all(|pid| !second.contains(pid)),
        "{first:?} {second:?}"
    );
    for pid in &first {
        wait_for("the end of the first watcher", || !alive(gate, pid));
    }
    init(gate, flavour, "stop");
    expect_stopped(gate, flavour, &second);
}

/// Two logs grow all the time; they are rotated three times, and the watchers are restarted,
/// stopped and started.
fn under_load(gate: &Machine, flavour: &Flavour) {
    assert_eq!(init(gate, flavour, "start").0, 0);
    expect_running(gate, flavour);
    let writers = [Writer::start(gate, "a"), Writer::start(gate, "b")];
    let pause = |lines: usize| {
        for writer in &writers {
            let from = writer.written();
            wait_for("more lines", || writer.written() >= from + lines);
        }
    };
    for _ in 0..2 {
        pause(25);
        gate.said(&[
            "logrotate",
            "--force",
            "--state",
            "/var/lib/logrotate.of-test",
            "/etc/logrotate.of-test",
        ]);
        pause(25);
        assert_eq!(init(gate, flavour, "restart").0, 0);
    }
    pause(25);
    let pids = expect_running(gate, flavour);
    init(gate, flavour, "stop");
    expect_stopped(gate, flavour, &pids);
    // Nothing watches now.
    pause(25);
    gate.said(&[
        "logrotate",
        "--force",
        "--state",
        "/var/lib/logrotate.of-test",
        "/etc/logrotate.of-test",
    ]);
    pause(25);
    assert_eq!(init(gate, flavour, "start").0, 0);
    pause(25);
    for (name, total) in ["a", "b"].into_iter().zip(writers.map(Writer::finish)) {
        let seen = || gate.read(&format!("/var/log/seen_{name}"));
        // Not `wait_for`, so that a lost line is named. While lines keep arriving, keep waiting.
        let (mut lines, mut since) = (0, Instant::now());
        while since.elapsed() < Duration::from_secs(20)
            && !seen().ends_with(&format!("{name} {total}\n"))
        {
            let now = seen().lines().count();
            if now != lines {
                (lines, since) = (now, Instant::now());
            }
            sleep(Duration::from_millis(50));
        }
        let mut times = vec![0; total + 1];
        for line in seen().lines() {
            let number = line
                .strip_prefix(name)
                .and_then(|n| n.trim().parse::<usize>().ok());
            times[number.expect("a line as it was written")] += 1;
        }
        let lost = ranges((1..=total).filter(|&n| times[n] == 0));
        assert!(
            lost.is_empty(),
            "{name}: of {total} lines were lost: {lost}; {}",
            told(gate)
        );
        let twice = ranges((1..=total).filter(|&n| times[n] > 1));
        assert!(
            !flavour.waits || twice.is_empty(),
            "{name}: of {total} lines came twice: {twice}; {}",
            told(gate)
        );
    }
    init(gate, flavour, "stop");
}

fn told(gate: &Machine) -> String {
    gate.read("/var/log/swatch/swatch.log")
}

/// Formats numbers as `1-3 7-7`.
fn ranges(numbers: impl Iterator<Item = usize>) -> String {
    let mut ranges: Vec<(usize, usize)> = Vec::new();
    for number in numbers {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == number => *last = number,
            _ => ranges.push((number, number)),
        }
    }
    let words: Vec<String> = ranges
        .iter()
        .map(|(from, to)| format!("{from}-{to}"))
        .collect();
    words.join(" ")
}

/// Appends `NAME 1`, `NAME 2`, … like a daemon that keeps its log open until it is told to reopen
/// it.
struct Writer {
    stop: Arc<AtomicBool>,
    count: Arc<AtomicUsize>,
    thread: JoinHandle<()>,
}

impl Writer {
    fn start(gate: &Machine, name: &'static str) -> Self {
        let (stop, count) = (
            Arc::new(AtomicBool::new(false)),
            Arc::new(AtomicUsize::new(0)),
        );
        let (stopped, counted) = (Arc::clone(&stop), Arc::clone(&count));
        let log = gate.path(&format!("/var/log/{name}.log"));
        let told = gate.path(&format!("/run/reopen_{name}"));
        let open = move || {
            File::options()
                .append(true)
                .create(true)
                .open(&log)
                .unwrap()
        };
        let thread = std::thread::spawn(move || {
            let mut file = open();
            while !stopped.load(Ordering::Relaxed) {
                let number = counted.load(Ordering::Relaxed) + 1;
                if fs::remove_file(&told).is_ok() {
                    file = open();
                }
                file.write_all(format!("{name} {number}\n").as_bytes())
                    .unwrap();
                counted.store(number, Ordering::Relaxed);
                sleep(Duration::from_millis(10));
            }
        });
        Self {
            stop,
            count,
            thread,
        }
    }

    fn written(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// Stops it and returns how many lines it has written.
    fn finish(self) -> usize {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap();
        self.count.load(Ordering::Relaxed)
    }
}
