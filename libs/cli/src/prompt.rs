//! Questions on a terminal. Without one, the answer is an error that says which flag would do.

use proto::{Code, Error, Result};
use std::io::{self, BufRead, IsTerminal, Write};

/// Asks for a yes; `instead` names the flag for those without a terminal.
pub fn confirm(question: &str, instead: &str) -> Result<()> {
    if !io::stdin().is_terminal() {
        return Err(Error::new(Code::NeedsInteraction, format!("{question}: no terminal to ask on")).hint(instead));
    }
    let mut answer = String::new();
    let asked = write!(io::stderr(), "{question} [y/N] ").and_then(|()| io::stdin().lock().read_line(&mut answer));
    match asked {
        Ok(_) if matches!(answer.trim(), "y" | "Y" | "yes") => Ok(()),
        Ok(_) => Err(Error::new(Code::Declined, "nothing was changed")),
        Err(error) => Err(Error::unavailable(format!("cannot read from the terminal: {error}"))),
    }
}
