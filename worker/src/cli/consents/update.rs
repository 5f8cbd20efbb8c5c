//! `rescind consents update`: many consents corrected in one action. First it only counts, and gives a token that stands
//! for this filter, these values, this count and this time; with the token the message goes into the queue. What is
//! recorded after the count was told is not touched.

use crate::app::Opened;
use crate::cli::failure::Failure;
use crate::cli::output::Form;
use crate::cli::session::Session;
use crate::import::moment;
use crate::store::queue::{self, Origin};
use crate::store::tables::JobRow;
use crate::store::{Ts, candidates, keys};
use rescind_jobs::audit::Actor;
use rescind_jobs::code::{ContentId, EntryCode, PurposeId, RULE};
use rescind_jobs::effects::Lane;
use rescind_jobs::envelope::Envelope;
use rescind_jobs::job::Job;
use rescind_jobs::jobs::{Basis, ConsentsSet, ConsentsWhere, UpdateConsents};
use rescind_jobs::policy::{Feature, Role};
use rescind_jobs::protection::new_id;
use rescind_jobs::time::{Span, Timestamp};
use serde_json::json;
use subtle::ConstantTimeEq;

#[derive(clap::Args)]
pub(in crate::cli) struct Arguments {
    /// Which consents: purpose=…, source=…, state=…, given_before=…, given_after=…, separated by commas
    #[arg(long = "where", value_name = "KEY=VALUE", value_delimiter = ',', required = true)]
    which: Vec<String>,
    /// What is to hold: purpose=…, basis=CONTENT or CONTENT/VERSION, source=…, date=…, separated by commas
    #[arg(long, value_name = "KEY=VALUE", value_delimiter = ',', required = true)]
    set: Vec<String>,
    /// Do it: the token that the count was told with
    #[arg(long, value_name = "TOKEN")]
    confirm: Option<String>,
    #[command(flatten)]
    form: Form,
}

/// How long a token holds.
const VALID: Span = Span::minutes(15);

pub(super) async fn run(session: &mut Session<'_>, arguments: Arguments) -> Result<(), Failure> {
    let mut update = UpdateConsents { which: which(&arguments.which)?, set: set(&arguments.set)? };
    let opened = session.open_existing().await?;
    let actor = session.actor(&opened, Role::Manage).await?;
    if !opened.policy.features.contains(&Feature::ConsentRecords) {
        return Err(Failure::wrong("the policy does not switch on the feature \"consent_records\""));
    }
    let now = opened.clock.now();
    update.checked(&opened.policy, now).map_err(|refusal| {
        Failure::wrong(refusal.detail.replace("data.where", "--where").replace("data.set", "--set"))
    })?;
    // as it was when the count was told
    let until = arguments.confirm.as_deref().map_or(Some(now.plus(VALID)), until);
    update.which.recorded_until = Some(until.map_or(now, |until| until.minus(VALID)));
    let count = candidates::count(&opened.pool, &update.which).await?;
    let Some(confirm) = &arguments.confirm else {
        let until = now.plus(VALID);
        let token = token(&opened, &update, count, until);
        if arguments.form.json {
            return session.out.json(&json!({"count": count, "token": token, "until": until}));
        }
        session.out.line(format!("{count} consents fit. Nothing is changed yet."))?;
        if count == 0 {
            return Ok(());
        }
        return session.out.line(format!(
            "To correct them, give the same command with --confirm {token}\nThe token holds until {until}, for these \
             {count} only."
        ));
    };
    check(&opened, &update, count, confirm, now)?;
    let id = order(&opened, &actor, &update, now).await?;
    if arguments.form.json {
        return session.out.json(&json!({"count": count, "message": id}));
    }
    session.out.line(format!("{count} consents are being corrected in the background, by the message {id}"))
}

/// Splits `key=value`; `known` are the keys that there are.
fn pair<'t>(name: &str, text: &'t str, known: &[&'static str]) -> Result<(&'static str, &'t str), Failure> {
    let (key, value) = text.split_once('=').unwrap_or((text, ""));
    let found = known.iter().find(|known| **known == key.trim());
    let expected =
        || Failure::wrong(format!("{name}: expected KEY=VALUE with a key of {}", known.join(", ")));
    let key = *found.ok_or_else(expected)?;
    match value.trim() {
        "" => Err(Failure::wrong(format!("{name} {key}: must have a value"))),
        value => Ok((key, value)),
    }
}

fn must(name: &str, key: &str, what: &str) -> Failure {
    Failure::wrong(format!("{name} {key}: must be {what}"))
}

const TIME: &str = "a day like 2024-05-31, or a time like 2024-05-31T08:00:00Z";

fn which(given: &[String]) -> Result<ConsentsWhere, Failure> {
    const NAME: &str = "--where";
    let mut which = ConsentsWhere::default();
    for text in given {
        let (key, value) = pair(NAME, text, &["purpose", "source", "state", "given_before", "given_after"])?;
        let time = || moment(value).ok_or_else(|| must(NAME, key, TIME));
        let taken = match key {
            "purpose" => {
                let purpose = PurposeId::new(value).ok_or_else(|| must(NAME, key, RULE))?;
                which.purpose.replace(purpose).is_some()
            }
            "source" => which.source.replace(value.to_owned()).is_some(),
            "state" => {
                let state = super::state(value)
                    .map_err(|why| must(NAME, key, why.trim_start_matches("expected ")))?;
                which.state.replace(state).is_some()
            }
            "given_before" => which.given_before.replace(time()?).is_some(),
            _ => which.given_after.replace(time()?).is_some(),
        };
        if taken {
            return Err(must(NAME, key, "given once"));
        }
    }
    Ok(which)
}

fn set(given: &[String]) -> Result<ConsentsSet, Failure> {
    const NAME: &str = "--set";
    let mut set = ConsentsSet::default();
    for text in given {
        let (key, value) = pair(NAME, text, &["purpose", "basis", "source", "date"])?;
        let taken = match key {
            "purpose" => {
                let purpose = PurposeId::new(value).ok_or_else(|| must(NAME, key, RULE))?;
                set.purpose.replace(purpose).is_some()
            }
            "basis" => set.basis.replace(basis(value).ok_or_else(|| must(NAME, key, BASIS))?).is_some(),
            "source" => {
                let source = EntryCode::new(value).ok_or_else(|| must(NAME, key, RULE))?;
                set.source.replace(source).is_some()
            }
            _ => set.date.replace(moment(value).ok_or_else(|| must(NAME, key, TIME))?).is_some(),
        };
        if taken {
            return Err(must(NAME, key, "given once"));
        }
    }
    Ok(set)
}

const BASIS: &str = "a content of the policy, CONTENT or CONTENT/VERSION";

fn basis(text: &str) -> Option<Basis> {
    let (content, version) = match text.split_once('/') {
        Some((content, version)) => (content, Some(version.parse().ok()?)),
        None => (text, None),
    };
    Some(Basis { content: ContentId::new(content)?, version })
}

/// Until when a token says that it holds.
fn until(token: &str) -> Option<Timestamp> {
    let micros = i64::from_str_radix(token.trim().split_once('-')?.0, 16).ok()?;
    Timestamp::from_micros(micros)
}

/// A token: until when it holds, and what it stands for.
fn token(opened: &Opened, update: &UpdateConsents, count: u64, until: Timestamp) -> String {
    // plain data with text keys
    let text = serde_json::to_string(update).unwrap_or_default();
    let key = opened.vault.counter_key("update", format!("{text}\0{count}\0{}", until.micros()).as_bytes());
    format!("{:x}-{}", until.micros(), data_encoding::HEXLOWER.encode(&key[..12]))
}

fn check(
    opened: &Opened,
    update: &UpdateConsents,
    count: u64,
    given: &str,
    now: Timestamp,
) -> Result<(), Failure> {
    let until = until(given).unwrap_or(now);
    let wanted = token(opened, update, count, until);
    let same: bool = wanted.as_bytes().ct_eq(given.trim().as_bytes()).into();
    if !same {
        return Err(Failure::failed(format!(
            "the token stands for another filter, other values or another count; {count} consents fit now. Run it without \
             --confirm, and look again"
        )));
    }
    if until <= now {
        return Err(Failure::failed("the token no longer holds; run it without --confirm, and look again"));
    }
    Ok(())
}

/// Puts the message into the queue; the trail names who did by the message's source.
async fn order(
    opened: &Opened,
    actor: &Actor,
    update: &UpdateConsents,
    now: Timestamp,
) -> Result<String, Failure> {
    let mut rng = opened.randomness.generator()?;
    let source = match actor {
        // as whatever else is sent from here; a source has no blanks
        Actor::LocalOperator => "operator".to_owned(),
        Actor::Staff(_) => actor.to_string(),
    };
    let envelope = Envelope {
        specversion: "1.0".to_owned(),
        id: new_id(now, &mut rng).to_string(),
        source,
        kind: UpdateConsents::KIND.to_owned(),
        time: now,
        data: serde_json::to_value(update).unwrap_or_default(),
        traceparent: None,
        correlationid: None,
        replyto: None,
    };
    let day = keys::day_of(now);
    let mut tx = opened.pool.begin().await?;
    let key = keys::day_key(&mut tx, &opened.vault, day, &mut rng).await?;
    let row = JobRow {
        id: new_id(now, &mut rng),
        subject_id: None,
        source: envelope.source.clone(),
        origin: Origin::Operator as i16,
        kind: None,
        body: key.seal(keys::body_place(day), &envelope.to_json(), &mut rng).0,
        day: Some(day),
        due_at: Ts(now),
        lane: Lane::Background as i16,
        attempt: 0,
        schedule: None,
        created_at: Ts(now),
        correlation: None,
        traceparent: None,
    };
    queue::add(&mut tx, &[row]).await?;
    tx.commit().await?;
    Ok(envelope.id)
}
