//! The answers of the gate, as a table.

use super::*;
use crate::code::ContentId;
use crate::policy::OptIn;
use crate::policy::file::{PolicyFile, load};
use crate::time::Span;
use GateReason as R;

fn policy() -> Policy {
    let text = include_str!("../../../config/policy/example.toml");
    let files = [PolicyFile { name: "example.toml".into(), text: text.into() }];
    let types: Vec<_> = crate::registry::public_names().collect();
    load(&files, &|_| Err("none".to_owned()), &types).expect("the example holds").policy
}

fn now() -> Timestamp {
    Timestamp::parse_rfc3339("2026-11-22T09:00:00Z").expect("a time")
}

fn question(purpose: &str) -> GateQuestion {
    GateQuestion {
        purpose: PurposeId::new(purpose).expect("a name"),
        topic: None,
        channel: None,
        recipient: None,
    }
}

fn consent(state: ConsentState, opt_in: OptIn) -> Consent {
    let content = ContentId::new("newsletter").map(|content| (content, 1));
    Consent { state, opt_in, content, ..Consent::none(now().minus(Span::days(3))) }
}

#[test]
fn the_table_of_answers() {
    let policy = policy();
    let granted = || consent(ConsentState::Granted, OptIn::Double);
    let ended = Consent { expires_at: Some(now()), ..granted() };
    let lasting = Consent { expires_at: Some(now().plus(Span::seconds(1))), ..granted() };
    let active = |consent| Some((SubjectState::Active, consent));
    let rows = [
        ("newsletter", None, false, R::UnknownSubject),
        ("order", None, false, R::UnknownSubject),
        ("order", active(None), true, R::LawfulBasis),
        ("accounting", active(None), true, R::LawfulBasis),
        ("order", Some((SubjectState::Restricted, None)), false, R::SubjectRestricted),
        ("newsletter", Some((SubjectState::Restricted, Some(granted()))), false, R::SubjectRestricted),
        ("newsletter", Some((SubjectState::Erasing, Some(granted()))), false, R::SubjectErased),
        ("order", Some((SubjectState::Erased, None)), false, R::SubjectErased),
        ("newsletter", active(None), false, R::NoConsent),
        ("newsletter", active(Some(granted())), true, R::ConsentGranted),
        ("newsletter", active(Some(lasting)), true, R::ConsentGranted),
        ("newsletter", active(Some(ended)), false, R::ConsentExpired),
        (
            "newsletter",
            active(Some(consent(ConsentState::Granted, OptIn::None))),
            false,
            R::OptInInsufficient,
        ),
        (
            "newsletter",
            active(Some(consent(ConsentState::Requested, OptIn::None))),
            false,
            R::ConsentRequested,
        ),
        (
            "newsletter",
            active(Some(consent(ConsentState::Refused, OptIn::OptedOutSubject))),
            false,
            R::ConsentRefused,
        ),
        (
            "newsletter",
            active(Some(consent(ConsentState::Withdrawn, OptIn::OptedOutStaff))),
            false,
            R::ConsentWithdrawn,
        ),
        ("newsletter", active(Some(consent(ConsentState::Expired, OptIn::None))), false, R::ConsentExpired),
    ];
    for (purpose, known, allowed, reason) in rows {
        let known = known.as_ref().map(|(state, consent)| (*state, consent.as_ref()));
        let answer = answer(&question(purpose), &policy, known, now()).expect("an answer");
        assert_eq!((answer.allowed, answer.reason), (allowed, reason), "{purpose} {known:?}");
        assert_eq!(
            answer.since.is_some(),
            known.is_some_and(|(s, c)| s == SubjectState::Active && c.is_some())
        );
    }
}

#[test]
fn basis_and_since_are_told() {
    let (policy, consent) = (policy(), consent(ConsentState::Granted, OptIn::Double));
    let known = Some((SubjectState::Active, Some(&consent)));
    let granted = answer(&question("newsletter"), &policy, known, now()).expect("an answer");
    assert_eq!((granted.basis, granted.since), (Some("consent"), Some(consent.since)));
    let order = answer(&question("order"), &policy, Some((SubjectState::Active, None)), now());
    assert_eq!(
        serde_json::to_value(order.expect("an answer")).expect("JSON"),
        serde_json::json!({"allowed": true, "reason": "lawful_basis", "basis": "contract"})
    );
}

#[test]
fn a_channel_counts_only_if_the_wording_covers_it() {
    let policy = policy();
    let ask = |channel: &str, consent: &Consent| {
        let question = GateQuestion { channel: ChannelId::new(channel), ..question("newsletter") };
        let known = Some((SubjectState::Active, Some(consent)));
        answer(&question, &policy, known, now()).expect("an answer").reason
    };
    let granted = consent(ConsentState::Granted, OptIn::Double);
    assert_eq!(ask("email", &granted), R::ConsentGranted);
    assert_eq!(ask("phone", &granted), R::ChannelNotCovered);
    let gone = Consent { content: ContentId::new("gone").map(|content| (content, 1)), ..granted.clone() };
    assert_eq!(ask("email", &gone), R::ChannelNotCovered);
    assert_eq!(ask("phone", &Consent { content: None, ..granted }), R::ConsentGranted);
}

#[test]
fn what_the_policy_does_not_know_is_refused_by_its_field() {
    let policy = policy();
    let offers = TopicId::new("offers");
    let rows = [
        (question("nothing"), RefusalCode::UnknownPurpose, "purpose"),
        (GateQuestion { topic: offers.clone(), ..question("order") }, RefusalCode::InvalidField, "topic"),
        (
            GateQuestion { channel: ChannelId::new("smoke"), ..question("newsletter") },
            RefusalCode::InvalidField,
            "channel",
        ),
        (
            GateQuestion { recipient: Some("printer".into()), ..question("newsletter") },
            RefusalCode::InvalidField,
            "recipient",
        ),
    ];
    for (question, code, field) in rows {
        let refusal = answer(&question, &policy, None, now()).expect_err(field);
        assert_eq!((refusal.code, refusal.fields[0].field.as_str()), (code, field));
    }
    let question = GateQuestion { topic: offers, ..question("newsletter") };
    assert!(answer(&question, &policy, None, now()).is_ok());
}

#[test]
fn shared_identities_are_allowed_only_together() {
    let policy = policy();
    let old = consent(ConsentState::Granted, OptIn::Double);
    let new = Consent { since: now(), ..old.clone() };
    let no = consent(ConsentState::Withdrawn, OptIn::OptedOutSubject);
    let ask = |consents: &[&Consent]| {
        let known: Vec<_> = consents.iter().map(|&c| (SubjectState::Active, Some(c.clone()))).collect();
        answer_for_all(&question("newsletter"), &policy, &known, now()).expect("an answer")
    };
    assert_eq!(ask(&[&new, &old]).since, Some(now()));
    assert_eq!(ask(&[&new, &no]).reason, R::ConsentWithdrawn);
    assert_eq!(ask(&[]).reason, R::UnknownSubject);
}
