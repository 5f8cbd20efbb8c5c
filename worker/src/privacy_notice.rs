//! What people are told of the use of their data (Art. 13, 14): the same on the page of the privacy notice and in the mail
//! to whom data came from elsewhere, both straight from the policy in force.

use crate::render::{PurposeBlock, Told};
use rescind_jobs::locale::{Locale, Texts};
use rescind_jobs::policy::{LawfulBasis, Policy, Purpose};

/// What is told of a purpose.
pub(crate) fn purpose(policy: &Policy, purpose: &Purpose, locale: Locale) -> PurposeBlock {
    let notice = policy.privacy_notice.purposes.get(&purpose.id).cloned().unwrap_or_default();
    let recipients = purpose.recipients.iter().map(|id| match policy.recipients.get(id) {
        Some(title) => told(title, locale),
        // a name of the operator's own, in no language in particular
        None => Told { text: id.to_string(), locale: locale.as_str().to_owned() },
    });
    PurposeBlock {
        purpose_title: purpose.title.get(locale).1.to_owned(),
        basis: purpose.basis.as_str(),
        special_category: purpose.special_category,
        marketing: purpose.marketing,
        similar_to: match &purpose.basis {
            LawfulBasis::SoftOptIn { similar_to, .. } => Some(similar_to.get(locale).1.to_owned()),
            _ => None,
        },
        data: maybe(notice.data.as_ref(), locale),
        interests: maybe(notice.interests.as_ref(), locale),
        period: maybe(notice.period.as_ref(), locale),
        recipients: recipients.collect(),
    }
}

/// A text of the policy, with the language that it is in.
pub(crate) fn told(texts: &Texts, locale: Locale) -> Told {
    let (written_in, text) = texts.get(locale);
    Told { text: text.to_owned(), locale: written_in.as_str().to_owned() }
}

/// The same of a text that the policy may have.
pub(crate) fn maybe(texts: Option<&Texts>, locale: Locale) -> Option<Told> {
    texts.map(|texts| told(texts, locale))
}
