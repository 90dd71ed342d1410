//! The other two programs of the demo: the agent under `authsome run`, and the scripted browser.

use proto::{Error, Result};
use testkit::{Browser, Config};

/// Shows what it sees of the credential, asks the API with that, and shows the answer.
pub fn ask(url: &str) -> Result<String> {
    let token = std::env::var("DEMO_ACCESS_TOKEN").unwrap_or_default();
    let answer = request(url, &token).map_err(|error| Error::unavailable(format!("cannot ask {url}: {error}")))?;
    Ok(format!(
        "I see DEMO_ACCESS_TOKEN={token}\nI send Authorization: Bearer {token}\nthe API answers: {}",
        answer.trim()
    ))
}

/// As any client does: proxy and roots from the environment.
fn request(url: &str, token: &str) -> Result<String, Box<dyn std::error::Error>> {
    // Another part of this process may have chosen the same provider before.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let roots = std::fs::read(std::env::var("SSL_CERT_FILE")?)?;
    let client = reqwest::blocking::Client::builder()
        .proxy(reqwest::Proxy::https(std::env::var("HTTPS_PROXY")?)?)
        .tls_certs_only(reqwest::Certificate::from_pem_bundle(&roots)?)
        .build()?;
    Ok(client.get(url).bearer_auth(token).send()?.text()?)
}

/// Fills in the form of the login page, or follows it to the provider, which agrees at once.
///
/// `file` is the address of the file that the login gives to openers.
pub fn browse(file: &str) -> Result<String> {
    let failed = |error: std::io::Error| Error::unavailable(format!("the scripted browser: {error}"));
    let config = Config::notion();
    let url = target(file).map_err(failed)?;
    let page = Browser::new().and_then(|browser| browser.open(&url)).map_err(failed)?;
    if !page.fields().iter().any(|field| field == "client_id") {
        return Ok(page.url);
    }
    let secret = config.client_secret.unwrap_or_default();
    let typed = [("client_id", config.client_id.as_str()), ("client_secret", secret.as_str())];
    page.submit(&typed).map(|page| page.url).map_err(failed)
}

/// Returns the address to which a file's page leads by itself.
fn target(file: &str) -> std::io::Result<String> {
    let text = std::fs::read_to_string(file.strip_prefix("file://").unwrap_or(file))?;
    let address = text.split("0; url=").nth(1).and_then(|rest| rest.split('"').next());
    address.map(str::to_owned).ok_or_else(|| std::io::Error::other(format!("{file} leads nowhere")))
}
