//! What a refusal means for the mail, for its recipient and for everything behind it. Pure.
//!
//! The line that matters most is between "this address is bad" and "we are not welcome": the first is held
//! against one recipient for good, the second stops the queue. Where a server speaks of itself, of us or of
//! policy, or does not say, it is never held against the recipient.

use crate::mail::transport::{Delivery, Phase, ReplyCode, Trouble, TroubleKind};

/// Words by which servers without enhanced codes tell of policy. Compared in lower case.
const POLICY_WORDS: [&str; 8] =
    ["relay", "authenticat", "blocked", "blocklist", "blacklist", "denylist", "spam", "policy"];

/// The outcome for a mail when the server refused (4xx, 5xx) in `phase`. `text` is what stood beside the code.
pub(super) fn refused(phase: Phase, code: ReplyCode, text: &str) -> Delivery {
    let trouble = Trouble::reply(phase, code);
    if code.basic / 100 != 5 {
        return Delivery::Deferred(trouble);
    }
    match phase {
        Phase::Rcpt => at_recipient(code, text, trouble),
        Phase::Mail if too_big(code) => Delivery::Rejected(trouble),
        // Before the mail was shown, only a refusal of commands or of us can be told from one of this transaction.
        Phase::Data if matches!(code.basic, 500..=504 | 521 | 530 | 535 | 538) => Delivery::OurFault(trouble),
        Phase::Data | Phase::Body | Phase::End => Delivery::Rejected(trouble),
        _ => Delivery::OurFault(trouble),
    }
}

/// The outcome when the dialogue broke in `phase` without a reply.
pub(super) fn broken(phase: Phase, kind: TroubleKind) -> Delivery {
    match phase {
        Phase::End => Delivery::Uncertain(phase),
        _ => Delivery::Deferred(Trouble::new(phase, kind)),
    }
}

fn at_recipient(code: ReplyCode, text: &str, trouble: Trouble) -> Delivery {
    let bad = Delivery::BadAddress(code);
    let ours = Delivery::OurFault(trouble);
    let rejected = Delivery::Rejected(trouble);
    match (code.enhanced, code.basic) {
        // 1.7 and 1.8 speak of the sender's address.
        (Some((_, 1, 7 | 8)), _) => ours,
        (Some((_, 1, _)), _) => bad,
        // Full, or the mail too long for it: the mailbox exists.
        (Some((_, 2, 2..=4)), _) => rejected,
        (Some((_, 2, _)), _) => bad,
        (Some((_, 3, 4)), _) => rejected,
        // Routing: large providers say 4.1 and 4.4 of recipients that do not exist.
        (Some((_, 4, 1 | 4)), _) => bad,
        (Some((_, 4, _)), _) => rejected,
        // Some say 550 5.5.0 "mailbox unavailable".
        (Some((_, 5, 0)), 550) if !speaks_of_policy(text) => bad,
        // SMTPUTF8 needed and the recipient's side cannot take it (RFC 6531).
        (Some((_, 6, 7)), _) => bad,
        (Some((_, 6, _)), _) => rejected,
        // Account disabled, owner changed (RFC 5248 registry, RFC 7293).
        (Some((_, 7, 13 | 17 | 18)), _) => bad,
        // 0.x says nothing more than the basic code.
        (Some((_, 1..=7, _)), _) => ours,
        (_, 550 | 551 | 553) if speaks_of_policy(text) => ours,
        // 501: the parameter, that is the address; 556: the domain takes no mail (RFC 7504).
        (_, 501 | 550 | 551 | 553 | 556) => bad,
        (_, 552) => rejected,
        _ => ours,
    }
}

fn too_big(code: ReplyCode) -> bool {
    match code.enhanced {
        Some((_, subject, detail)) => matches!((subject, detail), (2, 3) | (3, 4)),
        None => code.basic == 552,
    }
}

fn speaks_of_policy(text: &str) -> bool {
    let text = text.to_lowercase();
    POLICY_WORDS.iter().any(|word| text.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq)]
    enum Kind {
        Bad,
        Deferred,
        Ours,
        Rejected,
    }

    fn kind(phase: Phase, basic: u16, enhanced: Option<(u16, u16)>, text: &str) -> Kind {
        let class = u8::try_from(basic / 100).expect("a digit");
        let code = ReplyCode { basic, enhanced: enhanced.map(|(subject, detail)| (class, subject, detail)) };
        match refused(phase, code, text) {
            Delivery::BadAddress(given) => {
                assert_eq!(given, code);
                Kind::Bad
            }
            Delivery::Deferred(trouble) => {
                assert_eq!(trouble, Trouble { phase, code: Some(code), kind: TroubleKind::Reply });
                Kind::Deferred
            }
            Delivery::OurFault(_) => Kind::Ours,
            Delivery::Rejected(_) => Kind::Rejected,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn refusals_at_the_recipient() {
        use Kind::{Bad, Ours, Rejected};
        let table = [
            (550, Some((1, 1)), "user unknown", Bad),
            (550, Some((1, 0)), "", Bad),
            (550, Some((1, 2)), "bad domain", Bad),
            (501, Some((1, 3)), "bad syntax", Bad),
            (550, Some((1, 6)), "moved", Bad),
            (556, Some((1, 10)), "null MX", Bad),
            (553, Some((1, 7)), "sender address syntax", Ours),
            (550, Some((1, 8)), "sender domain not found", Ours),
            (550, Some((2, 1)), "mailbox disabled", Bad),
            (552, Some((2, 2)), "mailbox full", Rejected),
            (552, Some((2, 3)), "too long", Rejected),
            (552, Some((3, 4)), "too big", Rejected),
            (550, Some((3, 2)), "system not accepting", Ours),
            (550, Some((4, 1)), "recipient address rejected: access denied", Bad),
            (550, Some((4, 4)), "unable to route", Bad),
            (554, Some((4, 6)), "loop", Rejected),
            (550, Some((5, 0)), "mailbox unavailable", Bad),
            (550, Some((5, 0)), "blocked using a list", Ours),
            (503, Some((5, 1)), "bad sequence", Ours),
            (553, Some((6, 7)), "needs SMTPUTF8", Bad),
            (550, Some((7, 1)), "relaying denied", Ours),
            (554, Some((7, 1)), "", Ours),
            (550, Some((7, 26)), "unauthenticated", Ours),
            (530, Some((7, 0)), "authentication required", Ours),
            (525, Some((7, 13)), "user account disabled", Bad),
            (550, Some((0, 0)), "no such user", Bad),
            (550, None, "no such user", Bad),
            (550, None, "", Bad),
            (551, None, "user not local", Bad),
            (553, None, "mailbox name not allowed", Bad),
            (501, None, "syntax", Bad),
            (550, None, "Relay not permitted", Ours),
            (553, None, "sorry, that domain isn't in my list of allowed RELAY hosts", Ours),
            (551, None, "Authentication required", Ours),
            (550, None, "listed at a blocklist", Ours),
            (552, None, "quota", Rejected),
            (554, None, "transaction failed", Ours),
            (521, None, "no mail here", Ours),
            (530, None, "", Ours),
            (500, None, "", Ours),
            (502, None, "", Ours),
            (503, None, "", Ours),
            (555, None, "", Ours),
        ];
        for (basic, enhanced, text, expected) in table {
            assert_eq!(kind(Phase::Rcpt, basic, enhanced, text), expected, "{basic} {enhanced:?} {text}");
        }
    }

    #[test]
    fn refusals_elsewhere() {
        use Kind::{Ours, Rejected};
        let table = [
            (Phase::Greeting, 554, None, Ours),
            (Phase::Greeting, 521, None, Ours),
            (Phase::Hello, 550, Some((1, 1)), Ours),
            (Phase::StartTls, 502, None, Ours),
            (Phase::Auth, 535, Some((7, 8)), Ours),
            (Phase::Auth, 501, None, Ours),
            (Phase::Mail, 550, Some((1, 1)), Ours),
            (Phase::Mail, 550, Some((7, 1)), Ours),
            (Phase::Mail, 552, Some((3, 4)), Rejected),
            (Phase::Mail, 552, None, Rejected),
            (Phase::Data, 503, Some((5, 1)), Ours),
            (Phase::Data, 530, None, Ours),
            (Phase::Data, 554, None, Rejected),
            (Phase::Data, 550, Some((7, 1)), Rejected),
            (Phase::End, 550, Some((7, 1)), Rejected),
            (Phase::End, 552, None, Rejected),
            (Phase::End, 554, None, Rejected),
            (Phase::End, 500, None, Rejected),
        ];
        for (phase, basic, enhanced, expected) in table {
            assert_eq!(kind(phase, basic, enhanced, ""), expected, "{phase} {basic} {enhanced:?}");
        }
    }

    #[test]
    fn a_refusal_for_now_is_always_a_later_try() {
        use Phase::*;
        for phase in [Greeting, Hello, StartTls, Auth, Mail, Rcpt, Data, End] {
            for (basic, enhanced) in
                [(421, None), (450, Some((1, 1))), (451, None), (452, Some((7, 1))), (454, None)]
            {
                assert_eq!(kind(phase, basic, enhanced, "relay"), Kind::Deferred);
            }
        }
    }

    #[test]
    fn only_the_end_of_the_mail_leaves_doubt() {
        use Phase::*;
        for kind in [TroubleKind::Timeout, TroubleKind::Disconnected, TroubleKind::Protocol] {
            for phase in [Connect, Greeting, Hello, StartTls, Auth, Mail, Rcpt, Data, Body] {
                assert_eq!(broken(phase, kind), Delivery::Deferred(Trouble::new(phase, kind)));
            }
            assert_eq!(broken(End, kind), Delivery::Uncertain(End));
        }
    }
}
