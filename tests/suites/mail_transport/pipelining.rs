//! MAIL, RCPT and DATA in one write, to servers that offer it (RFC 2920): the outcomes are those of one by one.

use std::time::Duration;

use rescind_tests::smtp_script::{Act, Script, SmtpScript};
use rescind_worker::config::Smtp as Settings;
use rescind_worker::mail::transport::{Delivery, Phase, ReplyCode, Trouble, TroubleKind};

use super::{mail, send, send_one, settings, transport};

/// A server that refuses what follows a refusal, as most do.
fn strict(verb: &'static str, act: Act) -> Script {
    let script = Script::friendly().offer("PIPELINING").on(verb, act);
    let script = if verb == "MAIL" { script.on("RCPT", Act::Reply("503 need MAIL")) } else { script };
    if verb == "DATA" { script } else { script.on("DATA", Act::Reply("503 need RCPT")) }
}

fn reply(phase: Phase, basic: u16) -> Trouble {
    Trouble { phase, code: Some(ReplyCode { basic, enhanced: None }), kind: TroubleKind::Reply }
}

fn trouble(phase: Phase, kind: TroubleKind) -> Trouble {
    Trouble { phase, code: None, kind }
}

const NO_SUCH_USER: Delivery = Delivery::BadAddress(ReplyCode { basic: 550, enhanced: Some((5, 1, 1)) });

#[tokio::test]
async fn the_first_refusal_counts_and_the_connection_carries_the_next_mail() {
    let table = [
        ("MAIL", "451 later", Delivery::Deferred(reply(Phase::Mail, 451))),
        ("MAIL", "552 too big", Delivery::Rejected(reply(Phase::Mail, 552))),
        ("RCPT", "450 later", Delivery::Deferred(reply(Phase::Rcpt, 450))),
        ("RCPT", "550 5.1.1 no", NO_SUCH_USER),
    ];
    for (verb, lines, expected) in table {
        let server = SmtpScript::start(vec![strict(verb, Act::Reply(lines))]).await;
        let transport = transport(settings(server.port));
        let outcomes = send(&transport, vec![mail(1, "ana"), mail(2, "ben")]).await;
        assert_eq!(outcomes, [expected, Delivery::Sent], "{verb} {lines}");
        assert_eq!((server.connections(), server.taken().len()), (1, 1), "{verb} {lines}");
        let verbs: Vec<String> = server
            .commands(0)
            .iter()
            .map(|c| c.split([' ', ':']).next().unwrap_or_default().to_owned())
            .collect();
        // the later commands were on their way before the refusal came
        assert_eq!(verbs, ["EHLO", "MAIL", "RCPT", "DATA", "RSET", "MAIL", "RCPT", "DATA"], "{verb} {lines}");
    }
}

#[tokio::test]
async fn a_server_that_waits_for_a_mail_to_nobody_gets_an_empty_one() {
    let script = Script::friendly()
        .offer("PIPELINING")
        .on("RCPT", Act::Reply("550 5.1.1 no"))
        .on(".", Act::Reply("554 5.5.1 no valid recipients"));
    let server = SmtpScript::start(vec![script]).await;
    let transport = transport(settings(server.port));
    let outcomes = send(&transport, vec![mail(1, "ana"), mail(2, "ben")]).await;
    assert_eq!(outcomes, [NO_SUCH_USER, Delivery::Sent]);
    let bodies: Vec<_> = server.offered().into_iter().map(|offered| offered.body).collect();
    assert_eq!(bodies[0], "", "nothing of the mail");
    assert_eq!((bodies.len(), server.taken().len(), server.connections()), (2, 1, 1));
}

#[tokio::test]
async fn a_server_that_refuses_the_sender_and_takes_the_rest_is_left() {
    let script = Script::friendly().offer("PIPELINING").on("MAIL", Act::Reply("451 later"));
    let server = SmtpScript::start(vec![script, Script::friendly().offer("PIPELINING")]).await;
    let transport = transport(settings(server.port));
    let outcomes = send(&transport, vec![mail(1, "ana"), mail(2, "ben")]).await;
    assert_eq!(outcomes, [Delivery::Deferred(reply(Phase::Mail, 451)), Delivery::Sent]);
    assert_eq!((server.connections(), server.offered().len()), (2, 1));
}

#[tokio::test]
async fn what_breaks_between_the_replies_means_the_same_as_one_by_one() {
    let acts = [
        (Act::Close, TroubleKind::Disconnected),
        (Act::Hang, TroubleKind::Timeout),
        (Act::Reply("hello"), TroubleKind::Protocol),
        (Act::Reply("220 again"), TroubleKind::Protocol),
    ];
    for (act, kind) in acts {
        for (verb, phase) in [("MAIL", Phase::Mail), ("RCPT", Phase::Rcpt), ("DATA", Phase::Data)] {
            let script = Script::friendly().offer("PIPELINING").on(verb, act.clone());
            let server = SmtpScript::start(vec![script]).await;
            let short = Duration::from_millis(150);
            let transport = transport(Settings { command_timeout: short, ..settings(server.port) });
            let expected = Delivery::Deferred(trouble(phase, kind));
            assert_eq!(send_one(&transport, mail(1, "ana")).await, expected, "{verb} {act:?}");
            assert_eq!(server.taken().len(), 0, "{verb} {act:?}");
        }
    }
}

#[tokio::test]
async fn a_server_that_closes_with_its_refusal_is_believed() {
    for lines in ["421 4.3.0 enough", "450 4.2.1 later"] {
        let closing = Script::friendly().offer("PIPELINING").on("RCPT", Act::ReplyAndClose(lines));
        let server = SmtpScript::start(vec![closing, Script::friendly().offer("PIPELINING")]).await;
        let transport = transport(settings(server.port));
        let outcomes = send(&transport, vec![mail(1, "ana"), mail(2, "ben")]).await;
        assert!(
            matches!(outcomes[0], Delivery::Deferred(Trouble { phase: Phase::Rcpt, code: Some(_), .. })),
            "{outcomes:?}"
        );
        assert_eq!(outcomes[1], Delivery::Sent);
        assert_eq!(server.connections(), 2);
    }
}

#[tokio::test]
async fn many_mails_arrive_once_each_and_a_limit_per_connection_costs_none() {
    for connections in [1, 8] {
        let limited =
            (0..50).fold(Script::friendly().offer("PIPELINING"), |s, _| s.on("MAIL", Act::Ordinary));
        let limited = limited.on("MAIL", Act::ReplyAndClose("421 4.7.0 too many mails"));
        let server = SmtpScript::start(vec![limited]).await;
        let transport = transport(Settings { connections, ..settings(server.port) });
        let group = (0..400).map(|n| mail(n, &format!("r{n}"))).collect();
        assert!(send(&transport, group).await.iter().all(|outcome| *outcome == Delivery::Sent));
        let mut recipients: Vec<String> = server.taken().into_iter().map(|taken| taken.rcpt).collect();
        assert_eq!(recipients.len(), 400);
        recipients.sort();
        recipients.dedup();
        assert_eq!(recipients.len(), 400, "none twice");
    }
}
