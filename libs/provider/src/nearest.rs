//! The name that was probably meant.

/// The candidates near enough to `name` to be what was meant, nearest first, at most three.
pub fn some<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let allowed = (name.chars().count() / 3).clamp(1, 3);
    let wanted = name.to_ascii_lowercase();
    let mut near: Vec<(usize, &str)> = candidates
        .into_iter()
        .map(|candidate| (strsim::osa_distance(&wanted, &candidate.to_ascii_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .collect();
    near.sort();
    near.dedup();
    near.into_iter().map(|(_, candidate)| candidate).take(3).collect()
}

pub fn one<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    some(name, candidates).first().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_finds_the_name_and_another_word_does_not() {
        let names = ["notion", "notion_dcr", "google", "github"];
        assert_eq!(some("notoin", names), ["notion"]);
        assert_eq!(some("Notion", names), ["notion"]);
        assert_eq!(some("gogle", names), ["google"]);
        assert!(some("stripe", names).is_empty());
    }
}
