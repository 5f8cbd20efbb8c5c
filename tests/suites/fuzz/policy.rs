//! Policy files. They are the operator's own, so a problem may say what it found; it must say where.

use super::engine::{self, Target};
use rescind_jobs::policy::file::{PolicyFile, load};
use rescind_jobs::registry;

#[test]
fn policy_files() {
    let seeds = vec![
        include_bytes!("../../../config/policy/example.toml").to_vec(),
        b"[controller]\nname = \"A\"\naddress = \"B\"\nemail = \"a@example.org\"\n".to_vec(),
        b"[sources.shop]\ntoken_sha256 = \"00\"\ntypes = [\"*\"]\n".to_vec(),
        b"[schedules.x]\ncron = \"0 3 * * *\"\ntime_zone = \"Europe/Berlin\"\nsend = \"sweep.run.v1\"\n"
            .to_vec(),
    ];
    let words = [
        "[purposes.x]",
        "[[contents]]",
        "[sources.x]",
        "[schedules.x]",
        "= \"\"",
        "= []",
        "= {}",
        "= -1",
        "= 1e9",
        "= true",
        "= 2026-11-22",
        "\"\"\"",
        "'''",
        "basis",
        "consent",
        "text.de",
        "version",
        "cron",
        "time_zone",
        "* * * * *",
        "@yearly",
        "0 0 31 2 *",
        "document = \"../x\"",
        "token_sha256",
    ];
    let types: Vec<_> = registry::public_names().collect();
    let no_document = |_: &str| Err("there are no documents".to_owned());
    let target = Target { name: "policy", seeds, words: &words, json: false, inputs: 500 };
    engine::run(target, &mut |input| {
        let text = String::from_utf8_lossy(input).into_owned();
        let files = [PolicyFile { name: "fuzzed.toml".into(), text }];
        match load(&files, &no_document, &types) {
            Ok(loaded) => {
                let again = load(&files, &no_document, &types).expect("it loads again");
                assert_eq!(loaded.policy.hash_hex(), again.policy.hash_hex(), "with the same hash");
                0
            }
            Err(errors) => {
                let told = errors.to_string();
                assert!(told.lines().count() < 20_000 && !told.is_empty());
                let shape: String = told.chars().filter(|c| !c.is_ascii_digit()).take(2000).collect();
                engine::outcome(&shape)
            }
        }
    });
}
