//! Every statement of the store, so that a test can have both databases prepare them.

use super::dialect::{Sql, Statements, Table};
use super::error::Result;
use super::pool::Pool;
use super::{
    audit, candidates, gate, housekeeping, inbox, keys, load, origins, outbox, pages, parked, pool,
    provisional, published, queue, registers, requests, rights, save, schedules, snapshot, staff, sweeps,
    tables as t, webhooks, wrapping,
};
use sqlx::{Executor, SqlSafeStr, SqlStr};

fn queries() -> Vec<&'static Sql> {
    [
        audit::QUERIES,
        candidates::QUERIES,
        gate::QUERIES,
        housekeeping::QUERIES,
        inbox::QUERIES,
        keys::QUERIES,
        load::QUERIES,
        origins::QUERIES,
        outbox::channels::QUERIES,
        outbox::events::QUERIES,
        outbox::mailings::QUERIES,
        outbox::mails::QUERIES,
        pages::QUERIES,
        parked::QUERIES,
        pool::QUERIES,
        provisional::QUERIES,
        published::QUERIES,
        queue::QUERIES,
        registers::QUERIES,
        registers::consents::QUERIES,
        registers::outbox::QUERIES,
        registers::soft_opt_ins::QUERIES,
        registers::waiting::QUERIES,
        requests::QUERIES,
        rights::QUERIES,
        save::QUERIES,
        schedules::QUERIES,
        snapshot::QUERIES,
        staff::QUERIES,
        sweeps::QUERIES,
        webhooks::QUERIES,
        wrapping::QUERIES,
    ]
    .concat()
}

fn tables() -> Vec<&'static Statements> {
    vec![
        t::SubjectRow::statements(),
        t::IdentityClaim::statements(),
        t::IdentityRow::statements(),
        t::FieldRow::statements(),
        t::LinkRow::statements(),
        t::ConsentRow::statements(),
        t::RecordRow::statements(),
        t::RequestRow::statements(),
        t::MailRow::statements(),
        t::UnsubscribeRow::statements(),
        t::NoticeRow::statements(),
        t::StaffTokenRow::statements(),
        t::RestrictionRow::statements(),
        t::ObjectionRow::statements(),
        t::OriginRow::statements(),
        t::SoftOptInRow::statements(),
        t::PageRow::statements(),
        t::AcceptanceRow::statements(),
        t::TopicRow::statements(),
        t::EventRow::statements(),
        t::DeliveryRow::statements(),
        t::EndpointRow::statements(),
        t::JobRow::statements(),
        t::InboxRow::statements(),
        t::ParkedRow::statements(),
        t::CounterRow::statements(),
        t::AuditRow::statements(),
        t::SweepRow::statements(),
        t::PublishedRow::statements(),
    ]
}

/// How many there are.
pub fn count() -> usize {
    queries().len() + tables().len()
}

/// Has the database prepare every statement; returns those that it refuses, with its reason.
///
/// # Errors
/// When the database is not available.
pub async fn prepare_all(pool: &Pool) -> Result<Vec<String>> {
    let mut refused = Vec::new();
    for (postgres, sqlite) in queries()
        .into_iter()
        .map(|q| (q.postgres(), q.sqlite()))
        .chain(tables().into_iter().map(|s| (s.postgres.as_str(), s.sqlite.as_str())))
    {
        let (text, result) = match pool {
            Pool::Postgres(pool) => {
                (postgres, pool.acquire().await?.prepare(statement(postgres)).await.map(drop))
            }
            Pool::Sqlite { writer, .. } => {
                (sqlite, writer.acquire().await?.prepare(statement(sqlite)).await.map(drop))
            }
        };
        if let Err(error) = result {
            refused.push(format!("{text}\n  {error}"));
        }
    }
    Ok(refused)
}

fn statement(text: &'static str) -> SqlStr {
    text.into_sql_str()
}
