//! The answers of the gate, as a table.

use super::*;
use crate::code::ContentId;
use crate::model::ObjectionState;
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
    GateQuestion::about(PurposeId::new(purpose).expect("a name"))
}

fn consent(state: ConsentState, opt_in: OptIn) -> Consent {
    let content = ContentId::new("newsletter").map(|content| (content, 1));
    Consent { state, opt_in, content, ..Consent::none(now().minus(Span::days(3))) }
}

fn known(state: SubjectState, consent: Option<Consent>) -> Known {
    Known { state, consent, objection: None, sale: None, left_topics: BTreeSet::new() }
}

#[test]
fn the_table_of_answers() {
    let policy = policy();
    let granted = || consent(ConsentState::Granted, OptIn::Double);
    let ended = Consent { expires_at: Some(now()), ..granted() };
    let lasting = Consent { expires_at: Some(now().plus(Span::seconds(1))), ..granted() };
    let active = |consent| Some(known(SubjectState::Active, consent));
    let rows = [
        ("newsletter", None, false, R::UnknownSubject),
        ("order", None, false, R::UnknownSubject),
        ("order", active(None), true, R::LawfulBasis),
        ("accounting", active(None), true, R::LawfulBasis),
        ("accounting", Some(known(SubjectState::Restricted, None)), true, R::LawfulBasis),
        ("order", Some(known(SubjectState::Restricted, None)), false, R::SubjectRestricted),
        ("newsletter", Some(known(SubjectState::Restricted, Some(granted()))), false, R::SubjectRestricted),
        ("newsletter", Some(known(SubjectState::Erasing, Some(granted()))), false, R::SubjectErased),
        ("order", Some(known(SubjectState::Erased, None)), false, R::SubjectErased),
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
        let known = known.as_ref();
        let answer = answer(&question(purpose), &policy, known, now()).expect("an answer");
        assert_eq!((answer.allowed, answer.reason), (allowed, reason), "{purpose} {known:?}");
        assert_eq!(
            answer.since.is_some(),
            known.is_some_and(|k| k.state == SubjectState::Active && k.consent.is_some())
        );
    }
}

#[test]
fn basis_and_since_are_told() {
    let (policy, consent) = (policy(), consent(ConsentState::Granted, OptIn::Double));
    let of_ana = known(SubjectState::Active, Some(consent.clone()));
    let granted = answer(&question("newsletter"), &policy, Some(&of_ana), now()).expect("an answer");
    assert_eq!((granted.basis, granted.since), (Some("consent"), Some(consent.since)));
    let order = answer(&question("order"), &policy, Some(&known(SubjectState::Active, None)), now());
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
        let of_ana = known(SubjectState::Active, Some(consent.clone()));
        answer(&question, &policy, Some(&of_ana), now()).expect("an answer").reason
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
            GateQuestion { recipient: RecipientId::new("printer"), ..question("newsletter") },
            RefusalCode::InvalidField,
            "recipient",
        ),
        (
            GateQuestion { collected_for: PurposeId::new("nothing"), ..question("order") },
            RefusalCode::UnknownPurpose,
            "collected_for",
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
        let all: Vec<_> = consents.iter().map(|&c| known(SubjectState::Active, Some(c.clone()))).collect();
        answer_for_all(&question("newsletter"), &policy, &all, now()).expect("an answer")
    };
    assert_eq!(ask(&[&new, &old]).since, Some(now()));
    assert_eq!(ask(&[&new, &no]).reason, R::ConsentWithdrawn);
    assert_eq!(ask(&[]).reason, R::UnknownSubject);
}

#[test]
fn an_objection_stands_until_a_later_consent_or_a_decision() {
    let policy = policy();
    let objected = |state, days| {
        Some(Objection { state, at: now().minus(Span::days(days)), told_by: "shop".into(), decided_at: None })
    };
    let ask = |purpose: &str, consent: Option<Consent>, objection: Option<Objection>| {
        let of_ana = Known { objection, ..known(SubjectState::Active, consent) };
        answer(&question(purpose), &policy, Some(&of_ana), now()).expect("an answer").reason
    };
    let granted = || Some(consent(ConsentState::Granted, OptIn::Double));
    let in_force = |days| objected(ObjectionState::InForce, days);
    assert_eq!(ask("fraud_prevention", None, in_force(1)), R::Objected);
    assert_eq!(ask("fraud_prevention", None, objected(ObjectionState::Pending, 1)), R::Objected);
    assert_eq!(ask("fraud_prevention", None, objected(ObjectionState::Overridden, 1)), R::LawfulBasis);
    assert_eq!(ask("newsletter", granted(), in_force(1)), R::Objected);
    assert_eq!(ask("newsletter", granted(), in_force(5)), R::ConsentGranted, "the later word is the consent");
    let withdrawn = Some(consent(ConsentState::Withdrawn, OptIn::OptedOutSubject));
    assert_eq!(ask("newsletter", withdrawn, in_force(1)), R::ConsentWithdrawn);
}

/// Purpose limitation (Art. 5(1)(b), 6(4)): what was collected for one purpose serves another only if that is declared,
/// and never opens what rests on consent or comes from consent.
#[test]
fn data_collected_for_another_purpose_need_its_compatibility() {
    let policy = policy();
    let of_ana = known(SubjectState::Active, Some(consent(ConsentState::Granted, OptIn::Double)));
    let ask = |purpose: &str, origin: &str| {
        let question = GateQuestion { collected_for: PurposeId::new(origin), ..question(purpose) };
        let answer = answer(&question, &policy, Some(&of_ana), now()).expect("an answer");
        (answer.allowed, answer.reason)
    };
    assert_eq!(ask("fraud_prevention", "order"), (true, R::CompatiblePurpose));
    assert_eq!(ask("order", "order"), (true, R::LawfulBasis));
    assert_eq!(ask("order", "fraud_prevention"), (false, R::NotCompatible), "it is not mutual");
    assert_eq!(ask("accounting", "order"), (false, R::NotCompatible));
    assert_eq!(ask("order", "newsletter"), (false, R::NotCompatible), "what comes from consent");
    assert_eq!(ask("newsletter", "order"), (true, R::ConsentGranted), "the consent of its own decides");
}

#[test]
fn a_recipient_counts_only_if_the_purpose_names_it() {
    let mut policy = policy();
    let printer = RecipientId::new("printer").expect("a name");
    let accounting = PurposeId::new("accounting").expect("a name");
    policy.purposes.get_mut(&accounting).expect("a purpose").recipients.insert(printer.clone());
    let of_ana = known(SubjectState::Active, None);
    let ask = |purpose: &str| {
        let question = GateQuestion { recipient: Some(printer.clone()), ..question(purpose) };
        answer(&question, &policy, Some(&of_ana), now()).expect("an answer").reason
    };
    assert_eq!(ask("accounting"), R::LawfulBasis);
    assert_eq!(ask("order"), R::RecipientNotCovered);
}

/// Soft opt-in (ePrivacy Directive 13(2)) holds by a sale in which the contact details were obtained, until the customer
/// objects; nothing else opens it, and no later consent lifts the objection.
#[test]
fn soft_opt_in_holds_by_a_sale_until_an_objection() {
    let policy = policy();
    let sale = Sale { at: now().minus(Span::days(3)), email: true, phone: false };
    let customer = || Known { sale: Some(sale), ..known(SubjectState::Active, None) };
    let ask = |known: &Known, channel: Option<&str>| {
        let question =
            GateQuestion { channel: channel.and_then(ChannelId::new), ..question("similar_products") };
        answer(&question, &policy, Some(known), now()).expect("an answer")
    };
    let allowed = ask(&customer(), None);
    assert_eq!(
        (allowed.allowed, allowed.reason, allowed.basis, allowed.since),
        (true, R::SoftOptIn, Some("soft_opt_in"), Some(sale.at))
    );
    assert!(ask(&customer(), Some("email")).allowed);
    for channel in ["phone", "post"] {
        assert_eq!(ask(&customer(), Some(channel)).reason, R::ChannelNotCovered, "{channel}");
    }
    let by_phone = Known { sale: Some(Sale { email: false, phone: true, ..sale }), ..customer() };
    assert_eq!(ask(&by_phone, None).reason, R::ChannelNotCovered, "no address was obtained");
    let granted = || Some(consent(ConsentState::Granted, OptIn::Double));
    let nobody = known(SubjectState::Active, granted());
    assert_eq!((ask(&nobody, None).reason, ask(&nobody, None).since), (R::NoSaleKnown, None));
    let objected = |days| {
        let at = now().minus(Span::days(days));
        Some(Objection { state: ObjectionState::InForce, at, told_by: "shop".into(), decided_at: None })
    };
    for days in [1, 9] {
        let known = Known { objection: objected(days), consent: granted(), ..customer() };
        assert_eq!(ask(&known, None).reason, R::Objected, "no later sale and no consent lifts it");
    }
    for (state, reason) in
        [(ConsentState::Withdrawn, R::ConsentWithdrawn), (ConsentState::Refused, R::ConsentRefused)]
    {
        let known = Known { consent: Some(consent(state, OptIn::OptedOutSubject)), ..customer() };
        assert_eq!(ask(&known, None).reason, reason, "said while the purpose rested on consent");
    }
    let restricted = Known { state: SubjectState::Restricted, ..customer() };
    assert_eq!(ask(&restricted, None).reason, R::SubjectRestricted);
}
