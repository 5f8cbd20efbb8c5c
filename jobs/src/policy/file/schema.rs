//! The JSON Schema of a policy file, for editors and for the files in `config/schemas/`.

use super::channel::{RawChannel, RawTopic};
use super::children::RawChildren;
use super::content::RawContent;
use super::controller::{RawController, RawMailIdentity};
use super::data_source::{RawDataSource, RawRecipient};
use super::dictionary::RawDictionaries;
use super::field::RawField;
use super::form::RawForm;
use super::limits::{RawLimits, RawPeriods};
use super::masking::RawMasking;
use super::notice::RawPrivacyNotice;
use super::purpose::RawPurpose;
use super::schedule::RawSchedule;
use super::source::RawSource;
use super::staff::{RawGroup, RawNotices, RawStaff};
use crate::code::{
    ChannelId, ContentId, DataSourceId, FieldId, FormId, GroupId, MailIdentityId, PurposeId, RecipientId,
    ScheduleId, SourceId, StaffId, TopicId,
};
use crate::locale::Locale;
use crate::policy::Feature;
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use std::collections::{BTreeMap, BTreeSet};

/// A file of the policy of Rescind. Files of one folder act as one; what is required must be in one of them.
#[derive(JsonSchema)]
#[schemars(rename = "PolicyFile", deny_unknown_fields)]
#[expect(dead_code, reason = "the shape for the schema; entries are read one by one")]
struct RawFile {
    /// Who is responsible (Art. 4(7)).
    controller: Option<RawController>,
    /// The language that every text has, and that subjects without a stated one get. Default: en.
    default_locale: Option<Locale>,
    /// What is switched on; everything else is off. Default: nothing.
    features: Option<BTreeSet<Feature>>,
    /// Channels of communication.
    channels: Option<BTreeMap<ChannelId, RawChannel>>,
    /// Wordings that subjects agree to.
    contents: Option<BTreeMap<ContentId, RawContent>>,
    /// Where data come from that subjects have not given themselves (Art. 14).
    data_sources: Option<BTreeMap<DataSourceId, RawDataSource>>,
    /// The operator's own values.
    dictionaries: Option<RawDictionaries>,
    /// What may be known of a subject.
    fields: Option<BTreeMap<FieldId, RawField>>,
    /// Forms for consent that Rescind hosts.
    forms: Option<BTreeMap<FormId, RawForm>>,
    /// Caps of double opt-in.
    limits: Option<RawLimits>,
    /// How much of a value staff see, by the class of its field.
    masking: Option<RawMasking>,
    /// Senders of mail.
    mail_identities: Option<BTreeMap<MailIdentityId, RawMailIdentity>>,
    /// How long things last.
    periods: Option<RawPeriods>,
    /// What the privacy notice tells beyond what the rest of the policy says (Art. 13, 14).
    privacy_notice: Option<RawPrivacyNotice>,
    /// What personal data are used for.
    purposes: Option<BTreeMap<PurposeId, RawPurpose>>,
    /// Titles for those who receive data.
    recipients: Option<BTreeMap<RecipientId, RawRecipient>>,
    /// What happens by the clock.
    schedules: Option<BTreeMap<ScheduleId, RawSchedule>>,
    /// Who may send which messages. None: only this machine may send.
    sources: Option<BTreeMap<SourceId, RawSource>>,
    /// The controller's people.
    staff: Option<BTreeMap<StaffId, RawStaff>>,
    /// The groups that they work in.
    staff_groups: Option<BTreeMap<GroupId, RawGroup>>,
    /// How staff are told what to stop.
    staff_notices: Option<RawNotices>,
    /// From which age on a person consents alone (Art. 8).
    children: Option<RawChildren>,
    /// Subscription topics.
    topics: Option<BTreeMap<TopicId, RawTopic>>,
}

/// The JSON Schema (draft 2020-12) of a policy file. It says what a file may hold; what entries say of each other is
/// checked when the policy is loaded.
pub fn policy_schema() -> serde_json::Value {
    SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<RawFile>().to_value()
}

#[cfg(test)]
mod tests {
    use super::super::layout::{NAMED, SINGLE};
    use super::*;

    #[test]
    fn knows_every_section() {
        let schema = policy_schema();
        let known: BTreeSet<&str> =
            schema["properties"].as_object().expect("properties").keys().map(String::as_str).collect();
        assert_eq!(known, SINGLE.iter().chain(&NAMED).copied().collect());
        assert_eq!(schema["additionalProperties"], false);
    }
}
