//! Signed assertions: a JWT with RS256 (RFC 7515, RFC 7518 §3.3, RFC 7523 §3).

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};

/// Why there is no assertion. It tells nothing of the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadKey {
    #[error("the private key is not PEM with BEGIN PRIVATE KEY or BEGIN RSA PRIVATE KEY")]
    NotPem,
    #[error("the private key is no RSA key of 2048 to 8192 bits")]
    NotRsa,
    #[error("the private key could not sign")]
    Unusable,
}

/// The claims, signed with an RSA key in PEM (PKCS#8 or PKCS#1). `key_id` goes into the header.
pub fn rs256(claims: &Map<String, Value>, key_id: Option<&str>, pem: &SecretString) -> Result<SecretString, BadKey> {
    let key = key(pem)?;
    let mut header = Map::from_iter([("alg".to_owned(), "RS256".into()), ("typ".to_owned(), "JWT".into())]);
    if let Some(key_id) = key_id {
        header.insert("kid".to_owned(), key_id.into());
    }
    let part = |object: &Map<String, Value>| BASE64_URL_SAFE_NO_PAD.encode(Value::Object(object.clone()).to_string());
    let mut token = format!("{}.{}", part(&header), part(claims));
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), token.as_bytes(), &mut signature)
        .map_err(|_| BadKey::Unusable)?;
    token.push('.');
    token.push_str(&BASE64_URL_SAFE_NO_PAD.encode(signature));
    Ok(token.into())
}

fn key(pem: &SecretString) -> Result<RsaKeyPair, BadKey> {
    // A key that went through an environment variable or a JSON string often kept its escapes.
    let text = zeroize::Zeroizing::new(pem.expose_secret().replace("\\n", "\n"));
    match PrivateKeyDer::from_pem_slice(text.as_bytes()).map_err(|_| BadKey::NotPem)? {
        PrivateKeyDer::Pkcs8(der) => RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()),
        PrivateKeyDer::Pkcs1(der) => RsaKeyPair::from_der(der.secret_pkcs1_der()),
        _ => return Err(BadKey::NotPem),
    }
    .map_err(|_| BadKey::NotRsa)
}
