//! A machine's key and the check of what it signs (RFC 7515, RFC 7519, RFC 7523), RS256 only.
//!
//! The private key is public: it guards nothing but tests.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey};
use serde_json::Value;

/// The private key (PKCS#8, RSA 2048) whose signatures the server believes, as a service account's.
pub const KEY_PEM: &str = include_str!("../keys/rs256.pem");

/// The claims of an RS256 token signed by [`KEY_PEM`] and alive now: `iat` not ahead, `exp` within an hour of it.
pub(crate) fn verify(token: &str) -> Result<Value, String> {
    let (signed, signature) = token.rsplit_once('.').ok_or("the assertion is no JWT")?;
    let (header, claims) = signed.split_once('.').ok_or("the assertion is no JWT")?;
    if part(header)?["alg"] != "RS256" {
        return Err("the assertion is not signed by RS256".to_owned());
    }
    let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).map_err(|_| "the signature is not base64url")?;
    UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public_key())
        .verify(signed.as_bytes(), &signature)
        .map_err(|_| "the signature is wrong")?;
    let claims = part(claims)?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let issued = claims["iat"].as_u64().ok_or("the assertion has no iat")?;
    let expires = claims["exp"].as_u64().ok_or("the assertion has no exp")?;
    // A minute for clocks that differ.
    if issued > now + 60 || expires <= now {
        return Err("the assertion is not valid now".to_owned());
    }
    if expires.saturating_sub(issued) > 3600 {
        return Err("the assertion lives longer than an hour".to_owned());
    }
    Ok(claims)
}

fn part(text: &str) -> Result<Value, String> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).map_err(|_| "a part of the assertion is not base64url")?;
    serde_json::from_slice(&bytes).map_err(|_| "a part of the assertion is not JSON".to_owned())
}

fn public_key() -> Vec<u8> {
    let lines = KEY_PEM.lines().filter(|line| !line.starts_with("-----"));
    let der = BASE64_STANDARD.decode(lines.collect::<String>()).unwrap_or_else(|_| unreachable!("it is in the source"));
    let key = RsaKeyPair::from_pkcs8(&der).unwrap_or_else(|_| unreachable!("it is in the source"));
    key.public().as_ref().to_vec()
}
