//! Names become addresses here, at the moment of connecting, and only those that may be called are handed on. A check
//! at any other moment could be told another address than the one that is connected to later.

use super::addresses::Rules;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::net::SocketAddr;

/// Why a name has no address that may be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refused {
    #[error("the name is not known")]
    Unknown,
    #[error("the name leads to no public address")]
    Private,
}

/// Asks the system, and keeps what the rules permit.
pub(super) struct Resolver {
    rules: Rules,
}

impl Resolver {
    pub(super) const fn new(rules: Rules) -> Self {
        Self { rules }
    }
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let rules = self.rules.clone();
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await.map_err(|_| Refused::Unknown)?;
            let addresses: Addrs = Box::new(permitted(&rules, found)?.into_iter());
            Ok(addresses)
        })
    }
}

/// Of a name's addresses those that may be called.
fn permitted(rules: &Rules, found: impl Iterator<Item = SocketAddr>) -> Result<Vec<SocketAddr>, Refused> {
    let mut any = false;
    let kept: Vec<_> = found.inspect(|_| any = true).filter(|address| rules.permit(address.ip())).collect();
    match (any, kept.is_empty()) {
        (_, false) => Ok(kept),
        (true, true) => Err(Refused::Private),
        (false, true) => Err(Refused::Unknown),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(texts: &[&str]) -> Vec<SocketAddr> {
        texts.iter().map(|text| SocketAddr::new(text.parse().expect("an address"), 0)).collect()
    }

    #[test]
    fn a_name_that_leads_inside_and_outside_is_called_outside_only() {
        let rules = Rules::new(Vec::new());
        let found = addresses(&["169.254.169.254", "8.8.8.8", "::1", "2606:4700::1111"]);
        let kept = permitted(&rules, found.into_iter()).expect("two of them");
        assert_eq!(kept, addresses(&["8.8.8.8", "2606:4700::1111"]));
    }

    #[test]
    fn inside_and_nowhere_are_told_apart() {
        let rules = Rules::new(Vec::new());
        assert_eq!(permitted(&rules, addresses(&["10.0.0.7"]).into_iter()), Err(Refused::Private));
        assert_eq!(permitted(&rules, std::iter::empty()), Err(Refused::Unknown));
    }
}
