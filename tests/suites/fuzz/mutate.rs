//! Makes bad inputs from good ones: byte by byte, word by word, and, where they are JSON, node by node.

use super::MARKER;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Map, Value, json};

pub(super) struct Mutator<'a> {
    rng: StdRng,
    words: &'a [&'a str],
    json: bool,
}

/// Texts that have broken something somewhere before.
const TEXTS: &[&str] = &[
    "",
    " ",
    "\0",
    "\r\nBcc: zq@mark.er\r\n\r\n",
    "zq@mark.er",
    "<script>zq@mark.er</script>",
    "\"><img src=zq@mark.er>",
    "{{zq@mark.er}}",
    "{{{this}}}",
    "{ $zq }",
    "../../../etc/passwd",
    "%2e%2e%2f%00",
    "' or 1=1 --",
    "\u{202e}zq@mark.er",
    "\u{feff}",
    "\u{ffff}",
    "é\u{301}\u{301}\u{301}",
    "👩‍👩‍👧‍👦",
    "1e999",
    "-0",
    "99999999999999999999",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59.999999999-23:59",
    "2026-02-30T25:61:61Z",
    "=?utf-8?q?zq=40mark.er?=",
    "a@b@c",
    "@",
    "\"a b\"@example.org",
    "ana@xn--.example",
    "+49 (0) 30 / 1",
    "all",
    "null",
    "rescind",
];

impl<'a> Mutator<'a> {
    pub(super) fn new(seed: u64, words: &'a [&'a str], json: bool) -> Self {
        Self { rng: StdRng::seed_from_u64(seed), words, json }
    }

    fn below(&mut self, limit: usize) -> usize {
        self.rng.random_range(0..limit.max(1))
    }

    /// One of the pool, changed in one place or several.
    pub(super) fn mutate(&mut self, pool: &[Vec<u8>], largest: usize) -> Vec<u8> {
        let mut input = pool[self.below(pool.len())].clone();
        for _ in 0..=self.below(4) {
            input = match self.json.then(|| serde_json::from_slice::<Value>(&input).ok()).flatten() {
                Some(mut value) if self.below(4) > 0 => {
                    self.node(&mut value);
                    serde_json::to_vec(&value).unwrap()
                }
                _ => self.bytes(input, pool),
            };
            input.truncate(largest);
        }
        input
    }

    fn text(&mut self) -> String {
        match self.below(10) {
            0 => MARKER.repeat(1 + self.below(8000)),
            1 => "x".repeat(self.below(600)),
            2 if !self.words.is_empty() => self.words[self.below(self.words.len())].to_owned(),
            3 => std::iter::repeat_with(|| self.rng.random::<char>()).take(8).collect(),
            _ => TEXTS[self.below(TEXTS.len())].to_owned(),
        }
    }

    fn value(&mut self) -> Value {
        match self.below(12) {
            0 => Value::Null,
            1 => json!(true),
            2 => json!(-1),
            3 => json!(u64::MAX),
            4 => json!(1.5e300),
            5 => json!([]),
            6 => json!({}),
            7 => json!([self.text(), self.text()]),
            8 => json!({ self.text(): self.text() }),
            _ => json!(self.text()),
        }
    }

    /// Changes one node of a tree.
    fn node(&mut self, value: &mut Value) {
        // down into it, or here
        match value {
            Value::Object(map) if !map.is_empty() && self.below(5) > 0 => {
                let name = map.keys().nth(self.below(map.len())).unwrap().clone();
                match self.below(12) {
                    0 => drop(map.remove(&name)),
                    1 => self.rename(map, &name),
                    2 => {
                        let (name, value) = (self.text(), self.value());
                        map.insert(name, value);
                    }
                    _ => self.node(map.get_mut(&name).unwrap()),
                }
            }
            Value::Array(items) if !items.is_empty() && self.below(5) > 0 => {
                let at = self.below(items.len());
                match self.below(8) {
                    0 => drop(items.remove(at)),
                    1 => {
                        let again = items[at].clone();
                        items.extend(std::iter::repeat_n(again, 1 + self.rng.random_range(0..40)));
                    }
                    _ => self.node(&mut items[at]),
                }
            }
            Value::String(text) if self.below(3) == 0 => {
                let more = self.text();
                let at = (0..=text.len()).filter(|at| text.is_char_boundary(*at)).nth(self.below(text.len()));
                text.insert_str(at.unwrap_or(0), &more);
            }
            other => *other = self.value(),
        }
    }

    fn rename(&mut self, map: &mut Map<String, Value>, name: &str) {
        if let Some(value) = map.remove(name) {
            let name = self.text();
            map.insert(name, value);
        }
    }

    fn bytes(&mut self, mut input: Vec<u8>, pool: &[Vec<u8>]) -> Vec<u8> {
        let (at, to) = (self.below(input.len() + 1), self.below(input.len() + 1));
        let (at, to) = (at.min(to), at.max(to).min(at.min(to) + 64));
        match self.below(11) {
            0 => input.insert(at, self.rng.random()),
            1 if at < input.len() => input[at] ^= 1 << self.below(8),
            2 => drop(input.drain(at..to)),
            3 => input.truncate(at),
            4 => {
                let again = input[at..to].repeat(1 + self.below(200));
                input.splice(at..at, again);
            }
            5 => {
                let open: &[u8] = if self.below(2) == 0 { b"[" } else { b"{\"a\":" };
                let nested = open.repeat(1 + self.below(3000));
                input.splice(at..at, nested);
            }
            6 => {
                let other = &pool[self.rng.random_range(0..pool.len())];
                let from = self.rng.random_range(0..=other.len());
                input.truncate(at);
                input.extend_from_slice(&other[from..]);
            }
            7 => {
                let start = input[at..].iter().position(u8::is_ascii_digit).map(|n| at + n);
                if let Some(start) = start {
                    let length = input[start..].iter().take_while(|b| b.is_ascii_digit()).count();
                    let numbers = ["0", "-1", "4294967296", "9223372036854775808", "1e400", "0x7f", "00"];
                    let number = numbers[self.below(numbers.len())];
                    input.splice(start..start + length, number.bytes());
                }
            }
            _ => {
                let text = self.text();
                let end = if self.below(2) == 0 { to } else { at };
                input.splice(at..end, text.into_bytes());
            }
        }
        input
    }
}
