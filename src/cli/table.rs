//! Tables for people: columns as wide as their widest cell, numbers to the right.

use crate::text::cell_width;

/// A column: its head, and whether its cells stand to the right.
pub type Column = (&'static str, bool);

/// Lines of a table, the head first; no line ends in blanks.
#[must_use]
pub fn lines(columns: &[Column], rows: &[Vec<String>]) -> Vec<String> {
    let widths: Vec<usize> = columns
        .iter()
        .enumerate()
        .map(|(at, (head, _))| {
            let cells = rows.iter().filter_map(|row| row.get(at)).map(|cell| cell_width(cell));
            cells.max().unwrap_or(0).max(cell_width(head))
        })
        .collect();
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let mut out = String::new();
        for ((cell, (_, right)), width) in cells.zip(columns).zip(&widths) {
            let gap = " ".repeat(width.saturating_sub(cell_width(cell)));
            let (before, after) = if *right { (gap.as_str(), "") } else { ("", gap.as_str()) };
            out.push_str(&format!("{before}{cell}{after}  "));
        }
        out.trim_end().to_owned()
    };
    let head = line(&mut columns.iter().map(|(head, _)| *head));
    let body = rows.iter().map(|row| line(&mut row.iter().map(String::as_str)));
    std::iter::once(head).chain(body).collect()
}

/// A cell of a CSV line, in quotes where it must be.
#[must_use]
pub fn csv_cell(text: &str) -> String {
    if text.contains(['"', ',', '\n', '\r']) || text.starts_with([' ', '\t']) || text.ends_with([' ', '\t']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

/// A CSV line.
#[must_use]
pub fn csv_line<'a>(cells: impl IntoIterator<Item = &'a str>) -> String {
    cells.into_iter().map(csv_cell).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_cells() {
        let rows = [vec!["漢字".to_owned(), "7".to_owned()], vec!["a".to_owned(), "1000".to_owned()]];
        let drawn = lines(&[("model", false), ("n", true)], &rows);
        assert_eq!(drawn, ["model     n", "漢字      7", "a      1000"]);
    }

    #[test]
    fn csv_quotes_what_needs_it() {
        for (cell, want) in [
            ("plain", "plain"),
            ("a,b", "\"a,b\""),
            ("say \"hi\"", "\"say \"\"hi\"\"\""),
            ("two\nlines", "\"two\nlines\""),
            (" blank", "\" blank\""),
            ("", ""),
        ] {
            assert_eq!(csv_cell(cell), want);
        }
    }
}
