//! Byte streams of any kind as one type, and errors that they have in common.

use rustix::io::Errno;
use std::io;
use tokio::io::{AsyncRead, AsyncWrite};

pub(crate) trait Duplex: AsyncRead + AsyncWrite + Send + Unpin + 'static {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin + 'static> Duplex for T {}

/// A virtual call per read is far below the cost of the read.
pub(crate) type Io = Box<dyn Duplex>;

/// Conditions of the machine that pass, so that waiting is better than failing.
pub(crate) fn out_of_descriptors(error: &io::Error) -> bool {
    matches!(Errno::from_io_error(error), Some(Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM))
}

/// Copies both ways until both sides have ended, or either failed.
pub(crate) async fn relay<A, B>(mut a: A, mut b: B)
where
    A: AsyncRead + AsyncWrite + Unpin,
    B: AsyncRead + AsyncWrite + Unpin,
{
    // A broken connection ends the tunnel on both sides; there is no one left to tell.
    let _ended = tokio::io::copy_bidirectional(&mut a, &mut b).await;
}
