//! `basis = "soft_opt_in"`: customers may be told of similar products until they object (Art. 13(2) of Directive
//! 2002/58/EC). What the policy can know of the conditions is checked here; the rest is told with each sale.

use super::place::Place;
use super::purpose::{RawBasis, RawPurpose};
use super::reader::{Reader, quoted};
use crate::code::ChannelId;
use crate::policy::{Channel, ChannelKind, LawfulBasis};
use std::collections::{BTreeMap, BTreeSet};

/// Electronic mail in the directive's sense: what waits until its reader collects it.
const fn is_electronic(kind: ChannelKind) -> bool {
    matches!(kind, ChannelKind::Email | ChannelKind::Phone)
}

/// Notes what says something of soft opt-in where the purpose rests on something else.
pub(super) fn only_there(reader: &mut Reader<'_>, at: &Place, raw: &RawPurpose) {
    if raw.basis == RawBasis::SoftOptIn {
        return;
    }
    let expected = "this key only with `basis = \"soft_opt_in\"`";
    if raw.similar_to.is_some() {
        reader.wrong(&at.key("similar_to"), "what was sold", expected);
    }
    if raw.channels.is_some() {
        reader.wrong(&at.key("channels"), "channels", expected);
    }
}

/// The basis, if its conditions hold.
pub(super) fn basis(
    reader: &mut Reader<'_>,
    known: &BTreeMap<ChannelId, Channel>,
    at: &Place,
    raw: &RawPurpose,
) -> Option<LawfulBasis> {
    if !raw.marketing {
        reader.wrong(
            &at.key("basis"),
            "soft_opt_in, but not `marketing = true`",
            "`marketing = true`: soft opt-in is for direct marketing, and for nothing else",
        );
    }
    let channels = channels(reader, known, at, raw);
    let Some(similar_to) = &raw.similar_to else {
        reader.wrong(
            &at.key("basis"),
            "soft_opt_in, but no `similar_to`",
            "`similar_to`: what customers bought, whose like they are told of",
        );
        return None;
    };
    let similar_to = reader.titles(&at.key("similar_to"), similar_to)?;
    Some(LawfulBasis::SoftOptIn { similar_to, channels })
}

fn channels(
    reader: &mut Reader<'_>,
    known: &BTreeMap<ChannelId, Channel>,
    at: &Place,
    raw: &RawPurpose,
) -> BTreeSet<ChannelId> {
    let Some(given) = &raw.channels else {
        let by_mail = known.values().filter(|channel| channel.kind == ChannelKind::Email);
        let by_mail: BTreeSet<_> = by_mail.map(|channel| channel.id.clone()).collect();
        if by_mail.is_empty() {
            reader.wrong(
                &at.key("basis"),
                "soft_opt_in, but no channel of the kind `email`",
                "`channels`, or a channel of the kind `email` in [channels]",
            );
        }
        return by_mail;
    };
    if given.is_empty() {
        reader.wrong(
            &at.key("channels"),
            "an empty list",
            "at least one channel of the kind `email` or `phone`",
        );
    }
    let mut channels = BTreeSet::new();
    for (n, name) in given.iter().enumerate() {
        let here = at.key("channels").index(n);
        if !reader.refers(&here, "channels", name) {
            continue;
        }
        match known.get(name.as_str()) {
            Some(channel) if is_electronic(channel.kind) => drop(channels.insert(channel.id.clone())),
            Some(_) => reader.wrong(
                &here,
                quoted(name),
                "a channel of the kind `email` or `phone`: soft opt-in is for electronic mail alone",
            ),
            // a broken one has its own problem
            None => {}
        }
    }
    channels
}
