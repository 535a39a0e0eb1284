//! A mail to an SMTP server, for machines without a sendmail: `mailer = ["smtp://HOST[:PORT]",
//! "SENDER"]`.
//!
//! lettre builds the message and speaks the protocol: it encodes what headers cannot hold, and
//! lines that are too long for SMTP. TLS and passwords are not supported: a server that requires
//! them is reached through a program such as msmtp.

use std::{sync::mpsc, time::Duration};

use lettre::{
    Message,
    message::{
        Mailbox, Mailboxes,
        header::{ContentType, HeaderName, HeaderValue},
    },
    transport::smtp::{Error, client::SmtpConnection, commands, extension::ClientId},
};

use super::Mail;
use swatch_common::sanitize;

/// All steps together (greeting, envelope, text, reply) may take this many time limits.
const STEPS: u32 = 4;

/// A server, and the sender and recipients of the mails.
#[derive(Debug)]
pub(crate) struct Server {
    host: String,
    port: u16,
    from: Mailbox,
    to: Mailboxes,
    us: String,
}

/// Why a mail was not sent.
#[derive(Debug, thiserror::Error)]
pub enum SmtpError {
    /// The setting `mailer` names no server.
    #[error("{url}: {why}; write smtp://HOST or smtp://HOST:PORT")]
    Url {
        /// The text in the setting.
        url: String,
        /// The problem with it.
        why: &'static str,
    },
    /// A sender or recipient is not a mail address.
    #[error("{address:?} is not a valid email address: {source}")]
    Address {
        /// The text in the setting.
        address: String,
        /// The problem with it.
        source: lettre::address::AddressError,
    },
    /// The message cannot be built.
    #[error("cannot build the mail: {0}")]
    Message(#[from] lettre::error::Error),
    /// The server cannot be reached, or does not accept the mail.
    #[error("SMTP server {server}: {why}")]
    Refused {
        /// Host and port.
        server: String,
        /// Its reply, or the system's reason.
        why: String,
    },
    /// It takes too long.
    #[error("SMTP server {server}: timed out after {seconds} s")]
    Slow {
        /// Host and port.
        server: String,
        /// The limit.
        seconds: u64,
    },
}

impl Server {
    /// The server that the setting `mailer` names; `None` where it names a program.
    ///
    /// # Errors
    /// [`SmtpError::Url`], [`SmtpError::Address`].
    pub(crate) fn of(mailer: &[String], recipients: &str) -> Result<Option<Self>, SmtpError> {
        let url = mailer.first().map_or("", String::as_str);
        let Some((scheme, place)) = url.split_once("://") else {
            return Ok(None);
        };
        let refuse = |why| {
            Err(SmtpError::Url {
                url: url.to_owned(),
                why,
            })
        };
        match scheme {
            "smtp" => {}
            "smtps" | "submission" | "submissions" => {
                return refuse("TLS is not supported: use a program such as [\"msmtp\", \"-t\"]");
            }
            _ => return refuse("not a known kind of server"),
        }
        if mailer.len() > 2 {
            return refuse("more than a server and a sender");
        }
        let place = place.strip_suffix('/').unwrap_or(place);
        let Some((host, port)) = host_and_port(place) else {
            return refuse("no host and port");
        };
        let us = own_name();
        let from = match mailer.get(1) {
            Some(sender) => mailbox(sender, &us)?,
            None => mailbox("root", &us)?,
        };
        let to: Result<Vec<Mailbox>, SmtpError> = recipients
            .split(',')
            .map(|one| mailbox(one.trim(), &us))
            .collect();
        Ok(Some(Self {
            host,
            port,
            from,
            to: Mailboxes::from_iter(to?),
            us,
        }))
    }

    fn message(&self, mail: &Mail) -> Result<Message, SmtpError> {
        let automatic = HeaderName::new_from_ascii_str("Auto-Submitted");
        let mut builder = Message::builder()
            .from(self.from.clone())
            .subject(sanitize::text(mail.subject.as_bytes()))
            .raw_header(HeaderValue::new(automatic, "auto-generated".to_owned()))
            .message_id(None)
            .header(ContentType::TEXT_PLAIN);
        for to in self.to.iter() {
            builder = builder.to(to.clone());
        }
        // The end of the text brings a line break of its own (RFC 5321, 4.1.1.4).
        let body = mail.body.trim_end_matches('\n').to_owned();
        Ok(builder.body(body)?)
    }

    /// Sends a mail; each step may take `limit`, and all of it four times that. Returns a note for
    /// each recipient that the server refused while it accepted others.
    ///
    /// # Errors
    /// [`SmtpError`]; nobody gets the mail then.
    pub(crate) fn send(self, mail: &Mail, limit: Duration) -> Result<Vec<String>, SmtpError> {
        let message = self.message(mail)?;
        let server = self.name();
        let (done, result) = mpsc::channel();
        // A resolver that hangs, or a server that sends one byte a second, is not bound by lettre's
        // limits. This process ends soon, and the thread with it.
        std::thread::spawn(move || done.send(self.deliver(&message, limit)));
        match result.recv_timeout(limit * STEPS) {
            Ok(refused) => Ok(refused?
                .into_iter()
                .map(|refusal| format!("SMTP server {server} refuses {refusal}"))
                .collect()),
            Err(_) => Err(SmtpError::Slow {
                server,
                seconds: (limit * STEPS).as_secs(),
            }),
        }
    }

    fn name(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }

    /// Returns the recipients that were refused, each with the reason; an error if all were, or the
    /// mail itself.
    fn deliver(&self, message: &Message, limit: Duration) -> Result<Vec<String>, SmtpError> {
        let failed = |why| SmtpError::Refused {
            server: self.name(),
            why,
        };
        let broken = |error| failed(reason(error));
        let us = ClientId::Domain(self.us.clone());
        let place = (self.host.as_str(), self.port);
        let mut server =
            SmtpConnection::connect(place, Some(limit), &us, None, None).map_err(broken)?;
        let from = self.from.email.clone();
        server
            .command(commands::Mail::new(Some(from), Vec::new()))
            .map_err(broken)?;
        let mut refused = Vec::new();
        let mut accepted = 0;
        for to in self.to.iter() {
            match server.command(commands::Rcpt::new(to.email.clone(), Vec::new())) {
                Ok(_) => accepted += 1,
                // A reply, unlike a broken connection.
                Err(error) if error.status().is_some() => {
                    refused.push(format!("{}: {}", to.email, reason(error)));
                }
                Err(error) => return Err(broken(error)),
            }
        }
        if accepted == 0 {
            let _ = server.quit();
            return Err(failed(refused.join("; ")));
        }
        server.command(commands::Data).map_err(broken)?;
        server.message(&message.formatted()).map_err(broken)?;
        // The server has accepted the mail; its reply to this does not matter.
        let _ = server.quit();
        Ok(refused)
    }
}

/// The error with its causes, on one line.
fn reason(error: Error) -> String {
    let mut why = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(inner) = cause {
        why = format!("{why}: {inner}");
        cause = inner.source();
    }
    sanitize::text(why.as_bytes())
}

/// `host`, `host:port`, `[v6]`, `[v6]:port`.
fn host_and_port(place: &str) -> Option<(String, u16)> {
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
    let port = port.map_or(Some(25), |port| port.parse().ok())?;
    let plain = |c: char| c.is_ascii_alphanumeric() || ".-_:".contains(c);
    (!host.is_empty() && host.chars().all(plain) && port > 0).then(|| (host.to_owned(), port))
}

/// A name without a domain is a user of this machine, as for sendmail.
fn mailbox(text: &str, us: &str) -> Result<Mailbox, SmtpError> {
    let address = if text.contains('@') || text.is_empty() {
        text.to_owned()
    } else {
        format!("{text}@{us}")
    };
    address.parse().map_err(|source| SmtpError::Address {
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

#[cfg(test)]
mod tests;
