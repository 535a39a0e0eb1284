//! Messages to web services: one request, and what its answer means for the next attempt.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use chrono::DateTime;
use swatch_common::sanitize;
use ureq::{
    Agent,
    http::{HeaderName, HeaderValue, Request, Response, header::RETRY_AFTER},
    tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem},
};

use super::template::{self, Syntax, TemplateError, Values};
use crate::{
    secret::{self, SecretError},
    settings::WebService,
};

pub(super) mod message;
pub(super) mod rounds;

/// The longest wait that a service may ask for.
const LONGEST_WAIT: Duration = Duration::from_secs(900);

/// The bytes of an answer that are read.
const MAX_ANSWER: u64 = 2000;

/// Why a message was not taken.
#[derive(Debug)]
pub(super) struct Failure {
    /// The reason in words, sanitised.
    pub(super) why: String,
    pub(super) next: Next,
}

/// What to do with a message that was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Try again; after the time that the service asks for, if it does.
    Again(Option<Duration>),
    /// It will never be taken.
    GiveUp,
}

/// Why no request can be made.
#[derive(Debug, thiserror::Error)]
enum RequestError {
    #[error(transparent)]
    Secret(#[from] SecretError),
    #[error("the address in `url_file`: {0}")]
    Url(&'static str),
    #[error(transparent)]
    Template(#[from] TemplateError),
    #[error("the authorities in {path}: {why}")]
    Authorities { path: String, why: String },
    #[error("{0}")]
    Http(String),
}

/// Sends a message; all steps together may take `limit`.
pub(super) fn send(service: &WebService, values: &Values, limit: Duration) -> Result<(), Failure> {
    let request = request(service, values).map_err(|error| Failure {
        why: error.to_string(),
        next: Next::GiveUp,
    })?;
    let agent = agent(service, limit).map_err(|error| Failure {
        why: error.to_string(),
        next: Next::GiveUp,
    })?;
    match agent.run(request) {
        Ok(answer) => judge(answer),
        Err(error) => {
            // A certificate or an address that is wrong stays so.
            let lasting = matches!(
                error,
                ureq::Error::Tls(_) | ureq::Error::BadUri(_) | ureq::Error::Http(_)
            );
            Err(Failure {
                why: in_words(&error),
                next: if lasting {
                    Next::GiveUp
                } else {
                    Next::Again(None)
                },
            })
        }
    }
}

/// The error with its causes. The address is not in it: it may be a secret.
fn in_words(error: &ureq::Error) -> String {
    let text = match error {
        ureq::Error::BadUri(_) => "the address is not one".to_owned(),
        error => error.to_string(),
    };
    sanitize::excerpt(text.as_bytes(), 300)
}

fn request(service: &WebService, values: &Values) -> Result<Request<String>, RequestError> {
    let mut values = values.clone();
    if let Some(path) = &service.token_file {
        values = values.text("token", secret::secret("the token", path)?);
    }
    let url = match &service.url_file {
        Some(path) => secret::secret("the address", path)?,
        None => service.url.clone(),
    };
    let is_secret = service.url_file.is_some() || service.token_file.is_some();
    crate::settings::check_url(&url, is_secret).map_err(RequestError::Url)?;
    let failed = |error: ureq::http::Error| {
        RequestError::Http(sanitize::excerpt(error.to_string().as_bytes(), 200))
    };
    let url = template::fill(&url, Syntax::Url, &values)?;
    let mut request = Request::builder()
        .method(service.method.as_str())
        .uri(url)
        .header("content-type", service.content_type.as_str());
    for (name, value) in &service.headers {
        let value = template::fill(value, Syntax::Header, &values)?;
        let name: HeaderName = name
            .parse()
            .map_err(|error| failed(ureq::http::Error::from(error)))?;
        // UTF-8, as ntfy takes it.
        let mut value =
            HeaderValue::from_bytes(value.as_bytes()).map_err(|error| failed(error.into()))?;
        value.set_sensitive(true);
        request = request.header(name, value);
    }
    let body = template::fill(&service.body, service.syntax(), &values)?;
    request.body(body).map_err(failed)
}

fn agent(service: &WebService, limit: Duration) -> Result<Agent, RequestError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = TlsConfig::builder()
        .root_certs(authorities(service)?)
        .unversioned_rustls_crypto_provider(provider)
        .build();
    Ok(Agent::config_builder()
        .tls_config(tls)
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .proxy(None)
        .timeout_global(Some(limit))
        .user_agent(concat!("swatch-action/", env!("CARGO_PKG_VERSION")))
        .build()
        .new_agent())
}

/// The authorities of the setting, else those of the system.
fn authorities(service: &WebService) -> Result<RootCerts, RequestError> {
    if let Some(path) = &service.ca_file {
        let refuse = |why: String| RequestError::Authorities {
            path: sanitize::path(path),
            why: sanitize::excerpt(why.as_bytes(), 200),
        };
        let text = std::fs::read(path).map_err(|error| refuse(error.to_string()))?;
        let mut certificates = Vec::new();
        for item in parse_pem(&text) {
            if let PemItem::Certificate(certificate) =
                item.map_err(|error| refuse(error.to_string()))?
            {
                certificates.push(certificate);
            }
        }
        if certificates.is_empty() {
            return Err(refuse("it holds no certificate".to_owned()));
        }
        return Ok(RootCerts::from(certificates));
    }
    let found = rustls_native_certs::load_native_certs();
    let certificates = found.certs.iter();
    Ok(RootCerts::from(
        certificates.map(|der| Certificate::from_der(der.as_ref()).to_owned()),
    ))
}

/// The meaning of an answer.
fn judge(mut answer: Response<ureq::Body>) -> Result<(), Failure> {
    let status = answer.status();
    if status.is_success() {
        return Ok(());
    }
    let wait = answer
        .headers()
        .get(RETRY_AFTER)
        .and_then(|value| retry_after(value.to_str().ok()?, SystemTime::now()));
    let text = answer
        .body_mut()
        .with_config()
        .limit(MAX_ANSWER)
        .lossy_utf8(true)
        .read_to_string()
        .unwrap_or_default();
    let said = match text.trim() {
        "" => String::new(),
        text => format!(": {}", sanitize::excerpt(text.as_bytes(), 200)),
    };
    let hint = if status.is_redirection() {
        "; redirections are not followed: name the final address"
    } else {
        ""
    };
    let again = status.is_server_error() || matches!(status.as_u16(), 408 | 425 | 429);
    Err(Failure {
        why: format!("it answers {status}{said}{hint}"),
        next: if again {
            Next::Again(wait)
        } else {
            Next::GiveUp
        },
    })
}

/// The wait that `Retry-After` asks for, in seconds or as a date (RFC 9110), bounded.
fn retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    let wait = match value.parse::<f64>() {
        // Discord sends fractions.
        Ok(seconds) if seconds >= 0.0 => {
            Duration::try_from_secs_f64(seconds).unwrap_or(LONGEST_WAIT)
        }
        Ok(_) => return None,
        Err(_) => {
            let date: SystemTime = DateTime::parse_from_rfc2822(value).ok()?.into();
            date.duration_since(now).unwrap_or_default()
        }
    };
    Some(wait.min(LONGEST_WAIT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_says_when_to_come_back() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        for (value, wait) in [
            ("7", Some(7)),
            ("0.4", Some(0)),
            ("86400", Some(900)),
            ("1e300", Some(900)),
            ("Sun, 06 Nov 1994 08:50:07 GMT", Some(30)),
            ("Sun, 06 Nov 1994 08:00:00 GMT", Some(0)),
            ("-1", None),
            ("soon", None),
            ("NaN", None),
        ] {
            let found = retry_after(value, now).map(|wait| wait.as_secs());
            assert_eq!(found, wait, "{value}");
        }
    }
}
