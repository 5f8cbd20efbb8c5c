//! The columns of a list, and what one line of it says.

use super::Problem;
use rescind_jobs::code::{ContentId, DataSourceId, EntryCode, IdScheme, PurposeId};
use rescind_jobs::jobs::{RecordConsent, RecordedConsent};
use rescind_jobs::model::{Answer, Evidence, SubjectKind};
use rescind_jobs::policy::{Content, LawfulBasis, Policy};
use rescind_jobs::subject_ref::SubjectRef;
use rescind_jobs::time::Timestamp;
use std::collections::BTreeMap;

/// The columns beside `ids.APP`, in the order in which they are documented.
pub const COLUMNS: [&str; 19] = [
    "email",
    "phone",
    "name",
    "locale",
    "kind",
    "content",
    "purpose",
    "version",
    "state",
    "given_at",
    "source",
    "staff",
    "how",
    "explicit",
    "form",
    "ip",
    "user_agent",
    "obtained_from",
    "already_informed",
];

/// A column: its place among [`COLUMNS`], or the app whose ids stand in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Column {
    Known(usize),
    Id(IdScheme),
}

impl Column {
    /// The column called `name`, whatever its case.
    pub(super) fn named(name: &str) -> Option<Self> {
        let name = name.trim().to_ascii_lowercase();
        if let Some(scheme) = name.strip_prefix("ids.").or_else(|| name.strip_prefix("id:")) {
            return IdScheme::new(scheme).map(Self::Id);
        }
        COLUMNS.iter().position(|known| *known == name).map(Self::Known)
    }

    pub(super) fn title(&self) -> String {
        match self {
            Self::Known(place) => COLUMNS[*place].to_owned(),
            Self::Id(scheme) => format!("ids.{scheme}"),
        }
    }
}

/// A line of a list: what stands in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Line {
    /// Its number in the file, from 1.
    pub(super) number: u64,
    values: [Option<String>; COLUMNS.len()],
    ids: BTreeMap<IdScheme, String>,
}

impl Line {
    pub(super) fn new(number: u64) -> Self {
        Self { number, ..Self::default() }
    }

    /// Takes a value down; one without anything in it says nothing.
    pub(super) fn set(&mut self, column: &Column, value: &str) {
        let value = value.trim();
        if value.is_empty() {
            return;
        }
        match column {
            Column::Known(place) => self.values[*place] = Some(value.to_owned()),
            Column::Id(scheme) => drop(self.ids.insert(scheme.clone(), value.to_owned())),
        }
    }

    fn get(&self, name: &str) -> Option<&str> {
        let place = COLUMNS.iter().position(|known| *known == name)?;
        self.values[place].as_deref()
    }
}

/// What counts for lines that do not say it themselves.
#[derive(Clone, Debug, Default)]
pub struct Defaults {
    /// The content agreed to.
    pub content: Option<ContentId>,
    /// Or the purpose, if one content belongs to it.
    pub purpose: Option<PurposeId>,
    /// When the consent was given.
    pub given_at: Option<Timestamp>,
    /// Where it was given.
    pub source: Option<EntryCode>,
    /// Where the data came from, if not from the people (Art. 14).
    pub obtained_from: Option<DataSourceId>,
    /// They have that information already.
    pub already_informed: bool,
}

/// How consent may be stated by a list. Not `double`: it is the subject's own act, which no list can do.
const STATES: [(&str, Answer, Option<bool>); 6] = [
    ("single", Answer::Agree, None),
    ("single_form", Answer::Agree, Some(false)),
    ("single_staff", Answer::Agree, Some(true)),
    ("opted_out", Answer::Disagree, None),
    ("opted_out_subject", Answer::Disagree, Some(false)),
    ("opted_out_staff", Answer::Disagree, Some(true)),
];

/// A point in time: RFC 3339, or a day, which begins at midnight UTC.
pub(crate) fn moment(text: &str) -> Option<Timestamp> {
    Timestamp::parse_rfc3339(text).or_else(|| {
        let day = chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
        Timestamp::from_chrono(day.and_hms_opt(0, 0, 0)?.and_utc())
    })
}

/// Gathers what is wrong with a line.
struct Wrong(u64, Vec<Problem>);

impl Wrong {
    fn tell(&mut self, column: &str, problem: impl Into<String>) {
        self.1.push(Problem::new(self.0, column, "invalid_field", problem));
    }
}

/// The message that a line stands for, and when it was given.
pub(super) fn read(
    line: &Line,
    defaults: &Defaults,
    policy: &Policy,
) -> Result<(RecordConsent, Timestamp), Vec<Problem>> {
    let mut wrong = Wrong(line.number, Vec::new());
    let given_at = match line.get("given_at") {
        Some(text) => moment(text).or_else(|| {
            wrong.tell("given_at", "must be a day like 2024-05-31, or a time like 2024-05-31T08:00:00Z");
            None
        }),
        None => defaults.given_at.or_else(|| {
            wrong
                .tell("given_at", "must tell when consent was given; or give one time for all by --given-at");
            None
        }),
    };
    let (answer, by_staff) = stated(line, &mut wrong);
    let staff = line.get("staff").map(str::to_owned);
    match by_staff {
        Some(true) if staff.is_none() => {
            wrong.tell("staff", "must name who entered it, because the state says that staff did");
        }
        Some(false) if staff.is_some() => {
            wrong.tell("staff", "must be empty, because the state says that the person said so");
        }
        _ => {}
    }
    let content = content(line, defaults, given_at, policy, &mut wrong);
    let version = line.get("version").and_then(|text| {
        text.parse().map_err(|_| wrong.tell("version", "must be the number of a version of the content")).ok()
    });
    let source = match line.get("source") {
        Some(text) => EntryCode::new(text).or_else(|| {
            wrong.tell("source", "must be a value of the policy's dictionary of consent sources");
            None
        }),
        None => defaults.source.clone(),
    };
    let subject = SubjectRef {
        email: line.get("email").map(str::to_owned),
        phone: line.get("phone").map(str::to_owned),
        ids: line.ids.clone(),
        name: line.get("name").map(str::to_owned),
        locale: line.get("locale").map(str::to_owned),
        kind: kind(line, &mut wrong),
        ..SubjectRef::default()
    };
    let (explicit, evidence) = (yes(line, "explicit", &mut wrong), evidence(line, &mut wrong));
    let obtained_from = match line.get("obtained_from") {
        Some(text) => {
            DataSourceId::new(text).filter(|id| policy.data_sources.contains_key(id)).or_else(|| {
                wrong.tell("obtained_from", "must be an entry of the policy's [data_sources]");
                None
            })
        }
        None => defaults.obtained_from.clone(),
    };
    let already_informed = match line.get("already_informed") {
        Some(_) => yes(line, "already_informed", &mut wrong),
        // of a line whose data come from the person itself there is nothing to tell
        None => defaults.already_informed && obtained_from.is_some(),
    };
    let (Some(content), Some(given_at), true) = (content, given_at, wrong.1.is_empty()) else {
        return Err(wrong.1);
    };
    let consent = RecordedConsent {
        category: content.category.clone(),
        content: content.id.clone(),
        answer,
        version,
        address: None,
        contact: None,
    };
    let message = RecordConsent {
        subject,
        consents: vec![consent],
        given_at: Some(given_at),
        source,
        staff,
        how: line.get("how").map(str::to_owned),
        guardian: None,
        explicit,
        evidence,
        imported: true,
        obtained_from,
        already_informed,
    };
    Ok((message, given_at))
}

fn stated(line: &Line, wrong: &mut Wrong) -> (Answer, Option<bool>) {
    let text = line.get("state").unwrap_or("single").to_ascii_lowercase();
    if let Some((_, answer, staff)) = STATES.iter().find(|(name, ..)| *name == text) {
        return (*answer, *staff);
    }
    let names: Vec<&str> = STATES.iter().map(|(name, ..)| *name).collect();
    let problem = match text.as_str() {
        "double" => {
            "cannot be claimed by a list, because only the person's own confirmation makes it; import it as single_form \
             and ask for confirmation with consent.request.v1"
                .to_owned()
        }
        _ => format!("must be one of {}", names.join(", ")),
    };
    wrong.tell("state", problem);
    (Answer::Agree, None)
}

/// The content agreed to: named, or the only one of the purpose that is named.
fn content<'p>(
    line: &Line,
    defaults: &Defaults,
    given_at: Option<Timestamp>,
    policy: &'p Policy,
    wrong: &mut Wrong,
) -> Option<&'p Content> {
    let said = line.get("content").is_some() || line.get("purpose").is_some();
    let content = match line.get("content") {
        Some(text) => Some(text.to_owned()),
        None if !said => defaults.content.as_ref().map(ToString::to_string),
        None => None,
    };
    let purpose = match line.get("purpose") {
        Some(text) => Some(text.to_owned()),
        None if !said => defaults.purpose.as_ref().map(ToString::to_string),
        None => None,
    };
    let Some(content) = content else {
        let Some(purpose) = purpose else {
            wrong.tell(
                "content",
                "must tell what was agreed to; or give one for all by --content or --purpose",
            );
            return None;
        };
        return only_content(&purpose, given_at, policy, wrong);
    };
    let found = ContentId::new(&content).and_then(|id| policy.contents.get(&id));
    let Some(found) = found else {
        wrong.tell("content", "is not in the policy");
        return None;
    };
    if purpose.is_some_and(|purpose| found.purpose.as_str() != purpose) {
        wrong.tell("purpose", "is not the purpose of the content; leave one of the two out");
        return None;
    }
    Some(found)
}

fn only_content<'p>(
    purpose: &str,
    given_at: Option<Timestamp>,
    policy: &'p Policy,
    wrong: &mut Wrong,
) -> Option<&'p Content> {
    let known = PurposeId::new(purpose).and_then(|id| policy.purposes.get(&id));
    let Some(known) = known else {
        wrong.tell("purpose", "is not in the policy");
        return None;
    };
    if known.basis.is_soft_opt_in() {
        wrong.tell(
            "purpose",
            "rests on soft opt-in, which no consent opens; tell of the sale by soft_opt_in.record.v1",
        );
        return None;
    }
    if known.basis != LawfulBasis::Consent {
        wrong.tell("purpose", "does not rest on consent");
        return None;
    }
    let given_at = given_at?;
    let usable = |content: &&Content| {
        content.purpose == known.id && !content.terms && content.current(given_at).is_some()
    };
    let mut usable = policy.contents.values().filter(usable);
    match (usable.next(), usable.next()) {
        (Some(one), None) => Some(one),
        (None, _) => {
            wrong.tell("purpose", "had no content that was valid when consent was given");
            None
        }
        (Some(_), Some(_)) => {
            wrong.tell(
                "purpose",
                "has several contents; name the one that was agreed to in the column content",
            );
            None
        }
    }
}

fn kind(line: &Line, wrong: &mut Wrong) -> Option<SubjectKind> {
    let text = line.get("kind")?;
    let found = serde_json::from_value(serde_json::Value::String(text.to_ascii_lowercase())).ok();
    if found.is_none() {
        wrong.tell("kind", "must be one of contact, lead, employee, contractor");
    }
    found
}

fn yes(line: &Line, column: &str, wrong: &mut Wrong) -> bool {
    match line.get(column).map(str::to_ascii_lowercase).as_deref() {
        None | Some("no" | "false" | "0") => false,
        Some("yes" | "true" | "1") => true,
        Some(_) => {
            wrong.tell(column, "must be yes or no");
            false
        }
    }
}

fn evidence(line: &Line, wrong: &mut Wrong) -> Option<Evidence> {
    let ip = line
        .get("ip")
        .and_then(|text| text.parse().map_err(|_| wrong.tell("ip", "must be an IPv4 or IPv6 address")).ok());
    let text = |name| line.get(name).map(str::to_owned);
    let evidence = Evidence { ip, user_agent: text("user_agent"), form: text("form") };
    (evidence != Evidence::default()).then_some(evidence)
}
