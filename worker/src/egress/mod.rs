//! Calls to the outside: the one client for every address that somebody else may have chosen (webhooks, HTTP targets,
//! certificates named in messages). A worker stands inside a network, so whoever may name an address could have it
//! call what they cannot reach themselves: a cloud's metadata service, a database, the operators' listener.
//!
//! Rule: nothing calls out but through [`Egress`]. https unless the configuration says otherwise; no redirects, since
//! an address that was checked could pass on to one that was not; no proxy of the environment, for the same reason;
//! addresses are checked when they are connected to (`resolver.rs`), not when they are written down; every answer has
//! a limit of size and time. Errors never repeat the address, which may hold a secret.

mod addresses;
mod error;
mod resolver;

pub use addresses::Rules;
pub use error::EgressError;

use crate::config::Egress as Settings;
use crate::trust;
use resolver::Resolver;
use std::time::Duration;
use url::{Host, Url};

pub use reqwest::Method;
pub use reqwest::StatusCode;
pub use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

/// Calls out. Cheap to clone; clones share their connections.
#[derive(Clone, Debug)]
pub struct Egress {
    client: reqwest::Client,
    rules: Rules,
    https_only: bool,
    response_limit: usize,
}

/// What is sent.
#[derive(Clone, Debug)]
pub struct Call {
    /// How.
    pub method: Method,
    /// Where to.
    pub url: Url,
    /// With which headers; the length and the host are added.
    pub headers: HeaderMap,
    /// With which body.
    pub body: Vec<u8>,
}

/// What came back, whatever its status: a redirect is an answer like any other.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body, whole.
    pub body: Vec<u8>,
}

/// Idle connections that are kept for a host, and for how long.
const IDLE: (usize, Duration) = (4, Duration::from_secs(30));
/// Most headers of an answer.
const HEADERS: usize = 64;

impl Egress {
    /// A client that keeps to these settings. Reads files; for start-up.
    ///
    /// # Errors
    /// [`EgressError::Setup`] if TLS cannot be set up.
    pub fn new(settings: &Settings) -> Result<Self, EgressError> {
        let tls = trust::client(settings.root_certificate_file.as_deref()).map_err(EgressError::Trust)?;
        let rules = Rules::new(settings.allowed_networks.clone());
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .https_only(settings.https_only)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .referer(false)
            .dns_resolver(Resolver::new(rules.clone()))
            .http1_only()
            .http1_max_headers(HEADERS)
            .connect_timeout(settings.timeout)
            .timeout(settings.timeout)
            .pool_max_idle_per_host(IDLE.0)
            .pool_idle_timeout(IDLE.1)
            .user_agent(concat!("rescind/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|_| EgressError::Setup)?;
        let (https_only, response_limit) = (settings.https_only, settings.response_limit);
        Ok(Self { client, rules, https_only, response_limit })
    }

    /// Whether an address may be called at all, as far as it can be told without asking the name service; for whoever
    /// takes an address in, to say so at once.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(&self, url: &Url) -> Result<(), EgressError> {
        match url.scheme() {
            "https" => {}
            "http" if !self.https_only => {}
            _ => return Err(EgressError::Scheme),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(EgressError::Credentials);
        }
        // a connection to a bare address does not pass the resolver
        let address = match url.host() {
            Some(Host::Ipv4(address)) => address.into(),
            Some(Host::Ipv6(address)) => address.into(),
            Some(Host::Domain(_)) => return Ok(()),
            None => return Err(EgressError::Scheme),
        };
        if self.rules.permit(address) { Ok(()) } else { Err(EgressError::Private) }
    }

    /// Sends a call and returns the status of the answer. What follows the head is of no interest: one that is long, slow
    /// or cut off is an answer like any other.
    ///
    /// # Errors
    /// Without the head of an answer within the limits; see [`EgressError::may_pass`].
    pub async fn status(&self, call: Call) -> Result<StatusCode, EgressError> {
        self.check(&call.url)?;
        let request = self.client.request(call.method, call.url).headers(call.headers).body(call.body);
        Ok(request.send().await.map_err(EgressError::of)?.status())
    }

    /// Sends a call and reads the answer.
    ///
    /// # Errors
    /// Without an answer within the limits; see [`EgressError::may_pass`].
    pub async fn send(&self, call: Call) -> Result<Answer, EgressError> {
        self.check(&call.url)?;
        let request = self.client.request(call.method, call.url).headers(call.headers).body(call.body);
        let mut response = request.send().await.map_err(EgressError::of)?;
        let (status, headers) = (response.status(), std::mem::take(response.headers_mut()));
        if response.content_length().is_some_and(|length| length > self.response_limit as u64) {
            return Err(EgressError::TooLarge(self.response_limit));
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(EgressError::of)? {
            if chunk.len() > self.response_limit - body.len() {
                return Err(EgressError::TooLarge(self.response_limit));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer { status, headers, body })
    }
}
