//! `[privacy_notice]`: what the notice tells beyond what the rest of the policy says (Art. 13, 14).

use super::place::Place;
use super::reader::Reader;
use super::texts::RawTexts;
use crate::code::PurposeId;
use crate::locale::Texts;
use crate::policy::{LawfulBasis, PrivacyNotice, Purpose, PurposeNotice};
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;

/// What the privacy notice tells beyond what the rest of the policy says.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "PrivacyNotice")]
#[serde(deny_unknown_fields)]
pub(super) struct RawPrivacyNotice {
    /// How the data protection officer is reached, a line each (Art. 13(1)(b)).
    officer: Option<String>,
    /// The supervisory authority that complaints go to (Art. 13(2)(d)).
    authority: Option<RawTexts>,
    /// Who receives data (Art. 13(1)(e)).
    recipients: Option<RawTexts>,
    /// Which data go to third countries, and on what ground (Art. 13(1)(f)).
    transfers: Option<RawTexts>,
    /// Where data come from that the person has not given (Art. 14(2)(f)).
    origins: Option<RawTexts>,
    /// Whether data have to be provided, and what follows if they are not (Art. 13(2)(e)).
    not_providing: Option<RawTexts>,
    /// Automated decisions with their logic and consequences (Art. 13(2)(f), 22). Default: there are none.
    automated_decisions: Option<RawTexts>,
    /// What is told of single purposes, by the purpose's name.
    #[serde(default)]
    purposes: BTreeMap<String, RawPurposeNotice>,
}

/// What the privacy notice tells of a purpose.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "PurposeNotice")]
#[serde(deny_unknown_fields)]
struct RawPurposeNotice {
    /// Which data are used.
    data: Option<RawTexts>,
    /// The legitimate interests pursued (Art. 13(1)(d)); only with `basis = "legitimate_interest"`.
    interests: Option<RawTexts>,
    /// How long data are kept, or by what that is decided (Art. 13(2)(a)).
    period: Option<RawTexts>,
}

pub(super) fn privacy_notice(
    reader: &mut Reader<'_>,
    purposes: &BTreeMap<PurposeId, Purpose>,
) -> PrivacyNotice {
    let Some((at, raw)) = reader.only::<RawPrivacyNotice>("privacy_notice") else {
        return PrivacyNotice::default();
    };
    let mut notice = PrivacyNotice {
        officer: raw.officer.and_then(|text| reader.prose(&at.key("officer"), &text)),
        authority: prose(reader, &at.key("authority"), raw.authority),
        recipients: prose(reader, &at.key("recipients"), raw.recipients),
        transfers: prose(reader, &at.key("transfers"), raw.transfers),
        origins: prose(reader, &at.key("origins"), raw.origins),
        not_providing: prose(reader, &at.key("not_providing"), raw.not_providing),
        automated_decisions: prose(reader, &at.key("automated_decisions"), raw.automated_decisions),
        purposes: BTreeMap::new(),
    };
    for (name, raw) in raw.purposes {
        let here = at.key("purposes").key(&name);
        if !reader.refers(&here, "purposes", &name) {
            continue;
        }
        let by_interest = purposes
            .get(name.as_str())
            .is_none_or(|purpose| matches!(purpose.basis, LawfulBasis::LegitimateInterest { .. }));
        if raw.interests.is_some() && !by_interest {
            let expected = "this key only with `basis = \"legitimate_interest\"`";
            reader.wrong(&here.key("interests"), "interests for another basis", expected);
        }
        let told = PurposeNotice {
            data: prose(reader, &here.key("data"), raw.data),
            interests: prose(reader, &here.key("interests"), raw.interests),
            period: prose(reader, &here.key("period"), raw.period),
        };
        notice.purposes.extend(PurposeId::new(&name).map(|id| (id, told)));
    }
    warn_of_gaps(reader, &at, &notice, purposes);
    notice
}

fn prose(reader: &mut Reader<'_>, place: &Place, raw: Option<RawTexts>) -> Option<Texts> {
    raw.and_then(|raw| reader.proses(place, &raw))
}

/// Whoever writes a notice is told what Art. 13 still asks for.
fn warn_of_gaps(
    reader: &mut Reader<'_>,
    at: &Place,
    notice: &PrivacyNotice,
    purposes: &BTreeMap<PurposeId, Purpose>,
) {
    for (key, there, what) in [
        ("authority", notice.authority.is_some(), "the authority that complaints go to (Art. 13(2)(d))"),
        ("recipients", notice.recipients.is_some(), "who receives data, or that nobody does (Art. 13(1)(e))"),
        ("transfers", notice.transfers.is_some(), "transfers to third countries, or that there are none"),
        ("not_providing", notice.not_providing.is_some(), "what follows if data are not provided"),
    ] {
        if !there {
            reader.warn(at, format!("no `{key}`"), what);
        }
    }
    for purpose in purposes.values() {
        let told = notice.purposes.get(&purpose.id);
        if told.is_none_or(|told| told.period.is_none()) {
            let found = format!("no `period` for the purpose `{}`", purpose.id);
            reader.warn(at, found, "how long its data are kept (Art. 13(2)(a))");
        }
        let by_interest = matches!(purpose.basis, LawfulBasis::LegitimateInterest { .. });
        if by_interest && told.is_none_or(|told| told.interests.is_none()) {
            let found = format!("no `interests` for the purpose `{}`", purpose.id);
            reader.warn(at, found, "the legitimate interests pursued (Art. 13(1)(d))");
        }
    }
}
