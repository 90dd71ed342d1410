//! A QR code for a telephone's camera, in a terminal's letters.

use qrcode::{EcLevel, QrCode, render::unicode::Dense1x2};
use rustix::termios::tcgetwinsize;
use std::io::IsTerminal;

/// Two modules in one letter, dark on light whatever the terminal's own colours are; none where it
/// would not be seen whole.
pub fn for_terminal(text: &str) -> Option<String> {
    let stderr = std::io::stderr();
    let columns = tcgetwinsize(&stderr).ok().filter(|_| stderr.is_terminal())?.ws_col;
    let lines = drawn(text)?;
    // A terminal that does not know its width says 0.
    let fits = columns == 0 || lines.first()?.chars().count() <= usize::from(columns);
    let colored = |line: &String| format!("\u{1b}[30;107m{line}\u{1b}[0m\n");
    fits.then(|| lines.iter().map(colored).collect())
}

fn drawn(text: &str) -> Option<Vec<String>> {
    let code = QrCode::with_error_correction_level(text, EcLevel::L).ok()?;
    Some(code.render::<Dense1x2>().build().lines().map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_becomes_a_square_with_its_three_corners() {
        let lines = drawn("https://example.test/device?user_code=ABCD-EFGH").unwrap();
        let width = lines[0].chars().count();
        assert!(lines.iter().all(|line| line.chars().count() == width));
        assert_eq!(lines.len(), width.div_ceil(2));
        assert!(drawn(&"x".repeat(5000)).is_none(), "more than any code holds");
    }
}
