//! What a flow sees of its host, and the typed asks over it.

use crate::Tools;
use proto::ops::flow::{Authorize, Authorized, Client, Confirm, Device, Form, FormAnswer, KeepClient};
use proto::{Code, Error, Object, Result, codec};

/// The host, as a flow sees it.
pub trait Asks {
    /// Asks and waits for the answer.
    fn ask(&self, kind: &str, body: Object) -> Result<Object>;

    /// Something for the person to read; no answer.
    fn note(&self, text: &str);

    /// The host no longer wants this op's reply.
    fn cancelled(&self) -> bool;
}

/// How the person came back from the authorization page.
pub(crate) enum Way {
    Answered(Authorized),
    /// They would rather use a device code.
    Device,
}

impl Tools<'_> {
    pub(crate) fn form(&self, form: &Form) -> Result<FormAnswer> {
        codec::from_object("the answer to form", self.asks.ask("form", codec::to_object(form))?)
    }

    /// Returns when the client is durable.
    pub(crate) fn keep_client(&self, client: &Client) -> Result<()> {
        self.asks.ask("keep-client", codec::to_object(&KeepClient { client: client.clone() })).map(drop)
    }

    pub(crate) fn authorize(&self, authorize: &Authorize) -> Result<Way> {
        match self.asks.ask("authorize", codec::to_object(authorize)) {
            Ok(answer) => Ok(Way::Answered(codec::from_object("the answer to authorize", answer)?)),
            Err(error) if error.use_instead.as_deref() == Some("device") => Ok(Way::Device),
            Err(error) => Err(error),
        }
    }

    pub(crate) fn device(&self, device: &Device) -> Result<()> {
        self.asks.ask("device", codec::to_object(device)).map(drop)
    }

    /// No is `denied`.
    pub(crate) fn confirm(&self, text: String) -> Result<()> {
        match self.asks.ask("confirm", codec::to_object(&Confirm { text })) {
            Err(error) if error.code == Code::Declined => Err(Error::new(Code::Denied, "not confirmed")),
            result => result.map(drop),
        }
    }

    pub(crate) fn stop_if_cancelled(&self) -> Result<()> {
        if self.asks.cancelled() { Err(Error::new(Code::Cancelled, "the login was cancelled")) } else { Ok(()) }
    }
}
