//! Signatures of both sides: keys of ours in RSA or on an elliptic curve, public keys of certificates.
use ring::rand::SystemRandom;
use ring::signature::{self, EcdsaKeyPair, RsaKeyPair, UnparsedPublicKey, VerificationAlgorithm};
use x509_cert::Certificate;
use x509_cert::der::asn1::ObjectIdentifier;
use x509_cert::der::{Decode, Encode};
use x509_cert::spki::SubjectPublicKeyInfoOwned;

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const ELLIPTIC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");

/// SignatureAndHashAlgorithm of RFC 5246 section 7.4.1.4.1 that we make or check, in order.
pub(super) const SCHEMES: [u16; 5] = [0x0403, 0x0503, 0x0401, 0x0501, 0x0601];

/// The kind of a public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Rsa,
    P256,
    P384,
}

impl Kind {
    pub(super) fn of(key: &SubjectPublicKeyInfoOwned) -> Option<Kind> {
        if key.algorithm.oid == RSA {
            return Some(Kind::Rsa);
        }
        if key.algorithm.oid != ELLIPTIC {
            return None;
        }
        let curve: ObjectIdentifier = key.algorithm.parameters.as_ref()?.decode_as().ok()?;
        match curve {
            P256 => Some(Kind::P256),
            P384 => Some(Kind::P384),
            _ => None,
        }
    }
}

/// Our private key.
pub(super) enum PrivateKey {
    Rsa(Box<RsaKeyPair>),
    Elliptic(Kind, Box<EcdsaKeyPair>),
}

impl PrivateKey {
    /// A key in DER: PKCS#8, PKCS#1 (RSA) or SEC 1 (elliptic), which belongs to this certificate.
    pub(super) fn new(der: &[u8], certificate: &Certificate) -> Result<PrivateKey, String> {
        let public = certificate.tbs_certificate().subject_public_key_info();
        let point = public.subject_public_key.raw_bytes();
        let mismatch = || "the private key is not that of the certificate".to_owned();
        let Some(kind) = Kind::of(public) else {
            return Err("the certificate's key is none of RSA, P-256 or P-384".to_owned());
        };
        if kind == Kind::Rsa {
            let pair = RsaKeyPair::from_pkcs8(der)
                .or_else(|error| RsaKeyPair::from_der(der).map_err(|_| error))
                .map_err(|error| format!("the private key cannot be used: {error}"))?;
            return if signature::KeyPair::public_key(&pair).as_ref() == point {
                Ok(PrivateKey::Rsa(Box::new(pair)))
            } else {
                Err(mismatch())
            };
        }
        let secret = elliptic_secret(der)
            .ok_or_else(|| "the private key is none of the certificate's kind".to_owned())?;
        let algorithm = match kind {
            Kind::P384 => &signature::ECDSA_P384_SHA384_ASN1_SIGNING,
            _ => &signature::ECDSA_P256_SHA256_ASN1_SIGNING,
        };
        let random = SystemRandom::new();
        EcdsaKeyPair::from_private_key_and_public_key(algorithm, &secret, point, &random)
            .map(|pair| PrivateKey::Elliptic(kind, Box::new(pair)))
            .map_err(|_| mismatch())
    }

    pub(super) fn is_rsa(&self) -> bool {
        matches!(self, PrivateKey::Rsa(_))
    }

    /// Sign with the first scheme that the peer takes as well (all of them where it says nothing).
    pub(super) fn sign(&self, peer: &[u16], message: &[u8]) -> Option<(u16, Vec<u8>)> {
        let usable: &[u16] = match self {
            PrivateKey::Rsa(_) => &[0x0401, 0x0501, 0x0601],
            PrivateKey::Elliptic(Kind::P384, _) => &[0x0503],
            PrivateKey::Elliptic(..) => &[0x0403],
        };
        let scheme = *usable
            .iter()
            .find(|scheme| peer.is_empty() || peer.contains(scheme))?;
        let random = SystemRandom::new();
        let made = match self {
            PrivateKey::Rsa(pair) => {
                let padding: &dyn signature::RsaEncoding = match scheme {
                    0x0501 => &signature::RSA_PKCS1_SHA384,
                    0x0601 => &signature::RSA_PKCS1_SHA512,
                    _ => &signature::RSA_PKCS1_SHA256,
                };
                let mut made = vec![0; pair.public().modulus_len()];
                pair.sign(padding, &random, message, &mut made).ok()?;
                made
            }
            PrivateKey::Elliptic(_, pair) => pair.sign(&random, message).ok()?.as_ref().to_vec(),
        };
        Some((scheme, made))
    }
}

/// The secret number in a PKCS#8 or SEC 1 key on an elliptic curve.
fn elliptic_secret(der: &[u8]) -> Option<Vec<u8>> {
    use p256::pkcs8::PrivateKeyInfoRef;
    let inner = match PrivateKeyInfoRef::try_from(der) {
        Ok(info) if info.algorithm.oid == ELLIPTIC => info.private_key.as_bytes(),
        Ok(_) => return None,
        Err(_) => der,
    };
    // ECPrivateKey (RFC 5915): a sequence of the version 1, and the number in an octet string.
    let mut at = sequence(inner)?;
    at = at.strip_prefix(&[2, 1, 1])?;
    let (&tag, rest) = at.split_first()?;
    let (&length, rest) = rest.split_first()?;
    if tag != 4 || length > 48 {
        return None;
    }
    rest.get(..usize::from(length)).map(<[u8]>::to_vec)
}

/// What is in a DER sequence.
fn sequence(der: &[u8]) -> Option<&[u8]> {
    let rest = der.strip_prefix(&[0x30])?;
    match *rest.first()? {
        length @ 0..=0x7f => rest.get(1..=usize::from(length)),
        0x81 => rest.get(2..2 + usize::from(*rest.get(1)?)),
        _ => None,
    }
}

/// A signature of a handshake by the key of this certificate.
pub(super) fn verify(
    certificate: &Certificate,
    scheme: u16,
    message: &[u8],
    made: &[u8],
) -> Result<(), String> {
    let public = certificate.tbs_certificate().subject_public_key_info();
    let kind = Kind::of(public)
        .ok_or("the peer's certificate has a key that is none of RSA, P-256 or P-384")?;
    let algorithm: &dyn VerificationAlgorithm = match (kind, scheme) {
        (Kind::P256, 0x0403) => &signature::ECDSA_P256_SHA256_ASN1,
        (Kind::P256, 0x0503) => &signature::ECDSA_P256_SHA384_ASN1,
        (Kind::P384, 0x0403) => &signature::ECDSA_P384_SHA256_ASN1,
        (Kind::P384, 0x0503) => &signature::ECDSA_P384_SHA384_ASN1,
        // Phones have keys of 1024 bits still; the fingerprint says whose they are.
        (Kind::Rsa, 0x0401) => &signature::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
        (Kind::Rsa, 0x0501) => &signature::RSA_PKCS1_2048_8192_SHA384,
        (Kind::Rsa, 0x0601) => &signature::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY,
        _ => {
            return Err(format!(
                "the peer signs by {scheme:#06x}, which does not go with its certificate"
            ));
        }
    };
    UnparsedPublicKey::new(algorithm, public.subject_public_key.raw_bytes())
        .verify(message, made)
        .map_err(|_| "the peer's signature is not that of its certificate".to_owned())
}

/// The signature of a certificate by the key of its issuer.
pub(super) fn issued(certificate: &Certificate, issuer: &Certificate) -> Result<(), String> {
    let name = certificate.signature_algorithm().oid.to_string();
    let public = issuer.tbs_certificate().subject_public_key_info();
    let kind = Kind::of(public).ok_or("the issuer's key is none of RSA, P-256 or P-384")?;
    let algorithm: &dyn VerificationAlgorithm = match (kind, name.as_str()) {
        (Kind::Rsa, "1.2.840.113549.1.1.11") => &signature::RSA_PKCS1_2048_8192_SHA256,
        (Kind::Rsa, "1.2.840.113549.1.1.12") => &signature::RSA_PKCS1_2048_8192_SHA384,
        (Kind::Rsa, "1.2.840.113549.1.1.13") => &signature::RSA_PKCS1_2048_8192_SHA512,
        (Kind::P256, "1.2.840.10045.4.3.2") => &signature::ECDSA_P256_SHA256_ASN1,
        (Kind::P256, "1.2.840.10045.4.3.3") => &signature::ECDSA_P256_SHA384_ASN1,
        (Kind::P384, "1.2.840.10045.4.3.2") => &signature::ECDSA_P384_SHA256_ASN1,
        (Kind::P384, "1.2.840.10045.4.3.3") => &signature::ECDSA_P384_SHA384_ASN1,
        _ => {
            return Err(format!(
                "it is signed by the algorithm {name}, which is not accepted"
            ));
        }
    };
    let signed = certificate
        .tbs_certificate()
        .to_der()
        .map_err(|error| error.to_string())?;
    UnparsedPublicKey::new(algorithm, public.subject_public_key.raw_bytes())
        .verify(&signed, certificate.signature().raw_bytes())
        .map_err(|_| "its signature is not that of its issuer".to_owned())
}

/// Read a certificate in DER.
pub(super) fn certificate(der: &[u8]) -> Result<Certificate, String> {
    Certificate::from_der(der).map_err(|error| format!("the certificate cannot be read: {error}"))
}
