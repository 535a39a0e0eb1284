//! `mail`: headers and text for sendmail.

use std::path::Path;

use nix::unistd::{Uid, User};
use swatch_engine::Invocation;

/// Where sendmail is looked for, the original's order.
const SENDMAIL: [&str; 2] = ["/usr/sbin/sendmail", "/usr/lib/sendmail"];

/// The command that takes a mail, and what it reads.
///
/// # Errors
/// There is no mailer, or the user has no name to send to; the text says so.
pub(super) fn prepare(
    to: Option<&[u8]>,
    subject: &[u8],
    body: &[u8],
    mailer: Option<&Invocation>,
) -> Result<(Invocation, Vec<u8>), String> {
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

fn sendmail() -> Result<Invocation, String> {
    let program = SENDMAIL
        .iter()
        .find(|p| Path::new(p).exists())
        .ok_or_else(|| {
            format!(
                "no mailer: neither {} nor {} exists; install one, or name a program with mailer=",
                SENDMAIL[0], SENDMAIL[1]
            )
        })?;
    Ok(Invocation::Direct(vec![
        program.as_bytes().to_vec(),
        b"-oi".to_vec(),
        b"-t".to_vec(),
    ]))
}

/// The original's default recipient: the login name of the real user.
fn login_name() -> Result<String, String> {
    let uid = Uid::current();
    match User::from_uid(uid) {
        Ok(Some(user)) => Ok(user.name),
        Ok(None) => Err(format!(
            "no address given, and user {uid} has no name to mail to"
        )),
        Err(e) => Err(format!(
            "no address given, and the name of user {uid} cannot be found: {e}"
        )),
    }
}
