//! One HTTP/1 connection to an upstream, without a task of its own.

use crate::inline::Inline;
use crate::limits::HEAD_BYTES;
use crate::stream::Io;
use crate::upload::Upload;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::{TrySendError, http1};
use hyper_util::rt::TokioIo;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

type Driver = http1::Connection<TokioIo<Io>, Upload>;

/// An HTTP/1 connection, driven by whoever holds it: request and response then share one task,
/// without a wake-up from one to another at every step.
pub(crate) struct One {
    sender: http1::SendRequest<Upload>,
    driver: Option<Pin<Box<dyn Future<Output = hyper::Result<()>> + Send>>>,
    inline: Inline,
}

impl One {
    pub async fn new(stream: Io) -> hyper::Result<One> {
        let (sender, connection): (_, Driver) = http1::Builder::new()
            .preserve_header_case(true)
            .max_buf_size(HEAD_BYTES)
            .handshake(TokioIo::new(stream))
            .await?;
        Ok(One { sender, driver: Some(Box::pin(connection.with_upgrades())), inline: Inline::default() })
    }

    /// Sends a request and waits for the head of its response.
    pub async fn send(
        &mut self,
        request: Request<Upload>,
    ) -> Result<Response<Incoming>, TrySendError<Request<Upload>>> {
        let mut response = std::pin::pin!(self.sender.try_send_request(request));
        let (driver, inline) = (&mut self.driver, &self.inline);
        std::future::poll_fn(|cx| {
            inline.poll(cx, |cx| {
                poll_driver(driver, cx);
                response.as_mut().poll(cx)
            })
        })
        .await
    }

    /// Lets the connection work while `part` of its response is waited for.
    pub fn poll_with<T>(&mut self, cx: &mut Context<'_>, mut part: impl FnMut(&mut Context<'_>) -> Poll<T>) -> Poll<T> {
        let driver = &mut self.driver;
        self.inline.poll(cx, |cx| {
            poll_driver(driver, cx);
            part(cx)
        })
    }

    /// Whether it is open and at rest. Nobody is woken if that changes.
    pub fn is_usable(&mut self) -> bool {
        poll_driver(&mut self.driver, &mut Context::from_waker(Waker::noop()));
        self.driver.is_some() && self.sender.is_ready()
    }

    /// Runs to its end: after a 101 that hands over the stream.
    pub async fn finish(mut self) {
        if let Some(driver) = self.driver.take() {
            // Whoever reads the response or the stream sees the error.
            let _ended = driver.await;
        }
    }
}

fn poll_driver(driver: &mut Option<Pin<Box<dyn Future<Output = hyper::Result<()>> + Send>>>, cx: &mut Context<'_>) {
    if let Some(running) = driver
        && running.as_mut().poll(cx).is_ready()
    {
        *driver = None;
    }
}
