//! The example holds; broken policies are told where and why.

mod mistakes;
mod schema;

use super::*;
use crate::code::{PurposeId, StaffId};
use crate::policy::{LawfulBasis, OptIn, Role};
use crate::time::{Span, Timestamp};

const EXAMPLE: &str = include_str!("../../../../../config/policy/example.toml");
const COMPOSE: &str = include_str!("../../../../../config/sources.toml");
const TYPES: [&str; 4] = ["consent.request.v1", "consent.withdraw.v1", "subject.upsert.v1", "sweep.run.v1"];

/// A policy of the fewest lines; what a test adds begins at line 20.
const SMALL: &str = r#"[controller]
name = "Example"
address = "Street 1"
email = "privacy@example.org"

[mail_identities.main]
name = "Example"
address = "mail@example.org"

[dictionaries.categories]
default = "all"
entries = { all = { en = "All" } }

[channels.email]
title.en = "Email"
kind = "email"

[purposes]
order = { title.en = "Order", basis = "contract" }
"#;

fn file(name: &str, text: &str) -> PolicyFile {
    PolicyFile { name: name.into(), text: text.into() }
}

fn no_documents(path: &str) -> Result<Vec<u8>, String> {
    Err(format!("there is no {path}"))
}

fn read(files: &[PolicyFile]) -> Result<Loaded, PolicyErrors> {
    load(files, &no_documents, &TYPES)
}

fn small_and(more: &str) -> Result<Loaded, PolicyErrors> {
    read(&[file("p.toml", &format!("{SMALL}{more}"))])
}

/// Problems as `line:column key`.
fn places(result: Result<Loaded, PolicyErrors>) -> Vec<String> {
    let problems = result.err().map(|errors| errors.problems).unwrap_or_default();
    problems.iter().map(|p| format!("{}:{} {}", p.line, p.column, p.key)).collect()
}

#[test]
fn the_example_holds() {
    let loaded = read(&[file("example.toml", EXAMPLE)]).expect("example");
    assert_eq!(loaded.warnings, []);
    let policy = loaded.policy;
    assert!(policy.sources.is_empty(), "the example must not open anything to the network");
    assert!(
        !policy.features.contains(&Feature::CriminalRecords),
        "off unless a law provides for it (Art. 10)"
    );
    assert_eq!(policy.features.len(), Feature::ALL.len() - 1);
    let newsletter = &policy.purposes["newsletter"];
    assert_eq!(newsletter.basis, LawfulBasis::Consent);
    assert_eq!(newsletter.allowed_by, BTreeSet::from([OptIn::Double]));
    assert_eq!(newsletter.topics.len(), 2);
    assert_eq!(policy.purposes["recommendations"].allowed_by.len(), 3);
    assert!(policy.purposes["order"].compatible_with.contains("fraud_prevention"));
    let version = &policy.contents["newsletter"].versions[0];
    assert_eq!(version.valid_from, Timestamp::parse_rfc3339("2026-01-01T00:00:00Z").expect("time"));
    for locale in Locale::ALL {
        assert_eq!(version.text.get(locale).0, locale);
        assert_eq!(version.text.get(locale).1.split("\n\n").count(), 2);
    }
    assert_eq!(policy.periods.request, Span::days(7));
    assert_eq!(policy.schedules["housekeeping"].data, serde_json::json!({"sweep": "housekeeping"}));
    assert_eq!(policy.published().len(), 7 + 7 + 2);
    let newsletter = PurposeId::new("newsletter").expect("a name");
    let told = |purpose: &PurposeId, caretaker: Option<&StaffId>| {
        policy.staff_concerned([purpose], caretaker).iter().map(|id| id.to_string()).collect::<Vec<_>>()
    };
    let carl = StaffId::new("carl").expect("a name");
    assert_eq!(told(&newsletter, None), ["bea"]);
    assert_eq!(told(&newsletter, Some(&carl)), ["bea", "carl"], "the caretaker is always concerned");
    let order = PurposeId::new("order").expect("a name");
    assert_eq!(told(&order, None), ["carl"], "whom nobody handles goes to the administrators");
    assert!(policy.staff["carl"].has(Role::Export) && !policy.staff["bea"].has(Role::Manage));
}

#[test]
fn the_values_shown_in_the_example_are_the_defaults() {
    let example = read(&[file("example.toml", EXAMPLE)]).expect("example").policy;
    let bare = small_and("").expect("small").policy;
    assert_eq!(format!("{:?}", example.limits), format!("{:?}", bare.limits));
    assert_eq!(example.periods.request, bare.periods.request);
    assert_eq!(example.periods.reminder, bare.periods.reminder);
    assert_eq!(example.staff_notices.remind_after, bare.staff_notices.remind_after);
    assert_eq!(example.staff_notices.escalate_after, bare.staff_notices.escalate_after);
    assert_eq!(example.staff_notices.digest_every, bare.staff_notices.digest_every);
    assert_eq!(example.staff_notices.clear, bare.staff_notices.clear);
    assert_eq!(example.children.age_of_consent, bare.children.age_of_consent);
    assert_eq!(example.masking, bare.masking);
    assert_eq!(bare.periods.network_evidence, None);
    assert_eq!(bare.controller.operating_unit, "Example");
    assert!(bare.features.is_empty(), "everything is off until switched on");
    assert_eq!(bare.purposes["order"].mail_identity.as_str(), "main");
}

#[test]
fn files_of_a_folder_act_as_one() {
    let files = [file("compose.toml", COMPOSE), file("example.toml", EXAMPLE)];
    let loaded = read(&files).expect("both");
    assert_eq!(loaded.warnings, []);
    let shop = &loaded.policy.sources["shop"];
    let token: [u8; 32] = sha2::Digest::finalize(sha2::Digest::chain_update(
        <sha2::Sha256 as sha2::Digest>::new(),
        "rescind-development-token",
    ))
    .into();
    assert_eq!(shop.token_sha256, [token]);
    assert!(shop.may_send("consent.request.v1") && !shop.may_send("sweep.run.v1"));
    assert!(loaded.policy.sources["broker"].may_send("sweep.run.v1"));
    let alone = read(&files[1..]).expect("example").policy;
    assert_ne!(alone.hash, loaded.policy.hash);
    assert_eq!(alone.hash, read(&files[1..]).expect("again").policy.hash);
}

#[test]
fn what_two_files_say_is_an_error_that_names_both() {
    let more = "\n[purposes.order]\ntitle.en = \"x\"\nbasis = \"contract\"\n[limits]\n";
    let errors = read(&[file("a.toml", &format!("{SMALL}[limits]\n")), file("b.toml", more)])
        .expect_err("double")
        .to_string();
    assert_eq!(
        errors,
        "b.toml:2:11: purposes.order: found it again, after a.toml:19:1; expected each entry in one file only\n\
         b.toml:5:2: limits: found it again, after a.toml:20:2; expected each entry in one file only"
    );
}

#[test]
fn everything_is_told_at_once() {
    let text = r#"
[controller]
name = "Example"
address = ""
email = "privacy"
privacy_url = "example.org"

[purposes.a]
title = 5
basis = "consnt"
marketing = "yes"
tpoics = []

[contents.b]
purpose = "c"
versions = [{ version = "1", valid_from = 2026-01-01, title.en = "x" }, { version = 1 }]
"#;
    let errors = read(&[file("p.toml", text)]).expect_err("broken").to_string();
    let expected = "\
p.toml:1:1: mail_identities: found no [mail_identities]; expected at least one sender of mail
p.toml:4:11: controller.address: found an empty text; expected a text
p.toml:5:9: controller.email: found \"privacy\"; expected an email address such as `privacy@example.org`
p.toml:6:15: controller.privacy_url: found \"example.org\"; expected a web address: `https://…`
p.toml:9:9: purposes.a.title: found integer `5`; expected a table
p.toml:10:9: purposes.a.basis: found `consnt`; expected one of `consent`, `contract`, `legal_obligation`, \
`vital_interests`, `public_task`, `legitimate_interest`, `soft_opt_in`; did you mean `consent`?
p.toml:11:13: purposes.a.marketing: found string \"yes\"; expected true or false
p.toml:12:1: purposes.a.tpoics: found the key `tpoics`; expected one of `title`, `basis`, `balancing_test`, \
`similar_to`, `channels`, `marketing`, `special_category`, `consent_period_days`, `allowed_by`, `mail_identity`, \
`document`, `compatible_with`, `recipients`, `topics`, `fields`, `erase_on_withdrawal` …; did you mean `topics`?
p.toml:16:25: contents.b.versions[0].version: found string \"1\"; expected a whole number, 0 or more
p.toml:16:73: contents.b.versions[1]: found no `valid_from`; expected `valid_from`";
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(lines(&errors), lines(expected));
}

#[test]
fn what_is_no_toml_is_told_at_its_line() {
    let errors = read(&[file("a.toml", "[a\n"), file("b.toml", "x = 1\nx = 2\n")]).expect_err("broken");
    let told: Vec<_> = errors.problems.iter().map(|p| (p.file.as_str(), p.line)).collect();
    assert!(told.contains(&("a.toml", 1)) && told.contains(&("b.toml", 2)), "{errors}");
}

#[test]
fn no_file_is_no_policy() {
    assert!(read(&[]).expect_err("nothing").to_string().contains("no [controller]"));
}

#[test]
fn oddities_are_warnings() {
    let more = "[purposes.a]\ntitle.en = \"x\"\nbasis = \"consent\"\n\
                [sources.b]\namqp_user = \"b\"\n\
                [schedules.c]\ncron = \"0 3 * * *\"\ntime_zone = \"UTC\"\nmessage = { type = \"sweep.run.v1\", data = { sweep = \"housekeeping\" } }\n";
    let loaded = small_and(more).expect("odd, but a policy");
    let keys: Vec<_> = loaded.warnings.iter().map(|p| p.key.as_str()).collect();
    assert_eq!(keys, ["purposes.a", "sources.b", "schedules.c"]);
}

#[test]
fn documents_are_read_and_hashed() {
    let text =
        format!("{SMALL}[purposes.a]\ntitle.en = \"x\"\nbasis = \"contract\"\ndocument = \"d/info.PDF\"\n");
    let files = [file("p.toml", &text)];
    let with = |bytes: &'static [u8]| {
        load(
            &files,
            &move |path| if path == "d/info.PDF" { Ok(bytes.to_vec()) } else { Err("no".into()) },
            &TYPES,
        )
    };
    let policy = with(b"one").expect("document").policy;
    let document = policy.purposes["a"].document.as_ref().expect("document");
    assert_eq!((document.filename.as_str(), document.media_type.as_str()), ("info.PDF", "application/pdf"));
    assert_eq!(&*document.bytes, b"one");
    assert_ne!(policy.hash, with(b"two").expect("document").policy.hash);
    assert_eq!(places(with(b"")), ["23:12 purposes.a.document"]);
}

#[test]
fn line_ends_do_not_change_a_wording() {
    let plain = read(&[file("e.toml", EXAMPLE)]).expect("lf").policy;
    let turned = read(&[file("e.toml", &EXAMPLE.replace('\n', "\r\n"))]).expect("crlf").policy;
    assert_eq!(plain.published(), turned.published());
}
