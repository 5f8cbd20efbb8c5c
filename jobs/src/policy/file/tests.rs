//! The example holds; broken policies are told where and why.

use super::*;
use crate::policy::{LawfulBasis, OptIn};
use crate::time::{Span, Timestamp};

const EXAMPLE: &str = include_str!("../../../../config/policy/example.toml");
const COMPOSE: &str = include_str!("../../../../config/policy/compose.toml");
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

const NEWS: &str = r#"[purposes.news]
title.en = "News"
basis = "consent"
[contents.news]
purpose = "news"
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
    assert_eq!(policy.features.len(), Feature::ALL.len());
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
}

#[test]
fn the_values_shown_in_the_example_are_the_defaults() {
    let example = read(&[file("example.toml", EXAMPLE)]).expect("example").policy;
    let bare = small_and("").expect("small").policy;
    assert_eq!(format!("{:?}", example.limits), format!("{:?}", bare.limits));
    assert_eq!(example.periods.request, bare.periods.request);
    assert_eq!(example.periods.reminder, bare.periods.reminder);
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
fn each_mistake_is_told_at_its_place() {
    let token = "ab".repeat(32);
    let cases: &[(&str, &str)] = &[
        // sections and shapes
        ("[pruposes.a]\n", "20:2 pruposes"),
        ("[topics]\na = 1\n", "21:5 topics.a"),
        ("[topics.a]\n", "20:1 topics.a"),
        ("[topics.A]\ntitle.en = \"x\"\n", "20:9 topics.A"),
        ("[topics.a]\ntitle.en = \"x\"\ncolour = 1\n", "22:1 topics.a.colour"),
        ("[topics.a]\ntitle.xx = \"x\"\n", "21:7 topics.a.title.xx"),
        ("[topics.a]\ntitle.de = \"x\"\n", "21:1 topics.a.title"),
        ("[topics.a]\ntitle.en = \" \"\n", "21:12 topics.a.title.en"),
        ("[topics.a]\ntitle.en = \"a\\u0000b\"\n", "21:12 topics.a.title.en"),
        ("[topics]\n\"a.b c\".title.en = \"x\"\n", "21:1 topics.\"a.b c\""),
        ("[dictionaries.colours]\n", "20:15 dictionaries.colours"),
        ("[dictionaries.consent_sources]\ndefault = \"x\"\n", "21:11 dictionaries.consent_sources.default"),
        // purposes
        ("[purposes.a]\ntitle.en = \"x\"\nbasis = \"consnt\"\n", "22:9 purposes.a.basis"),
        ("[purposes.a]\ntitle.en = \"x\"\nbasis = \"legitimate_interest\"\n", "22:9 purposes.a.basis"),
        (
            "[purposes.a]\ntitle.en = \"x\"\nbasis = \"contract\"\nbalancing_test = \"y\"\n",
            "23:18 purposes.a.balancing_test",
        ),
        (
            "[purposes.a]\ntitle.en = \"x\"\nbasis = \"contract\"\nspecial_category = true\n",
            "23:20 purposes.a.special_category",
        ),
        (
            "[purposes.a]\ntitle.en = \"x\"\nbasis = \"consent\"\nallowed_by = [\"double\", \"none\"]\n",
            "23:25 purposes.a.allowed_by[1]",
        ),
        (
            "[purposes.a]\ntitle.en = \"x\"\nbasis = \"contract\"\nconsent_period_days = 3\n",
            "23:23 purposes.a.consent_period_days",
        ),
        (
            "[purposes.a]\ntitle.en = \"x\"\nbasis = \"contract\"\ntopics = [\"t\"]\n",
            "23:11 purposes.a.topics[0]",
        ),
        (
            "[purposes.a]\ntitle.en = \"x\"\nbasis = \"contract\"\nmail_identity = \"other\"\n",
            "23:17 purposes.a.mail_identity",
        ),
        (
            "[purposes.a]\ntitle.en = \"x\"\nbasis = \"contract\"\ndocument = \"../secret.pdf\"\n",
            "23:12 purposes.a.document",
        ),
        (
            "[purposes.a]\ntitle.en = \"x\"\nbasis = \"contract\"\ncompatible_with = [\"order\", \"news\"]\n\
             [purposes.news]\ntitle.en = \"x\"\nbasis = \"consent\"\n",
            "23:29 purposes.a.compatible_with[1]",
        ),
        (
            "[purposes.a]\ntitle.en = \"x\"\nbasis = \"contract\"\ncompatible_with = [\"ads\"]\n\
             [purposes.ads]\ntitle.en = \"x\"\nbasis = \"contract\"\nmarketing = true\n",
            "23:20 purposes.a.compatible_with[0]",
        ),
        // fields
        ("[fields.a]\ntitle.en = \"x\"\nkind = \"text\"\nidentifying = true\n", "20:1 fields.a"),
        (
            "[fields.email]\ntitle.en = \"x\"\nkind = \"text\"\nidentifying = true\nsensitive = false\n",
            "20:9 fields.email",
        ),
        // sources
        ("[sources.rescind]\ntypes = [\"*\"]\n", "20:10 sources.rescind"),
        ("[sources.broker]\ntypes = [\"*\"]\namqp_user = \"x\"\n", "22:13 sources.broker.amqp_user"),
        ("[sources.a]\ntypes = [\"*\"]\n", "20:1 sources.a"),
        ("[sources.a]\ntypes = [\"*\"]\ntoken_sha256 = \"my token\"\n", "22:16 sources.a.token_sha256"),
        ("[sources.a]\ntypes = [\"order.*\"]\namqp_user = \"x\"\n", "21:10 sources.a.types[0]"),
        ("[sources.a]\ntypes = [\"consent*\"]\namqp_user = \"x\"\n", "21:10 sources.a.types[0]"),
        (
            "[sources.a]\ngate = true\namqp_user = \"x\"\n[sources.b]\ngate = true\namqp_user = \"x\"\n",
            "25:13 sources.b.amqp_user",
        ),
        // limits and periods
        ("[limits]\nmails_per_request = 0\n", "21:21 limits.mails_per_request"),
        ("[limits]\nmails_per_request = -1\n", "21:21 limits.mails_per_request"),
        ("[limits]\nmail_providers = [\"nowhere\"]\n", "21:19 limits.mail_providers[0]"),
        ("[periods]\nrequest_days = 3\nreminder_days = 3\n", "22:17 periods.reminder_days"),
        // schedules
        (
            "[schedules.a]\ncron = \"0 3 * * *\"\ntime_zone = \"Berlin\"\nmessage.type = \"sweep.run.v1\"\n",
            "22:13 schedules.a.time_zone",
        ),
        (
            "[schedules.a]\ncron = \"0 3 * * *\"\ntime_zone = \"UTC\"\nmessage.type = \"sweep.run\"\n",
            "23:16 schedules.a.message.type",
        ),
    ];
    for (more, place) in cases {
        assert_eq!(places(small_and(more)), [*place], "{more}");
    }
    let two = format!(
        "[sources.a]\ngate = true\ntoken_sha256 = \"{token}\"\n\
         [sources.b]\ngate = true\ntoken_sha256 = [\"{token}\"]\n"
    );
    let errors = small_and(&two).expect_err("shared token");
    assert!(!errors.to_string().contains(&token), "{errors}");
    assert_eq!(places(Err(errors)), ["25:17 sources.b.token_sha256[0]"]);
}

#[test]
fn wordings_are_checked() {
    let version = "[[contents.news.versions]]\nversion = 1\nvalid_from = 2026-01-01\ntitle.en = \"x\"\n";
    // what follows the version begins at line 29
    let cases: &[(&str, &str)] = &[
        ("", "25:1 contents.news.versions[0]"),
        ("text.en = \"\"\n", "29:11 contents.news.versions[0].text.en"),
        ("text = { en = \"x\", de = \"y\" }\n", "28:1 contents.news.versions[0].title"),
        ("text.en = \"x\"\nchannels = [\"email\", \"fax\"]\n", "30:22 contents.news.versions[0].channels[1]"),
        ("text.en = \"x\"\nconcerns = [\"cats\"]\n", "30:13 contents.news.versions[0].concerns[0]"),
        ("text.en = \"x\"\nregulation = \"r.exe\"\n", "30:14 contents.news.versions[0].regulation"),
        ("text.en = \"x\"\nregulation = \"r.pdf\"\n", "30:14 contents.news.versions[0].regulation"),
        (
            "text.en = \"x\"\n[[contents.news.versions]]\nversion = 1\nvalid_from = 2026-01-01\n\
             title.en = \"x\"\ntext.en = \"x\"\n",
            "31:11 contents.news.versions[1].version",
        ),
        (
            "text.en = \"x\"\n[[contents.news.versions]]\nversion = 2\nvalid_from = 2025-12-31\n\
             title.en = \"x\"\ntext.en = \"x\"\n",
            "32:14 contents.news.versions[1].valid_from",
        ),
        (
            "text.en = \"x\"\n[[contents.news.versions]]\nversion = 2\nvalid_from = \"soon\"\n\
             title.en = \"x\"\ntext.en = \"x\"\n",
            "32:14 contents.news.versions[1].valid_from",
        ),
        (
            "text.en = \"x\"\n[[contents.news.versions]]\nversion = 2\nvalid_from = 2026-01-01T00:00:00\n\
             title.en = \"x\"\ntext.en = \"x\"\n",
            "32:14 contents.news.versions[1].valid_from",
        ),
    ];
    assert_eq!(places(small_and(&format!("{NEWS}{version}text.en = \"x\"\n"))), Vec::<String>::new());
    for (more, place) in cases {
        assert_eq!(places(small_and(&format!("{NEWS}{version}{more}"))), [*place], "{more}");
    }
    let terms = format!("{}terms = true\n{version}text.en = \"x\"\n", NEWS);
    assert_eq!(places(small_and(&terms)), ["24:11 contents.news.purpose"]);
    let contract = format!("[contents.order]\npurpose = \"order\"\n{version}text.en = \"x\"\n");
    let contract = contract.replace("contents.news", "contents.order");
    assert_eq!(places(small_and(&contract)), ["21:11 contents.order.purpose"]);
    let unknown = NEWS.replace("purpose = \"news\"", "purpose = \"nws\"\ncategory = \"al\"");
    assert_eq!(
        places(small_and(&format!("{unknown}{version}text.en = \"x\"\n"))),
        ["24:11 contents.news.purpose", "25:12 contents.news.category"]
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
`vital_interests`, `public_task`, `legitimate_interest`; did you mean `consent`?
p.toml:11:13: purposes.a.marketing: found string \"yes\"; expected true or false
p.toml:12:1: purposes.a.tpoics: found the key `tpoics`; expected one of `title`, `basis`, `balancing_test`, \
`marketing`, `special_category`, `consent_period_days`, `allowed_by`, `mail_identity`, `document`, \
`compatible_with`, `topics`; did you mean `topics`?
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
                [schedules.c]\ncron = \"0 3 * * *\"\ntime_zone = \"UTC\"\nmessage.type = \"sweep.run.v1\"\n";
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

#[test]
fn the_schema_covers_the_example() {
    let schema = policy_schema();
    let example: serde_json::Value = toml::from_str(EXAMPLE).expect("toml");
    covers(&schema, &schema, &example, "");
}

/// A light check: every key of `value` is one that the schema names, and what it requires is there.
fn covers(root: &serde_json::Value, schema: &serde_json::Value, value: &serde_json::Value, path: &str) {
    if let Some(target) = schema["$ref"].as_str() {
        let target = root.pointer(target.trim_start_matches('#')).expect("a definition");
        return covers(root, target, value, path);
    }
    if let Some(options) = schema["anyOf"].as_array()
        && let Some(option) = options.iter().find(|option| option["$ref"].is_string())
    {
        return covers(root, option, value, path);
    }
    if let Some(items) = value.as_array() {
        items.iter().for_each(|item| covers(root, &schema["items"], item, path));
    }
    let Some(fields) = value.as_object() else { return };
    for required in schema["required"].as_array().into_iter().flatten() {
        assert!(fields.contains_key(required.as_str().expect("a name")), "{path} lacks {required}");
    }
    for (key, field) in fields {
        let path = format!("{path}.{key}");
        let named = schema["patternProperties"].as_object().and_then(|named| named.values().next());
        let other = &schema["additionalProperties"];
        match schema["properties"].get(key).or(named) {
            Some(known) => covers(root, known, field, &path),
            None => {
                assert!(other.is_object() || *other == true, "{path} is not in the schema: {schema}");
                covers(root, other, field, &path);
            }
        }
    }
}
