//! What the tests of this folder stand on: a site with a store of its own, and requests to it.

use crate::clock::{Clock, Randomness};
use crate::config::{Config, Database};
use crate::mail::transport::mailbox::Mailbox;
use crate::policy_files::load_policy;
use crate::render::Renderer;
use crate::runner::door::{Door, NoAnswer};
use crate::runner::message::{Incoming, Outcome, Sender};
use crate::store::{Pool, save};
use crate::web::{Peer, WebState, public_router};
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use rand::SeedableRng;
use rand::rngs::StdRng;
use rescind_jobs::code::{ContentId, PurposeId, SourceId};
use rescind_jobs::locale::Locale;
use rescind_jobs::model::{
    Consent, ConsentRequest, ConsentState, IdentityValue, RequestState, Subject, SubjectState,
};
use rescind_jobs::policy::{OptIn, Policy, Source, TypePattern};
use rescind_jobs::protection::{DataKey, LinkKind, RootKeys, Vault, token_hash};
use rescind_jobs::registry;
use rescind_jobs::time::{Span, Timestamp};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use tower::ServiceExt;

pub(super) const TOKEN: &str = "token-of-the-shop";
pub(super) const EMAIL: &str = "ana@example.org";
pub(super) const HOST: &str = "127.0.0.1:8080";

/// What the one behind the door says to each message, by the text of its body.
pub(super) type Answers = Arc<dyn Fn(&str) -> Result<Outcome, NoAnswer> + Send + Sync>;

/// A running site.
pub(super) struct Stand {
    pub(super) router: Router,
    pub(super) state: WebState,
    pub(super) handed_in: Arc<Mutex<Vec<(String, Sender)>>>,
    folder: PathBuf,
}

impl Drop for Stand {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// How a stand is set up.
pub(super) struct Setup {
    pub(super) answers: Answers,
    pub(super) sources: bool,
    pub(super) mailbox: bool,
    pub(super) variables: Vec<(&'static str, &'static str)>,
    pub(super) policy: fn(&mut Policy),
}

impl Default for Setup {
    fn default() -> Self {
        let answers: Answers = Arc::new(|_| Ok(Outcome::Done));
        Self { answers, sources: false, mailbox: false, variables: Vec::new(), policy: |_| {} }
    }
}

pub(super) fn now() -> Timestamp {
    Timestamp::parse_rfc3339("2026-11-22T09:00:00Z").expect("a time")
}

/// Compiling every template takes a while, and they never change.
static RENDERER: LazyLock<Arc<Renderer>> =
    LazyLock::new(|| Arc::new(Renderer::load(None).expect("the shipped templates")));

pub(super) async fn stand() -> Stand {
    stand_with(Setup::default()).await
}

pub(super) async fn stand_with(setup: Setup) -> Stand {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::SeqCst);
    let folder = std::env::temp_dir().join(format!("rescind-web-{}-{number}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");

    let variables = setup.variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let config = Config::load(None, variables).expect("a configuration");
    let types: Vec<_> = registry::public_names().collect();
    let mut policy = load_policy(None, &types).expect("the example policy").policy;
    (setup.policy)(&mut policy);
    if setup.sources {
        let sources = [("shop", TOKEN, true), ("till", "token-of-the-till", false)];
        for (name, token, gate) in sources {
            let id = SourceId::new(name).expect("a name");
            let token_sha256 = vec![Sha256::digest(token.as_bytes()).into()];
            let types = TypePattern::new("*").into_iter().collect();
            let source = Source { id, token_sha256, amqp_user: None, types, gate, snapshot: gate };
            policy.sources.insert(source.id.clone(), source);
        }
    }
    let mut rng = StdRng::seed_from_u64(7);
    let mut key = || DataKey::generate(&mut rng);
    let roots = RootKeys { index: key(), link: key(), mac: key() };
    let vault = Vault::new(key(), roots);
    let pool = Pool::open(&Database::Sqlite(folder.join("rescind.db")), 2).await.expect("a store");

    let (door, mut waiting) = Door::new(64);
    let handed_in = Arc::new(Mutex::new(Vec::new()));
    let (answers, seen) = (setup.answers, Arc::clone(&handed_in));
    tokio::spawn(async move {
        while let Some(one) = waiting.recv().await {
            let Incoming { body, sender, .. } = one.message;
            let body = String::from_utf8_lossy(&body).into_owned();
            let answer = answers(&body);
            seen.lock().expect("no panic").push((body, sender));
            let _ = one.answer.send(answer);
        }
    });
    let state = WebState {
        config: Arc::new(config),
        policy: Arc::new(policy),
        vault: Arc::new(vault),
        pool,
        renderer: Arc::clone(&RENDERER),
        clock: Clock::set_to(now()),
        randomness: Randomness::seeded(1),
        door,
        mailbox: setup.mailbox.then(|| Mailbox::open(folder.join("mailbox")).expect("a mailbox")),
    };
    Stand { router: public_router(state.clone()), state, handed_in, folder }
}

/// A request in the making; from this machine unless it says otherwise.
pub(super) struct Ask {
    pub(super) method: &'static str,
    pub(super) path: String,
    pub(super) peer: &'static str,
    pub(super) host: Option<&'static str>,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Body,
}

pub(super) fn ask(method: &'static str, path: impl Into<String>) -> Ask {
    let (peer, host) = ("127.0.0.1:4711", Some(HOST));
    Ask { method, path: path.into(), peer, host, headers: Vec::new(), body: Body::empty() }
}

impl Ask {
    pub(super) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(super) fn json(self, body: impl Into<Body>) -> Self {
        Self { body: body.into(), ..self }.header("content-type", "application/json")
    }

    pub(super) fn form(self, body: impl Into<Body>) -> Self {
        Self { body: body.into(), ..self }.header("content-type", "application/x-www-form-urlencoded")
    }
}

/// What came back.
pub(super) struct Got {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: String,
}

impl Got {
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("a text"))
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("not JSON: {}", self.body))
    }

    /// Of a problem: its status and code.
    pub(super) fn problem(&self) -> (u16, String) {
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.body);
        let problem = self.json();
        assert_eq!(problem["status"], self.status.as_u16());
        (self.status.as_u16(), problem["code"].as_str().expect("a code").to_owned())
    }

    /// The value of a hidden field.
    pub(super) fn nonce(&self) -> String {
        let rest = self.body.split_once("name=\"nonce\" value=\"").expect("a nonce").1;
        rest.split_once('"').expect("an end").0.to_owned()
    }
}

/// Headers that every answer has.
const ALWAYS: [&str; 8] = [
    "content-security-policy",
    "referrer-policy",
    "x-content-type-options",
    "x-frame-options",
    "x-robots-tag",
    "cache-control",
    "cross-origin-opener-policy",
    "cross-origin-resource-policy",
];

pub(super) async fn send(router: &Router, ask: Ask) -> Got {
    let mut request = Request::builder().method(ask.method).uri(&ask.path);
    if let Some(host) = ask.host {
        request = request.header("host", host);
    }
    for (name, value) in ask.headers {
        request = request.header(name, value);
    }
    let mut request = request.body(ask.body).expect("a request");
    request.extensions_mut().insert(Peer(ask.peer.parse().expect("a peer")));
    let response = router.clone().oneshot(request).await.expect("infallible");
    let (parts, body) = response.into_parts();
    for name in ALWAYS {
        assert!(parts.headers.contains_key(name), "{name} is missing at {}", ask.path);
    }
    let body = axum::body::to_bytes(body, 1 << 20).await.expect("a body");
    let body = String::from_utf8(body.to_vec()).expect("UTF-8");
    Got { status: parts.status, headers: parts.headers, body }
}

impl Stand {
    pub(super) async fn send(&self, ask: Ask) -> Got {
        send(&self.router, ask).await
    }

    pub(super) fn handed_in(&self) -> Vec<(String, Sender)> {
        self.handed_in.lock().expect("no panic").clone()
    }

    pub(super) fn newsletter(&self) -> PurposeId {
        PurposeId::new("newsletter").expect("a name")
    }

    /// Stores a subject known by [`EMAIL`], as `change` leaves it.
    pub(super) async fn subject(&self, change: impl FnOnce(&mut Subject)) {
        let mut rng = StdRng::seed_from_u64(9);
        let mut subject = Subject::new(now(), &self.state.vault, &mut rng);
        let email = IdentityValue::email(EMAIL).expect("an address");
        subject.add_identity(&email, &self.state.vault, &mut rng).expect("a fresh key opens");
        subject.version = 1;
        change(&mut subject);
        let mut tx = self.state.pool.begin().await.expect("a transaction");
        let change = save::Change { before: None, after: &subject };
        save::subjects(&mut tx, &[change], &HashMap::new()).await.expect("saved");
        tx.commit().await.expect("committed");
    }

    /// Stores a subject with a request for consent; returns the path of its link.
    pub(super) async fn request(&self, state: RequestState, subject_state: SubjectState) -> String {
        let id = uuid::Uuid::from_u128(42);
        let token = self.state.vault.link_token(LinkKind::Confirm, id, 0);
        let hash = token_hash(&token);
        let purpose = self.newsletter();
        self.subject(|subject| {
            subject.state = subject_state;
            let address = subject.identities[0].index;
            subject.requests.push(ConsentRequest {
                id,
                purpose,
                content: ContentId::new("newsletter").expect("a name"),
                version: 1,
                locale: Locale::De,
                address,
                state,
                created_at: now(),
                requested_at: now(),
                expires_at: now().plus(Span::days(7)),
                mails: 1,
                generation: 0,
                token_hash: hash,
                source: "web-form".into(),
                told_by: "shop".into(),
                evidence: None,
                network_evidence: None,
                answered_at: None,
                correlation: None,
                traceparent: None,
            });
        })
        .await;
        format!("/c/{token}")
    }

    /// Stores a subject with a consent to the newsletter.
    pub(super) async fn consent(&self, state: ConsentState, subject_state: SubjectState) {
        let purpose = self.newsletter();
        self.subject(|subject| {
            subject.state = subject_state;
            let consent = Consent { state, opt_in: OptIn::Double, ..Consent::none(now()) };
            subject.consents.insert(purpose, consent);
        })
        .await;
    }
}
