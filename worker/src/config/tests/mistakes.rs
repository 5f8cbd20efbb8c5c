//! Each kind of mistake, with its exact place and words.

use super::super::*;
use super::{Folder, environment, errors, load, without};

#[test]
fn a_wrong_value_names_file_line_column_key_found_and_expected() {
    assert_eq!(
        errors("[http]\nlisten = \"localhost:8080\"\n", &[]),
        "f.toml:2:10: http.listen\n  found:    \"localhost:8080\"\n  \
         expected: an IP address and a port such as 127.0.0.1:8080 or [::1]:8080"
    );
}

#[test]
fn a_wrong_variable_is_named() {
    assert_eq!(
        errors("", &[("RESCIND_RUNNER__BATCH_SIZE", "many")]),
        "environment variable RESCIND_RUNNER__BATCH_SIZE: runner.batch_size\n  found:    \"many\"\n  \
         expected: a whole number from 1 to 2000"
    );
}

#[test]
fn all_errors_come_at_once_in_order() {
    let document = "colour = 1\n[http]\nlisten = \"x\"\nbatch_limit = 0\n[mail]\ntransport = \"pigeon\"\n\
                    [log]\nfilter = \"a=b=c\"\n";
    let text = errors(document, &[("RESCIND_OPS__LISTEN", "y"), ("RESCIND_SHUTDOWN__GRACE_SECONDS", "0")]);
    let places: Vec<&str> = text.split("\n\n").filter_map(|block| block.lines().next()).collect();
    assert_eq!(
        places,
        [
            "f.toml:1:1: colour",
            "f.toml:3:10: http.listen",
            "f.toml:4:15: http.batch_limit",
            "f.toml:6:13: mail.transport",
            "f.toml:8:10: log.filter",
            "environment variable RESCIND_OPS__LISTEN: ops.listen",
            "environment variable RESCIND_SHUTDOWN__GRACE_SECONDS: shutdown.grace_seconds",
        ]
    );
}

#[test]
fn unknown_keys_are_errors_with_a_hint() {
    for (document, place, hint) in [
        ("[http]\nlistn = \"x\"", "f.toml:2:1: http.listn", "\"listen\" perhaps"),
        ("[http]\n\"\" = 1", "f.toml:2:1: http.", "one of batch_limit, body_limit_bytes, listen"),
        ("[mailer]", "f.toml:1:2: mailer", "\"mail\" perhaps"),
        ("[mail.smtp.tls]\nmode = 1", "f.toml:1:12: mail.smtp.tls", "one of"),
        ("http = 1", "f.toml:1:8: http", "a section: [http]"),
        ("[[http]]\nlisten = \"x\"", "f.toml:1:1: http", "a section: [http]"),
    ] {
        let text = errors(document, &[]);
        assert!(text.starts_with(&format!("{place}\n")), "{document}: {text}");
        assert!(text.contains(hint), "{document}: {text}");
    }
}

#[test]
fn unknown_variables_are_errors_with_a_hint_and_without_their_value() {
    for (name, hint) in [
        ("RESCIND_HTTP_LISTEN", "RESCIND_HTTP__LISTEN perhaps"),
        ("RESCIND_MAIL__SMTP__PASWORD", "RESCIND_MAIL__SMTP__PASSWORD perhaps"),
        ("RESCIND_", "two underscores"),
        ("RESCIND_HTTP", "two underscores"),
    ] {
        let text = errors("", &[(name, "hunter2")]);
        assert!(text.starts_with(&format!("environment variable {name}\n")), "{text}");
        assert!(text.contains(hint), "{text}");
        assert!(!text.contains("hunter2"), "{text}");
    }
}

#[test]
fn values_of_the_wrong_kind_say_what_was_found() {
    for (document, found, expected) in [
        ("data_dir = 1", "1", "a text in quotes"),
        ("data_dir = \" \"", "\" \"", "a text that is not empty"),
        ("data_dir = \"a\\nb\"", "\"a\\nb\"", "a text without control characters"),
        ("data_dir = true", "true without quotes", "a text in quotes"),
        ("data_dir = [\"a\"]", "a list", "a text in quotes"),
        ("data_dir = {a = 1}", "a section", "a text in quotes"),
        ("runner.batch_size = 1.5", "1.5, a number with a fraction", "a whole number from 1 to 2000"),
        ("runner.batch_size = 2001", "2001", "a whole number from 1 to 2000"),
        ("runner.batch_size = 99999999999999999999", "99999999999999999999", "a whole number from 1 to 2000"),
        ("runner.batch_size = -1", "-1", "a whole number from 1 to 2000"),
        ("runner.batch_size = \"7\"", "\"7\"", "a whole number from 1 to 2000"),
        ("housekeeping.parked_days = 0", "0", "a whole number from 1 to 36500"),
        ("log.format = \"xml\"", "\"xml\"", "one of \"auto\", \"pretty\", \"json\""),
        ("keys.command = [1]", "1", "a text in quotes"),
        ("keys.command = []", "an empty list", "a program and its arguments"),
        ("keys.env = \"K=hunter2\"", "a name with =", "the name of an environment variable"),
        ("log.filter = 2020-01-01", "a date or time", "a text in quotes"),
    ] {
        let text = errors(document, &[]);
        assert!(text.contains(&format!("found:    {found}\n")), "{document}: {text}");
        assert!(text.contains(&format!("expected: {expected}")), "{document}: {text}");
        assert!(!text.contains("hunter2"), "{text}");
    }
}

#[test]
fn items_of_lists_have_places_of_their_own() {
    let text = errors("[http]\ntrusted_proxies = [\n  \"10.0.0.0/8\",\n  \"10.0.0.1/8\",\n  \"x\"]\n", &[]);
    assert!(text.contains("f.toml:4:3: http.trusted_proxies\n  found:    \"10.0.0.1/8\""), "{text}");
    assert!(text.contains("f.toml:5:3: http.trusted_proxies\n  found:    \"x\""), "{text}");
}

#[test]
fn empty_variables_are_not_guessed_at() {
    for name in ["RESCIND_POLICY", "RESCIND_HTTP__TRUSTED_PROXIES", "RESCIND_STORE__URL"] {
        let text = errors("", &[(name, "")]);
        assert!(text.starts_with(&format!("environment variable {name}: ")), "{text}");
        assert!(text.contains("not empty"), "{text}");
    }
}

#[test]
fn broken_toml_is_placed_without_quoting_the_line() {
    let text = errors("[mail.smtp]\npassword = \"hunter2\n", &[]);
    assert!(text.starts_with("f.toml:2:"), "{text}");
    assert!(!text.contains("hunter2"), "{text}");
    assert!(errors("a = 1\na = 2\n", &[]).starts_with("f.toml:2:1\n"));
    // The environment is looked at all the same.
    assert!(errors("[", &[("RESCIND_X", "")]).contains("RESCIND_X"));
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let folder = Folder::new();
    let read = |path: &std::path::Path| {
        without(&folder.0, &Config::load(Some(path), environment(&[])).expect_err("an error"))
    };
    let text = read(&folder.0.join("none.toml"));
    assert!(text.starts_with("none.toml\n  found:    a file that cannot be read: "), "{text}");
    let latin = folder.file("latin.toml", b"data_dir = \"a\"\n# \xE4\n");
    assert!(read(&latin).starts_with("latin.toml:2:3\n  found:    bytes that are not UTF-8"));
}

#[test]
fn what_a_choice_demands_is_named() {
    for (document, place, key) in [
        ("[mail]\ntransport = \"maildir\"", "f.toml:2:13", "mail.maildir.path"),
        ("[mail]\ntransport = \"smtp\"", "f.toml:2:13", "mail.smtp.url"),
        ("[intake.amqp]\nqueue = \"q\"", "f.toml:2:9", "intake.amqp.url"),
        ("[mail.smtp]\nurl = \"smtp://localhost\"\nusername = \"u\"", "f.toml:3:12", "mail.smtp.password"),
        ("[mail.smtp]\nurl = \"smtp://localhost\"\npassword = \"p\"", "f.toml:3:12", "mail.smtp.username"),
    ] {
        let text = errors(document, &[]);
        assert!(text.starts_with(&format!("{place}: {key}\n  found:    nothing\n")), "{text}");
        assert!(text.contains(&key.replace('.', "__").to_uppercase()), "{text}");
    }
    // A value that was refused is not called missing on top of it.
    let text = errors("[mail]\ntransport = \"smtp\"\n[mail.smtp]\nurl = 5", &[]);
    assert_eq!(text.matches("found:").count(), 1, "{text}");
}

#[test]
fn values_that_do_not_go_together_are_refused() {
    for (document, key) in [
        ("http.listen = \"127.0.0.1:8081\"", "http.listen"),
        ("intake.amqp.events_exchange = \"privacy.jobs\"", "intake.amqp.events_exchange"),
        ("intake.amqp.events_exchange = \"privacy.bulk\"", "intake.amqp.events_exchange"),
        ("intake.amqp.bulk_exchange = \"privacy.jobs\"", "intake.amqp.bulk_exchange"),
        ("intake.amqp.bulk_queue = \"rescind.jobs\"", "intake.amqp.bulk_queue"),
        ("mail.retry_maximum_seconds = 29", "mail.retry_maximum_seconds"),
        ("mail.retry_give_up_hours = 1\nmail.retry_maximum_seconds = 3601", "mail.retry_give_up_hours"),
        ("mail.smtp.helo = \"two words\"", "mail.smtp.helo"),
        ("http.public_url = \"privacy.example.org\"", "http.public_url"),
    ] {
        let text = errors(document, &[]);
        assert!(text.contains(&format!(": {key}\n")), "{document}: {text}");
        assert_eq!(text.matches("found:").count(), 1, "{document}: {text}");
    }
    // Any two free ports differ.
    load("http.listen = \"127.0.0.1:0\"\nops.listen = \"127.0.0.1:0\"", &[]).expect("a configuration");
}
