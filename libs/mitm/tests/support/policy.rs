//! A policy that a test sets up, and that remembers what it was asked.

use host::Authority;
use mitm::{
    Action, Answer, Answered, Injection, Place, Policy, Redaction, Refusal, Report, RequestHead, Scheme, Slot, Verdict,
};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

pub struct Rules {
    /// Hosts that are opened up.
    pub intercepted: Vec<String>,
    pub slots: Vec<(Place, String)>,
    pub alternatives: Vec<(Place, String)>,
    /// Path prefix where nothing is set.
    pub unruled: Option<&'static str>,
    pub private: bool,
    /// Tunnels carry TLS for their host alone.
    pub tls_only: bool,
    pub refused_hosts: Vec<String>,
    pub refuse_request: Option<Refusal>,
    /// Panics at requests to this path.
    pub panics_at: Option<&'static str>,
    /// After a report, the credential has `-renewed` at its end.
    pub renews: bool,
    pub renewals: AtomicUsize,
    pub reports: Mutex<Vec<(String, Option<String>, bool)>>,
    pub seen: Mutex<Vec<String>>,
    pub chosen: Mutex<Vec<Option<String>>>,
    pub refusals: Mutex<Vec<String>>,
    pub answers: Mutex<Vec<String>>,
}

impl Rules {
    pub fn injecting(host: &str) -> Rules {
        Rules {
            intercepted: vec![host.to_owned()],
            slots: vec![(Place::Header(http::header::AUTHORIZATION), "Bearer real".to_owned())],
            alternatives: Vec::new(),
            unruled: None,
            private: false,
            tls_only: false,
            refused_hosts: Vec::new(),
            refuse_request: None,
            panics_at: None,
            renews: false,
            renewals: AtomicUsize::new(0),
            reports: Mutex::default(),
            seen: Mutex::default(),
            chosen: Mutex::default(),
            refusals: Mutex::default(),
            answers: Mutex::default(),
        }
    }

    fn verdict(&self, to: &Authority) -> Verdict {
        let host = to.host.to_string();
        let private = self.private;
        if self.refused_hosts.contains(&host) {
            return Verdict::Refuse(Refusal::new(http::StatusCode::FORBIDDEN, "no-rule", "strict").fix("allow it"));
        }
        match self.intercepted.contains(&host) {
            true => Verdict::Intercept { private },
            false => Verdict::Tunnel { private, tls_only: self.tls_only },
        }
    }

    fn action(&self, head: &RequestHead<'_>) -> Result<Action, Refusal> {
        self.seen.lock().unwrap().push(format!("{} {}{}", head.method, head.authority, head.path));
        let choice = http::HeaderName::from_static("x-authsome-connection");
        let chosen = head.fields.single(&choice).unwrap().map(|value| String::from_utf8(value.to_owned()).unwrap());
        self.chosen.lock().unwrap().push(chosen);
        assert_ne!(Some(head.path), self.panics_at, "as the test wants");
        if let Some(refusal) = &self.refuse_request {
            return Err(refusal.clone());
        }
        if self.unruled.is_some_and(|prefix| head.path.starts_with(prefix)) {
            return Ok(Action::Forward);
        }
        let renewals = self.renewals.load(Ordering::SeqCst);
        let value = |value: &String| format!("{value}{}", "-renewed".repeat(renewals)).into();
        let slot = |(place, text): &(Place, String)| Slot { place: place.clone(), value: value(text) };
        let slots: Vec<Slot> = self.slots.iter().map(slot).collect();
        let alternatives: Vec<Slot> = self.alternatives.iter().map(slot).collect();
        Ok(Action::Set(Injection {
            lease: format!("lease-{renewals}"),
            redaction: Redaction::new(slots.iter().chain(&alternatives), super::HELD).into(),
            slots,
            alternatives,
            response_headers: vec![("x-authsome-connection".parse().unwrap(), "test/default".parse().unwrap())],
        }))
    }
}

impl Policy for Rules {
    fn connect<'a>(&'a self, to: &'a Authority, _scheme: Scheme) -> Answer<'a, Verdict> {
        Box::pin(async { self.verdict(to) })
    }

    fn request<'a>(&'a self, head: &'a RequestHead<'a>) -> Answer<'a, Result<Action, Refusal>> {
        Box::pin(async { self.action(head) })
    }

    fn report<'a>(&'a self, report: &'a Report<'a>) -> Answer<'a, bool> {
        let challenge = report.www_authenticate.map(str::to_owned);
        self.reports.lock().unwrap().push((report.lease.to_owned(), challenge, report.replayable));
        if self.renews {
            self.renewals.fetch_add(1, Ordering::SeqCst);
        }
        Box::pin(async { self.renews })
    }

    fn refused(&self, _to: Option<&Authority>, refusal: &Refusal) {
        self.refusals.lock().unwrap().push(refusal.code.clone());
    }

    fn answered(&self, answered: &Answered<'_>) {
        let Answered { lease, authority, method, path, status } = answered;
        self.answers.lock().unwrap().push(format!("{lease} {method} {authority}{path} {status}"));
    }
}
