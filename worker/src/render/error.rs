//! What can go wrong with templates. Nearly all of it shows at load, before anything is sent.
//!
//! Rule: an error names files, keys and lines, never the value of a parameter: those are people's data.

use std::path::PathBuf;

/// Why templates could not be loaded, or one of them not be rendered.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// The operator's folder, or something in it, cannot be read.
    #[error("templates: cannot read {}: {source}", path.display())]
    Unreadable {
        /// The folder or file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A file of the operator's folder that overrides nothing: most likely a misspelt name.
    #[error("templates: {file} is not the name of a template file; `rescind templates list` shows the names")]
    UnknownFile {
        /// Its path relative to the folder.
        file: String,
    },
    /// A file of the operator's folder that is larger than any template may be.
    #[error("templates: {file} is larger than {limit} bytes")]
    TooLarge {
        /// Its path relative to the folder.
        file: String,
        /// The most it may hold.
        limit: u64,
    },
    /// A template that does not compile.
    #[error("templates: {file}: {reason}")]
    Template {
        /// Its path relative to the templates folder.
        file: String,
        /// Line, column and what was expected.
        reason: String,
    },
    /// A file of texts that does not parse, or names a key twice.
    #[error("templates: {file}: {reason}")]
    Texts {
        /// Its path relative to the templates folder.
        file: String,
        /// Line and what was found.
        reason: String,
    },
    /// A template uses a text that a locale does not have.
    #[error("templates: {file} uses the text \"{key}\", which locale {locale} lacks")]
    MissingKey {
        /// The template.
        file: String,
        /// The key of the text.
        key: String,
        /// The locale without it.
        locale: &'static str,
    },
    /// An operator's file of texts holds a key that no template uses.
    #[error("templates: {file} defines the text \"{key}\", which no template uses")]
    UnusedKey {
        /// The file of texts.
        file: String,
        /// The key of the text.
        key: String,
    },
    /// A text names other variables than the same text in English, or than the template gives.
    #[error(
        "templates: {file} gives \"{key}\" the values [{given}], but its text in {locale} names [{named}]"
    )]
    Variables {
        /// The template.
        file: String,
        /// The key of the text.
        key: String,
        /// The locale that differs.
        locale: &'static str,
        /// The names that the template gives.
        given: String,
        /// The names that the text uses.
        named: String,
    },
    /// No template has this name.
    #[error("templates: there is no template {0:?}; `rescind templates list` shows the names")]
    UnknownTemplate(String),
    /// A template that compiled, but failed with its parameters.
    #[error("templates: {file}: {reason}")]
    Render {
        /// Its path relative to the templates folder.
        file: String,
        /// Line, column and the name that was not found.
        reason: String,
    },
}
