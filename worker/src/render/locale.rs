//! Which of the domain's languages a person gets, as the tags that templates, pages and headers use.
//!
//! Rule: a locale inside the renderer is one of [`LOCALES`]; whatever comes from outside passes through [`best_locale`]
//! or [`known`] first.

use rescind_jobs::locale::Locale;

/// The tag of every [`Locale`]; `templates/locales` has a folder for each.
pub const LOCALES: [&str; Locale::ALL.len()] = {
    let mut tags = [""; Locale::ALL.len()];
    let mut position = 0;
    while position < tags.len() {
        tags[position] = Locale::ALL[position].as_str();
        position += 1;
    }
    tags
};

/// The locale that is used where no better one is known.
pub const FALLBACK: &str = Locale::En.as_str();

/// How many languages of a wish are looked at; a browser sends a handful.
const WISHES: usize = 16;

/// The locale of [`LOCALES`] that a language tag such as `de`, `de-AT` or `DE_ch` belongs to.
#[must_use]
pub fn known(tag: &str) -> Option<&'static str> {
    Locale::from_tag(tag.trim()).map(Locale::as_str)
}

/// The one of `available` that suits a wish best: a language tag, or a whole `Accept-Language` header (RFC 9110
/// §12.5.4). Without a match it is [`FALLBACK`], or the first of `available` where that is not among them.
#[must_use]
pub fn best_locale(wanted: &str, available: &[&'static str]) -> &'static str {
    let mut wishes: Vec<(f32, &'static str)> =
        wanted.split(',').take(WISHES).filter_map(|wish| wished(wish, available)).collect();
    // A stable sort: of equally good wishes the first one named wins.
    wishes.sort_by(|a, b| b.0.total_cmp(&a.0));
    match (wishes.first(), available.first()) {
        (Some((_, locale)), _) => locale,
        (None, Some(first)) if !available.contains(&FALLBACK) => first,
        (None, _) => FALLBACK,
    }
}

/// One element of `Accept-Language` as its weight and the available locale it names, or `None`: not available, not
/// wanted (`q=0`), or not understood.
fn wished(wish: &str, available: &[&'static str]) -> Option<(f32, &'static str)> {
    let mut parts = wish.split(';');
    let locale = known(parts.next()?)?;
    let weight = match parts.find_map(|part| part.trim().strip_prefix("q=")) {
        Some(weight) => weight.trim().parse::<f32>().ok()?,
        None => 1.0,
    };
    (weight > 0.0 && available.contains(&locale)).then_some((weight, locale))
}

/// The direction of a locale's script, as in HTML's `dir`.
#[must_use]
pub fn direction(_locale: &str) -> &'static str {
    // All of LOCALES are written from left to right; a locale that is not gets its arm here.
    "ltr"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_find_their_language() {
        assert_eq!(known("de-AT"), Some("de"));
        assert_eq!(known("UK_ua"), Some("uk"));
        assert_eq!(known("tlh"), None);
        assert_eq!(known(""), None);
    }

    #[test]
    fn the_best_wish_wins() {
        assert_eq!(best_locale("fr-CH, fr;q=0.9, en;q=0.8, de;q=0.7, *;q=0.5", &LOCALES), "fr");
        assert_eq!(best_locale("ja, pl;q=0.3, bg;q=0.8", &LOCALES), "bg");
        assert_eq!(best_locale("uk", &LOCALES), "uk");
    }

    #[test]
    fn what_is_not_available_is_passed_over() {
        assert_eq!(best_locale("de, ru;q=0.5", &["en", "ru"]), "ru");
        assert_eq!(best_locale("de;q=0, fr;q=0.1", &LOCALES), "fr");
        assert_eq!(best_locale("ja", &LOCALES), "en");
        assert_eq!(best_locale("ja", &["pl", "de"]), "pl");
        assert_eq!(best_locale("q=;;,,;q=x,de;q=nan", &LOCALES), "en");
        assert_eq!(best_locale("", &[]), "en");
    }
}
