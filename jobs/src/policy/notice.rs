//! What the privacy notice tells beyond what the rest of the policy says (Art. 13, 14).

use crate::code::PurposeId;
use crate::locale::Texts;
use std::collections::BTreeMap;

/// The texts of the privacy notice that only the controller can write.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PrivacyNotice {
    /// How the data protection officer is reached (Art. 13(1)(b)).
    pub officer: Option<String>,
    /// The supervisory authority that complaints go to (Art. 13(2)(d)).
    pub authority: Option<Texts>,
    /// Who receives data (Art. 13(1)(e)).
    pub recipients: Option<Texts>,
    /// Which data go to third countries, and on what ground (Art. 13(1)(f)).
    pub transfers: Option<Texts>,
    /// Where data come from that the person has not given (Art. 14(2)(f)).
    pub origins: Option<Texts>,
    /// Whether data have to be provided, and what follows if they are not (Art. 13(2)(e)).
    pub not_providing: Option<Texts>,
    /// Automated decisions with their logic and consequences (Art. 13(2)(f), 22); none: there are none.
    pub automated_decisions: Option<Texts>,
    /// What is told of single purposes.
    pub purposes: BTreeMap<PurposeId, PurposeNotice>,
}

/// What is told of a purpose.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PurposeNotice {
    /// Which data are used.
    pub data: Option<Texts>,
    /// The legitimate interests pursued (Art. 13(1)(d)).
    pub interests: Option<Texts>,
    /// How long data are kept, or by what that is decided (Art. 13(2)(a)).
    pub period: Option<Texts>,
}
