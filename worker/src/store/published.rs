//! Contents as they were published. A published wording is never edited: what people agreed to must stay what it was.

use super::Arg;
use super::dialect::queries;
use super::error::Result;
use super::pool::Tx;
use super::tables::PublishedRow;
use super::value::Ts;
use rescind_jobs::code::ContentId;
use rescind_jobs::locale::Locale;
use rescind_jobs::time::Timestamp;

queries! {
    HASHES = "select content, version, locale, text_hash from content_published where content = any($1::text[])";
    SINCE = "select distinct content, version from content_published where published_at > $1 order by content, version \
             limit 1000";
}

/// One text of a content: name, version, language, SHA-256.
pub type Text = (ContentId, u32, Locale, [u8; 32]);

/// Contents and their versions that were published after a time; at most a thousand.
pub async fn since(tx: &mut Tx, time: Timestamp) -> Result<Vec<(String, u32)>> {
    let rows = tx.rows(&SINCE, vec![Arg::Ts(Ts(time))]).await?;
    rows.iter().map(|row| Ok((row.get(0)?, u32::try_from(row.get::<i32>(1)?).unwrap_or(0)))).collect()
}

/// Enters texts that are new. Returns the first whose text differs from what was published under its name.
pub async fn enter(tx: &mut Tx, texts: &[Text], now: Timestamp) -> Result<Option<(ContentId, u32, Locale)>> {
    let mut names: Vec<String> = texts.iter().map(|t| t.0.to_string()).collect();
    names.dedup();
    for row in tx.rows(&HASHES, vec![Arg::Texts(names)]).await? {
        let (content, version, locale): (String, i32, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let hash: Vec<u8> = row.get(3)?;
        let found = texts.iter().find(|t| {
            t.0.as_str() == content && i64::from(t.1) == i64::from(version) && t.2.as_str() == locale
        });
        if let Some(text) = found.filter(|t| t.3[..] != hash[..]) {
            return Ok(Some((text.0.clone(), text.1, text.2)));
        }
    }
    let rows: Vec<_> = texts
        .iter()
        .map(|t| PublishedRow {
            content: t.0.to_string(),
            version: i32::try_from(t.1).unwrap_or(i32::MAX),
            locale: t.2.as_str().to_owned(),
            text_hash: t.3.to_vec(),
            published_at: Ts(now),
        })
        .collect();
    tx.put(&rows).await?;
    Ok(None)
}
