//! A mail to an SMTP server, for machines without a sendmail: `mailer = ["smtp://HOST[:PORT]",
//! "SENDER"]`.
//!
//! lettre builds the message and speaks the protocol: it encodes what headers cannot hold, and
//! lines that are too long for SMTP. TLS is rustls's, with the system's authorities or those of the
//! setting `smtp.ca_file`; a password is sent only through TLS.

use std::{sync::mpsc, time::Duration};

use lettre::{
    Message,
    message::header::{ContentType, HeaderName, HeaderValue},
    transport::smtp::{
        Error,
        authentication::{Credentials, Mechanism},
        client::{Certificate, CertificateStore, SmtpConnection, TlsParameters},
        commands,
        extension::ClientId,
    },
};

use swatch_common::sanitize;

use super::Mail;
use crate::{
    secret::{self, SecretError},
    settings::{SmtpServer, SmtpTls},
};

/// All steps together (greeting, envelope, text, reply) may take this many time limits.
const STEPS: u32 = 4;

/// Why a mail was not sent.
#[derive(Debug, thiserror::Error)]
pub enum SmtpError {
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
    /// The file with the password.
    #[error(transparent)]
    Password(#[from] SecretError),
    /// The file with the authorities.
    #[error("setting `smtp.ca_file`: {path}: {why}")]
    Authorities {
        /// The file.
        path: String,
        /// The problem with it.
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

fn message(server: &SmtpServer, mail: &Mail) -> Result<Message, SmtpError> {
    let automatic = HeaderName::new_from_ascii_str("Auto-Submitted");
    let mut builder = Message::builder()
        .from(server.from.clone())
        .subject(sanitize::text(mail.subject.as_bytes()))
        .raw_header(HeaderValue::new(automatic, "auto-generated".to_owned()))
        .message_id(None)
        .header(ContentType::TEXT_PLAIN);
    for to in server.to.iter() {
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
pub(super) fn send(
    server: SmtpServer,
    mail: &Mail,
    limit: Duration,
) -> Result<Vec<String>, SmtpError> {
    let message = message(&server, mail)?;
    let name = server.name();
    let (done, result) = mpsc::channel();
    // A resolver that hangs, or a server that sends one byte a second, is not bound by lettre's
    // limits. This process ends soon, and the thread with it.
    std::thread::spawn(move || done.send(deliver(&server, &message, limit)));
    match result.recv_timeout(limit * STEPS) {
        Ok(refused) => Ok(refused?
            .into_iter()
            .map(|refusal| format!("SMTP server {name} refuses {refusal}"))
            .collect()),
        Err(_) => Err(SmtpError::Slow {
            server: name,
            seconds: (limit * STEPS).as_secs(),
        }),
    }
}

/// Returns the recipients that were refused, each with the reason; an error if all were, or the
/// mail itserver.
fn deliver(
    server: &SmtpServer,
    message: &Message,
    limit: Duration,
) -> Result<Vec<String>, SmtpError> {
    let failed = |why| SmtpError::Refused {
        server: server.name(),
        why,
    };
    let broken = |error| failed(reason(error));
    let us = ClientId::Domain(server.us.clone());
    let place = (server.host.as_str(), server.port);
    let tls = match server.tls {
        SmtpTls::None => None,
        SmtpTls::StartTls | SmtpTls::Implicit => Some(tls(server)?),
    };
    let at_once = tls.as_ref().filter(|_| server.tls == SmtpTls::Implicit);
    let mut connection =
        SmtpConnection::connect(place, Some(limit), &us, at_once, None).map_err(broken)?;
    if let Some(tls) = tls.as_ref().filter(|_| server.tls == SmtpTls::StartTls) {
        if !connection.can_starttls() {
            return Err(failed("it does not offer STARTTLS".to_owned()));
        }
        connection.starttls(tls, &us).map_err(broken)?;
    }
    if let Some(file) = &server.smtp.password_file {
        let password = secret::secret("setting `smtp.password_file`:", file)?;
        let login = Credentials::new(server.smtp.user.clone(), password);
        connection
            .auth(&[Mechanism::Plain, Mechanism::Login], &login)
            .map_err(|error| failed(format!("login as {}: {}", server.smtp.user, reason(error))))?;
    }
    let from = server.from.email.clone();
    connection
        .command(commands::Mail::new(Some(from), Vec::new()))
        .map_err(broken)?;
    let mut refused = Vec::new();
    let mut accepted = 0;
    for to in server.to.iter() {
        match connection.command(commands::Rcpt::new(to.email.clone(), Vec::new())) {
            Ok(_) => accepted += 1,
            // A reply, unlike a broken connection.
            Err(error) if error.status().is_some() => {
                refused.push(format!("{}: {}", to.email, reason(error)));
            }
            Err(error) => return Err(broken(error)),
        }
    }
    if accepted == 0 {
        let _ = connection.quit();
        return Err(failed(refused.join("; ")));
    }
    connection.command(commands::Data).map_err(broken)?;
    connection.message(&message.formatted()).map_err(broken)?;
    // The server has accepted the mail; its reply to this does not matter.
    let _ = connection.quit();
    Ok(refused)
}

/// TLS for the server's name, with the system's authorities or those of the settings.
fn tls(server: &SmtpServer) -> Result<TlsParameters, SmtpError> {
    // The library takes the process's provider; an error says that there is one already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = TlsParameters::builder(server.host.clone());
    if let Some(path) = &server.smtp.ca_file {
        let refuse = |why: String| SmtpError::Authorities {
            path: sanitize::path(path),
            why,
        };
        let text = std::fs::read(path).map_err(|error| refuse(error.to_string()))?;
        let authority = Certificate::from_pem(&text).map_err(|error| refuse(reason(error)))?;
        builder = builder
            .certificate_store(CertificateStore::None)
            .add_root_certificate(authority);
    }
    builder.build_rustls().map_err(|error| SmtpError::Refused {
        server: server.name(),
        why: reason(error),
    })
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

#[cfg(test)]
mod tests;
