//! A crowd that has left leaves no memory behind. Who allocates what is no concern of it.

use cli::kernel;
use std::time::Duration;
use tokio::time::sleep;

/// Looked at so often.
const EACH: Duration = Duration::from_secs(15);

/// Below this there was no crowd: three times what a proxy is at rest.
const LARGE: u64 = 32 << 20;

/// Gives back what is free, for as long as it is polled.
pub async fn watch() {
    loop {
        sleep(EACH).await;
        if kernel::resident_memory() > LARGE {
            // It may take some milliseconds, in which connections go on.
            let _done = tokio::task::spawn_blocking(kernel::give_back_memory).await;
        }
    }
}
