//! Footers at the widths of narrow and wide panes.

use super::*;

fn text(figures: &Figures, cells: usize) -> String {
    figures.fit(cells).iter().map(|field| field.text.as_str()).collect()
}

fn done() -> Figures {
    Figures {
        state: "done 14s".to_owned(),
        charge: Some("$0.0143".to_owned()),
        out: Some("812".to_owned()),
        speed: Some(74),
        input: Some("1.2k".to_owned()),
        ttft_ms: Some(600),
        cached: Some(900),
        ..Figures::default()
    }
}

#[test]
fn whole_fields_go_by_width() {
    let done = done();
    for (cells, want) in [
        (34, "done 14s · 812 out · $0.0143"),
        (36, "done 14s · 812 out · $0.0143"),
        (40, "done 14s · 74 tok/s · 1.2k→812 · $0.0143"),
        (39, "done 14s · 74 tok/s · 812 out · $0.0143"),
        (58, "done 14s · first 0.6s · 74 tok/s · 1.2k→812 · $0.0143"),
        (60, "done 14s · first 0.6s · 74 tok/s · 1.2k→812 · $0.0143"),
        (80, "done 14s · first 0.6s · 74 tok/s · 1.2k→812 · 900 cached · $0.0143"),
        (18, "done 14s · $0.0143"),
        (17, "done 14s"),
        (8, "done 14s"),
        (7, ""),
    ] {
        assert_eq!(text(&done, cells), want, "{cells} cells");
    }
}

#[test]
fn what_needs_attention_stands_behind_the_state() {
    let silent = Figures { state: "⠹ 31s".to_owned(), badge: Some("no data for 17s".to_owned()), ..done() };
    assert_eq!(text(&silent, 36), "⠹ 31s · no data for 17s · $0.0143");
    assert_eq!(text(&silent, 24), "⠹ 31s · no data for 17s");
    assert_eq!(text(&silent, 20), "⠹ 31s");
}

#[test]
fn no_width_cuts_a_field() {
    let done = done();
    let whole: Vec<String> = done.fields(6).into_iter().map(|field| field.text).collect();
    for cells in 0..100 {
        let line = text(&done, cells);
        assert!(cell_width(&line) <= cells);
        for part in line.split(" · ").filter(|part| !part.is_empty()) {
            let known = whole.iter().any(|field| field == part);
            assert!(known || part == "812 out", "{part} at {cells}");
        }
    }
}

#[test]
fn times_are_read_at_a_glance() {
    for (ms, want) in [
        (0, "0.0s"),
        (640, "0.6s"),
        (9_949, "9.9s"),
        (9_950, "10s"),
        (14_400, "14s"),
        (123_000, "2m03s"),
        (3_720_000, "1h02m"),
    ] {
        assert_eq!(took(ms), want);
    }
}
