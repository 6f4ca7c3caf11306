//! Whom a certificate comes from: paths to a certificate authority (RFC 5280 section 6), for `dtls_verify=certificate`.
//!
//! Names are not looked at: a phone's certificate is issued for a device, and the fingerprint says which call it is for.
use super::signing::{certificate, issued};
use std::collections::HashSet;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use x509_cert::Certificate;
use x509_cert::der::Encode;
use x509_cert::der::oid::AssociatedOid;
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectAltName};

/// Certificates from the peer's to an authority's.
const DEEPEST: usize = 8;
/// Certificates of a peer that are looked at.
const MOST: usize = 16;

/// The authorities that are trusted.
pub struct Trust {
    roots: Vec<Certificate>,
}

impl Trust {
    /// Certificates in DER; one that cannot be read is an error.
    pub fn new(roots: &[Vec<u8>]) -> Result<Trust, String> {
        let roots = roots
            .iter()
            .map(|der| certificate(der))
            .collect::<Result<_, _>>()?;
        Ok(Trust { roots })
    }

    /// Whether the first of these certificates (in DER) was issued by an authority, through the others.
    pub fn check(&self, chain: &[Vec<u8>], at: SystemTime) -> Result<(), String> {
        let chain: Vec<Certificate> = chain
            .iter()
            .take(MOST)
            .map(|der| certificate(der))
            .collect::<Result<_, _>>()?;
        let now = at.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        let first = chain.first().ok_or("there is none")?;
        self.climb(first, &chain, 0, now)
    }

    /// One step towards an authority; the reason of the most telling failure.
    fn climb(
        &self,
        one: &Certificate,
        chain: &[Certificate],
        depth: usize,
        now: Duration,
    ) -> Result<(), String> {
        let name = one.tbs_certificate().subject();
        in_force(one, now).map_err(|why| format!("{name}: {why}"))?;
        understood(one).map_err(|why| format!("{name}: {why}"))?;
        if self.roots.iter().any(|root| root == one) {
            return Ok(());
        }
        if depth >= DEEPEST {
            return Err("the chain is too long".to_owned());
        }
        let issuer = one.tbs_certificate().issuer();
        let mut why = format!("{name}: its issuer {issuer} is not known");
        for root in self
            .roots
            .iter()
            .filter(|root| root.tbs_certificate().subject() == issuer)
        {
            let found = in_force(root, now)
                .and_then(|()| may_issue(root, depth, true))
                .and_then(|()| issued(one, root));
            match found {
                Ok(()) => return Ok(()),
                Err(reason) => why = format!("{name}: {reason}"),
            }
        }
        for (index, next) in chain.iter().enumerate().skip(1) {
            if next.tbs_certificate().subject() != issuer || next == one {
                continue;
            }
            let rest: Vec<Certificate> = chain
                .iter()
                .enumerate()
                .filter(|(other, _)| *other != index)
                .map(|(_, each)| each.clone())
                .collect();
            let found = may_issue(next, depth, false)
                .and_then(|()| issued(one, next))
                .map_err(|reason| format!("{name}: {reason}"))
                .and_then(|()| self.climb(next, &rest, depth + 1, now));
            match found {
                Ok(()) => return Ok(()),
                Err(reason) => why = reason,
            }
        }
        Err(why)
    }
}

/// Whether it is valid at this time.
fn in_force(one: &Certificate, now: Duration) -> Result<(), String> {
    let validity = one.tbs_certificate().validity();
    if now < validity.not_before.to_unix_duration() {
        Err("it is not valid yet".to_owned())
    } else if now > validity.not_after.to_unix_duration() {
        Err("it has expired".to_owned())
    } else {
        Ok(())
    }
}

/// Whether it may sign certificates, with `below` others of authorities under it.
fn may_issue(one: &Certificate, below: usize, root: bool) -> Result<(), String> {
    let fields = one.tbs_certificate();
    let basic = fields
        .get_extension::<BasicConstraints>()
        .map_err(|error| error.to_string())?;
    match basic {
        Some((_, basic)) if !basic.ca => return Err("its issuer is no authority".to_owned()),
        Some((_, basic))
            if basic
                .path_len_constraint
                .is_some_and(|most| below > usize::from(most)) =>
        {
            return Err("there are more authorities than its issuer allows".to_owned());
        }
        // A root of version 1 has no extensions; that it is trusted is said by the configuration.
        None if !root => return Err("its issuer is no authority".to_owned()),
        _ => {}
    }
    let usage = fields
        .get_extension::<KeyUsage>()
        .map_err(|error| error.to_string())?;
    if usage.is_some_and(|(_, usage)| !usage.key_cert_sign()) {
        return Err("the issuer's key is not for certificates".to_owned());
    }
    Ok(())
}

/// Whether we know all that it says must be known (RFC 5280 section 4.2).
fn understood(one: &Certificate) -> Result<(), String> {
    let known = HashSet::from([
        BasicConstraints::OID,
        KeyUsage::OID,
        ExtendedKeyUsage::OID,
        SubjectAltName::OID,
    ]);
    let critical = one.tbs_certificate().extensions().into_iter().flatten();
    for extension in critical.filter(|extension| extension.critical) {
        if !known.contains(&extension.extn_id) {
            return Err(format!(
                "it has the critical extension {}",
                extension.extn_id
            ));
        }
    }
    // What cannot be written again was not read whole.
    one.to_der().map(|_| ()).map_err(|error| error.to_string())
}

#[cfg(test)]
#[path = "chain_tests.rs"]
mod tests;
