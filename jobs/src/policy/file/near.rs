//! "Did you mean …?"

/// What is expected where `found` stands: one of `known`, with a guess if one is near.
pub(super) fn one_of(found: &str, known: &[&str]) -> String {
    const SHOWN: usize = 16;
    let mut text = match known {
        [] => "nothing here".to_owned(),
        [only] => format!("`{only}`"),
        many => {
            let shown: Vec<String> = many.iter().take(SHOWN).map(|k| format!("`{k}`")).collect();
            let more = if many.len() > SHOWN { " …" } else { "" };
            format!("one of {}{more}", shown.join(", "))
        }
    };
    if let Some(guess) = nearest(found, known)
        && known.len() > 1
    {
        text.push_str(&format!("; did you mean `{guess}`?"));
    }
    text
}

/// The known name that `found` was probably meant to be.
fn nearest<'k>(found: &str, known: &[&'k str]) -> Option<&'k str> {
    let (distance, name) = known.iter().map(|name| (distance(found, name), *name)).min()?;
    (distance <= name.chars().count().div_ceil(3)).then_some(name)
}

/// How many letters must be added, dropped or replaced to turn one into the other.
fn distance(a: &str, b: &str) -> usize {
    const LONGEST: usize = 80;
    let a: Vec<char> = a.chars().take(LONGEST).collect();
    let b: Vec<char> = b.chars().take(LONGEST).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guesses_what_is_near_and_nothing_else() {
        assert_eq!(nearest("pruposes", &["contents", "purposes"]), Some("purposes"));
        assert_eq!(nearest("xyz", &["contents", "purposes"]), None);
        assert_eq!(one_of("a", &[]), "nothing here");
        assert_eq!(
            one_of("consnt", &["consent", "contract"]),
            "one of `consent`, `contract`; did you mean `consent`?"
        );
    }
}
