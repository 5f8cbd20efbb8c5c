//! A cold start: a fresh migration, sixty rows, ANALYZE, then bulk intake on the same connections. A plan made while a
//! table was a few pages long must not stay.

use crate::database::RunDatabase;
use crate::in_process::{Rig, batches};
use crate::place::Place;
use crate::report::{Better, Figures, ratio, table};
use sqlx::Connection as _;
use std::time::Instant;

const FIRST: usize = 60;

/// Runs it several times over, each on a database of its own.
pub(crate) async fn run(place: &Place) {
    let count = place.scaled(20_000);
    let (mut cold, mut warm) = (Figures::default(), Figures::default());
    for _ in 0..place.rounds {
        let database = RunDatabase::new(place).await;
        let rig = Rig::open(&database.url).await;
        rig.decide(batches(0, FIRST), 1).await;
        let mut other = database.connect().await;
        sqlx::query("analyze").execute(&mut other).await.expect("statistics");
        let mut from = FIRST;
        let mut rate = async || {
            let messages = batches(from, from + count);
            from += count;
            let begin = Instant::now();
            rig.decide(messages, 2).await;
            count as f64 / begin.elapsed().as_secs_f64()
        };
        cold.push(rate().await);
        sqlx::query("analyze").execute(&mut other).await.expect("statistics");
        warm.push(rate().await);
        other.close().await.expect("a connection closes");
        rig.close().await;
        database.drop().await;
    }
    let row = |name: &str, figures: &Figures| vec![name.to_owned(), figures.range()];
    let rows = [row("right after 60 rows and ANALYZE", &cold), row("the same connections afterwards", &warm)];
    table("Cold start: decisions and rows, two runners", &["intake", "messages/s"], &rows);
    println!();
    ratio("cold, to warm", cold.median() / warm.median(), Some((0.8, Better::Higher)));
}
