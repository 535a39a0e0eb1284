//! A client that sends denied queries to a name server is locked: a real named, swatch-rs with
//! `messages.conf`, swatch-action.

use std::process::Output;

use swatch_tests::deployment::{ATTACKER, Deployment, GATE, GATE_FOR_OTHER, OTHER};
use swatch_tests::live::wait_for;
use swatch_tests::machine::{Machine, Served, allowed};

const PROGRAMS: &[&str] = &["named", "dig", "iptables", "at", "flock"];

/// Serves the other host and denies everything to the rest, like a company's name server.
const CONF: &str = r#"
options {
    directory "/var/cache/bind";
    listen-on { any; };
    listen-on-v6 { none; };
    pid-file "/run/named/named.pid";
    session-keyfile "/run/named/session.key";
    allow-query { OTHER; };
    recursion no;
    dnssec-validation no;
};
controls { };
zone "example.com" { type primary; file "/etc/bind/example.com"; };
"#;

const ZONE: &str = "
$TTL 60
@ IN SOA ns hostmaster 1 60 60 60 60
@ IN NS ns
ns IN A 192.0.2.53
www IN A 192.0.2.80
";

struct Site {
    deployment: Deployment,
    _named: Served,
}

impl Site {
    fn new() -> Self {
        let deployment = Deployment::new();
        let gate = &deployment.gate;
        gate.write("/etc/bind/named.conf", CONF.replace("OTHER", OTHER));
        gate.write("/etc/bind/example.com", ZONE);
        let named = gate.serve(
            &["/usr/sbin/named", "-f", "-4", "-c", "/etc/bind/named.conf"],
            "/var/log/named.out",
        );
        let site = Self {
            deployment,
            _named: named,
        };
        wait_for("named", || site.answers());
        site
    }

    fn ask(&self, from: &Machine, server: &str, question: &[&str]) -> Output {
        let server = format!("@{server}");
        from.run(
            &[
                &[
                    "dig",
                    "+time=2",
                    "+tries=1",
                    "+noall",
                    "+answer",
                    "+comments",
                    &server,
                ],
                question,
            ]
            .concat(),
        )
    }

    /// True if the other host gets an answer.
    fn answers(&self) -> bool {
        let output = self.ask(
            &self.deployment.other,
            GATE_FOR_OTHER,
            &["www.example.com", "A"],
        );
        String::from_utf8_lossy(&output.stdout).contains("192.0.2.80")
    }

    /// The attacker's query is refused and the attacker locked; the other host is still served.
    fn expect_lock(&self, question: &[&str], logged: &str) {
        let deployment = &self.deployment;
        deployment.watch("messages", "/var/log/messages");
        let output = self.ask(&deployment.attacker, GATE, question);
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(told.contains("status: REFUSED"), "{told}");
        wait_for(logged, || {
            deployment.gate.read("/var/log/messages").contains(logged)
        });
        deployment.expect_lock(53);
        assert!(self.answers());
        let locked = format!(" {ATTACKER} 1 lock!\n");
        wait_for("the printed line", || deployment.told().contains(&locked));
        assert_eq!(deployment.jobs().len(), 1);
        // Its packets are dropped, so not even a refusal comes back.
        let output = self.ask(&deployment.attacker, GATE, question);
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            !output.status.success() && !told.contains("status:"),
            "{told}"
        );
    }
}

#[test]
fn a_version_query_locks() {
    if allowed("a version query at a real named", PROGRAMS) {
        Site::new().expect_lock(
            &["version.bind", "CH", "TXT"],
            "query 'version.bind/TXT/CH' denied",
        );
    }
}

#[test]
fn a_refused_query_locks() {
    if allowed("a refused query at a real named", PROGRAMS) {
        Site::new().expect_lock(
            &["www.example.com", "A"],
            "query 'www.example.com/A/IN' denied",
        );
    }
}

#[test]
fn a_query_that_names_an_address_locks_nobody_else() {
    if allowed("a query for an address at a real named", PROGRAMS) {
        let name = format!("client.{OTHER}#53.example.com");
        let logged = format!("query '{name}/A/IN' denied");
        Site::new().expect_lock(&[&name, "A"], &logged);
    }
}
