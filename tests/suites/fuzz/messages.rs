//! Messages of every type, checked as the runner checks them before any subject is known.

use super::engine::{self, Target};
use super::{assert_repeats_nothing, examples, outcome};
use rescind_jobs::protection::{DataKey, RootKeys, Vault};
use rescind_jobs::registry;
use rescind_jobs::time::Span;
use rescind_tests::app::beginning;
use rescind_worker::policy_files::load_policy;
use rescind_worker::runner::check::Checker;
use rescind_worker::runner::message::Sender;

#[test]
fn messages_of_every_type() {
    let types: Vec<_> = registry::public_names().collect();
    let policy = load_policy(None, &types).expect("the example").policy;
    let key = |n| DataKey::new([n; 32]);
    let vault = Vault::new(key(1), RootKeys { index: key(2), link: key(3), mac: key(4) });
    let (now, inbox) = (beginning(), Span::days(30));
    let checker = Checker { policy: &policy, vault: &vault, now, inbox, body_limit: 1 << 20 };
    let words = [
        &types[..],
        &["subject", "email", "phone", "ids", "shop", "fields", "locale", "de", "contents", "newsletter"],
        &["purposes", "marketing", "withdrawn_at", "given_at", "evidence", "ip", "staff", "how", "id"],
    ]
    .concat();
    let target = Target { name: "messages", seeds: examples(), words: &words, json: true, inputs: 3_000 };
    engine::run(target, &mut |input| match checker.check(input, Sender::Local) {
        Ok(()) => {
            assert!(checker.check(input, Sender::Local).is_ok(), "it is judged the same again");
            0
        }
        Err(refusal) => {
            assert_repeats_nothing(&refusal);
            outcome(&refusal)
        }
    });
}
