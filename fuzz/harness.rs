//! What must hold for any bytes at all. Each function panics where it does not; the fuzz targets
//! and `stable.rs` call the same ones.

use host::{Authority, Host};
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, Request, Uri};
use mitm::fuzzing;
use mitm::{Half, Injection, Place, Redaction, Slot};
use proto::line::{FromHelper, FromHost};
use provider::Origin;
use serde_json::Value;

const HELD: &str = "authsome-proxy-managed";

/// A host is read one way: what it prints is read as itself, and nothing in it can be misread.
pub fn host(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    if let Ok(host) = text.parse::<Host>() {
        let shown = host.to_string();
        assert_eq!(shown.parse::<Host>().as_ref(), Ok(&host));
        assert!(
            shown.bytes().all(|b| b.is_ascii_graphic() && !b.is_ascii_uppercase() && !b"%/\\@#?".contains(&b)),
            "{shown}"
        );
        assert!(!shown.ends_with('.'));
        // What the resolver would read as an address is one here, too.
        assert_eq!(shown.parse::<std::net::Ipv4Addr>().is_ok(), host.ip().is_some_and(|ip| ip.is_ipv4()));
    }
    if let Ok(authority) = Authority::parse(text, 443) {
        assert_ne!(authority.port, 0);
        assert_eq!(authority.to_string().parse::<Authority>(), Ok(authority));
    }
}

/// A head that is taken holds nothing that another server could read as a second request.
pub fn head(bytes: &[u8]) {
    let Some(end) = fuzzing::accepted_head(bytes) else { return };
    let head = &bytes[..end];
    assert!(head.ends_with(b"\r\n\r\n"));
    let text: Vec<u8> = head[..end - 4].to_vec();
    let lines: Vec<&[u8]> = text.split(|b| *b == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line)).collect();
    let mut lengths = 0;
    let mut codings = 0;
    for line in &lines[1..] {
        assert!(!line.is_empty() && !line[0].is_ascii_whitespace(), "folded");
        assert!(!line.contains(&b'\r') && !line.contains(&0), "a control character");
        let colon = line.iter().position(|b| *b == b':').expect("a header has a colon");
        assert!(line[..colon].iter().all(|b| b.is_ascii_graphic()), "white space in a name");
        let spelt: Vec<u8> =
            line[..colon].iter().map(|b| if *b == b'_' { b'-' } else { b.to_ascii_lowercase() }).collect();
        let framing = [&b"content-length"[..], b"transfer-encoding"].contains(&&spelt[..]);
        assert!(!framing || !line[..colon].contains(&b'_'), "a length in disguise");
        lengths += usize::from(line[..colon].eq_ignore_ascii_case(b"content-length"));
        codings += usize::from(line[..colon].eq_ignore_ascii_case(b"transfer-encoding"));
    }
    assert!(lengths + codings <= 1, "two ways to tell where the body ends");
    // A byte more or less after it changes nothing.
    assert_eq!(fuzzing::accepted_head(head), Some(end));
}

/// A request is for one authority, whatever its target and its fields say, and a credential changes
/// its own slot alone.
pub fn target(bytes: &[u8]) {
    let Some(parts) = request(bytes) else { return };
    let mut plain = parts.clone();
    if let Some(authority) = fuzzing::plain_target(&mut plain) {
        assert!(plain.uri.authority().is_none() && plain.uri.scheme().is_none());
        let hosts: Vec<_> = plain.headers.get_all("host").iter().collect();
        assert_eq!(hosts.len(), 1);
        assert_eq!(Authority::parse(hosts[0].to_str().expect("a host is ASCII"), 80), Ok(authority));
    }
    let api: Authority = "api.test:443".parse().expect("an authority");
    let mut inside = parts.clone();
    if fuzzing::is_for(&mut inside, &api) {
        for host in inside.headers.get_all("host") {
            assert_eq!(Authority::parse(host.to_str().expect("a host is ASCII"), 443), Ok(api.clone()));
        }
        assert_ne!(inside.method, Method::CONNECT);
    }
    credential(&parts);
}

fn credential(parts: &Parts) {
    let authorization = || HeaderName::from_static("authorization");
    let places = [Place::Header(authorization()), Place::Query("key".to_owned()), Place::Basic(Half::Password)];
    for place in places {
        // The pair u:real, in the one that wants a pair.
        let value = if place == Place::Basic(Half::Password) { "Basic dTpyZWFs" } else { "r&e=al %" };
        let slot = Slot { place: place.clone(), value: value.to_owned().into() };
        let slots = vec![slot];
        let redaction = Redaction::new(&slots, HELD).into();
        let (lease, alternatives, response_headers) = (String::new(), Vec::new(), Vec::new());
        let injection = Injection { lease, slots, alternatives, redaction, response_headers };
        let mut after = parts.clone();
        let Some(filled) = fuzzing::filled(&mut after, &injection, &[HELD.to_owned()]) else { continue };
        assert_eq!(after.uri.path(), parts.uri.path());
        assert_eq!(after.uri.authority(), parts.uri.authority());
        if !filled {
            assert_eq!((&after.uri, &after.headers), (&parts.uri, &parts.headers));
        }
        match place {
            Place::Query(_) => assert_eq!(after.headers, parts.headers),
            Place::Header(_) | Place::Basic(_) => {
                let name = if let Place::Header(name) = place { name } else { authorization() };
                assert_eq!(after.uri, parts.uri);
                let others = |parts: &Parts| {
                    let others = parts.headers.iter().filter(|(other, _)| *other != name);
                    others.map(|(other, value)| (other.clone(), value.clone())).collect::<Vec<_>>()
                };
                assert_eq!(others(&after), others(parts));
            }
        }
    }
}

/// `METHOD TARGET`, then a header a line; lines that are none are left out.
fn request(bytes: &[u8]) -> Option<Parts> {
    let mut lines = bytes.split(|b| *b == b'\n');
    let mut words = lines.next()?.split(|b| *b == b' ');
    let method = Method::from_bytes(words.next()?).ok()?;
    let uri = Uri::try_from(words.next()?).ok()?;
    let (mut parts, ()) = Request::new(()).into_parts();
    (parts.method, parts.uri) = (method, uri);
    for line in lines {
        let Some(colon) = line.iter().position(|b| *b == b':') else { continue };
        let (name, value) =
            (HeaderName::from_bytes(&line[..colon]), HeaderValue::from_bytes(line[colon + 1..].trim_ascii()));
        if let (Ok(name), Ok(value)) = (name, value) {
            parts.headers.append(name, value);
        }
    }
    Some(parts)
}

/// A definition that is taken names hosts that can be matched, and no plain http anywhere.
pub fn definition(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    for origin in [Origin::Bundled, Origin::Custom] {
        let Ok((definition, _)) = provider::parse("fuzz.json", text, origin) else { continue };
        let Ok(definition) = definition.with_base_url(None) else { continue };
        let Ok(targets) = definition.targets() else { continue };
        assert!(targets.iter().all(|target| target.port != 0));
        // What is written is read as itself.
        let written = serde_json::to_string(&definition).expect("a definition is JSON");
        provider::parse("fuzz.json", &written, origin).expect("a definition that was written is read");
    }
}

/// A line of the protocol is read as itself again, and an error never repeats a hostile one.
pub fn line(bytes: &[u8]) {
    // A fraction is read to within its last digit, and nothing in the protocol is one.
    if serde_json::from_slice(bytes).is_ok_and(|value| has_fraction(&value)) {
        return;
    }
    match FromHost::parse(bytes) {
        Ok(line) => assert_eq!(FromHost::parse(without_newline(&line.to_line())).as_ref(), Ok(&line)),
        Err(error) => assert!(error.to_string().len() < 300),
    }
    match FromHelper::parse(bytes) {
        Ok(line) => assert_eq!(FromHelper::parse(without_newline(&line.to_line())).as_ref(), Ok(&line)),
        Err(error) => assert!(error.to_string().len() < 300),
    }
    let traced = proto::line::traced(bytes);
    assert!(!traced.contains('\n'));
}

fn has_fraction(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.is_f64(),
        Value::Array(values) => values.iter().any(has_fraction),
        Value::Object(fields) => fields.values().any(has_fraction),
        _ => false,
    }
}

fn without_newline(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\n").expect("a line ends")
}
