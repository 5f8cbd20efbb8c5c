//! Every template in every locale: that it renders, what it says, and that no parameter gets out unescaped.

mod injection;
mod moulds;
mod overrides;
mod snapshots;

use chrono::NaiveDate;

use super::*;

const SCRIPT: &str = "<script>alert(1)</script>&\"'";

fn renderer() -> Renderer {
    Renderer::load(None).expect("the shipped templates load")
}

fn hostile_controller() -> ControllerBlock {
    ControllerBlock {
        name: SCRIPT.into(),
        address: SCRIPT.into(),
        email: SCRIPT.into(),
        phone: Some(SCRIPT.into()),
        privacy_url: Some(SCRIPT.into()),
    }
}

fn hostile_mail() -> ConfirmConsent {
    ConfirmConsent {
        controller: hostile_controller(),
        recipient_name: Some(SCRIPT.into()),
        purpose_title: SCRIPT.into(),
        content_title: SCRIPT.into(),
        content_text: format!("{SCRIPT}\n{SCRIPT}\n\n{SCRIPT}"),
        content_version: SCRIPT.into(),
        confirm_url: SCRIPT.into(),
        requested_at: SCRIPT.into(),
        expires_at: SCRIPT.into(),
        document_attached: true,
    }
}

fn hostile_page() -> ConfirmPage {
    let mail = hostile_mail();
    ConfirmPage {
        controller: mail.controller,
        purpose_title: mail.purpose_title,
        content_title: mail.content_title,
        content_text: mail.content_text,
        content_version: mail.content_version,
        content_locale: SCRIPT.into(),
        regulation: Some(Regulation { title: SCRIPT.into(), url: Some(SCRIPT.into()) }),
        nonce: SCRIPT.into(),
        expires_at: mail.expires_at,
        box_missing: true,
        locales: LOCALES.to_vec(),
    }
}

/// Escaped once: neither the markup itself nor an escaped escape.
fn assert_escaped(html: &str) {
    assert!(!html.contains("<script"), "markup of a parameter got through");
    assert!(!html.contains("&amp;lt;") && !html.contains("&amp;amp;"), "escaped twice");
    assert!(html.contains("&lt;script&gt;"), "the parameter is missing");
}

#[test]
fn every_sample_renders_in_every_locale() {
    let renderer = renderer();
    for TemplateInfo { name, overridden, .. } in renderer.list() {
        assert_eq!(overridden, [""; 0]);
        for locale in LOCALES {
            for sample in renderer.render_sample(name, locale).expect(name) {
                let html = match &sample {
                    Rendered::Mail(mail) => &mail.html,
                    Rendered::Page(page) => page,
                };
                assert!(
                    html.starts_with(&format!("<!doctype html>\n<html lang=\"{locale}\" dir=\"ltr\">")),
                    "{name}"
                );
                assert!(html.trim_end().ends_with("</html>"), "{name}");
            }
        }
    }
}

#[test]
fn every_shipped_template_is_known_and_every_text_used() {
    let renderer = renderer();
    let known: Vec<_> = renderer.list().into_iter().map(|info| info.name).collect();
    for file in renderer.sources.keys().filter(|file| file.ends_with(".hbs")) {
        let name = file.split('/').nth(1).expect("a folder").trim_end_matches(".hbs");
        assert!(name.starts_with('_') || known.contains(&name), "{file} belongs to no template");
    }
    for locale in LOCALES {
        for file in ["common", "mailing", "mails", "pages", "rights", "staff"] {
            let keys = |locale| {
                let file = format!("locales/{locale}/{file}.ftl");
                texts::keys(&file, renderer.sources[&file].shipped).expect("parses")
            };
            assert_eq!(keys(locale), keys(FALLBACK), "{locale}/{file}.ftl");
            for key in keys(locale) {
                let ours = ["date-long", "language-name"].contains(&key.as_str());
                assert!(ours || renderer.engines.uses_text(&key), "{key} is used by no template");
                assert_eq!(
                    renderer.texts.variables(locale, &key),
                    renderer.texts.variables(FALLBACK, &key),
                    "{key}"
                );
            }
        }
    }
}

#[test]
fn parameters_are_escaped_exactly_once() {
    let renderer = renderer();
    for locale in LOCALES {
        let mails = [
            renderer.mail(&hostile_mail(), locale).expect("renders"),
            renderer.mail(&RemindConsent(hostile_mail()), locale).expect("renders"),
        ];
        for mail in mails {
            assert_escaped(&mail.html);
            assert!(mail.text.contains(SCRIPT) && mail.subject.contains(SCRIPT), "plain text is not escaped");
            assert!(!mail.text.contains("&lt;") && !mail.subject.contains("&lt;"));
        }
        assert_escaped(&renderer.page(&hostile_page(), locale).expect("renders"));
        for answer in [Answer::Granted, Answer::Refused] {
            let page = AnsweredPage {
                controller: hostile_controller(),
                content_title: SCRIPT.into(),
                answer,
                preferences_url: Some(SCRIPT.into()),
            };
            assert_escaped(&renderer.page(&page, locale).expect("renders"));
        }
        let page = LinkInvalidPage { controller: hostile_controller() };
        assert_escaped(&renderer.page(&page, locale).expect("renders"));
    }
}

#[test]
fn pages_keep_within_their_content_security_policy() {
    let renderer = renderer();
    for info in renderer.list().into_iter().filter(|info| info.kind == TemplateKind::Page) {
        for sample in renderer.render_sample(info.name, "en").expect("renders") {
            let Rendered::Page(page) = sample else { panic!("a page") };
            for forbidden in
                ["style=\"", "<style", "<script", "onclick", "<img", "<iframe", "action=\"/", "action=\"h"]
            {
                assert!(!page.contains(forbidden), "{} contains {forbidden}", info.name);
            }
        }
    }
    assert!(!renderer.stylesheet().contains("url(") && !renderer.stylesheet().contains("@import"));
}

#[test]
fn mails_load_nothing_and_have_no_unsubscribe() {
    for sample in renderer().render_sample("confirm_consent", "en").expect("renders") {
        let Rendered::Mail(mail) = sample else { panic!("a mail") };
        for forbidden in ["<img", "<link", "url(", "src=", "@import", "unsubscribe"] {
            assert!(!mail.html.contains(forbidden), "contains {forbidden}");
        }
    }
}

#[test]
fn a_mail_says_what_is_asked_and_how_to_answer() {
    let renderer = renderer();
    let mut sample = ConfirmConsent::samples("de").remove(0);
    sample.content_title = "Titel\r\nBcc: eve@example.org".into();
    let mail = renderer.mail(&sample, "de-CH").expect("renders");
    assert_eq!(mail.subject, "Bitte bestätigen: Titel Bcc: eve@example.org");
    assert!(mail.text.contains(&format!("\n{}\n", sample.confirm_url)), "the link stands alone on its line");
    assert_eq!(mail.html.matches(&sample.confirm_url).count(), 3, "button, address shown, address linked");
    for part in [&mail.text, &mail.html] {
        for said in ["Guten Tag Ana Lindqvist,", "30. November 2026", "Fassung 3", "privacy@harbour.example"]
        {
            assert!(part.contains(said), "{said}");
        }
    }
    assert!(mail.text.lines().all(|line| line.chars().count() <= 72 || line.contains("https://")));
}

#[test]
fn the_page_asks_with_an_unticked_box_and_two_forms() {
    let sample = ConfirmPage::samples("en").remove(0);
    let page = renderer().page(&sample, "en").expect("renders");
    assert!(!page.contains("checked"));
    assert_eq!(page.matches("<form method=\"post\">").count(), 2);
    assert_eq!(page.matches(&format!("name=\"nonce\" value=\"{}\"", sample.nonce)).count(), 2);
    assert!(!page.contains("role=\"alert\""));
    let again = renderer().page(&ConfirmPage { box_missing: true, ..sample }, "en").expect("renders");
    assert!(again.contains("role=\"alert\"") && again.contains("aria-invalid=\"true\""));
}

#[test]
fn dates_are_written_out() {
    let renderer = renderer();
    let day = |day| NaiveDate::from_ymd_opt(2026, 11, day).expect("a day");
    for locale in LOCALES {
        let sample = ConfirmConsent::samples(locale).remove(0);
        assert_eq!(renderer.format_date(day(1), locale), sample.requested_at);
        assert_eq!(renderer.format_date(day(30), locale), sample.expires_at);
    }
    let may = NaiveDate::from_ymd_opt(2027, 5, 3).expect("a day");
    let written = LOCALES.map(|locale| renderer.format_date(may, locale));
    let expected = [
        "3 May 2027",
        "3. Mai 2027",
        "3 mai 2027",
        "3 maja 2027 r.",
        "3 май 2027 г.",
        "3 мая 2027 г.",
        "3 травня 2027 р.",
    ];
    assert_eq!(written, expected);
}

#[test]
fn pages_find_their_stylesheet_below_a_path() {
    let page = |renderer: Renderer| renderer.page(&HomePage {}, "en").expect("renders");
    assert!(page(renderer()).contains("href=\"/style.css\""));
    assert!(page(renderer().with_base_path("/privacy/")).contains("href=\"/privacy/style.css\""));
}

#[test]
fn every_mail_that_a_decision_can_order_has_a_template() {
    use rescind_jobs::mail::{Mail, StaffMail};
    let request = uuid::Uuid::nil();
    let mut mails = vec![
        Mail::ConfirmConsent { request },
        Mail::RemindConsent { request },
        Mail::RestrictionConfirmed,
        Mail::RestrictionEnding { objection: None },
        Mail::StaffDigest,
    ];
    let kinds = rescind_jobs::model::NoticeKind::ALL;
    mails.extend(kinds.map(|kind| {
        Mail::of_notice(kind, StaffMail { notice: request, reminder: false, besides_mail: false })
    }));
    for mail in mails {
        let samples = renderer().render_sample(mail.template(), "en").expect("a template");
        assert!(samples.iter().all(|sample| matches!(sample, Rendered::Mail(_))));
    }
}
