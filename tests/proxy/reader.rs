//! A reader of HTTP/1 requests that gives up on whatever two readers could read in two ways.
//!
//! What a client sent and what the upstream got are both read by it: the second may be a beginning
//! of the first and nothing else. It shares no line with the proxy.

#[derive(Debug, Default)]
pub struct Reading {
    pub requests: Vec<Read>,
    /// What stopped the reading before the end of the bytes.
    pub fault: Option<&'static str>,
}

#[derive(Debug)]
pub struct Read {
    /// Method and target. The version is each connection's own (RFC 9110 §2.5).
    pub asked: String,
    /// What came of it, without framing.
    pub body: Vec<u8>,
    pub is_whole: bool,
    /// Names in lower case.
    pub trailers: Vec<String>,
}

impl Reading {
    pub fn whole(&self) -> usize {
        self.requests.iter().filter(|request| request.is_whole).count()
    }
}

/// An error without a text is the end of the bytes.
type Step<T> = Result<T, Option<&'static str>>;

pub fn read(bytes: &[u8]) -> Reading {
    let mut reading = Reading::default();
    let mut rest = bytes;
    loop {
        // RFC 9112 §2.2: an empty line before a request line is no request.
        while let Some(after) = rest.strip_prefix(b"\r\n") {
            rest = after;
        }
        if rest.is_empty() {
            return reading;
        }
        if let Err(fault) = one(&mut rest, &mut reading.requests) {
            reading.fault = fault;
            return reading;
        }
    }
}

enum Body {
    Length(usize),
    Chunks,
}

fn one(rest: &mut &[u8], requests: &mut Vec<Read>) -> Step<()> {
    let mut fields = Vec::new();
    let line = line(rest)?;
    let parts: Vec<&str> = line.split(' ').collect();
    let [method, target, "HTTP/1.1" | "HTTP/1.0"] = parts[..] else { return Err(Some("request line")) };
    if !is_token(method) || target.is_empty() || target.chars().any(|one| one.is_ascii() && !one.is_ascii_graphic()) {
        return Err(Some("request line"));
    }
    while let Some(field) = field(rest)? {
        fields.push(field);
    }
    let body = framing(&fields, parts[2])?;
    let asked = format!("{method} {target}");
    requests.push(Read { asked, body: Vec::new(), is_whole: false, trailers: Vec::new() });
    let Some(request) = requests.last_mut() else { unreachable!("it was pushed") };
    match body {
        Body::Length(length) => take(rest, length, &mut request.body)?,
        Body::Chunks => chunks(rest, request)?,
    }
    request.is_whole = true;
    Ok(())
}

fn framing(fields: &[(String, String)], version: &str) -> Step<Body> {
    let all = |name: &str| -> Vec<&str> {
        fields.iter().filter(|(own, _)| own == name).map(|(_, value)| value.as_str()).collect()
    };
    match (&all("transfer-encoding")[..], &all("content-length")[..]) {
        ([], []) => Ok(Body::Length(0)),
        ([], [length]) if !length.is_empty() && length.bytes().all(|byte| byte.is_ascii_digit()) => {
            Ok(Body::Length(length.parse().map_err(|_| Some("length"))?))
        }
        ([coding], []) if coding.eq_ignore_ascii_case("chunked") && version == "HTTP/1.1" => Ok(Body::Chunks),
        _ => Err(Some("framing")),
    }
}

fn chunks(rest: &mut &[u8], request: &mut Read) -> Step<()> {
    loop {
        let line = line(rest)?;
        let size = line.split(';').next().unwrap_or_default();
        if size.is_empty() || !size.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(Some("chunk size"));
        }
        let size = usize::from_str_radix(size, 16).map_err(|_| Some("chunk size"))?;
        if size == 0 {
            break;
        }
        take(rest, size, &mut request.body)?;
        match rest {
            [b'\r', b'\n', ..] => *rest = &rest[2..],
            [] | [b'\r'] => return Err(None),
            _ => return Err(Some("end of chunk")),
        }
    }
    while let Some((name, _)) = field(rest)? {
        request.trailers.push(name);
    }
    Ok(())
}

/// All that is there of so many bytes.
fn take(rest: &mut &[u8], count: usize, body: &mut Vec<u8>) -> Step<()> {
    let (taken, after) = rest.split_at(count.min(rest.len()));
    body.extend(taken);
    *rest = after;
    if taken.len() < count { Err(None) } else { Ok(()) }
}

/// Up to CRLF, without any other control character than tab.
fn line(rest: &mut &[u8]) -> Step<String> {
    let Some(end) = rest.iter().position(|byte| *byte != b'\t' && byte.is_ascii_control()) else { return Err(None) };
    match rest[end..] {
        [b'\r', b'\n', ..] => {}
        [b'\r'] => return Err(None),
        _ => return Err(Some("control character")),
    }
    let line = rest[..end].iter().map(|byte| char::from(*byte)).collect();
    *rest = &rest[end + 2..];
    Ok(line)
}

/// None at the empty line. The name in lower case.
fn field(rest: &mut &[u8]) -> Step<Option<(String, String)>> {
    let line = line(rest)?;
    if line.is_empty() {
        return Ok(None);
    }
    let (name, value) = line.split_once(':').filter(|(name, _)| is_token(name)).ok_or(Some("field"))?;
    Ok(Some((name.to_ascii_lowercase(), value.trim_matches([' ', '\t']).to_owned())))
}

/// RFC 9110 §5.6.2.
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}
