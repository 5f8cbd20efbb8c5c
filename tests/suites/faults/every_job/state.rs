//! Everything that a store holds, in a form that two runs can be compared by: without ids, keys and sealed values,
//! which differ from run to run, and without the numbers of attempts.

use rescind_tests::parts::Parts;
use rescind_worker::store::dialect::{Sql, sql};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Set up once for a database.
const KEPT: &[&str] = &["root_key", "content_published"];
/// Bytes that are the same in every run: blind indexes, and keys of counters.
const STEADY: &[&str] = &["bidx", "address", "key"];
/// How often something was tried, and in which lane, is not what it came to: what the operator tries again goes first.
const PASSED_OVER: &[&str] = &["attempt", "lane"];
/// Made when something is sealed that has no subject: what a fault has parked, too.
const DAY_KEYS: &str = "day_key";
/// That the operator tried again what a fault had parked.
const RETRIED: &str = "parked_retried";

/// Knows the tables of a database.
pub(super) struct Keeper {
    tables: Vec<(String, &'static Sql, &'static Sql)>,
}

fn leaked(text: String) -> &'static Sql {
    Box::leak(Box::new(sql(Box::leak(text.into_boxed_str()))))
}

impl Keeper {
    pub(super) async fn new(parts: &Parts) -> Self {
        let postgres = parts.pool().is_postgres();
        let names = if postgres {
            "select cast(table_name as text) from information_schema.tables where table_schema = 'public'"
        } else {
            "select name from sqlite_master where type = 'table'"
        };
        let mut tables = Vec::new();
        for name in texts(parts, leaked(names.to_owned())).await {
            if name.starts_with("_sqlx") || name.starts_with("sqlite_") || KEPT.contains(&name.as_str()) {
                continue;
            }
            let read = if postgres {
                format!("select to_jsonb(t)::text from {name} t")
            } else {
                let columns =
                    texts(parts, leaked(format!("select name from pragma_table_info('{name}')"))).await;
                let pair = |c: &String| {
                    format!("'{c}', case typeof({c}) when 'blob' then '\\x' || lower(hex({c})) else {c} end")
                };
                let pairs: Vec<_> = columns.iter().map(pair).collect();
                format!("select json_object({}) from {name}", pairs.join(", "))
            };
            let empty = leaked(format!("delete from {name}"));
            tables.push((name, leaked(read), empty));
        }
        tables.sort_by(|a, b| a.0.cmp(&b.0));
        assert!(tables.len() > 10, "the tables are found");
        Self { tables }
    }

    /// Empties the store, and sets the clock back to the beginning.
    pub(super) async fn empty(&self, parts: &Parts) {
        let mut tx = parts.pool().begin().await.unwrap();
        for (_, _, empty) in &self.tables {
            tx.run(empty, vec![]).await.unwrap();
        }
        tx.commit().await.unwrap();
        parts.clock.advance(rescind_tests::app::beginning().since(parts.now()));
    }

    /// What the store holds.
    pub(super) async fn state(&self, parts: &Parts) -> State {
        let mut state = BTreeMap::new();
        for (name, read, _) in self.tables.iter().filter(|(name, ..)| name != DAY_KEYS) {
            let mut rows: Vec<Row> = texts(parts, read).await.iter().map(|row| comparable(row)).collect();
            if name == "subject" {
                // counts decisions, those that changed nothing too
                rows.iter_mut().for_each(|row| drop(row.remove("version")));
            }
            state.insert(name.clone(), rows);
        }
        State(state)
    }
}

async fn texts(parts: &Parts, sql: &'static Sql) -> Vec<String> {
    parts.pool().read(sql, vec![]).await.unwrap().iter().map(|row| row.get(0).unwrap()).collect()
}

type Row = BTreeMap<String, Value>;

/// The comparable rows of each table.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct State(BTreeMap<String, Vec<Row>>);

impl State {
    /// Without the trail, in which it may be told that a job came again.
    pub(super) fn without_trail(mut self) -> Self {
        self.0.remove("audit").expect("the trail");
        self
    }

    /// The acts of the trail that the other one lacks, whatever came between them.
    pub(super) fn acts_lost(&self, other: &Self) -> String {
        let mut kept = other.acts();
        let mut lost = self.acts();
        lost.retain(|act| match kept.iter().position(|other| other == act) {
            Some(place) => {
                kept.swap_remove(place);
                false
            }
            None => true,
        });
        lost.iter().map(|act| format!("- audit {act}\n")).collect()
    }

    fn acts(&self) -> Vec<String> {
        let act = |row: &Row| {
            let detail: Value = serde_json::from_str(row["detail"].as_str()?).ok()?;
            Some(detail["act"].as_str()?.to_owned())
        };
        self.0["audit"].iter().map(|row| act(row).expect("an act")).collect()
    }

    /// What the other one holds besides (`+`) or lacks (`-`).
    pub(super) fn difference(&self, other: &Self) -> String {
        let mut text = String::new();
        for (table, rows) in &self.0 {
            let (mut lacks, mut besides) = (rows.clone(), other.0[table].clone());
            lacks.retain(|row| match besides.iter().position(|other| other == row) {
                Some(place) => {
                    besides.remove(place);
                    false
                }
                None => true,
            });
            besides
                .retain(|row| !row.get("detail").is_some_and(|detail| detail.to_string().contains(RETRIED)));
            for (mark, rows) in [('-', lacks), ('+', besides)] {
                for row in rows {
                    writeln!(text, "{mark} {table} {}", serde_json::to_string(&row).unwrap()).unwrap();
                }
            }
        }
        text
    }
}

fn comparable(row: &str) -> Row {
    let mut row: Row = serde_json::from_str(row).expect("a row as JSON");
    row.retain(|column, _| !PASSED_OVER.contains(&column.as_str()));
    for (column, value) in &mut row {
        if let Value::String(text) = value
            && !STEADY.contains(&column.as_str())
        {
            *text = match text.strip_prefix("\\x") {
                Some(hex) => opened(hex),
                None => without_ids(text),
            };
        } else if value.is_object() {
            *value = Value::String(without_ids(&value.to_string()));
        }
    }
    row
}

/// Bytes: the text that they are, or that they are sealed.
fn opened(hex: &str) -> String {
    let byte = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).expect("hexadecimal digits");
    let bytes: Vec<u8> = (0..hex.len() / 2).map(|n| byte(2 * n)).collect();
    match String::from_utf8(bytes) {
        Ok(text) if text.starts_with('{') => without_ids(&text),
        _ => "bytes".to_owned(),
    }
}

/// The text with every id and checksum in it replaced.
fn without_ids(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !(c.is_ascii_hexdigit() || c == '-')).unwrap_or(rest.len());
        let (run, after) = rest.split_at(end);
        let digits = run.bytes().filter(u8::is_ascii_hexdigit).count();
        out.push_str(if digits >= 32 { "#" } else { run });
        let next = after.chars().next().map_or(0, char::len_utf8);
        out.push_str(&after[..next]);
        rest = &after[next..];
    }
    out
}
