//! The proxy against its floors, every figure a ratio within one run, and what it endures:
//! `cargo bench --bench proxy-bench -- [FIGURE…] [--rounds N] [--minutes N]`.
//!
//! The load generator, the TLS upstream, a plain TLS relay and the proxy are processes of their own
//! on loopback. The relay ends TLS on both sides and copies what is between: the least that any
//! intercepting proxy must do. Contenders take turns in short rounds, so that a machine that is busy
//! with something else disturbs all of them alike.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod contenders;
mod endurance;
mod figures;
mod load;
mod memory;
mod process;
mod relay;
mod soak;
mod stage;
mod table;
mod upstream;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    match words[..] {
        ["upstream", directory] => runtime.block_on(upstream::serve(directory.as_ref())),
        ["relay", directory, upstream, buffer] => {
            runtime.block_on(relay::serve(directory.as_ref(), upstream.parse().unwrap(), buffer.parse().unwrap()));
        }
        // `cargo test --benches` only sees that it starts; cargo bench adds --bench.
        ["--test", ..] => {}
        _ => figures::measure(&runtime, &words),
    }
}
