//! The SMTP server that the setting `mailer` may name: `["smtp://HOST[:PORT]", "SENDER"]`, and the
//! settings `[smtp]` for it.

use std::path::PathBuf;

use lettre::message::{Mailbox, Mailboxes};
use serde::{Deserialize, Serialize};

/// Settings for an SMTP server, besides its place.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Smtp {
    /// The user to log in as; empty for no login.
    pub user: String,
    /// The file with the password, which nobody but its owner may read.
    pub password_file: Option<PathBuf>,
    /// A file with the certificates (PEM) of the authorities that are accepted instead of the
    /// system's.
    pub ca_file: Option<PathBuf>,
}

/// The encryption of a connection to an SMTP server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmtpTls {
    /// None.
    None,
    /// STARTTLS, without which nothing is sent.
    StartTls,
    /// From the first byte on.
    Implicit,
}

/// A server, and the sender and recipients of the mails.
#[derive(Debug)]
pub struct SmtpServer {
    /// Name or address.
    pub host: String,
    /// 25, 587 or 465 unless another one is named.
    pub port: u16,
    /// The encryption.
    pub tls: SmtpTls,
    /// User and certificate authority.
    pub smtp: Smtp,
    /// The sender.
    pub from: Mailbox,
    /// The recipients, at least one.
    pub to: Mailboxes,
    /// This machine's name, for the greeting.
    pub us: String,
}

/// Why the settings name no server that mails can be sent to.
#[derive(Debug, thiserror::Error)]
pub enum SmtpServerError {
    /// The setting `mailer` names no server.
    #[error(
        "{url}: {why}; write smtp://HOST or smtp://HOST:PORT, submission://HOST (STARTTLS) or \
         submissions://HOST (TLS)"
    )]
    Url {
        /// The text in the setting.
        url: String,
        /// The problem with it.
        why: &'static str,
    },
    /// A login that cannot be meant.
    #[error("`smtp`: {0}")]
    Login(&'static str),
    /// A sender or recipient is not a mail address.
    #[error("{address:?} is not a valid email address: {source}")]
    Address {
        /// The text in the setting.
        address: String,
        /// The problem with it.
        source: lettre::address::AddressError,
    },
}

impl SmtpServer {
    /// The server that the setting `mailer` names; `None` where it names a program.
    ///
    /// # Errors
    /// [`SmtpServerError::Url`], [`SmtpServerError::Address`].
    pub fn of(
        mailer: &[String],
        recipients: &str,
        smtp: &Smtp,
    ) -> Result<Option<Self>, SmtpServerError> {
        let url = mailer.first().map_or("", String::as_str);
        let Some((scheme, place)) = url.split_once("://") else {
            return Ok(None);
        };
        let refuse = |why| {
            Err(SmtpServerError::Url {
                url: url.to_owned(),
                why,
            })
        };
        let (tls, usual_port) = match scheme {
            "smtp" => (SmtpTls::None, 25),
            "submission" => (SmtpTls::StartTls, 587),
            "submissions" | "smtps" => (SmtpTls::Implicit, 465),
            _ => return refuse("not a known kind of server"),
        };
        if smtp.user.is_empty() != smtp.password_file.is_none() {
            return Err(SmtpServerError::Login(
                "`user` and `password_file` belong together",
            ));
        }
        if !smtp.user.is_empty() && tls == SmtpTls::None {
            return Err(SmtpServerError::Login(
                "a password is not sent without TLS: write submission://HOST or submissions://HOST",
            ));
        }
        if mailer.len() > 2 {
            return refuse("more than a server and a sender");
        }
        let place = place.strip_suffix('/').unwrap_or(place);
        let Some((host, port)) = host_and_port(place, usual_port) else {
            return refuse("no host and port");
        };
        let us = own_name();
        let from = match mailer.get(1) {
            Some(sender) => mailbox(sender, &us)?,
            None => mailbox("root", &us)?,
        };
        let to: Result<Vec<Mailbox>, SmtpServerError> = recipients
            .split(',')
            .map(|one| mailbox(one.trim(), &us))
            .collect();
        Ok(Some(Self {
            host,
            port,
            tls,
            smtp: smtp.clone(),
            from,
            to: Mailboxes::from_iter(to?),
            us,
        }))
    }

    /// Host and port, as in a URL.
    #[must_use]
    pub fn name(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

/// `host`, `host:port`, `[v6]`, `[v6]:port`.
fn host_and_port(place: &str, usual: u16) -> Option<(String, u16)> {
    let (host, port) = match place.strip_prefix('[') {
        Some(rest) => {
            let (host, rest) = rest.split_once(']')?;
            (host, rest.strip_prefix(':'))
        }
        None => match place.rsplit_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (place, None),
        },
    };
    let port = port.map_or(Some(usual), |port| port.parse().ok())?;
    let plain = |c: char| c.is_ascii_alphanumeric() || ".-_:".contains(c);
    (!host.is_empty() && host.chars().all(plain) && port > 0).then(|| (host.to_owned(), port))
}

/// A name without a domain is a user of this machine, as for sendmail.
fn mailbox(text: &str, us: &str) -> Result<Mailbox, SmtpServerError> {
    let address = if text.contains('@') || text.is_empty() {
        text.to_owned()
    } else {
        format!("{text}@{us}")
    };
    address.parse().map_err(|source| SmtpServerError::Address {
        address: text.to_owned(),
        source,
    })
}

/// The machine's name, if a mail address can have it as its domain.
fn own_name() -> String {
    let name = nix::unistd::gethostname()
        .ok()
        .and_then(|name| name.into_string().ok())
        .unwrap_or_default();
    if format!("root@{name}").parse::<Mailbox>().is_ok() {
        name
    } else {
        "localhost".to_owned()
    }
}
