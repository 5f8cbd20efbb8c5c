//! Every parameter of every template in every locale, one after the other: markup in it stays text. Parameters are
//! found in the samples, so that a new template, and a new parameter of one, takes part by itself.

use super::super::catalog::{KNOWN, Known};
use super::super::{LOCALES, TemplateKind};
use super::*;
use serde_json::Value;

/// What breaks out of text, of an attribute in either quotes, of a comment, a title and a template.
const HOSTILE: &str = "</title>--><zq a=\"zq\" b='zq'>{{zq}}{{{zq}}}&zq;`${zq}`";
const LINES: &str = "zq\r\nBcc: zq@example.org\r\n\r\nzq";

/// The places of all texts in a value.
fn places(value: &Value, here: &str, found: &mut Vec<String>) {
    match value {
        Value::String(_) => found.push(here.to_owned()),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(n, item)| places(item, &format!("{here}/{n}"), found));
        }
        Value::Object(map) => {
            map.iter().for_each(|(name, item)| places(item, &format!("{here}/{name}"), found))
        }
        _ => {}
    }
}

fn with(sample: &Value, place: &str, text: &str) -> Value {
    let mut sample = sample.clone();
    *sample.pointer_mut(place).expect("a place in it") = text.into();
    sample
}

/// The parts of a mail or page: whether a part is HTML, and its text.
fn parts(renderer: &Renderer, known: &Known, sample: &Value, locale: &'static str) -> Vec<(bool, String)> {
    match known.kind {
        TemplateKind::Mail => {
            let mail = renderer.mail_of(known.name, sample, locale).expect("it renders");
            vec![(false, mail.subject), (false, mail.text), (true, mail.html)]
        }
        TemplateKind::Page => {
            vec![(true, renderer.page_of(known.name, sample, (&LOCALES, "?"), locale).expect("it renders"))]
        }
    }
}

fn tags(html: &str) -> usize {
    html.matches('<').count()
}

#[test]
fn markup_in_any_parameter_stays_text() {
    let renderer = renderer();
    let mut tried = 0;
    for known in &KNOWN {
        for locale in LOCALES {
            for sample in (known.values)(locale) {
                let mut found = Vec::new();
                places(&sample, "", &mut found);
                for place in found {
                    // what chooses between texts of the template is no text itself
                    if place == "/answer" || place.starts_with("/locales") {
                        continue;
                    }
                    tried += 1;
                    let told = format!("{} {place} {locale}", known.name);
                    let plain = parts(&renderer, known, &with(&sample, &place, "zq"), locale);
                    let hostile = parts(&renderer, known, &with(&sample, &place, HOSTILE), locale);
                    for ((is_html, plain), (_, hostile)) in plain.iter().zip(&hostile).filter(|(p, _)| p.0) {
                        assert!(*is_html);
                        assert_eq!(tags(plain), tags(hostile), "{told}: a tag was made or broken");
                        for raw in ["<zq", "\"zq", "'zq'", "</title>--", "&zq;"] {
                            assert!(!hostile.contains(raw), "{told}: {raw} got through");
                        }
                        assert!(
                            !plain.contains("zq") || hostile.contains("{{zq}}"),
                            "{told}: it was rendered"
                        );
                        assert!(!hostile.contains("&amp;lt;"), "{told}: escaped twice");
                    }
                    let lines = parts(&renderer, known, &with(&sample, &place, LINES), locale);
                    if known.kind == TemplateKind::Mail {
                        assert!(!lines[0].1.contains(['\r', '\n']), "{told}: the subject has two lines");
                    }
                }
            }
        }
    }
    assert!(tried > 400, "the samples have parameters: {tried}");
}
