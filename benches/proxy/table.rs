//! Medians, and the Markdown table at the end.

pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
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
