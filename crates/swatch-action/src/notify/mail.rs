//! A mail, handed to `sendmail -oi -t` on standard input, or to an SMTP server where the setting
//! `mailer` names one. Never through `mail(1)`, which executes what follows a tilde.

use swatch_common::sanitize;

use super::{
    mailer::Mailer,
    smtp::{self, SmtpError},
};
use crate::{
    runner::{ProgramError, Runner},
    settings::{Settings, SmtpServer, SmtpServerError},
};

/// A mail to the recipients of the settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// The subject; sanitised when it is sent.
    pub subject: String,
    /// The text.
    pub body: String,
}

/// A mail is on its way.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// Remarks, such as a recipient that was refused.
    pub notes: Vec<String>,
}

/// Why a mail was not sent.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// The mailer's program.
    #[error("{source}{hint}")]
    Program {
        /// The failure.
        source: ProgramError,
        /// Further possible causes, or nothing.
        hint: String,
    },
    /// The setting `mailer`.
    #[error(transparent)]
    Server(#[from] SmtpServerError),
    /// The SMTP server.
    #[error(transparent)]
    Smtp(#[from] SmtpError),
}

impl Mail {
    /// The whole message as `sendmail -t` takes it.
    fn message(&self, recipient: &str) -> String {
        // Neither may contain a line break, and so a header of its own.
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

    /// Hands the mail to the mailer.
    ///
    /// # Errors
    /// The mailer or the server has not accepted it.
    pub fn send(&self, settings: &Settings, runner: &Runner) -> Result<Sent, MailError> {
        if let Some(server) = SmtpServer::of(&settings.mailer, &settings.mail, &settings.smtp)? {
            let notes = smtp::send(server, self, settings.time_limit.duration())?;
            return Ok(Sent { notes });
        }
        let mailer = Mailer::of(settings);
        let mut notes: Vec<String> = mailer.silent_loss().into_iter().collect();
        let argv: Vec<&str> = settings.mailer.iter().map(String::as_str).collect();
        match runner.run(&argv, self.message(&settings.mail).as_bytes()) {
            Ok(_) => Ok(Sent { notes }),
            Err(error) if mailer.has_kept(&error) => {
                notes.push(format!("{error}; it keeps the mail and sends it later"));
                Ok(Sent { notes })
            }
            Err(source) => Err(MailError::Program {
                source,
                hint: mailer.hint(),
            }),
        }
    }
}

#[cfg(test)]
mod tests;
