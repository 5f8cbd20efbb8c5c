//! Composing, read back by an independent parser.

use mail_parser::{MessageParser, MimeHeaders};

use super::*;

const ID: &str = "<0192b3c4d5e67f8091a2b3c4d5e6f708@mail.example.org>";

fn sample() -> Composition<'static> {
    Composition {
        message_id: ID,
        from: Party { name: Some("Shop, \"Nord\""), address: "privacy@example.org" },
        reply_to: None,
        to: Party { name: Some("Ana"), address: "ana@example.net" },
        subject: "Please confirm",
        text: "Hello\nplease confirm.\n",
        html: "<p>Hello</p>\n",
        date: DateTime::from_timestamp(1_795_000_000, 0).expect("in range"),
        attachments: &[],
        headers: &[],
    }
}

fn text_of(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("ASCII")
}

/// The header fields of the whole mail, names only.
fn field_names(bytes: &[u8]) -> Vec<String> {
    let text = text_of(bytes);
    let head = text.split("\r\n\r\n").next().expect("head");
    head.split("\r\n")
        .filter(|line| !line.starts_with([' ', '\t']))
        .map(|line| line.split(':').next().expect("name").to_owned())
        .collect()
}

#[test]
fn the_message_id_depends_on_the_outbox_row_alone() {
    let id = Uuid::from_u128(0x0192_b3c4_d5e6_7f80_91a2_b3c4_d5e6_f708);
    assert_eq!(message_id(id, "mail.example.org"), ID);
}

#[test]
fn a_plain_mail_has_both_texts_and_the_marks_of_automatic_mail() {
    let bytes = sample().compose().expect("composes");
    let mail = MessageParser::default().parse(&bytes).expect("parses");
    assert_eq!(mail.message_id(), Some(&ID[1..ID.len() - 1]));
    assert_eq!(mail.subject(), Some("Please confirm"));
    let from = mail.from().and_then(|from| from.first()).expect("from");
    assert_eq!(from.name(), Some("Shop, \"Nord\""));
    assert_eq!(from.address(), Some("privacy@example.org"));
    assert_eq!(mail.header_raw("Auto-Submitted").map(str::trim), Some("auto-generated"));
    assert_eq!(mail.header_raw("X-Auto-Response-Suppress").map(str::trim), Some("All"));
    assert_eq!(mail.header_raw("X-Mailer"), None);
    assert_eq!(mail.header_raw("List-Unsubscribe"), None);
    assert_eq!(mail.date().map(mail_parser::DateTime::to_timestamp), Some(1_795_000_000));
    assert_eq!(mail.body_text(0).expect("text").trim(), "Hello\r\nplease confirm.");
    assert_eq!(mail.body_html(0).expect("html").trim(), "<p>Hello</p>");
    assert!(text_of(&bytes).contains("multipart/alternative"));
    assert!(!text_of(&bytes).contains("multipart/mixed"));
}

#[test]
fn the_same_composition_gives_the_same_bytes() {
    let attachments = [Attachment { filename: "a.bin", media_type: "application/pdf", bytes: &[0, 255, 10] }];
    let mail = Composition { attachments: &attachments, ..sample() };
    assert_eq!(mail.compose(), mail.compose());
}

#[test]
fn international_names_subjects_texts_and_domains_survive_in_seven_bits() {
    let mail = Composition {
        from: Party { name: Some("Магазин"), address: "privacy@bücher.example" },
        reply_to: Some(Party { name: Some("Zażółć gęślą"), address: "antwort@example.org" }),
        to: Party { name: Some("Анна Петрова 🦊"), address: "anna@пример.бг" },
        subject: "Подтвердите, пожалуйста, подписку на рассылку нашего магазина — это займёт минуту",
        text: "Здравствуйте!\nЩо нового?\n",
        html: "<p>Schöne Grüße</p>",
        ..sample()
    };
    let bytes = mail.compose().expect("composes");
    assert!(bytes.is_ascii());
    assert!(text_of(&bytes).split("\r\n").all(|line| line.len() <= 998 && !line.contains('\n')));
    let parsed = MessageParser::default().parse(&bytes).expect("parses");
    assert_eq!(parsed.subject(), Some(mail.subject));
    let to = parsed.to().and_then(|to| to.first()).expect("to");
    assert_eq!(to.name(), mail.to.name);
    assert_eq!(to.address(), Some("anna@xn--e1afmkfd.xn--90ae"));
    let reply_to = parsed.reply_to().and_then(|to| to.first()).expect("reply-to");
    assert_eq!((reply_to.name(), reply_to.address()), (Some("Zażółć gęślą"), Some("antwort@example.org")));
    assert_eq!(parsed.body_text(0).expect("text").replace("\r\n", "\n").trim(), mail.text.trim());
    assert_eq!(parsed.body_html(0).expect("html").trim(), mail.html);
}

#[test]
fn nobody_writes_header_fields_through_a_name_or_a_subject() {
    let plain = field_names(&sample().compose().expect("composes"));
    for evil in [
        "Ana\r\nBcc: eve@example.com",
        "Ana\nBcc: eve@example.com",
        "Ana\rBcc: eve@example.com",
        "Ana\r\n\r\n<p>new body</p>",
        "Ана\r\nBcc: eve@example.com",
        "\"\r\n\" <eve@example.com>, \"",
        "\u{2028}Bcc: eve@example.com",
        "\0\u{202e}Ana",
    ] {
        let mail = Composition {
            from: Party { name: Some(evil), ..sample().from },
            to: Party { name: Some(evil), ..sample().to },
            subject: evil,
            ..sample()
        };
        let bytes = mail.compose().expect("neutralised");
        assert_eq!(field_names(&bytes), plain, "{evil:?}");
        let parsed = MessageParser::default().parse(&bytes).expect("parses");
        assert_eq!(parsed.to().map(|to| to.iter().count()), Some(1), "{evil:?}");
        assert_eq!(
            parsed.to().and_then(|to| to.first()).and_then(|to| to.address()),
            Some("ana@example.net")
        );
        assert!(parsed.bcc().is_none());
    }
    let address = Composition {
        to: Party { name: None, address: "ana@example.net>\r\nBcc: <eve@example.com" },
        ..sample()
    };
    assert!(matches!(address.compose(), Err(ComposeError::Address { field: "To", .. })));
}

#[test]
fn a_further_field_must_be_clean_and_not_ours() {
    let url =
        "<https://rescind.example.org/u/abcdefghijklmnopqrstuvwxyz234567abcdefghijklmnopqrstuvwxyz234567>";
    let fields = [("List-Unsubscribe", url), ("X-Note", "grün")];
    let bytes = Composition { headers: &fields, ..sample() }.compose().expect("composes");
    let parsed = MessageParser::default().parse(&bytes).expect("parses");
    assert_eq!(parsed.header_raw("List-Unsubscribe").map(str::trim), Some(url));
    for bad in [
        ("List-Unsubscribe", "<https://x>\r\nBcc: eve@example.com"),
        ("X-A\r\nBcc", "eve@example.com"),
        ("X A", "b"),
        ("Subject", "other"),
        ("reply-TO", "eve@example.com"),
        ("X-Empty", ""),
        ("", "b"),
    ] {
        let mail = Composition { headers: &[bad], ..sample() };
        assert_eq!(mail.compose(), Err(ComposeError::Header(0)), "{bad:?}");
    }
}

#[test]
fn attachments_arrive_byte_for_byte() {
    let bytes: Vec<u8> = (0..=255).cycle().take(5_000).collect();
    let attachments = [
        Attachment { filename: "Einwilligung – März.pdf", media_type: "application/pdf", bytes: &bytes },
        Attachment { filename: "../a\r\nb\".txt", media_type: "text/plain", bytes: b"one\ntwo\n.\n" },
    ];
    let mail = Composition { attachments: &attachments, ..sample() }.compose().expect("composes");
    let parsed = MessageParser::default().parse(&mail).expect("parses");
    assert_eq!(parsed.attachment_count(), 2);
    let first = parsed.attachment(0).expect("first");
    assert_eq!(first.contents(), bytes);
    assert_eq!(first.attachment_name(), Some("Einwilligung – März.pdf"));
    let second = parsed.attachment(1).expect("second");
    assert_eq!(second.contents(), b"one\ntwo\n.\n");
    assert_eq!(second.attachment_name(), Some(".._a b_.txt"));
    assert_eq!(parsed.body_text(0).expect("text").trim(), "Hello\r\nplease confirm.");
    for media_type in ["", "nonsense", "multipart/mixed", "Message/rfc822", "text/plain\r\nX: y"] {
        let bad = [Attachment { filename: "a", media_type, bytes: b"" }];
        let mail = Composition { attachments: &bad, ..sample() };
        assert_eq!(mail.compose(), Err(ComposeError::MediaType(0)), "{media_type:?}");
    }
}

#[test]
fn line_ends_in_the_texts_are_made_one_kind() {
    let mail = Composition { text: "a\rb\nc\r\nd\r\n.\r\nRCPT TO:<x>", ..sample() };
    let bytes = mail.compose().expect("composes");
    let lone = bytes.windows(2).any(|pair| (pair[0] == b'\r') != (pair[1] == b'\n'));
    assert!(!lone, "a lone CR or LF");
}

#[test]
fn malformed_ids_and_dates_are_refused() {
    for message_id in ["", "a@b", "<a>", "<a@>", "<a b@c>", "<a@b>\r\nBcc: x", "<ä@b>", "<a@b>c>"] {
        assert_eq!(Composition { message_id, ..sample() }.compose(), Err(ComposeError::MessageId));
    }
    for date in [DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC] {
        assert_eq!(Composition { date, ..sample() }.compose(), Err(ComposeError::Date));
    }
}
