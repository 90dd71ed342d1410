//! Every bound and timeout of the proxy, in one place, with its reason.

use std::time::Duration;

/// Client connections served at once; further ones wait in the listener's backlog. Above the ten
/// thousand idle WebSockets that one session is expected to carry.
pub const CLIENTS: usize = 16_384;

/// The most client connections that have not shown the session's password. When one more comes, the oldest is closed.
/// Each costs some kilobytes, and a program that starts many requests at once shows it within milliseconds.
pub const STRANGERS: usize = 1024;

/// The number of strangers from which on a new connection of another user of this machine is closed at once.
pub const CROWD: usize = 64;

/// The time within which a client without the password must send its first byte.
pub const FIRST_BYTE: Duration = Duration::from_secs(5);

/// Bytes of one request or response head, and of trailers; as large as common servers allow.
pub const HEAD_BYTES: usize = 64 * 1024;

/// Time for a whole request head, from its first byte (against clients that drip), and for the
/// first byte within a tunnel that was opened.
pub const HEAD: Duration = Duration::from_secs(30);

/// Time that a client connection may rest between two requests, and that a request body
/// may stall, because it does not come or because it is not taken.
pub const IDLE: Duration = Duration::from_secs(300);

/// Time for a TLS handshake, on either leg.
pub const HANDSHAKE: Duration = Duration::from_secs(10);

/// Time for resolving a name and connecting to one of its addresses.
pub const CONNECT: Duration = Duration::from_secs(10);

/// Head start of one address before the next is tried (RFC 8305 §5).
pub const NEXT_ADDRESS: Duration = Duration::from_millis(250);

/// How long a request body is held back for the upstream's `100 Continue`, as curl does, before it
/// is sent unasked (RFC 9110 §10.1.1).
pub const CONTINUE: Duration = Duration::from_secs(1);

/// Time that a client is still listened to after a response that came before the end of its body:
/// whoever closes at once takes the response away with it (RFC 9112 §9.6). And time that this body may
/// stall when its upstream is about to close.
pub const LINGER: Duration = Duration::from_secs(2);

/// Idle upstream connections kept, of all hosts together.
pub const POOL: usize = 64;

/// Time that an idle upstream connection is kept: less than the 60 s after which common load
/// balancers close theirs.
pub const POOL_IDLE: Duration = Duration::from_secs(55);

/// Request body kept for a replay after a 401; a longer body is streamed and cannot be replayed.
pub const REPLAY_BYTES: usize = 64 * 1024;

/// Leaf certificates kept.
pub const LEAVES: usize = 512;

/// Ephemeral keys that wait for a handshake: more would be for clients that all connect at once and
/// then say nothing.
pub const KEYS_AHEAD: usize = 8;

/// Hosts whose HTTP version is remembered.
pub const KNOWN_HOSTS: usize = 4096;

/// Time that running requests are given when the proxy is told to end.
pub const DRAIN: Duration = Duration::from_secs(5);

/// Pause after the process ran out of file descriptors, before the next attempt.
pub const DESCRIPTORS: Duration = Duration::from_millis(50);

/// Concurrent streams on one HTTP/2 connection of a client.
pub const STREAMS: u32 = 256;

/// The most HTTP/2 frames that ask for nothing, such as WINDOW_UPDATE and PING, which one client may send at once, and
/// the most in each second from then on. Frames that acknowledge data do not count.
pub const FRAMES_AT_ONCE: u64 = 4096;
pub const FRAMES_PER_SECOND: u64 = 100;

/// HTTP/2 flow-control windows: bytes on their way for one stream and for one connection. They
/// bound the memory that a stalled reader can tie up.
pub const STREAM_WINDOW: u32 = 1 << 20;
pub const CONNECTION_WINDOW: u32 = 2 << 20;
