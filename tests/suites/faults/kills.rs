//! The kills (M2, M4, M6): at every named point, and in random places.

use super::messages::of_round;
use super::report::{Figures, line};
use super::rig::{End, GROUP, Rig, Way};
use rescind_tests::database::TestDatabase;
use rescind_tests::fault::{Death, is_whole};
use rescind_worker::fault::Point;
use std::time::Duration;

/// At which passes of a point the program dies; the first of them alone in the short selection. None: messages do
/// not pass there on this way.
const fn passes(point: Point, way: Way) -> &'static [usize] {
    let (broker, embedded): (&[usize], &[usize]) = match point {
        Point::AfterConsume | Point::BeforeAck | Point::AfterAck => (&[1, 2], &[]),
        Point::AfterDoor | Point::BeforeAnswer => (&[], &[1, 2]),
        Point::AfterAttempt => (&[1, 2], &[]),
        Point::AfterJobClaim => (&[1], &[1]),
        Point::AfterLoad | Point::BeforeCommit | Point::AfterCommit => (&[2, 1, 3], &[2, 1, 3]),
        Point::AfterEventClaim | Point::BeforeEventSettle => (&[1], &[1]),
        Point::AfterMailClaim => (&[1, 2], &[1, 2]),
        Point::AfterMailSending | Point::BeforeMailSettle | Point::AfterMailSettle => (&[1, 2], &[1, 2]),
        Point::AfterSmtpConnect | Point::AfterSmtpHello => (&[1], &[]),
        Point::AfterSmtpMail | Point::AfterSmtpRcpt | Point::AfterSmtpData => (&[2, 1, 4], &[]),
        Point::AfterSmtpDot | Point::AfterSmtpAccepted => (&[2, 1, 4], &[]),
        Point::AfterMailFile => (&[], &[2, 1, 5]),
        Point::AfterWebhookClaim | Point::BeforeWebhookSettle => (&[1], &[1]),
        Point::AfterWebhookPost => (&[2, 1], &[2, 1, 3]),
        Point::AfterDrainBegan | Point::AfterIntakeEnded => (&[1], &[1]),
        Point::StoreBegin | Point::StoreCommit | Point::StoreCommitted => (&[25, 1, 40], &[25, 1, 40]),
        Point::StoreStatement => (&[100, 1, 200], &[100, 1, 200]),
    };
    match way {
        Way::Broker => broker,
        Way::Embedded => embedded,
    }
}

/// Numbers that look random, the same in every run.
struct Lot(u64);

impl Lot {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    fn end(&mut self) -> End {
        if self.below(2) == 0 {
            return End::After(Duration::from_micros(self.below(120_000)));
        }
        let pass = usize::try_from(1 + self.below(400)).expect("small");
        End::At(Death::anywhere(pass))
    }
}

/// A rig with what its messages come to when nothing is broken, and the next round's number.
struct Bench {
    name: String,
    rig: Rig,
    expected: super::audit::Expected,
    round: usize,
    total: Figures,
}

impl Bench {
    async fn new(name: &str, database: TestDatabase, way: Way) -> Self {
        let rig = Rig::new(database, way).await;
        let messages = of_round(0, way == Way::Embedded);
        rig.recover(&messages, async || rig.is_settled(&messages).await).await;
        let expected = rig.expected(&messages).await;
        let name = format!("{name}, {}", if way == Way::Broker { "RabbitMQ, SMTP" } else { "embedded" });
        let bench = Self { name, rig, expected, round: 0, total: Figures::default() };
        let calm = bench.rig.audit(&messages, &bench.expected).await;
        assert!(calm.wrong.is_empty(), "without any fault: {:?}", calm.wrong);
        bench
    }

    /// Sends a round's messages, kills the program once for each end, lets it recover, and sees what came of it.
    async fn round(&mut self, place: &str, ends: &[End]) {
        self.round += 1;
        let messages = of_round(self.round, self.rig.way == Way::Embedded);
        let mut rest = &messages[..];
        for (n, end) in ends.iter().enumerate() {
            // each further death meets what the one before it left, and a part of the messages that is new, while there
            // are any
            let share = (rest.len() / (ends.len() - n)).max(1).min(rest.len());
            let (now, later) = rest.split_at(share);
            self.rig.send_and_kill(now, *end).await;
            rest = later;
        }
        let rig = &self.rig;
        rig.recover(&messages, async || rig.is_settled(&messages).await).await;
        let mut found = rig.audit(&messages, &self.expected).await;
        found.figures.kills = ends.len();
        self.total += found.figures;
        line(&self.name, place, found.figures);
        assert!(found.wrong.is_empty(), "{}, killed at {place}: {}", self.name, found.wrong.join("; "));
        // each lane has two loops, and the mails of a round are in one lane
        let most = if rig.way == Way::Embedded { 0 } else { 2 * GROUP * ends.len() };
        assert!(found.figures.uncertain <= most, "{}, killed at {place}: {:?}", self.name, found.figures);
    }
}

async fn at_every_point(name: &str, database: TestDatabase, way: Way) {
    let mut bench = Bench::new(name, database, way).await;
    for point in Point::ALL {
        let passes = passes(*point, way);
        for pass in if is_whole() { passes } else { &passes[..passes.len().min(1)] } {
            let death = Death::at(*point, *pass);
            let mut ends = vec![End::At(death)];
            if *point == Point::AfterAttempt {
                // only what comes again is tried alone
                ends.insert(0, End::At(Death::at(Point::BeforeCommit, 1)));
            }
            bench.round(&death.to_string(), &ends).await;
        }
    }
    // what a dead worker held is taken up by whoever gets as far as that, however many die on the way there
    let mut ends = vec![End::At(Death::at(Point::AfterMailSending, 1))];
    ends.extend((if is_whole() { 1..=24 } else { 6..=14 }).map(|pass| End::At(Death::anywhere(pass))));
    bench.round("at-start", &ends).await;
    assert!(bench.total.kills > 10, "{:?}", bench.total);
}

async fn in_random_places(name: &str, database: TestDatabase, way: Way, seed: u64) {
    let mut bench = Bench::new(name, database, way).await;
    let (mut lot, kills) = (Lot(seed), if is_whole() { 100 } else { 8 });
    while bench.total.kills < kills {
        let deaths = 1 + lot.below(3);
        let ends: Vec<End> = (0..deaths).map(|_| lot.end()).collect();
        bench.round("random", &ends).await;
    }
}

#[test]
fn messages_pass_every_point() {
    let nowhere = |p: &&Point| passes(**p, Way::Broker).is_empty() && passes(**p, Way::Embedded).is_empty();
    let missing: Vec<_> = Point::ALL.iter().filter(nowhere).collect();
    assert!(missing.is_empty(), "say in `passes` when the program dies there: {missing:?}");
}

macro_rules! on_both_ways {
    ($database:ident, $name:literal, $seed:literal) => {
        mod $database {
            use super::{TestDatabase, Way};

            #[tokio::test(flavor = "multi_thread")]
            async fn at_every_point_with_a_broker() {
                super::at_every_point($name, TestDatabase::$database().await, Way::Broker).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn at_every_point_embedded() {
                super::at_every_point($name, TestDatabase::$database().await, Way::Embedded).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn in_random_places_with_a_broker() {
                super::in_random_places($name, TestDatabase::$database().await, Way::Broker, $seed).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn in_random_places_embedded() {
                super::in_random_places($name, TestDatabase::$database().await, Way::Embedded, $seed + 1)
                    .await;
            }
        }
    };
}

on_both_ways!(sqlite, "SQLite", 11);
on_both_ways!(postgres, "PostgreSQL", 21);
