//! `[purposes.…]`: what personal data are used for, and on which basis (Art. 6).

use super::place::Place;
use super::reader::{Reader, quoted};
use super::texts::RawTexts;
use super::{compatibility, soft_opt_in};
use crate::code::{ChannelId, ContentId, FieldId, MailIdentityId, PurposeId, RecipientId, TopicId};
use crate::policy::{Channel, Content, Dictionaries, LawfulBasis, OptIn, Purpose};
use crate::time::Span;
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// A purpose of processing (Art. 5(1)(b)).
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "Purpose")]
#[serde(deny_unknown_fields)]
pub(super) struct RawPurpose {
    /// Its title for people.
    title: RawTexts,
    /// What it rests on (Art. 6(1); soft opt-in: ePrivacy Directive 13(2)).
    pub(super) basis: RawBasis,
    /// Where the balancing test is kept; required for legitimate_interest, and only there.
    balancing_test: Option<String>,
    /// What was sold, and is advertised the like of; told to people. Required for soft_opt_in, and only there.
    pub(super) similar_to: Option<RawTexts>,
    /// By which channels customers are written to, of the kind email or phone; only for soft_opt_in. Default: every channel
    /// of the kind email.
    pub(super) channels: Option<Vec<String>>,
    /// Direct marketing (Art. 21(2)). Default: false.
    #[serde(default)]
    pub(super) marketing: bool,
    /// Special categories of data (Art. 9): explicit consent. Default: false.
    #[serde(default)]
    special_category: bool,
    /// A consent ends after so many days. Default: it does not end by itself.
    #[schemars(range(min = 1, max = 36500))]
    consent_period_days: Option<u32>,
    /// Opt-in states that allow it. Default: double for marketing, else also single_form and single_staff.
    allowed_by: Option<Vec<OptIn>>,
    /// The sender of its mails. Default: the only mail identity.
    mail_identity: Option<String>,
    /// A document attached to its mails, a path in the policy's folder.
    document: Option<String>,
    /// Purposes for which data collected for this one may also be used (Art. 6(4)).
    #[serde(default)]
    compatible_with: Vec<String>,
    /// Who may receive data for it; the gate is asked by these names.
    #[serde(default)]
    recipients: Vec<String>,
    /// Topics that can be subscribed to within it.
    #[serde(default)]
    topics: Vec<String>,
    /// The fields of a subject that it needs.
    #[serde(default)]
    fields: Vec<String>,
    /// When its consent is withdrawn, the values of its fields are erased, unless another purpose needs them. Default:
    /// false.
    #[serde(default)]
    erase_on_withdrawal: bool,
    /// It goes on while processing is restricted (Art. 18(2)). Default: false.
    #[serde(default)]
    during_restriction: bool,
}

/// The lawful bases of Art. 6(1), and soft opt-in.
#[derive(Clone, Copy, Deserialize, JsonSchema, PartialEq, Eq)]
#[schemars(rename = "LawfulBasis")]
#[serde(rename_all = "snake_case")]
pub(super) enum RawBasis {
    /// Art. 6(1)(a)
    Consent,
    /// Art. 6(1)(b)
    Contract,
    /// Art. 6(1)(c)
    LegalObligation,
    /// Art. 6(1)(d)
    VitalInterests,
    /// Art. 6(1)(e)
    PublicTask,
    /// Art. 6(1)(f), with a balancing test
    LegitimateInterest,
    /// Art. 13(2) of Directive 2002/58/EC: similar products, told at a sale, until the customer objects
    SoftOptIn,
}

pub(super) fn purposes(
    reader: &mut Reader<'_>,
    dictionaries: &Dictionaries,
    channels: &BTreeMap<ChannelId, Channel>,
) -> BTreeMap<PurposeId, Purpose> {
    let mut purposes = BTreeMap::new();
    let mut compatible = Vec::new();
    let mut by_consent = None;
    for (id, at, raw) in reader.named::<_, RawPurpose>("purposes", PurposeId::new) {
        if raw.basis == RawBasis::Consent {
            by_consent.get_or_insert_with(|| at.key("basis"));
        }
        for (n, other) in raw.compatible_with.iter().enumerate() {
            let here = at.key("compatible_with").index(n);
            if reader.refers(&here, "purposes", other) {
                compatible.push((id.clone(), other.clone(), here));
            }
        }
        if let Some(purpose) = purpose(reader, channels, &id, &at, raw) {
            purposes.insert(id, purpose);
        }
    }
    if let Some(at) = by_consent
        && dictionaries.categories.entries.is_empty()
        && !reader.entries.get("dictionaries").is_some_and(|all| all.contains_key("categories"))
    {
        reader.wrong(
            &at,
            "consent, but no categories",
            "consent categories in [dictionaries.categories.entries]",
        );
    }
    for (id, other, at) in compatible {
        compatibility::open(reader, &mut purposes, &id, &other, &at);
    }
    purposes
}

fn purpose(
    reader: &mut Reader<'_>,
    channels: &BTreeMap<ChannelId, Channel>,
    id: &PurposeId,
    at: &Place,
    raw: RawPurpose,
) -> Option<Purpose> {
    let title = reader.titles(&at.key("title"), &raw.title);
    let basis = basis(reader, channels, at, &raw);
    if raw.special_category && raw.basis != RawBasis::Consent {
        reader.wrong(
            &at.key("special_category"),
            "true with another basis than consent",
            "`basis = \"consent\"`: special categories need explicit consent (Art. 9(2)(a))",
        );
    }
    let days = raw.consent_period_days.and_then(|days| {
        let here = at.key("consent_period_days");
        if raw.basis != RawBasis::Consent {
            reader.wrong(&here, format!("{days}"), "this key only with `basis = \"consent\"`");
        }
        reader.days(&here, days, 36_500)
    });
    let allowed_by = allowed_by(reader, at, &raw);
    let mail_identity = mail_identity(reader, at, raw.mail_identity.as_deref());
    let document = raw.document.map(|path| reader.document(&at.key("document"), &path));
    let mut topics = BTreeSet::new();
    for (n, topic) in raw.topics.iter().enumerate() {
        if reader.refers(&at.key("topics").index(n), "topics", topic) {
            topics.extend(TopicId::new(topic));
        }
    }
    let mut recipients = BTreeSet::new();
    for (n, recipient) in raw.recipients.iter().enumerate() {
        match RecipientId::new(recipient) {
            Some(recipient) => drop(recipients.insert(recipient)),
            None => reader.wrong(&at.key("recipients").index(n), quoted(recipient), crate::code::RULE),
        }
    }
    let mut fields = BTreeSet::new();
    for (n, field) in raw.fields.iter().enumerate() {
        if reader.refers(&at.key("fields").index(n), "fields", field) {
            fields.extend(FieldId::new(field));
        }
    }
    if raw.erase_on_withdrawal {
        let here = at.key("erase_on_withdrawal");
        if raw.basis != RawBasis::Consent {
            reader.wrong(&here, "true", "this key only with `basis = \"consent\"`");
        } else if raw.fields.is_empty() {
            reader.wrong(&here, "true, but no `fields`", "`fields`: the values that are erased");
        }
    }
    if raw.during_restriction && raw.marketing {
        let expected = "false: direct marketing never goes on while processing is restricted (Art. 18(2))";
        reader.wrong(&at.key("during_restriction"), "true for a marketing purpose", expected);
    }
    Some(Purpose {
        id: id.clone(),
        title: title?,
        basis: basis?,
        special_category: raw.special_category,
        marketing: raw.marketing,
        consent_period: days.map(|days| Span::days(days.into())),
        allowed_by,
        mail_identity: mail_identity?,
        document: document.flatten(),
        compatible_with: BTreeSet::new(),
        recipients,
        topics,
        fields,
        erase_on_withdrawal: raw.erase_on_withdrawal,
        during_restriction: raw.during_restriction,
    })
}

fn basis(
    reader: &mut Reader<'_>,
    channels: &BTreeMap<ChannelId, Channel>,
    at: &Place,
    raw: &RawPurpose,
) -> Option<LawfulBasis> {
    soft_opt_in::only_there(reader, at, raw);
    let test = &raw.balancing_test;
    if test.is_some() && raw.basis != RawBasis::LegitimateInterest {
        reader.wrong(
            &at.key("balancing_test"),
            "a balancing test",
            "this key only with `basis = \"legitimate_interest\"`",
        );
    }
    Some(match raw.basis {
        RawBasis::Consent => LawfulBasis::Consent,
        RawBasis::Contract => LawfulBasis::Contract,
        RawBasis::LegalObligation => LawfulBasis::LegalObligation,
        RawBasis::VitalInterests => LawfulBasis::VitalInterests,
        RawBasis::PublicTask => LawfulBasis::PublicTask,
        RawBasis::SoftOptIn => soft_opt_in::basis(reader, channels, at, raw)?,
        RawBasis::LegitimateInterest => {
            let Some(test) = test else {
                reader.wrong(
                    &at.key("basis"),
                    "legitimate_interest, but no `balancing_test`",
                    "`balancing_test`: where the balancing test of Art. 6(1)(f) is kept",
                );
                return None;
            };
            LawfulBasis::LegitimateInterest { balancing_test: reader.line(&at.key("balancing_test"), test)? }
        }
    })
}

/// Which opt-in states open the purpose; a state that says "nothing" or "no" can never be one of them.
fn allowed_by(reader: &mut Reader<'_>, at: &Place, raw: &RawPurpose) -> BTreeSet<OptIn> {
    const USABLE: [OptIn; 3] = [OptIn::SingleStaff, OptIn::SingleForm, OptIn::Double];
    let consent = raw.basis == RawBasis::Consent;
    let Some(given) = &raw.allowed_by else {
        return match (consent, raw.marketing) {
            (false, _) => BTreeSet::new(),
            (true, true) => BTreeSet::from([OptIn::Double]),
            (true, false) => BTreeSet::from(USABLE),
        };
    };
    let here = at.key("allowed_by");
    if !consent {
        reader.wrong(&here, "opt-in states", "this key only with `basis = \"consent\"`");
    }
    if given.is_empty() {
        reader.wrong(&here, "an empty list", "at least one of `double`, `single_form`, `single_staff`");
    }
    for (n, state) in given.iter().enumerate() {
        if !USABLE.contains(state) {
            let found = format!("`{}`, which is no consent", state.as_str());
            reader.wrong(&here.index(n), found, "one of `double`, `single_form`, `single_staff`");
        }
    }
    given.iter().copied().collect()
}

fn mail_identity(reader: &mut Reader<'_>, at: &Place, given: Option<&str>) -> Option<MailIdentityId> {
    if let Some(name) = given {
        let known = reader.refers(&at.key("mail_identity"), "mail_identities", name);
        return MailIdentityId::new(name).filter(|_| known);
    }
    let all = reader.entries.get("mail_identities");
    match all.map(|all| all.keys().collect::<Vec<_>>()).as_deref() {
        Some([only]) => MailIdentityId::new(only),
        Some([_, ..]) => {
            let expected = "`mail_identity`, because there are several";
            reader.wrong(&at.key("mail_identity"), "no `mail_identity`", expected);
            None
        }
        // noted where the section is read
        _ => None,
    }
}

/// A purpose that waits for consent nobody can give is odd, but may be meant: its content comes later.
pub(super) fn warn_of_purposes_without_content(
    reader: &mut Reader<'_>,
    purposes: &BTreeMap<PurposeId, Purpose>,
    contents: &BTreeMap<ContentId, Content>,
) {
    for purpose in purposes.values().filter(|p| p.basis == LawfulBasis::Consent) {
        let place = reader.entries.get("purposes").and_then(|all| all.get(purpose.id.as_str())).cloned();
        if let Some(at) = place
            && !contents.values().any(|content| content.purpose == purpose.id)
        {
            reader.warn(&at, "a purpose by consent without a content", "a content that asks for the consent");
        }
    }
}
