//! A span: what was done, from when to when, and what it follows from.

use rescind_jobs::time::Timestamp;

/// A span that has begun.
#[derive(Clone, Debug)]
pub struct Open {
    pub(super) trace: [u8; 16],
    pub(super) span: [u8; 8],
    pub(super) parent: Option<[u8; 8]>,
    pub(super) since: Timestamp,
}

impl Open {
    /// As W3C `traceparent`, for what follows from it.
    pub fn traceparent(&self) -> String {
        let hex = |bytes: &[u8]| data_encoding::HEXLOWER.encode(bytes);
        format!("00-{}-{}-01", hex(&self.trace), hex(&self.span))
    }
}

/// What part a span has, by the numbers of OTLP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Hands something to others.
    Producer = 4,
    /// Works on what was handed over.
    Consumer = 5,
}

/// What is told of a span: names from closed lists, and ids of our own.
#[derive(Clone, Debug)]
pub struct Told {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) attributes: Vec<(&'static str, String)>,
    pub(super) error: Option<&'static str>,
}

impl Told {
    /// A name, and which part it has.
    pub fn new(name: impl Into<String>, kind: Kind) -> Self {
        Self { name: name.into(), kind, attributes: Vec::new(), error: None }
    }

    /// An attribute.
    #[must_use]
    pub fn with(mut self, key: &'static str, value: impl Into<String>) -> Self {
        self.attributes.push((key, value.into()));
        self
    }

    /// It failed for this reason, a word from a closed list.
    #[must_use]
    pub fn failed(mut self, error: Option<&'static str>) -> Self {
        self.error = error;
        self
    }
}

/// A span that has ended.
#[derive(Clone, Debug)]
pub struct Span {
    pub(super) open: Open,
    pub(super) until: Timestamp,
    pub(super) told: Told,
}

/// A W3C `traceparent` of version 00.
pub(super) struct TraceParent {
    pub(super) trace: [u8; 16],
    pub(super) span: [u8; 8],
    pub(super) sampled: bool,
}

impl TraceParent {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let mut next = || parts.next().map(str::as_bytes);
        let (version, trace, span, flags) = (next()?, next()?, next()?, next()?);
        if version != b"00" || next().is_some() {
            return None;
        }
        let decode = |text| data_encoding::HEXLOWER.decode(text).ok();
        let trace: [u8; 16] = decode(trace)?.try_into().ok()?;
        let span: [u8; 8] = decode(span)?.try_into().ok()?;
        let flags: [u8; 1] = decode(flags)?.try_into().ok()?;
        (trace != [0; 16] && span != [0; 8]).then_some(Self { trace, span, sampled: flags[0] & 1 == 1 })
    }
}
