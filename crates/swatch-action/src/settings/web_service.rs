//! The settings `[[notify]]`: a web service that is told of each lock.

use std::{collections::BTreeMap, path::PathBuf};

use serde::{Deserialize, Serialize};
use swatch_common::{duration::Seconds, sanitize};

use crate::notify::template::{self, Syntax, TemplateError, Values};

/// A web service. Texts with `{address}` and the like are templates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WebService {
    /// Its name in messages; the host of the address if it is empty.
    pub name: String,
    /// The address, `https://…`.
    pub url: String,
    /// A file that holds the address, where that is a secret.
    pub url_file: Option<PathBuf>,
    /// `POST` or `PUT`.
    pub method: String,
    /// The type of the body. JSON and form values are encoded as such.
    pub content_type: String,
    /// The body.
    pub body: String,
    /// Further headers.
    pub headers: BTreeMap<String, String>,
    /// A file with the secret that `{token}` stands for.
    pub token_file: Option<PathBuf>,
    /// A file with the certificates (PEM) of the authorities that are accepted instead of the
    /// system's.
    pub ca_file: Option<PathBuf>,
    /// One message for all locks within this length of time, instead of one each.
    pub digest: Option<Seconds>,
    /// The number of further attempts after one that failed.
    pub retries: u32,
}

impl Default for WebService {
    fn default() -> Self {
        Self {
            name: String::new(),
            url: String::new(),
            url_file: None,
            method: "POST".into(),
            content_type: "application/json".into(),
            body: r#"{"text": {text}}"#.into(),
            headers: BTreeMap::new(),
            token_file: None,
            ca_file: None,
            digest: None,
            retries: 5,
        }
    }
}

/// Why a web service is refused.
#[derive(Debug, thiserror::Error)]
pub enum WebServiceError {
    /// Neither or both of `url` and `url_file`.
    #[error("name its address in `url` or, if that is a secret, in `url_file`")]
    Address,
    /// An address that is none, or would send a secret in the clear.
    #[error("`url`: {0}")]
    Url(&'static str),
    /// Another method.
    #[error("`method`: {0:?} is neither POST nor PUT")]
    Method(String),
    /// A header that is none.
    #[error("`headers`: {0:?} is not the name of a header with a printable value")]
    Header(String),
    /// A mistake in a template.
    #[error("`{setting}`: {source}")]
    Template {
        /// The setting.
        setting: &'static str,
        /// The mistake.
        source: TemplateError,
    },
    /// A body that is not JSON.
    #[error("`body` is not JSON once its values are filled in: {0}")]
    Json(String),
    /// A token without a file.
    #[error("`{{token}}` stands for the contents of `token_file`, which is not set")]
    NoToken,
    /// A relative path.
    #[error("{} is not an absolute path", .0.display())]
    Relative(PathBuf),
    /// Too many attempts.
    #[error("`retries`: {0} is more than 20")]
    Retries(u32),
}

impl WebService {
    /// Its name in messages.
    #[must_use]
    pub fn shown_name(&self) -> String {
        let name = if self.name.is_empty() {
            host(&self.url).unwrap_or("a web service")
        } else {
            &self.name
        };
        sanitize::excerpt(name.as_bytes(), 60)
    }

    /// The encoding of values in the body.
    #[must_use]
    pub fn syntax(&self) -> Syntax {
        let kind = self.content_type.split(';').next().unwrap_or_default();
        let kind = kind.trim().to_ascii_lowercase();
        if kind == "application/json" || kind.ends_with("+json") {
            Syntax::Json
        } else if kind == "application/x-www-form-urlencoded" {
            Syntax::Url
        } else {
            Syntax::Text
        }
    }

    /// Checks everything that can be checked without reading the secrets.
    ///
    /// # Errors
    /// The first mistake.
    pub fn check(&self) -> Result<(), WebServiceError> {
        if self.url.is_empty() == self.url_file.is_none() {
            return Err(WebServiceError::Address);
        }
        for path in [&self.url_file, &self.token_file, &self.ca_file]
            .into_iter()
            .flatten()
        {
            if !path.is_absolute() {
                return Err(WebServiceError::Relative(path.clone()));
            }
        }
        if !self.url.is_empty() {
            check_url(&self.url, self.token_file.is_some()).map_err(WebServiceError::Url)?;
        }
        if self.method != "POST" && self.method != "PUT" {
            return Err(WebServiceError::Method(sanitize::excerpt(
                self.method.as_bytes(),
                20,
            )));
        }
        if self.retries > 20 {
            return Err(WebServiceError::Retries(self.retries));
        }
        let sample = Values::sample();
        let mistake = |setting| move |source| WebServiceError::Template { setting, source };
        template::fill(&self.url, Syntax::Url, &sample).map_err(mistake("url"))?;
        let body = template::fill(&self.body, self.syntax(), &sample).map_err(mistake("body"))?;
        if self.syntax() == Syntax::Json
            && let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(&body)
        {
            return Err(WebServiceError::Json(sanitize::text(
                error.to_string().as_bytes(),
            )));
        }
        for (name, value) in &self.headers {
            let token = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
            let framing = ["host", "content-length", "transfer-encoding", "connection"];
            if name.is_empty()
                || !name.chars().all(token)
                || framing.contains(&name.to_ascii_lowercase().as_str())
                || value.chars().any(char::is_control)
            {
                return Err(WebServiceError::Header(sanitize::excerpt(
                    name.as_bytes(),
                    60,
                )));
            }
            template::fill(value, Syntax::Header, &sample).map_err(mistake("headers"))?;
        }
        let names_token = self.headers.values().chain([&self.body, &self.url]);
        if self.token_file.is_none() && names_token.into_iter().any(|text| text.contains("{token}"))
        {
            return Err(WebServiceError::NoToken);
        }
        Ok(())
    }
}

/// Refuses what is not an address, and one that would carry a secret without TLS to another
/// machine.
pub(crate) fn check_url(url: &str, secret: bool) -> Result<(), &'static str> {
    if url.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err("an address has no spaces");
    }
    let host = host(url).ok_or("write https://HOST/PATH, or http:// on this machine")?;
    if url.starts_with("https://") {
        return Ok(());
    }
    let here = host == "localhost"
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback());
    if secret && !here {
        return Err("a secret is not sent without TLS: write https://");
    }
    Ok(())
}

/// The host of an address; `None` where it is not one of HTTP.
fn host(url: &str) -> Option<&str> {
    let rest = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"))?;
    let authority = rest.split(['/', '?', '#']).next()?;
    if authority.contains('@') || authority.contains('{') {
        return None;
    }
    let host = match authority.strip_prefix('[') {
        Some(six) => six.split(']').next()?,
        None => authority.split(':').next()?,
    };
    (!host.is_empty()).then_some(host)
}

#[cfg(test)]
mod tests;
