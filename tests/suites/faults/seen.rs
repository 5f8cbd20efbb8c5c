//! That the figures would not be zeros if something were wrong: what is lost or doubled by hand is seen.

use super::messages::of_round;
use super::report::Figures;
use super::rig::{Rig, Way};
use rescind_tests::database::TestDatabase;
use rescind_worker::store::dialect::{Sql, sql};

static MOVE_A_RECORD: Sql =
    sql("update consent_record set subject_id = (select min(subject_id) from consent_record) \
                                 where subject_id = (select max(subject_id) from consent_record)");
static FORGET_WHETHER_ONE_LEFT: Sql = sql("update mail set state = 6 where id = (select min(id) from mail)");
static LOSE_A_MAIL: Sql = sql("update mail set state = 0 where id = (select max(id) from mail)");

#[tokio::test(flavor = "multi_thread")]
async fn what_is_lost_or_doubled_is_seen() {
    let rig = Rig::new(TestDatabase::sqlite().await, Way::Embedded).await;
    let messages = of_round(0, true);
    rig.recover(&messages, async || rig.is_settled(&messages).await).await;
    let expected = rig.expected(&messages).await;
    let calm = Figures { messages: messages.len(), ..Figures::default() };
    assert_eq!(rig.audit(&messages, &expected).await.figures, calm);

    // what one message was decided to counts for another one as well
    assert_eq!(rig.opened.pool.write(&MOVE_A_RECORD, vec![]).await.unwrap(), 1);
    let moved = Figures { lost: 1, decided_twice: 1, ..calm };
    assert_eq!(rig.audit(&messages, &expected).await.figures, moved);

    assert_eq!(rig.opened.pool.write(&FORGET_WHETHER_ONE_LEFT, vec![]).await.unwrap(), 1);
    let uncertain = Figures { uncertain: 1, ..moved };
    assert_eq!(rig.audit(&messages, &expected).await.figures, uncertain);

    assert_eq!(rig.opened.pool.write(&LOSE_A_MAIL, vec![]).await.unwrap(), 1);
    let unsent = Figures { lost: 2, ..uncertain };
    assert_eq!(rig.audit(&messages, &expected).await.figures, unsent);

    // every mail arrives a second time
    for mail in std::fs::read_dir(rig.mailbox()).unwrap().map(|file| file.unwrap().path()) {
        if mail.is_file() {
            std::fs::copy(
                &mail,
                mail.with_file_name(format!("again-{}", mail.file_name().unwrap().display())),
            )
            .unwrap();
        }
    }
    let found = rig.audit(&messages, &expected).await;
    assert_eq!(found.figures.mailed_twice, messages.iter().filter(|m| m.sort.is_asked()).count());
}
