//! The mail of one lock, as the script sent it: the log of the address, an empty line, the whois
//! answer.

use swatch_common::sanitize;

use super::{Job, mail::Mail};
use crate::{count::AddressLogs, network};

/// The part of the log that goes into a mail: its last bytes.
const MAX_LOG: u64 = 1 << 20;

pub(super) fn letter(job: &Job, answer: &str) -> Mail {
    let log =
        AddressLogs::open(&job.settings.log_dir).and_then(|logs| logs.tail(job.counted, MAX_LOG));
    let mut body = match log {
        Ok((text, cut)) => {
            let start = if cut {
                "[earlier lines left out]\n"
            } else {
                ""
            };
            format!("{start}{}", sanitize::lines(&text))
        }
        Err(error) => format!("{}\n[{error}]\n", job.reason),
    };
    if job.locked != job.counted {
        body.push_str(&format!(
            "[locked as part of {}]\n",
            network::text(job.locked)
        ));
    }
    body.push('\n');
    body.push_str(answer);
    Mail {
        subject: format!("{} {} lock!", network::text(job.counted), job.count),
        body,
    }
}
