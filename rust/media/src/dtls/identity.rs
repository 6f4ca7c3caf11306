//! Certificates: ours, made at the start or read from files, and fingerprints of either side's (RFC 8122).
use super::signing::{PrivateKey, certificate};
use p256::ecdsa::{DerSignature, SigningKey};
use p256::elliptic_curve::Generate;
use p256::pkcs8::EncodePrivateKey;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384, Sha512};
use std::time::Duration;
use x509_cert::builder::profile::BuilderProfile;
use x509_cert::builder::{Builder, CertificateBuilder};
use x509_cert::certificate::TbsCertificate;
use x509_cert::der::Encode;
use x509_cert::ext::Extension;
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::{SubjectPublicKeyInfo, SubjectPublicKeyInfoRef};
use x509_cert::time::Validity;

/// How long a certificate that we make is good for; nodes make a new one at each start.
const VALID: Duration = Duration::from_secs(10 * 365 * 86_400);

/// Hash functions of fingerprints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hash {
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    /// By its name in `a=fingerprint`, in either case.
    #[must_use]
    pub fn named(name: &str) -> Option<Hash> {
        match name.to_ascii_lowercase().as_str() {
            "sha-1" => Some(Hash::Sha1),
            "sha-256" => Some(Hash::Sha256),
            "sha-384" => Some(Hash::Sha384),
            "sha-512" => Some(Hash::Sha512),
            _ => None,
        }
    }

    fn of(self, data: &[u8]) -> Vec<u8> {
        match self {
            Hash::Sha1 => Sha1::digest(data).to_vec(),
            Hash::Sha256 => Sha256::digest(data).to_vec(),
            Hash::Sha384 => Sha384::digest(data).to_vec(),
            Hash::Sha512 => Sha512::digest(data).to_vec(),
        }
    }
}

/// The hash of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    pub hash: Hash,
    pub value: Vec<u8>,
}

impl Fingerprint {
    /// Of a certificate in DER.
    #[must_use]
    pub fn of(hash: Hash, certificate: &[u8]) -> Fingerprint {
        Fingerprint {
            hash,
            value: hash.of(certificate),
        }
    }

    /// Read `4A:AD:B9 ...` of an SDP.
    #[must_use]
    pub fn parse(hash: Hash, text: &str) -> Option<Fingerprint> {
        let value = text
            .split(':')
            .map(|byte| {
                let digits = byte.len() == 2 && byte.bytes().all(|b| b.is_ascii_hexdigit());
                digits.then(|| u8::from_str_radix(byte, 16).ok()).flatten()
            })
            .collect::<Option<Vec<u8>>>()?;
        (value.len() == hash.of(b"").len()).then_some(Fingerprint { hash, value })
    }

    /// As an SDP has it.
    #[must_use]
    pub fn text(&self) -> String {
        let bytes: Vec<String> = self.value.iter().map(|b| format!("{b:02X}")).collect();
        bytes.join(":")
    }
}

/// A certificate with its private key, and those that lead to its authority.
pub struct Identity {
    chain: Vec<Vec<u8>>,
    key: PrivateKey,
}

/// Subject and issuer are one, and there are no extensions: as browsers make them.
struct SelfSigned(Name);

impl BuilderProfile for SelfSigned {
    fn get_issuer(&self, subject: &Name) -> Name {
        subject.clone()
    }

    fn get_subject(&self) -> Name {
        self.0.clone()
    }

    fn build_extensions(
        &self,
        _key: SubjectPublicKeyInfoRef<'_>,
        _issuer: SubjectPublicKeyInfoRef<'_>,
        _certificate: &TbsCertificate,
    ) -> x509_cert::builder::Result<Vec<Extension>> {
        Ok(Vec::new())
    }
}

impl Identity {
    /// A new key on P-256 and a certificate that it has signed itself.
    pub fn generate() -> Result<Identity, String> {
        let key = SigningKey::generate();
        let mut serial = [0u8; 16];
        // A serial number has to differ from all others of that name (Firefox looks at it).
        serial.copy_from_slice(&Sha256::digest(key.verifying_key().to_sec1_bytes())[..16]);
        serial[0] = serial[0] & 0x7f | 0x40;
        let build = || -> Result<(Vec<u8>, Vec<u8>), Box<dyn std::error::Error>> {
            let builder = CertificateBuilder::new(
                SelfSigned("CN=offhook".parse()?),
                SerialNumber::new(&serial)?,
                Validity::from_now(VALID)?,
                SubjectPublicKeyInfo::from_key(key.verifying_key())?,
            )?;
            let certificate = builder.build::<_, DerSignature>(&key)?.to_der()?;
            Ok((certificate, key.to_pkcs8_der()?.as_bytes().to_vec()))
        };
        let (certificate, private_key) = build().map_err(|error| error.to_string())?;
        Identity::new(vec![certificate], &private_key)
    }

    /// Certificates, ours first, and its private key (PKCS#8, PKCS#1 or SEC 1), all in DER.  An error says what is
    /// wrong with them.
    pub fn new(chain: Vec<Vec<u8>>, private_key: &[u8]) -> Result<Identity, String> {
        let first = certificate(chain.first().ok_or("there is no certificate")?)?;
        for each in &chain[1..] {
            certificate(each)?;
        }
        let key = PrivateKey::new(private_key, &first)?;
        Ok(Identity { chain, key })
    }

    #[must_use]
    pub fn fingerprint(&self, hash: Hash) -> Fingerprint {
        Fingerprint::of(hash, self.certificate())
    }

    /// The certificate in DER.
    #[must_use]
    pub fn certificate(&self) -> &[u8] {
        self.chain.first().map_or(&[], Vec::as_slice)
    }

    /// The certificate and those that lead to its authority.
    pub(super) fn chain(&self) -> &[Vec<u8>] {
        &self.chain
    }

    pub(super) fn key(&self) -> &PrivateKey {
        &self.key
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_of_our_own_is_one() {
        let (one, other) = (Identity::generate().unwrap(), Identity::generate().unwrap());
        assert_ne!(
            one.fingerprint(Hash::Sha256),
            other.fingerprint(Hash::Sha256)
        );
        let chain = |from: usize| vec![one.certificate()[from..].to_vec()];
        assert!(Identity::new(chain(1), &[]).is_err());
        assert!(Identity::new(chain(0), &[1, 2, 3]).is_err());
        assert!(Identity::new(Vec::new(), &[]).is_err());
    }

    #[test]
    fn fingerprints_are_read_as_written() {
        for name in ["sha-1", "SHA-256", "sha-384", "sha-512"] {
            let hash = Hash::named(name).unwrap();
            let print = Fingerprint::of(hash, b"x");
            assert_eq!(
                Fingerprint::parse(hash, &print.text().to_lowercase()),
                Some(print.clone())
            );
            assert_eq!(Fingerprint::parse(hash, &print.text()[3..]), None);
        }
        assert_eq!(Fingerprint::parse(Hash::Sha1, "+1:00"), None);
        assert_eq!(Hash::named("md5"), None);
    }
}
