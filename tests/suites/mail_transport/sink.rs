//! The same over a real server: TLS, AUTH, and the faults that later suites ask the sink for.

use rescind_tests::certificate::Certificate;
use rescind_tests::smtp_sink::{SinkOptions, SinkTls, SmtpSink};
use rescind_tests::temp_folder::TempFolder;
use rescind_worker::config::{Smtp as Settings, SmtpTls};
use rescind_worker::mail::transport::{Delivery, Phase, ReplyCode, Trouble, TroubleKind};

use super::{login, mail, send, send_one, settings, tls_settings, transport};

#[tokio::test]
async fn mails_arrive_whole_and_once_over_several_connections() {
    let sink = SmtpSink::start(SinkOptions::default()).await;
    let transport = transport(Settings { connections: 4, ..settings(sink.port) });
    let group = (0..100).map(|n| mail(n, &format!("r{n}"))).collect();
    assert!(send(&transport, group).await.iter().all(|outcome| *outcome == Delivery::Sent));
    let mails = sink.wait_for(100).await;
    for number in 0..100 {
        let subject = format!("number {number}");
        let found: Vec<_> = mails.iter().filter(|mail| mail.subject == subject).collect();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].rcpt_to, format!("r{number}@example.net"));
        assert_eq!(found[0].message_id, format!("{number}@mail.example.org"));
        assert_eq!(found[0].text, format!("Text {number}\r\n.\r\nafter the dot\r\n"));
        assert!(!found[0].tls && found[0].login.is_empty());
    }
}

#[tokio::test]
async fn tls_from_the_start_or_by_starttls_with_each_way_to_log_in() {
    let folder = TempFolder::new("certificate");
    let certificate = Certificate::self_signed(folder.path());
    for (sink_tls, tls) in [
        (SinkTls::StartTls(certificate.clone()), SmtpTls::Required),
        (SinkTls::StartTls(certificate.clone()), SmtpTls::Opportunistic),
        (SinkTls::Implicit(certificate.clone()), SmtpTls::Implicit),
    ] {
        for mechanism in ["PLAIN", "LOGIN"] {
            let options = SinkOptions {
                tls: sink_tls.clone(),
                auth: Some("user:pä:ss wörd"),
                auth_mechanism: Some(mechanism),
                ..SinkOptions::default()
            };
            let sink = SmtpSink::start(options).await;
            let root = Some(certificate.certificate.as_path());
            let good = Settings { credentials: login("pä:ss wörd"), ..tls_settings(sink.port, tls, root) };
            let outcomes = send(&transport(good.clone()), vec![mail(1, "ana"), mail(2, "ben")]).await;
            assert_eq!(outcomes, [Delivery::Sent; 2], "{tls:?} {mechanism}");
            let mails = sink.wait_for(2).await;
            assert!(mails.iter().all(|mail| mail.tls && mail.login == "user"), "{tls:?} {mechanism}");

            let wrong = Settings { credentials: login("guess"), ..good };
            let code = ReplyCode { basic: 535, enhanced: Some((5, 7, 8)) };
            let trouble = Trouble { phase: Phase::Auth, code: Some(code), kind: TroubleKind::Reply };
            let outcome = send_one(&transport(wrong), mail(3, "ana")).await;
            assert_eq!(outcome, Delivery::OurFault(trouble), "{tls:?} {mechanism}");
        }
    }
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted_or_of_another_name_ends_it() {
    let folders = [(); 3].map(|()| TempFolder::new("certificate"));
    let ours = Certificate::self_signed(folders[0].path());
    let other = Certificate::self_signed(folders[1].path());
    let misnamed = Certificate::named(folders[2].path(), "DNS:elsewhere.example");
    // What the server shows, what the client trusts.
    for (shown, trusted) in [(&ours, &other), (&misnamed, &misnamed)] {
        for (sink_tls, tls, phase) in [
            (SinkTls::StartTls(shown.clone()), SmtpTls::Required, Phase::StartTls),
            (SinkTls::StartTls(shown.clone()), SmtpTls::Opportunistic, Phase::StartTls),
            (SinkTls::Implicit(shown.clone()), SmtpTls::Implicit, Phase::Connect),
        ] {
            let sink = SmtpSink::start(SinkOptions { tls: sink_tls, ..SinkOptions::default() }).await;
            let careful = tls_settings(sink.port, tls, Some(&trusted.certificate));
            let expected = Delivery::OurFault(Trouble { phase, code: None, kind: TroubleKind::Tls });
            assert_eq!(send_one(&transport(careful), mail(1, "ana")).await, expected, "{tls:?}");
            assert!(sink.mails().is_empty());
        }
    }
}

#[tokio::test]
async fn a_server_that_talks_in_clear_where_tls_is_due_is_tried_again_later() {
    let folder = TempFolder::new("certificate");
    let certificate = Certificate::self_signed(folder.path());
    let sink = SmtpSink::start(SinkOptions::default()).await;
    let strict = tls_settings(sink.port, SmtpTls::Implicit, Some(&certificate.certificate));
    let expected = Trouble { phase: Phase::Connect, code: None, kind: TroubleKind::Tls };
    assert_eq!(send_one(&transport(strict), mail(1, "ana")).await, Delivery::Deferred(expected));
}

#[tokio::test]
async fn the_sink_fails_as_it_is_asked_to() {
    let sink = SmtpSink::start(SinkOptions::default()).await;
    let transport = transport(settings(sink.port));
    let refused = |phase, basic, enhanced| Trouble {
        phase,
        code: Some(ReplyCode { basic, enhanced: Some(enhanced) }),
        kind: TroubleKind::Reply,
    };
    let lost = Trouble { phase: Phase::Rcpt, code: None, kind: TroubleKind::Disconnected };
    let table = [
        ("tempfail-rcpt", Delivery::Deferred(refused(Phase::Rcpt, 450, (4, 2, 1)))),
        ("reject-rcpt", Delivery::BadAddress(ReplyCode { basic: 550, enhanced: Some((5, 1, 1)) })),
        ("relay-rcpt+x", Delivery::OurFault(refused(Phase::Rcpt, 554, (5, 7, 1)))),
        ("once-rcpt", Delivery::Deferred(refused(Phase::Rcpt, 450, (4, 2, 1)))),
        ("tempfail-data", Delivery::Deferred(refused(Phase::End, 451, (4, 3, 0)))),
        ("reject-data", Delivery::Rejected(refused(Phase::End, 554, (5, 6, 0)))),
        ("drop-at-rcpt", Delivery::Deferred(lost)),
        ("lose-after-dot", Delivery::Uncertain(Phase::End)),
        ("drop-after-dot", Delivery::Uncertain(Phase::End)),
        ("once-rcpt", Delivery::Sent),
        ("ana", Delivery::Sent),
    ];
    let group = table.iter().zip(0..).map(|((local, _), number)| mail(number, local)).collect();
    let outcomes = send(&transport, group).await;
    for ((local, expected), outcome) in table.iter().zip(outcomes) {
        assert_eq!(outcome, *expected, "{local}");
    }
    let kept: Vec<String> = sink.wait_for(3).await.into_iter().map(|mail| mail.rcpt_to).collect();
    assert_eq!(kept, ["drop-after-dot@example.net", "once-rcpt@example.net", "ana@example.net"]);
    let mut from = mail(99, "ana");
    from.from = "reject-mail@example.org".to_owned();
    let expected = Delivery::OurFault(refused(Phase::Mail, 550, (5, 7, 1)));
    assert_eq!(send_one(&transport, from).await, expected);
}

#[tokio::test]
async fn mail_flows_again_once_the_server_is_back() {
    let mut sink = SmtpSink::start(SinkOptions::default()).await;
    let port = sink.port;
    let transport = transport(settings(port));
    assert_eq!(send_one(&transport, mail(1, "ana")).await, Delivery::Sent);
    sink.stop().await;
    let outcome = send_one(&transport, mail(2, "ana")).await;
    assert!(matches!(outcome, Delivery::Deferred(_)), "{outcome:?}");
    let back = SmtpSink::start(SinkOptions { port, ..SinkOptions::default() }).await;
    assert_eq!(send_one(&transport, mail(2, "ana")).await, Delivery::Sent);
    back.wait_for(1).await;
}
