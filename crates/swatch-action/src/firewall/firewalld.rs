//! firewalld: a rich rule with a timeout in the default zone, at run time only.

use std::collections::HashSet;

use ipnet::IpNet;

use super::{Firewall, Order};
use crate::{
    network,
    program::{ProgramError, Runner, shell_words},
    settings::Settings,
};

pub(super) struct Firewalld<'a> {
    runner: &'a Runner,
}

impl<'a> Firewalld<'a> {
    pub(super) fn new(_: &'a Settings, runner: &'a Runner) -> Self {
        Self { runner }
    }
}

fn rule(net: IpNet) -> String {
    let family = if matches!(net, IpNet::V4(_)) {
        "ipv4"
    } else {
        "ipv6"
    };
    format!(
        "rule family=\"{family}\" source address=\"{}\" drop",
        network::text(net)
    )
}

impl Firewall for Firewalld<'_> {
    fn name(&self) -> &'static str {
        "firewalld"
    }

    fn has_timeouts(&self) -> bool {
        true
    }

    fn lock(&self, order: Order) -> Result<(), ProgramError> {
        let add = format!("--add-rich-rule={}", rule(order.net));
        match order.seconds {
            Some(seconds) => {
                let timeout = format!("--timeout={}", seconds.max(1));
                self.runner.run(&["firewall-cmd", &timeout, &add], b"")
            }
            None => self.runner.run(&["firewall-cmd", &add], b""),
        }
        .map(drop)
    }

    /// firewalld keeps the old time of a rule that it has, so the rule is taken out first.
    fn renew(&self, order: Order) -> Result<(), ProgramError> {
        self.unlock(order.net)?;
        self.lock(order)
    }

    fn ensure(&self, order: Order) -> Result<(), ProgramError> {
        self.renew(order)
    }

    fn unlock(&self, net: IpNet) -> Result<(), ProgramError> {
        let remove = format!("--remove-rich-rule={}", rule(net));
        match self.runner.run(&["firewall-cmd", &remove], b"") {
            Err(error) if error.to_string().contains("NOT_ENABLED") => Ok(()),
            other => other.map(drop),
        }
    }

    fn list(&self) -> Result<Option<HashSet<IpNet>>, ProgramError> {
        let output = self
            .runner
            .run(&["firewall-cmd", "--list-rich-rules"], b"")?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let net = |line: &str| {
            let rest = line.trim().split_once("source address=\"")?.1;
            let (address, rest) = rest.split_once('"')?;
            (rest.trim() == "drop").then(|| network::parse(address).ok())?
        };
        Ok(Some(text.lines().filter_map(net).collect()))
    }

    fn unlock_command(&self, net: IpNet) -> Option<String> {
        Some(shell_words(&[
            "firewall-cmd",
            &format!("--remove-rich-rule={}", rule(net)),
        ]))
    }
}
