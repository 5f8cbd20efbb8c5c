//! Parameters of templates: what subjects, apps and operators wrote reaches a mail or page as text, whatever it is.

use super::engine::{self, Target};
use rescind_worker::mail::compose::{Composition, Party};
use rescind_worker::render::{
    ConfirmConsent, ConfirmPage, ControllerBlock, LOCALES, MailParameters, PageParameters, Regulation,
    RemindConsent, Renderer,
};

const WORDS: &[&str] = &[
    "<zq>",
    "\"zq ",
    "'zq ",
    "onload=zq",
    "</title>",
    "</style>",
    "<!--",
    "]]>",
    "{{zq}}",
    "{{{zq}}}",
    "{{#each zq}}",
    "{{> html}}",
    "{ $zq }",
    "{ -zq }",
    "\u{2028}",
    "\r\n",
    "\r\nBcc: zq@mark.er",
    "javascript:zq",
    "&lt;zq&gt;",
    "&#60;zq&#62;",
    "\u{feff}",
];

/// Marks that make or end a tag or an attribute: with other parameters there are as many.
fn marks(html: &str) -> [usize; 3] {
    [html.matches('<').count(), html.matches('>').count(), html.matches('"').count()]
}

/// Texts of one line, so that the number of paragraphs and lines, and with it of tags, stays what it is for `plain`.
fn texts(input: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(input);
    let mut texts: Vec<_> = text.split('\n').take(11).map(|line| line.trim().to_owned()).collect();
    texts.resize(11, "plain".to_owned());
    // what is left out or not is another layout
    texts.iter_mut().filter(|text| text.is_empty()).for_each(|text| text.push('x'));
    texts
}

fn mail(texts: &[String]) -> ConfirmConsent {
    ConfirmConsent {
        controller: controller(texts),
        recipient_name: Some(texts[5].clone()),
        purpose_title: texts[6].clone(),
        content_title: texts[7].clone(),
        content_text: texts[8].clone(),
        content_version: texts[9].clone(),
        confirm_url: texts[10].clone(),
        requested_at: texts[9].clone(),
        expires_at: texts[10].clone(),
        document_attached: true,
    }
}

fn controller(texts: &[String]) -> ControllerBlock {
    ControllerBlock {
        name: texts[0].clone(),
        address: texts[1].clone(),
        email: texts[2].clone(),
        phone: Some(texts[3].clone()),
        privacy_url: Some(texts[4].clone()),
    }
}

fn page(texts: &[String]) -> ConfirmPage {
    ConfirmPage {
        controller: controller(texts),
        purpose_title: texts[5].clone(),
        content_title: texts[6].clone(),
        content_text: texts[7].clone(),
        content_version: texts[8].clone(),
        content_locale: texts[9].clone(),
        regulation: Some(Regulation { title: texts[10].clone(), url: Some(texts[4].clone()) }),
        nonce: texts[5].clone(),
        expires_at: texts[6].clone(),
        box_missing: true,
        locales: LOCALES.to_vec(),
    }
}

/// The fields of a mail's head, apart from what stands in them.
fn fields(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    let head = text.split("\r\n\r\n").next().unwrap_or_default();
    let lines = head.split("\r\n").filter(|line| !line.starts_with([' ', '\t']));
    lines.map(|line| line.split(':').next().unwrap_or_default().to_ascii_lowercase()).collect()
}

fn composed(
    renderer: &Renderer,
    parameters: &impl MailParameters,
    name: &str,
    locale: &str,
) -> ([usize; 3], Vec<String>) {
    let mail = renderer.mail(parameters, locale).expect("it renders");
    assert!(!mail.subject.contains(['\r', '\n']), "a subject is one line");
    let composition = Composition {
        message_id: "<1@example.org>",
        from: Party { name: Some(name), address: "privacy@example.org" },
        reply_to: None,
        to: Party { name: Some(name), address: "ana@example.org" },
        subject: &mail.subject,
        text: &mail.text,
        html: &mail.html,
        date: rescind_tests::app::beginning().to_chrono(),
        attachments: &[],
        headers: &[],
    };
    let bytes = composition.compose().expect("it is composed");
    let parsed = mail_parser::MessageParser::default().parse(&bytes).expect("a mail");
    let to: Vec<_> = parsed.to().into_iter().flat_map(|to| to.iter()).filter_map(|a| a.address()).collect();
    assert_eq!(to, ["ana@example.org"], "one recipient");
    (marks(&mail.html), fields(&bytes))
}

#[test]
fn parameters_of_templates() {
    let renderer = Renderer::load(None).expect("the shipped templates");
    let plain = texts(b"");
    let expected = |locale: &'static str| {
        let (tags, fields) = composed(&renderer, &mail(&plain), "Ana", locale);
        let reminder = composed(&renderer, &RemindConsent(mail(&plain)), "Ana", locale).0;
        let page = marks(&renderer.page(&page(&plain), locale).expect("it renders"));
        (tags, reminder, page, fields)
    };
    let expected: Vec<_> = LOCALES.into_iter().map(|locale| (locale, expected(locale))).collect();
    let (seed, mut turn) = (["<zq a=\"zq\">", "'zq'", "{{zq}}", "zq@mark.er", "Ana", "x"].join("\n"), 0);
    let target =
        Target { name: "templates", seeds: vec![seed.into()], words: WORDS, json: false, inputs: 300 };
    engine::run(target, &mut |input| {
        turn += 1;
        let texts = texts(input);
        let (locale, (tags, reminder, on_page, head)) = &expected[turn % expected.len()];
        let (found, found_head) = composed(&renderer, &mail(&texts), &texts[5], locale);
        assert_eq!(found, *tags, "a parameter made or broke a tag of the mail");
        assert_eq!(found_head, *head, "a parameter made or broke a field of the head");
        assert_eq!(composed(&renderer, &RemindConsent(mail(&texts)), &texts[5], locale).0, *reminder);
        let page = renderer.page(&page(&texts), locale).expect("it renders");
        assert_eq!(marks(&page), *on_page, "a parameter made or broke a tag of the page");
        // nothing tells one way through a template from another: every input is worth going on from
        engine::outcome(&texts)
    });
    assert!(ConfirmPage::samples("en").len() > 1, "the samples are there to compare with");
}
