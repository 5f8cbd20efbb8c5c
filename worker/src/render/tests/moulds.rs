//! A mail out of a mould is what rendering gives, whatever its values are.

use super::overrides::load_with;
use super::*;

#[test]
fn a_mould_gives_what_rendering_gives() {
    let renderer = renderer();
    assert!(renderer.moulds.fits("confirm_consent") && renderer.moulds.fits("remind_consent"));
    let long = "слово ".repeat(40);
    let values = [
        "Ana",
        " Živko Đ. Ćosić ",
        SCRIPT,
        "a\r\nBcc: b@example.org\r\n\r\n c",
        &"x".repeat(200),
        &long,
        "\u{202E}turned\u{0}",
        "\u{F8D0}\u{F8D1}",
        "{{locale}} { $date }",
        "",
    ];
    for locale in LOCALES {
        for sample in ConfirmConsent::samples(locale) {
            for (n, value) in values.iter().enumerate() {
                let other = values[(n + 1) % values.len()];
                let mail = ConfirmConsent {
                    recipient_name: sample.recipient_name.as_ref().map(|_| (*value).to_owned()),
                    confirm_url: (*value).to_owned(),
                    requested_at: other.to_owned(),
                    expires_at: (*value).to_owned(),
                    ..sample.clone()
                };
                let rendered = renderer.mail_of("confirm_consent", &mail, locale).expect("renders");
                assert!(renderer.mail(&mail, locale).expect("renders") == rendered, "{locale}: {value:?}");
                assert!(renderer.moulds.count() > 0, "the first of the values can be moulded");
                let rendered = renderer.mail_of("remind_consent", &mail, locale).expect("renders");
                let reminder = renderer.mail(&RemindConsent(mail), locale).expect("renders");
                assert!(reminder == rendered, "{locale}: {value:?}");
            }
        }
    }
}

#[test]
fn what_somebody_wrote_is_no_gap() {
    let renderer = renderer();
    for title in ["\u{F8D1}", "a\u{F8D0}b"] {
        let sample = ConfirmConsent::samples("en").remove(0);
        let mail = ConfirmConsent { content_title: title.to_owned(), ..sample };
        for _ in 0..2 {
            let rendered = renderer.mail_of("confirm_consent", &mail, "en").expect("renders");
            assert!(renderer.mail(&mail, "en").expect("renders") == rendered);
        }
    }
}

#[test]
fn where_a_value_decides_nothing_is_moulded() {
    let subject = "emails/confirm_consent/subject.hbs";
    for (n, (file, text)) in [
        (subject, "{{#if (eq confirm_url \"x\")}}{{content_title}}{{/if}}"),
        (subject, "{{#each (lines confirm_url)}}{{this}}{{/each}}"),
        (subject, "{{len requested_at}}"),
        (subject, "{{lookup this \"expires_at\"}}"),
        (subject, "{{#with confirm_url}}{{this}}{{/with}}"),
        (subject, "{{{confirm_url}}}"),
        (subject, "{{#each this}}{{@key}}{{/each}}"),
        (subject, "{{> emails/remind_consent/subject.hbs}}"),
        (subject, "{{#if recipient_name}}{{t \"mail-confirm-subject\" content=(t \"mail-greeting-name\" name=recipient_name)}}{{/if}}"),
        ("locales/de/mails.ftl", "mail-greeting-name = { $name ->\n    [Ana] Liebe Ana\n   *[other] Hallo { $name }\n}\n"),
        ("emails/_request/text.hbs", "{{confirm_url}}{{#if (gt (len confirm_url) 50)}}long{{/if}}\n"),
    ]
    .into_iter()
    .enumerate()
    {
        let renderer = load_with(&format!("decides-{n}"), &[(file, text)]).unwrap_or_else(|e| panic!("{text}: {e}"));
        assert!(!renderer.moulds.fits("confirm_consent"), "{text}");
        let shared = file != subject;
        assert_eq!(renderer.moulds.fits("remind_consent"), !shared, "{text}");
    }
    let inserted =
        "{{content_title}}: {{#unless recipient_name}}{{expires_at}}{{else}}{{recipient_name}}{{/unless}}";
    let renderer = load_with("inserts", &[(subject, inserted)]).expect("loads");
    assert!(renderer.moulds.fits("confirm_consent"));
}
