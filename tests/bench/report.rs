//! Figures beside each other: medians, ranges, ratios, as Markdown.

/// What a candidate came to in several rounds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Figures(Vec<f64>);

impl Figures {
    pub(crate) fn push(&mut self, figure: f64) {
        self.0.push(figure);
    }

    fn sorted(&self) -> Vec<f64> {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        sorted
    }

    /// The middle one.
    pub(crate) fn median(&self) -> f64 {
        let sorted = self.sorted();
        match (sorted.len(), sorted.get(sorted.len() / 2)) {
            (0, _) | (_, None) => f64::NAN,
            (n, Some(upper)) if n % 2 == 0 => f64::midpoint(*upper, sorted[n / 2 - 1]),
            (_, Some(middle)) => *middle,
        }
    }

    /// The median, with the lowest and the highest.
    pub(crate) fn range(&self) -> String {
        let sorted = self.sorted();
        match (sorted.first(), sorted.last()) {
            (Some(low), Some(high)) if sorted.len() > 1 => {
                format!("{} ({}–{})", short(self.median()), short(*low), short(*high))
            }
            _ => short(self.median()),
        }
    }
}

impl FromIterator<f64> for Figures {
    fn from_iter<I: IntoIterator<Item = f64>>(figures: I) -> Self {
        Self(figures.into_iter().collect())
    }
}

/// Three significant digits, thousands apart.
pub(crate) fn short(figure: f64) -> String {
    if !figure.is_finite() {
        return "–".to_owned();
    }
    let digits = match figure.abs() {
        f if f >= 100.0 => 0,
        f if f >= 10.0 => 1,
        f if f >= 1.0 => 2,
        _ => 3,
    };
    let text = format!("{figure:.digits$}");
    let (whole, rest) =
        text.split_once('.').map_or((text.as_str(), String::new()), |(w, r)| (w, format!(".{r}")));
    let mut out = String::new();
    for (i, c) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i).is_multiple_of(3) && c.is_ascii_digit() && whole.len() > 3 {
            out.push(',');
        }
        out.push(c);
    }
    out + &rest
}

/// Prints a table.
pub(crate) fn table(title: &str, head: &[&str], rows: &[Vec<String>]) {
    println!("\n### {title}\n");
    println!("| {} |", head.join(" | "));
    println!("|---{}|", "|---:".repeat(head.len().saturating_sub(1)));
    for row in rows {
        println!("| {} |", row.join(" | "));
    }
}

/// Prints a ratio, and the target where there is one.
pub(crate) fn ratio(what: &str, ratio: f64, target: Option<(f64, Better)>) {
    if !ratio.is_finite() {
        // one of the two was not asked for
        return;
    }
    let verdict = target.map_or(String::new(), |(target, better)| {
        let met = match better {
            Better::Higher => ratio >= target,
            Better::Lower => ratio <= target,
        };
        let word = if better == Better::Higher { "at least" } else { "at most" };
        format!(" (to reach: {word} {}; {})", short(target), if met { "met" } else { "**not met**" })
    });
    println!("- {what}: **{}**{verdict}", short(ratio));
}

/// Which way a target lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Better {
    Higher,
    Lower,
}
