//! Every way a dialogue can go wrong.

use std::time::Duration;

use rescind_jobs::effects::Lane;
use rescind_tests::app::eventually;
use rescind_tests::certificate::Certificate;
use rescind_tests::smtp_script::{Act, Script, SmtpScript};
use rescind_tests::temp_folder::TempFolder;
use rescind_worker::config::{Smtp as Settings, SmtpTls};
use rescind_worker::mail::transport::smtp::{SetupProblem, Smtp};
use rescind_worker::mail::transport::{
    Delivery, Outgoing, Phase, ReplyCode, Transport, Trouble, TroubleKind,
};
use rescind_worker::trust::TrustProblem;

use super::{login, mail, send, send_one, settings, tls_settings, transport};

fn code(basic: u16, enhanced: Option<(u8, u16, u16)>) -> ReplyCode {
    ReplyCode { basic, enhanced }
}

fn reply(phase: Phase, basic: u16) -> Trouble {
    Trouble { phase, code: Some(code(basic, None)), kind: TroubleKind::Reply }
}

fn trouble(phase: Phase, kind: TroubleKind) -> Trouble {
    Trouble { phase, code: None, kind }
}

/// What becomes of one mail sent to a server with this script, and how many mails the server took.
async fn outcome_of(script: Script, change: impl FnOnce(Settings) -> Settings) -> (Delivery, usize) {
    let server = SmtpScript::start(vec![script]).await;
    let transport = transport(change(settings(server.port)));
    let outcome = send_one(&transport, mail(1, "ana")).await;
    (outcome, server.taken().len())
}

fn impatient(settings: Settings) -> Settings {
    let short = Duration::from_millis(150);
    Settings { connect_timeout: short, command_timeout: short, data_timeout: short, ..settings }
}

fn with_login(settings: Settings) -> Settings {
    Settings { credentials: login("pa:ss"), ..settings }
}

#[tokio::test]
async fn a_mail_arrives_as_it_was_composed() {
    let server = SmtpScript::start(vec![Script::friendly().offer("SIZE 1000000")]).await;
    let transport = transport(settings(server.port));
    assert_eq!(send_one(&transport, mail(1, "ana")).await, Delivery::Sent);
    let taken = server.taken();
    assert_eq!(taken.len(), 1);
    assert_eq!(taken[0].mail, format!("MAIL FROM:<privacy@example.org> SIZE={}", mail(1, "ana").bytes.len()));
    assert_eq!(taken[0].rcpt, "RCPT TO:<ana@example.net>");
    assert!(taken[0].body.ends_with("Text 1\r\n..\r\nafter the dot\r\n"), "the dot is doubled");
    transport.close().await;
    assert_eq!(server.commands(0).first().map(String::as_str), Some("EHLO worker.example.org"));
    assert_eq!(server.commands(0).last().map(String::as_str), Some("QUIT"));
}

#[tokio::test]
async fn without_a_configured_name_ehlo_says_a_full_one_or_our_address() {
    let server = SmtpScript::start(vec![Script::friendly()]).await;
    let transport = transport(Settings { helo: None, ..settings(server.port) });
    assert_eq!(send_one(&transport, mail(1, "ana")).await, Delivery::Sent);
    let hello = server.commands(0).remove(0);
    let name = hello.strip_prefix("EHLO ").expect("an EHLO");
    assert!(name == "[127.0.0.1]" || (name.contains('.') && !name.starts_with('[')), "{name}");
}

#[test]
fn settings_that_cannot_work_are_refused_at_once() {
    let missing = Some("/nowhere/authorities.pem".into());
    let tls = tls_settings(1, SmtpTls::Required, None);
    let table = [
        (Settings { connections: 0, ..settings(1) }, SetupProblem::Connections),
        (Settings { helo: Some("a b".to_owned()), ..settings(1) }, SetupProblem::Helo),
        (Settings { data_timeout: Duration::ZERO, ..settings(1) }, SetupProblem::Timeout),
        (Settings { root_certificate_file: missing, ..tls }, SetupProblem::Trust(TrustProblem::ExtraRoots)),
    ];
    for (settings, expected) in table {
        assert_eq!(Smtp::new(settings).expect_err("refused"), expected);
    }
}

#[tokio::test]
async fn many_mails_arrive_once_each_over_one_connection_and_over_eight() {
    for connections in [1, 8] {
        let server = SmtpScript::start(vec![Script::friendly()]).await;
        let transport = transport(Settings { connections, ..settings(server.port) });
        for round in 0..3 {
            let group = (0..200).map(|n| mail(round * 1000 + n, &format!("r{}", round * 1000 + n))).collect();
            assert!(send(&transport, group).await.iter().all(|outcome| *outcome == Delivery::Sent));
        }
        let mut recipients: Vec<String> = server.taken().into_iter().map(|taken| taken.rcpt).collect();
        assert_eq!(recipients.len(), 600);
        recipients.sort();
        recipients.dedup();
        assert_eq!(recipients.len(), 600, "none twice");
        assert!(server.connections() <= connections, "connections are used again");
    }
}

#[tokio::test]
async fn groups_sent_at_once_share_the_connections() {
    let server = SmtpScript::start(vec![Script::friendly()]).await;
    let transport = transport(Settings { connections: 2, ..settings(server.port) });
    let group = |from: u128| (from..from + 50).map(|n| mail(n, &format!("r{n}"))).collect::<Vec<_>>();
    let (first, second, third) =
        tokio::join!(send(&transport, group(0)), send(&transport, group(100)), send(&transport, group(200)));
    let sent = [first, second, third].concat();
    assert!(sent.len() == 150 && sent.iter().all(|outcome| *outcome == Delivery::Sent));
    assert!(server.connections() <= 2, "{} connections", server.connections());
}

#[tokio::test]
async fn a_refusal_for_now_means_later_wherever_it_comes() {
    let table = [
        ("GREETING", Phase::Greeting, "421 busy", 421),
        ("EHLO", Phase::Hello, "421 busy", 421),
        ("AUTH", Phase::Auth, "454 later", 454),
        ("MAIL", Phase::Mail, "451 later", 451),
        ("RCPT", Phase::Rcpt, "450 later", 450),
        ("RCPT", Phase::Rcpt, "421-going\r\n421 down", 421),
        ("DATA", Phase::Data, "451 later", 451),
        (".", Phase::End, "452 full", 452),
    ];
    for (verb, phase, lines, basic) in table {
        let script = Script::friendly().offer("AUTH PLAIN").on(verb, Act::Reply(lines));
        let outcome = outcome_of(script, with_login).await;
        assert_eq!(outcome, (Delivery::Deferred(reply(phase, basic)), 0), "{verb} {lines}");
    }
}

#[tokio::test]
async fn a_refusal_for_good_is_held_against_whom_it_concerns() {
    let ours = |phase, basic| Delivery::OurFault(reply(phase, basic));
    let relay = Trouble { code: Some(code(554, Some((5, 7, 1)))), ..reply(Phase::Rcpt, 554) };
    let table = [
        ("GREETING", "554 no", ours(Phase::Greeting, 554)),
        ("EHLO", "550 no", ours(Phase::Hello, 550)),
        ("AUTH", "535 wrong", ours(Phase::Auth, 535)),
        ("MAIL", "550 who are you", ours(Phase::Mail, 550)),
        ("MAIL", "552 too big", Delivery::Rejected(reply(Phase::Mail, 552))),
        ("RCPT", "550 5.1.1 <ana@example.net>: no", Delivery::BadAddress(code(550, Some((5, 1, 1))))),
        ("RCPT", "553 no such user", Delivery::BadAddress(code(553, None))),
        ("RCPT", "554-5.7.1 <ana@example.net>:\r\n554 5.7.1 relay denied", Delivery::OurFault(relay)),
        ("RCPT", "550 relay not permitted", ours(Phase::Rcpt, 550)),
        ("DATA", "554 no", Delivery::Rejected(reply(Phase::Data, 554))),
        (".", "554 content", Delivery::Rejected(reply(Phase::End, 554))),
    ];
    for (verb, lines, expected) in table {
        let script = Script::friendly().offer("AUTH PLAIN").on(verb, Act::Reply(lines));
        assert_eq!(outcome_of(script, with_login).await, (expected, 0), "{verb} {lines}");
    }
}

#[tokio::test]
async fn silence_ends_each_step_and_only_the_last_leaves_doubt() {
    let late = |phase| Delivery::Deferred(trouble(phase, TroubleKind::Timeout));
    let table = [
        ("GREETING", late(Phase::Greeting)),
        ("EHLO", late(Phase::Hello)),
        ("AUTH", late(Phase::Auth)),
        ("MAIL", late(Phase::Mail)),
        ("RCPT", late(Phase::Rcpt)),
        ("DATA", late(Phase::Data)),
        (".", Delivery::Uncertain(Phase::End)),
    ];
    for (verb, expected) in table {
        let script = Script::friendly().offer("AUTH PLAIN").on(verb, Act::Hang);
        let (outcome, _) = outcome_of(script, |settings| impatient(with_login(settings))).await;
        assert_eq!(outcome, expected, "{verb}");
    }
}

#[tokio::test]
async fn a_connection_that_ends_leaves_doubt_only_after_the_dot() {
    let lost = |phase| Delivery::Deferred(trouble(phase, TroubleKind::Disconnected));
    let table = [
        ("GREETING", lost(Phase::Greeting)),
        ("EHLO", lost(Phase::Hello)),
        ("AUTH", lost(Phase::Auth)),
        ("MAIL", lost(Phase::Mail)),
        ("RCPT", lost(Phase::Rcpt)),
        ("DATA", lost(Phase::Data)),
        (".", Delivery::Uncertain(Phase::End)),
    ];
    for (verb, expected) in table {
        let script = Script::friendly().offer("AUTH PLAIN").on(verb, Act::Close);
        assert_eq!(outcome_of(script, with_login).await.0, expected, "{verb}");
    }
}

#[tokio::test]
async fn a_mail_whose_end_was_never_written_was_not_sent() {
    for (act, kind) in [(Act::Deaf, TroubleKind::Timeout), (Act::Close, TroubleKind::Disconnected)] {
        let server = SmtpScript::start(vec![Script::friendly().on("BODY", act)]).await;
        let transport = transport(impatient(settings(server.port)));
        // More than the buffers between the two hold.
        let mut large = mail(1, "ana");
        large.bytes.extend(std::iter::repeat_n(*b"0123456789abcdef\r\n", 1 << 20).flatten());
        let outcome = send_one(&transport, large).await;
        assert_eq!(outcome, Delivery::Deferred(trouble(Phase::Body, kind)));
        assert!(server.taken().is_empty());
    }
}

#[tokio::test]
async fn a_connection_at_rest_is_asked_before_it_is_used_again_and_closed_after_a_while() {
    let server = SmtpScript::start(vec![Script::friendly(), Script::friendly().on("NOOP", Act::Close)]).await;
    let smtp = Smtp::resting(settings(server.port), Duration::from_millis(500));
    let transport = Transport::Smtp(smtp.expect("the settings are good"));
    let rest = async |millis| tokio::time::sleep(Duration::from_millis(millis)).await;
    let count = |verb: &str| server.commands(0).iter().filter(|command| *command == verb).count();

    assert_eq!(send(&transport, vec![mail(1, "ana"), mail(2, "ana")]).await, [Delivery::Sent; 2]);
    assert_eq!(send_one(&transport, mail(3, "ana")).await, Delivery::Sent);
    assert_eq!(count("NOOP"), 0);
    rest(200).await;
    assert_eq!(send_one(&transport, mail(4, "ana")).await, Delivery::Sent);
    assert_eq!((count("NOOP"), server.connections()), (1, 1));
    rest(1_500).await;
    assert_eq!(count("QUIT"), 1, "closed without being asked");

    // The second connection dies at rest; nobody notices.
    assert_eq!(send_one(&transport, mail(5, "ana")).await, Delivery::Sent);
    rest(200).await;
    assert_eq!(send_one(&transport, mail(6, "ana")).await, Delivery::Sent);
    assert_eq!((server.connections(), server.taken().len()), (3, 6));
}

#[tokio::test]
async fn nobody_there_means_later() {
    let port = {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a port is free");
        listener.local_addr().expect("it is bound").port()
    };
    let transport = transport(Settings { connections: 3, ..settings(port) });
    let group = (0..20).map(|n| mail(n, "ana")).collect();
    let expected = Delivery::Deferred(trouble(Phase::Connect, TroubleKind::Connect));
    assert!(send(&transport, group).await.iter().all(|outcome| *outcome == expected));
}

#[tokio::test]
async fn what_is_no_reply_ends_the_connection() {
    for garbage in ["hello", "25", "250-one\r\n251 two", "999 x", "354 go ahead", "220 again"] {
        for (verb, expected) in [
            ("MAIL", Delivery::Deferred(trouble(Phase::Mail, TroubleKind::Protocol))),
            ("RCPT", Delivery::Deferred(trouble(Phase::Rcpt, TroubleKind::Protocol))),
        ] {
            let script = Script::friendly().on(verb, Act::Reply(garbage));
            assert_eq!(outcome_of(script, |settings| settings).await, (expected, 0), "{verb} {garbage}");
        }
    }
    // A yes to DATA that is not 354: libraries have sent the mail on it.
    let script = Script::friendly().on("DATA", Act::Reply("250 ok"));
    let expected = Delivery::Deferred(trouble(Phase::Data, TroubleKind::Protocol));
    assert_eq!(outcome_of(script, |settings| settings).await, (expected, 0));
    let script = Script::friendly().on(".", Act::Reply("hm"));
    assert_eq!(outcome_of(script, |settings| settings).await.0, Delivery::Uncertain(Phase::End));
}

#[tokio::test]
async fn a_reply_without_end_is_no_reply() {
    let endless: &'static str = Box::leak("x".repeat(200_000).into_boxed_str());
    let script = Script::friendly().on("MAIL", Act::Reply(endless));
    let expected = Delivery::Deferred(trouble(Phase::Mail, TroubleKind::Protocol));
    assert_eq!(outcome_of(script, |settings| settings).await.0, expected);
}

#[tokio::test]
async fn a_late_reply_never_counts_for_the_next_mail() {
    // Mail 1 times out at its end; its 250 would come just in time to be taken for the greeting of mail 2, whose
    // address the server refuses.
    let late = Script::friendly().on(".", Act::Late(Duration::from_millis(400), "250 taken, late"));
    let refusing = Script::friendly().on("RCPT", Act::Reply("550 5.1.1 no"));
    let server = SmtpScript::start(vec![late, refusing]).await;
    let short = Duration::from_millis(150);
    let transport = transport(Settings { data_timeout: short, ..settings(server.port) });
    let outcomes = send(&transport, vec![mail(1, "ana"), mail(2, "ben"), mail(3, "eva")]).await;
    assert_eq!(outcomes[0], Delivery::Uncertain(Phase::End));
    assert_eq!(outcomes[1], Delivery::BadAddress(code(550, Some((5, 1, 1)))));
    assert_eq!(outcomes[2], Delivery::Sent);
    assert_eq!(server.connections(), 2, "the connection in doubt was dropped");
}

#[tokio::test]
async fn a_reply_that_nobody_asked_for_never_counts_for_the_next_mail() {
    for stray in
        ["550 5.7.1 about the mail before", "250 2.0.0 once more", "354 go ahead", "421 going", "noise"]
    {
        for wait in [0, 1, 20] {
            let act = match wait {
                0 => Act::OrdinaryAnd(stray),
                wait => Act::OrdinaryThenLate(Duration::from_millis(wait), stray),
            };
            let server = SmtpScript::start(vec![Script::friendly().on(".", act), Script::friendly()]).await;
            let transport = transport(settings(server.port));
            let outcomes = send(&transport, vec![mail(1, "ana"), mail(2, "ben"), mail(3, "eva")]).await;
            assert_eq!(outcomes[0], Delivery::Sent, "{stray} after {wait} ms");
            let taken = server.taken();
            for (outcome, name) in outcomes.iter().zip(["ana", "ben", "eva"]) {
                let count = taken.iter().filter(|taken| taken.rcpt.contains(name)).count();
                match outcome {
                    Delivery::Sent => assert_eq!(count, 1, "{name}: {stray} after {wait} ms"),
                    // A stray yes may cost the next mail a later try, never more.
                    Delivery::Deferred(_) => assert_eq!(count, 0, "{name}: {stray} after {wait} ms"),
                    other => panic!("{name}: {other:?}: {stray} after {wait} ms"),
                }
            }
            if !stray.starts_with("250") {
                assert_eq!(outcomes, [Delivery::Sent; 3], "{stray} after {wait} ms");
            }
        }
    }
}

#[tokio::test]
async fn one_refused_recipient_does_not_disturb_the_next() {
    let script = Script::friendly()
        .on("RCPT", Act::Ordinary)
        .on("RCPT", Act::Reply("550 5.1.1 no"))
        .on("RCPT", Act::Reply("450 4.2.1 later"));
    let server = SmtpScript::start(vec![script]).await;
    let transport = transport(settings(server.port));
    let outcomes = send(&transport, (0..4).map(|n| mail(n, &format!("r{n}"))).collect()).await;
    assert_eq!(outcomes[0], Delivery::Sent);
    assert_eq!(outcomes[1], Delivery::BadAddress(code(550, Some((5, 1, 1)))));
    assert!(matches!(outcomes[2], Delivery::Deferred(_)));
    assert_eq!(outcomes[3], Delivery::Sent);
    assert_eq!(server.connections(), 1);
    assert_eq!(server.commands(0).iter().filter(|command| *command == "RSET").count(), 2);
}

#[tokio::test]
async fn a_server_that_cannot_reset_gets_a_new_connection() {
    let script = Script::friendly().on("RCPT", Act::Reply("550 5.1.1 no")).on("RSET", Act::Reply("502 what"));
    let server = SmtpScript::start(vec![script, Script::friendly()]).await;
    let transport = transport(settings(server.port));
    let outcomes = send(&transport, vec![mail(1, "ana"), mail(2, "ben")]).await;
    assert_eq!(outcomes, [Delivery::BadAddress(code(550, Some((5, 1, 1)))), Delivery::Sent]);
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn after_a_failure_the_rest_goes_over_a_new_connection() {
    for act in [Act::Close, Act::ReplyAndClose("421 4.3.0 enough")] {
        let server = SmtpScript::start(vec![Script::friendly().on("RCPT", act), Script::friendly()]).await;
        let transport = transport(settings(server.port));
        let outcomes = send(&transport, (0..10).map(|n| mail(n, "ana")).collect()).await;
        assert!(matches!(outcomes[0], Delivery::Deferred(_)));
        assert!(outcomes[1..].iter().all(|outcome| *outcome == Delivery::Sent));
        assert_eq!(server.connections(), 2);
    }
}

#[tokio::test]
async fn a_server_that_limits_mails_per_connection_costs_no_mail() {
    for act in [Act::Close, Act::ReplyAndClose("421 4.7.0 too many mails")] {
        let limited = Script::friendly().on("MAIL", Act::Ordinary).on("MAIL", Act::Ordinary).on("MAIL", act);
        let server = SmtpScript::start(vec![limited]).await;
        let transport = transport(settings(server.port));
        let outcomes = send(&transport, (0..7).map(|n| mail(n, "ana")).collect()).await;
        assert_eq!(outcomes, [Delivery::Sent; 7]);
        assert_eq!((server.taken().len(), server.connections()), (7, 4));
    }
}

#[tokio::test]
async fn a_wrong_password_is_tried_once_for_a_whole_group() {
    let script = Script::friendly().offer("AUTH PLAIN LOGIN").on("AUTH", Act::Reply("535 5.7.8 wrong"));
    let server = SmtpScript::start(vec![script]).await;
    let transport = transport(with_login(settings(server.port)));
    let outcomes = send(&transport, (0..10).map(|n| mail(n, "ana")).collect()).await;
    assert!(
        outcomes
            .iter()
            .all(|outcome| matches!(outcome, Delivery::OurFault(Trouble { phase: Phase::Auth, .. })))
    );
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_password_is_never_sent_in_clear_unless_allowed() {
    let server = SmtpScript::start(vec![Script::friendly().offer("AUTH PLAIN")]).await;
    let careful = Settings { credentials: login("pa:ss"), ..tls_settings(server.port, SmtpTls::None, None) };
    let outcome = send_one(&transport(careful), mail(1, "ana")).await;
    assert_eq!(outcome, Delivery::OurFault(trouble(Phase::Auth, TroubleKind::Tls)));
    assert!(!server.commands(0).iter().any(|command| command.starts_with("AUTH")));
}

#[tokio::test]
async fn tls_that_is_required_but_not_offered_sends_nothing() {
    let server = SmtpScript::start(vec![Script::friendly()]).await;
    let folder = TempFolder::new("certificate");
    let root = Certificate::self_signed(folder.path()).certificate;
    let strict = tls_settings(server.port, SmtpTls::Required, Some(&root));
    let outcome = send_one(&transport(strict), mail(1, "ana")).await;
    assert_eq!(outcome, Delivery::OurFault(trouble(Phase::StartTls, TroubleKind::Unsupported)));
    let lenient = tls_settings(server.port, SmtpTls::Opportunistic, None);
    assert_eq!(send_one(&transport(lenient), mail(2, "ana")).await, Delivery::Sent);
}

#[tokio::test]
async fn words_slipped_in_before_the_handshake_are_not_believed() {
    let script = Script::friendly()
        .offer("STARTTLS")
        .on("STARTTLS", Act::Reply("220 go ahead\r\n250-injected\r\n250 AUTH PLAIN"));
    let folder = TempFolder::new("certificate");
    let root = Certificate::self_signed(folder.path()).certificate;
    let strict = |settings: Settings| tls_settings(settings.server.port, SmtpTls::Required, Some(&root));
    let (outcome, taken) = outcome_of(script, strict).await;
    assert_eq!(outcome, Delivery::Deferred(trouble(Phase::StartTls, TroubleKind::Protocol)));
    assert_eq!(taken, 0);
}

#[tokio::test]
async fn letters_beyond_ascii_need_a_server_that_takes_them() {
    let to =
        |address: &str| rescind_worker::mail::transport::Outgoing { to: address.to_owned(), ..mail(1, "x") };
    let server = SmtpScript::start(vec![Script::friendly()]).await;
    let plain = transport(settings(server.port));
    let unsupported = |phase| Delivery::Rejected(trouble(phase, TroubleKind::Unsupported));
    assert_eq!(send_one(&plain, to("анна@example.net")).await, unsupported(Phase::Rcpt));
    let mut eight_bit = mail(2, "ana");
    eight_bit.bytes.extend("grün\r\n".bytes());
    assert_eq!(send_one(&plain, eight_bit.clone()).await, unsupported(Phase::Mail));
    assert_eq!(send_one(&plain, to("ana@bücher.example")).await, Delivery::Sent);
    assert_eq!(server.taken()[0].rcpt, "RCPT TO:<ana@xn--bcher-kva.example>");

    let able = Script::friendly().offer("SMTPUTF8").offer("8BITMIME");
    let server = SmtpScript::start(vec![able]).await;
    let able = transport(settings(server.port));
    assert_eq!(send_one(&able, to("анна@example.net")).await, Delivery::Sent);
    assert_eq!(send_one(&able, eight_bit).await, Delivery::Sent);
    let taken = server.taken();
    assert_eq!(taken[0].mail, "MAIL FROM:<privacy@example.org> SMTPUTF8");
    assert_eq!(taken[0].rcpt, "RCPT TO:<анна@example.net>");
    assert_eq!(taken[1].mail, "MAIL FROM:<privacy@example.org> BODY=8BITMIME");
}

#[tokio::test]
async fn an_address_cannot_bring_commands_along() {
    let server = SmtpScript::start(vec![Script::friendly()]).await;
    let transport = transport(settings(server.port));
    let evil = rescind_worker::mail::transport::Outgoing {
        to: "ana@example.net>\r\nRCPT TO:<eve@example.com".to_owned(),
        ..mail(1, "x")
    };
    let outcomes = send(&transport, vec![evil, mail(2, "ben")]).await;
    let expected = Delivery::Rejected(trouble(Phase::Rcpt, TroubleKind::Address));
    assert_eq!(outcomes, [expected, Delivery::Sent]);
    assert!(server.taken().iter().all(|taken| taken.rcpt.contains("ben")));
}

#[tokio::test]
async fn nothing_shown_of_a_mail_or_an_outcome_holds_an_address() {
    let script = Script::friendly().on("RCPT", Act::Reply("550 5.7.1 <ana@example.net>: relay denied"));
    let (outcome, _) = outcome_of(script, |settings| settings).await;
    let Delivery::OurFault(trouble) = outcome else { panic!("{outcome:?}") };
    assert_eq!(trouble.to_string(), "reply during rcpt: 550 5.7.1");
    for shown in [format!("{outcome:?}"), format!("{:?}", mail(1, "ana"))] {
        assert!(!shown.contains("ana") && !shown.contains("example"), "{shown}");
    }
}

/// One connection, and a group in the background under way: whoever is waited for goes next, and then the group has
/// its turn again.
#[tokio::test(flavor = "current_thread")]
async fn a_group_in_the_background_gives_way_between_mails() {
    let first = Script::friendly().on(".", Act::Late(Duration::from_millis(300), "250 2.0.0 taken"));
    let server = SmtpScript::start(vec![first]).await;
    let transport = std::sync::Arc::new(transport(settings(server.port)));
    let sends = |group: Vec<Outgoing>, lane| {
        let transport = std::sync::Arc::clone(&transport);
        tokio::spawn(async move { transport.send(group, lane).await })
    };
    let patient = sends(vec![mail(1, "a"), mail(2, "b"), mail(3, "c")], Lane::Background);
    eventually("the first mail has come", async || server.offered().len() == 1).await;
    let urgent = sends(vec![mail(4, "u"), mail(5, "v")], Lane::Request);
    let outcomes = [patient.await.expect("sends"), urgent.await.expect("sends")].concat();
    assert!(outcomes.iter().all(|(_, outcome)| *outcome == Delivery::Sent), "{outcomes:?}");
    let order: Vec<_> = server.taken().into_iter().map(|taken| taken.rcpt).collect();
    let expected = ["a", "u", "v", "b", "c"].map(|local| format!("RCPT TO:<{local}@example.net>"));
    assert_eq!(order, expected);
    assert_eq!(server.connections(), 1, "the connection is handed on");
}
