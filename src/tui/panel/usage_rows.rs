//! How figures are written in tables and lines: short, never rounded up to something they are not.

use crate::chat::Sum;
use crate::chat::short_usd;

/// Tokens in short: `812`, `1.2k`, `128k`, `1.5M`.
#[must_use]
pub fn tokens(count: u64) -> String {
    let short = |unit: u64, name: &str| {
        let tenths = count / (unit / 10);
        if tenths < 100 && !tenths.is_multiple_of(10) {
            format!("{}.{}{name}", tenths / 10, tenths % 10)
        } else {
            format!("{}{name}", tenths / 10)
        }
    };
    match count {
        0..1_000 => count.to_string(),
        1_000..1_000_000 => short(1_000, "k"),
        _ => short(1_000_000, "M"),
    }
}

/// A sum in full: the total and how much of it is known how. Play money has a line of its own.
#[must_use]
pub fn sum_lines(sum: &Sum) -> Vec<String> {
    let mut parts = Vec::new();
    for (amount, name) in
        [(sum.reported, "reported"), (sum.computed, "computed"), (sum.estimated, "estimated")]
    {
        if amount != 0 {
            parts.push(format!("{} {name}", short_usd(amount)));
        }
    }
    if sum.unknown > 0 {
        parts.push(format!("{} unknown", sum.unknown));
    }
    let real = Sum { play: 0, play_count: 0, ..*sum };
    let mut lines = Vec::new();
    if parts.is_empty() {
        lines.push(real.to_string())
    } else {
        lines.push(format!("{real}  ({})", parts.join(", ")))
    }
    if sum.covered > 0 && sum.known + sum.unknown > 0 {
        lines.push(format!("{} covered by a subscription", sum.covered));
    }
    if sum.play_count > 0 {
        lines.push(format!("{} play money of demo models", short_usd(sum.play)));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_short() {
        for (count, want) in [
            (0, "0"),
            (812, "812"),
            (999, "999"),
            (1_000, "1k"),
            (1_234, "1.2k"),
            (9_990, "9.9k"),
            (12_800, "12k"),
            (128_000, "128k"),
            (1_500_000, "1.5M"),
        ] {
            assert_eq!(tokens(count), want);
        }
    }
}
