//! Medians, ratios, and the Markdown table at the end.

pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// One contender's rounds against another's.
pub struct Ratio {
    pub median: f64,
    /// The round that was best for the first: what it can do where nothing else disturbs.
    pub best: f64,
}

impl Ratio {
    /// Of what is better when smaller: times, costs.
    pub fn of_costs(ours: &[f64], theirs: &[f64]) -> Ratio {
        Ratio::of(ours, theirs, f64::min)
    }

    /// Of what is better when larger: rates.
    pub fn of_rates(ours: &[f64], theirs: &[f64]) -> Ratio {
        Ratio::of(ours, theirs, f64::max)
    }

    fn of(ours: &[f64], theirs: &[f64], better: fn(f64, f64) -> f64) -> Ratio {
        let rounds: Vec<f64> = ours.iter().zip(theirs).map(|(ours, theirs)| ours / theirs).collect();
        Ratio { best: rounds.iter().copied().reduce(better).unwrap(), median: median(rounds) }
    }
}

impl std::fmt::Display for Ratio {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.2} (best round {:.2})", self.median, self.best)
    }
}

/// Rows as they are found; printed as they come, for who waits.
#[derive(Default)]
pub struct Table(Vec<[String; 4]>);

impl Table {
    pub fn row(&mut self, figure: &str, measured: String, must: &str, aim: &str) {
        eprintln!("{figure}: {measured}");
        self.0.push([figure.to_owned(), measured, must.to_owned(), aim.to_owned()]);
    }

    pub fn print(&self) {
        println!("| figure | measured | must | aim |\n|---|---|---|---|");
        for row in &self.0 {
            println!("| {} |", row.join(" | "));
        }
    }
}
