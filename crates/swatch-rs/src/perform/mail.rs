//! `mail`: headers and text for sendmail.

use std::path::Path;

use nix::errno::Errno;
use nix::unistd::{Uid, User};
use swatch_engine::Invocation;

/// The places of sendmail, in the original's order.
pub(crate) const SENDMAIL: [&str; 2] = ["/usr/sbin/sendmail", "/usr/lib/sendmail"];

/// Why a mail cannot be sent.
#[derive(Debug, thiserror::Error)]
pub(super) enum MailError {
    #[error(
        "no mailer: neither {} nor {} exists; install one, or name a program with mailer=",
        SENDMAIL[0],
        SENDMAIL[1]
    )]
    NoMailer,
    #[error("no address is given, and user {0} has no name to mail to")]
    NoName(Uid),
    #[error("no address is given, and the name of user {0} cannot be found: {1}")]
    Unknown(Uid, Errno),
}

/// The command that takes a mail, and its input.
///
/// # Errors
/// There is no mailer, or the user has no name to send to.
pub(super) fn prepare(
    to: Option<&[u8]>,
    subject: &[u8],
    body: &[u8],
    mailer: Option<&Invocation>,
) -> Result<(Invocation, Vec<u8>), MailError> {
    let command = match mailer {
        Some(command) => command.clone(),
        None => sendmail()?,
    };
    let login;
    let to = match to {
        Some(to) => to,
        None => {
            login = login_name()?;
            login.as_bytes()
        }
    };
    let text = [b"To: ", to, b"\nSubject: ", subject, b"\n\n", body, b"\n"].concat();
    Ok((command, text))
}

fn sendmail() -> Result<Invocation, MailError> {
    let mut programs = SENDMAIL.iter();
    let program = programs
        .find(|path| Path::new(path).exists())
        .ok_or(MailError::NoMailer)?;
    Ok(Invocation::Direct(vec![
        program.as_bytes().to_vec(),
        b"-oi".to_vec(),
        b"-t".to_vec(),
    ]))
}

/// The original's default recipient: the login name of the real user.
fn login_name() -> Result<String, MailError> {
    let uid = Uid::current();
    match User::from_uid(uid) {
        Ok(Some(user)) => Ok(user.name),
        Ok(None) => Err(MailError::NoName(uid)),
        Err(e) => Err(MailError::Unknown(uid, e)),
    }
}
