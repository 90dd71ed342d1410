//! Questions on a terminal. Without one, the answer is an error that says which flag would do.
//!
//! A command whose effect only a new login undoes asks on a terminal first. Without a terminal it needs `--yes`.

use proto::{Code, Error, Result};
use std::io::{self, BufRead, IsTerminal, Write};

/// Asks for a yes. `instead` is the hint for a run without a terminal: the command or flag that needs no answer.
///
/// # Errors
/// `needs-interaction` when stdin or stderr is no terminal; `declined` for a no.
pub fn confirm(question: &str, instead: &str) -> Result<()> {
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        let text = format!("cannot ask {question:?} without a terminal");
        return Err(Error::new(Code::NeedsInteraction, text).hint(instead));
    }
    let mut answer = String::new();
    let asked = write!(io::stderr(), "{question} [y/N] ").and_then(|()| io::stdin().lock().read_line(&mut answer));
    match asked {
        Ok(_) if matches!(answer.trim(), "y" | "Y" | "yes") => Ok(()),
        Ok(_) => Err(Error::new(Code::Declined, "nothing was changed")),
        Err(error) => Err(Error::unavailable(format!("cannot read from the terminal: {error}")).hint(instead)),
    }
}
