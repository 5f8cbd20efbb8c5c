//! Secrets: from files, and never shown.

use super::super::*;
use super::{Folder, errors, load};

const AMQP: &str = "RESCIND_INTAKE__AMQP__URL";

#[test]
fn secrets_come_from_files_named_in_file_or_environment() {
    let folder = Folder::new();
    let amqp = folder.file("amqp", "amqp://rescind:hunter2@localhost/%2f\n").display().to_string();
    let password = folder.file("password", "hunter2 \r\n").display().to_string();
    let document = format!(
        "[mail]\ntransport = \"smtp\"\n[mail.smtp]\nurl = \"smtps://mail.example.org\"\nusername = \"u\"\n\
         password_file = {password:?}\n"
    );
    let config = load(&document, &[(&format!("{AMQP}_FILE"), &amqp)]).expect("a configuration");
    let url = &config.intake.amqp.as_ref().expect("a broker").url;
    assert_eq!(url.expose(), "amqp://rescind:hunter2@localhost/%2f");
    let Transport::Smtp(smtp) = &config.mail.transport else { panic!("not smtp") };
    let credentials = smtp.credentials.as_ref().expect("credentials");
    // Only the newline goes: a password may end in a space.
    assert_eq!(credentials.password.expose(), "hunter2 ");
    assert!(!format!("{config:?}").contains("hunter2"));
}

#[test]
fn value_and_file_together_are_refused() {
    let text = errors("[store]\nurl = \"sqlite://a\"\nurl_file = \"b\"\n", &[]);
    assert!(
        text.starts_with("f.toml:3:12: store.url_file\n  found:    also store.url (f.toml:2:7)\n"),
        "{text}"
    );
    let text = errors("", &[(AMQP, "amqp://localhost"), ("RESCIND_INTAKE__AMQP__URL_FILE", "b")]);
    assert!(text.contains("only one of intake.amqp.url, intake.amqp.url_file"), "{text}");
    let text = errors("[keys]\nfile = \"a\"\nenv = \"B\"\ncommand = [\"c\"]\n", &[]);
    assert_eq!(text.matches("only one of keys.file, keys.env, keys.command").count(), 2, "{text}");
}

#[test]
fn a_file_that_gives_no_secret_is_named_with_its_key() {
    let folder = Folder::new();
    let empty = folder.file("empty", "\n").display().to_string();
    let binary = folder.file("binary", [0xFF, 0xFE]).display().to_string();
    let long = folder.file("long", vec![b'a'; 70_000]).display().to_string();
    let missing = folder.0.join("missing").display().to_string();
    for path in [&empty, &binary, &long, &missing] {
        let text = errors("", &[("RESCIND_STORE__URL_FILE", path)]);
        let start = "environment variable RESCIND_STORE__URL_FILE: store.url_file\n";
        assert!(text.starts_with(start), "{text}");
        assert!(text.contains(path.as_str()), "{text}");
    }
    // With the transport that needs it, there is still one error and not two.
    let smtp = [("RESCIND_MAIL__TRANSPORT", "smtp"), ("RESCIND_MAIL__SMTP__URL_FILE", missing.as_str())];
    assert_eq!(errors("", &smtp).matches("found:").count(), 1);
}

#[test]
fn no_error_shows_a_secret() {
    let folder = Folder::new();
    let file = folder.file("url", "hunter2://hunter2").display().to_string();
    for (document, variables) in [
        ("store.url = \"mysql://root:hunter2@db\"", &[][..]),
        ("store.url = \"sqlite://:memory:\" # hunter2", &[]),
        ("intake.amqp.url = \"http://u:hunter2@mq\"", &[]),
        ("mail.smtp.url = \"smtp://u:hunter2@mail.example.org?tls=none\"", &[]),
        ("mail.smtp.url = \"smtp://u:hunter2@mail.example.org?tls=opportunistic\"", &[]),
        ("mail.smtp.url = \"smtp://u:hunter2@localhost\"\nmail.smtp.username = \"u\"", &[]),
        ("mail.smtp.url = \"smtp://u:hunter2@localhost\"\nmail.smtp.password = \"hunter2\"", &[]),
        ("mail.smtp.password = \"hunter2\\u0000\"", &[]),
        ("http.public_url = \"https://u:hunter2@example.org\"", &[]),
        ("", &[("RESCIND_STORE__URL", "hunter2")]),
        ("", &[("RESCIND_MAIL__SMTP__URL", "hunter2@")]),
        ("", &[("RESCIND_STORE__URL_FILE", file.as_str())]),
    ] {
        let text = errors(document, variables);
        assert!(!text.contains("hunter2"), "{document}: {text}");
    }
}

#[test]
fn a_password_never_goes_in_the_clear_over_a_network() {
    let credentials = "username = \"u\"\npassword = \"p\"\n";
    for (url, allowed) in [
        ("smtps://mail.example.org", true),
        ("smtp://mail.example.org", true),
        ("smtp://127.0.0.1:2525", true),
        ("smtp://mail.example.org?tls=opportunistic", false),
        ("smtp://mail.example.org?tls=none", false),
    ] {
        let loaded = load(&format!("[mail.smtp]\nurl = \"{url}\"\n{credentials}"), &[]);
        assert_eq!(loaded.is_ok(), allowed, "{url}");
    }
}
