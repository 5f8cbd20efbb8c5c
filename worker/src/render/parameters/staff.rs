//! The parameters of notices to staff: mails, the digest, and the page on which a notice is acknowledged.

use super::samples;
use super::{ControllerBlock, MailParameters, PageParameters};
use serde::Serialize;

/// A line by which staff recognise a subject.
#[derive(Clone, Serialize)]
pub struct PersonLine {
    /// `email`, `phone`, or `other`, whose label says what it is.
    pub kind: &'static str,
    /// What it is: the field's title, or the app that gave an id.
    pub label: String,
    /// The value, masked unless the policy shows it.
    pub value: String,
}

/// One notice to one member of staff.
#[derive(Clone, Serialize)]
pub struct StaffNotice {
    /// For whom it is sent.
    pub controller: ControllerBlock,
    /// The name to greet with.
    pub staff_name: String,
    /// By what the subject is recognised.
    pub person: Vec<PersonLine>,
    /// The subject's data are gone meanwhile.
    pub erased: bool,
    /// The subject's id.
    pub reference: String,
    /// The purposes it is about, their titles in a row; empty where it names none.
    pub purposes: String,
    /// Who has not acknowledged, their names in a row; empty unless it is about that.
    pub names: String,
    /// Why, if told.
    pub reason: Option<String>,
    /// When it happened: a date, written out in the locale.
    pub date: String,
    /// It was sent before.
    pub reminder: bool,
    /// The personal link to its page, absolute.
    pub url: String,
}

macro_rules! notices {
    ($($(#[$doc:meta])* $name:ident = $template:literal),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Serialize)]
        #[serde(transparent)]
        pub struct $name(pub StaffNotice);

        impl MailParameters for $name {
            const TEMPLATE: &'static str = $template;

            fn samples(locale: &'static str) -> Vec<Self> {
                samples_of(locale).into_iter().map(Self).collect()
            }
        }
    )+};
}

notices! {
    /// Consent was withdrawn, or somebody objected: stop.
    StaffWithdrawal = "staff_withdrawal",
    /// Somebody asks to be erased.
    StaffErasureRequest = "staff_erasure_request",
    /// Processing is restricted.
    StaffRestriction = "staff_restriction",
    /// An objection must be decided.
    StaffObjection = "staff_objection",
    /// A subject must be told what mail could not.
    StaffUnreachable = "staff_unreachable",
    /// Somebody may have withdrawn, and it is not clear.
    StaffUnclear = "staff_unclear",
    /// Others have not acknowledged.
    StaffEscalation = "staff_escalation",
}

/// All open notices of a member of staff.
#[derive(Clone, Serialize)]
pub struct StaffDigest {
    /// For whom it is sent.
    pub controller: ControllerBlock,
    /// The name to greet with.
    pub staff_name: String,
    /// How many there are.
    pub count: usize,
    /// Them.
    pub items: Vec<DigestItem>,
}

/// Events do not get to an endpoint of webhooks.
#[derive(Clone, Serialize)]
pub struct StaffWebhook {
    /// For whom it is sent.
    pub controller: ControllerBlock,
    /// The name to greet with.
    pub staff_name: String,
    /// The endpoint's name.
    pub endpoint: String,
    /// When it was found out: a date, written out in the locale.
    pub date: String,
    /// It said so itself; else it was away for too long.
    pub gone: bool,
    /// It gets events, but has refused some too often.
    pub left_out: bool,
}

impl MailParameters for StaffWebhook {
    const TEMPLATE: &'static str = "staff_webhook";

    fn samples(locale: &'static str) -> Vec<Self> {
        let paused = Self {
            controller: samples::controller(),
            staff_name: "Bea Meyer".to_owned(),
            endpoint: "shop".to_owned(),
            date: samples::of(locale).requested_at.to_owned(),
            gone: false,
            left_out: false,
        };
        let gone = Self { gone: true, ..paused.clone() };
        let left_out = Self { left_out: true, ..paused.clone() };
        vec![paused, gone, left_out]
    }
}

/// A notice in a digest.
#[derive(Clone, Serialize)]
pub struct DigestItem {
    /// What it is about: `withdrawal`, `restriction` …
    pub notice_kind: &'static str,
    /// By what the subject is recognised.
    pub person: Vec<PersonLine>,
    /// The subject's data are gone meanwhile.
    pub erased: bool,
    /// The purposes it is about.
    pub purposes: String,
    /// Who has not acknowledged.
    pub names: String,
    /// The personal link to its page, absolute.
    pub url: String,
}

/// The page behind the link of a notice. Its form posts `nonce` to the page's own address.
#[derive(Clone, Serialize)]
pub struct NoticePage {
    /// What it is about: `withdrawal`, `restriction` …
    pub notice_kind: &'static str,
    /// The notice.
    #[serde(flatten)]
    pub notice: StaffNotice,
    /// What proves that the form comes from this page.
    pub nonce: String,
    /// When it was acknowledged: a date, written out in the page's locale.
    pub acknowledged_at: Option<String>,
}

fn samples_of(locale: &'static str) -> Vec<StaffNotice> {
    let sample = samples::of(locale);
    let line = |kind, label: &str, value: &str| PersonLine { kind, label: label.into(), value: value.into() };
    let full = StaffNotice {
        controller: samples::controller(),
        staff_name: "Bea Meyer".to_owned(),
        person: vec![
            line("other", "Name", "Ana Lindqvist"),
            line("email", "", "a••@e••••••.org"),
            line("phone", "", "+49••••••67"),
            line("other", "shop", "4711"),
        ],
        erased: false,
        reference: "01a206c1-03e1-7349-a2f7-57d77a477960".to_owned(),
        purposes: sample.purpose.to_owned(),
        names: "Carl Novak, Dora Simon".to_owned(),
        reason: Some("Too many messages".to_owned()),
        date: sample.requested_at.to_owned(),
        reminder: true,
        url: "https://privacy.harbour.example/s/mfrggzdfmztwq2lknnwg23tpobyxe43u".to_owned(),
    };
    let first = StaffNotice { reminder: false, ..full.clone() };
    let sparse = StaffNotice { erased: true, reason: None, reminder: false, ..full.clone() };
    vec![first, full, sparse]
}

impl MailParameters for StaffDigest {
    const TEMPLATE: &'static str = "staff_digest";

    fn samples(locale: &'static str) -> Vec<Self> {
        let mut samples = samples_of(locale);
        let (erased, notice) = (samples.remove(2), samples.remove(0));
        let item = |notice_kind, notice: &StaffNotice| DigestItem {
            notice_kind,
            person: notice.person.clone(),
            erased: notice.erased,
            purposes: notice.purposes.clone(),
            names: notice.names.clone(),
            url: notice.url.clone(),
        };
        let kinds = ["withdrawal", "erasure_request", "restriction", "objection", "unreachable", "unclear"];
        let mut items: Vec<DigestItem> = kinds.into_iter().map(|kind| item(kind, &notice)).collect();
        items.push(item("escalation", &erased));
        vec![Self { controller: notice.controller, staff_name: notice.staff_name, count: items.len(), items }]
    }
}

impl PageParameters for NoticePage {
    const TEMPLATE: &'static str = "notice";

    fn samples(locale: &'static str) -> Vec<Self> {
        let notices = samples_of(locale);
        let page = |notice_kind, n: usize, acknowledged_at: Option<&str>| Self {
            notice_kind,
            notice: notices[n.min(notices.len() - 1)].clone(),
            nonce: "orsxg5dfmq4tcnzv".to_owned(),
            acknowledged_at: acknowledged_at.map(str::to_owned),
        };
        vec![
            page("withdrawal", 0, None),
            page("withdrawal", 0, Some(samples::of(locale).expires_at)),
            page("erasure_request", 2, None),
            page("restriction", 0, None),
            page("objection", 0, None),
            page("unreachable", 0, None),
            page("unclear", 0, None),
            page("escalation", 0, None),
        ]
    }
}
