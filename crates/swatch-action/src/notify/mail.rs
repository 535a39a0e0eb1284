//! A mail, given to `sendmail -oi -t`: headers and body on its standard input. Never through `mail(1)`, which runs what
//! follows a tilde. Or to an SMTP server, where the setting `mailer` names one.

use swatch_common::sanitize;

use crate::{
    runner::{ProgramError, Runner},
    settings::Settings,
};

use super::smtp::{self, SmtpError};

/// A mail to the recipient of the settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// One line; made harmless again when it is sent.
    pub subject: String,
    /// The text.
    pub body: String,
}

/// Why a mail was not sent.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// The mailer's program.
    #[error(transparent)]
    Program(#[from] ProgramError),
    /// The SMTP server.
    #[error(transparent)]
    Smtp(#[from] SmtpError),
}

impl Mail {
    /// The whole message as `sendmail -t` takes it.
    fn message(&self, recipient: &str) -> String {
        // Neither may bring a line break, and so a header of its own.
        let subject = sanitize::text(self.subject.as_bytes());
        let recipient = sanitize::text(recipient.as_bytes());
        let body = self.body.trim_end_matches('\n');
        format!(
            "To: {recipient}\n\
             Subject: {subject}\n\
             Auto-Submitted: auto-generated\n\
             MIME-Version: 1.0\n\
             Content-Type: text/plain; charset=UTF-8\n\
             Content-Transfer-Encoding: 8bit\n\
             \n\
             {body}\n"
        )
    }

    /// Hands it to the mailer.
    ///
    /// # Errors
    /// What the mailer or the server did.
    pub fn send(&self, settings: &Settings, runner: &Runner) -> Result<(), MailError> {
        if let Some(server) = smtp::Server::of(&settings.mailer, &settings.mail)? {
            server.send(self, settings.time_limit.duration())?;
            return Ok(());
        }
        let argv: Vec<&str> = settings.mailer.iter().map(String::as_str).collect();
        let message = self.message(&settings.mail);
        runner.run(&argv, message.as_bytes())?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_break_makes_no_header_and_the_body_ends_with_one() {
        let mail = Mail {
            subject: "203.0.113.9 3 lock!\nBcc: x".into(),
            body: "~!id\n.\nline\n\n".into(),
        };
        let message = mail.message("root");
        let (head, body) = message.split_once("\n\n").expect("headers and body");
        assert!(head.lines().all(|line| !line.starts_with("Bcc")), "{head}");
        assert_eq!(body, "~!id\n.\nline\n");
    }
}
