//! Who is responsible, and under which names mail leaves.

/// The controller (Art. 4(7)) as shown to subjects.
#[derive(Clone, Debug)]
pub struct Controller {
    /// Legal name.
    pub name: String,
    /// Postal address, lines separated by line feeds.
    pub address: String,
    /// Where subjects write to.
    pub email: String,
    /// Where subjects call.
    pub phone: Option<String>,
    /// Where the privacy notice is published.
    pub privacy_url: Option<String>,
    /// The operating unit; the last default of a consent's source (B5).
    pub operating_unit: String,
}

/// The sender of outgoing mail.
#[derive(Clone, Debug)]
pub struct MailIdentity {
    /// The display name.
    pub name: String,
    /// The address.
    pub address: String,
    /// Where answers go, if elsewhere.
    pub reply_to: Option<String>,
}
