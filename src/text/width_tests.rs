//! Widths, clipping and wrapping: samples, and the laws over any text.

use proptest::prelude::*;

use super::*;
use crate::text::Untrusted;

#[test]
fn widths() {
    let rows = [
        ("", 0),
        ("abc", 3),
        ("a\tb\n", 2),
        ("漢字", 4),
        ("e\u{301}", 1),
        ("ｶ\u{3099}", 1),
        ("👩\u{200d}🚀", 2),
        ("❤", 1),
        ("🇺🇸", 2),
        ("→█⠹…≈", 5),
        ("\u{fffd}", 1),
        ("\u{200b}", 0),
        ("한국어", 6),
        ("தமிழ்", "தமிழ்".width()),
    ];
    for (text, cells) in rows {
        assert_eq!(cell_width(text), cells, "{text:?}");
    }
}

#[test]
fn clipping_keeps_whole_clusters() {
    let rows = [
        ("abc", 2, "ab"),
        ("abc", 3, "abc"),
        ("abc", 0, ""),
        ("漢字", 3, "漢"),
        ("漢", 1, ""),
        ("ae\u{301}b", 2, "ae\u{301}"),
        ("x🇺🇸y", 2, "x"),
        ("", 5, ""),
    ];
    for (text, cells, expected) in rows {
        assert_eq!(clip(text, cells), expected, "{text:?} {cells}");
    }
}

#[test]
fn names_are_cut_in_the_middle() {
    let rows = [
        ("qwen3-235b-a22b-thinking-2507", 24, "qwen3-235b…thinking-2507"),
        ("qwen3-235b-a22b-thinking-2507", 29, "qwen3-235b-a22b-thinking-2507"),
        ("abcdefghij", 5, "ab…ij"),
        ("abcdefghij", 4, "ab…j"),
        ("abcdefghij", 1, "…"),
        ("abcdefghij", 0, ""),
        ("漢字漢字漢字", 6, "漢…字"),
        ("deepseek-r1-distill-llama-70b", 20, "deepseek-r1…70b"),
    ];
    for (text, cells, expected) in rows {
        let cut = clip_middle(text, cells);
        assert!(cell_width(&cut) <= cells, "{cut}");
        if text.starts_with("deepseek") {
            // Only the promise is held here, not the taste.
            assert!(cut.starts_with("deep") && cut.ends_with('b'), "{cut}");
        } else {
            assert_eq!(cut, expected);
        }
    }
}

#[test]
fn tabs_go_to_their_stops() {
    assert_eq!(expand_tabs("a\tb"), "a   b");
    assert_eq!(expand_tabs("\ta\n漢\tb\tc"), "    a\n漢  b   c");
    assert!(matches!(expand_tabs("none"), Cow::Borrowed(_)));
}

#[test]
fn emoji_become_safe() {
    let rows = [
        ("❤\u{fe0f} ok", "❤ ok"),
        ("1\u{fe0f}\u{20e3}", "1\u{20e3}"),
        ("⌚\u{fe0e}", "⌚"),
        ("👩🏽\u{200d}🚀", "👩🚀"),
        ("👨\u{200d}👩\u{200d}👧", "👨👩👧"),
        ("🏳\u{fe0f}\u{200d}🌈", "🏳🌈"),
        ("👋🏿", "👋"),
        ("🏽", "🏽"),
        ("क\u{200d}ष", "क\u{200d}ष"),
        ("می\u{200c}خ", "می\u{200c}خ"),
        ("葛\u{e0100}", "葛\u{e0100}"),
        ("🇺🇸", "US"),
        ("ｶﾞﾊﾟ", "ｶ゛ﾊ゜"),
    ];
    for (text, expected) in rows {
        assert_eq!(safe_emoji(text), expected);
        // Now each character takes its own cells, whether or not a terminal knows clusters.
        let apart: usize = expected.chars().filter_map(UnicodeWidthChar::width).sum();
        assert_eq!(cell_width(expected), apart, "{expected}");
    }
    assert!(matches!(safe_emoji("plain 漢字 🚀"), Cow::Borrowed(_)));
}

fn rows(text: &str, width: usize) -> Vec<&str> {
    wrap(text, width).into_iter().map(|row| &text[row]).collect()
}

#[test]
fn wrapping() {
    let table: &[(&str, usize, &[&str])] = &[
        ("", 5, &[""]),
        ("one two three", 7, &["one two", "three"]),
        ("one two  three", 7, &["one two", "three"]),
        ("one   two", 4, &["one", "two"]),
        ("abcdefghij", 4, &["abcd", "efgh", "ij"]),
        ("a abcdefghij", 4, &["a", "abcd", "efgh", "ij"]),
        ("a\n\nb", 4, &["a", "", "b"]),
        ("a\n", 4, &["a", ""]),
        ("side-by-side", 8, &["side-by-", "side"]),
        ("use --flag", 7, &["use", "--flag"]),
        ("5-3 or x-1", 4, &["5-3", "or", "x-1"]),
        ("漢字漢字", 5, &["漢字", "漢字"]),
        ("漢字、漢字", 4, &["漢", "字、", "漢字"]),
        ("「漢」字", 6, &["「漢」", "字"]),
        ("漢", 1, &["漢"]),
        ("漢a字", 1, &["漢", "a", "字"]),
        ("ab", 0, &["a", "b"]),
        ("e\u{301}e\u{301}", 1, &["e\u{301}", "e\u{301}"]),
        ("  a b", 3, &["  a", "b"]),
        ("    word", 5, &["word"]),
        ("      ", 4, &["    "]),
        ("ab    ", 4, &["ab  "]),
        ("abcd   ", 4, &["abcd"]),
        ("word, (next)", 6, &["word,", "(next)"]),
        ("😀😀😀", 4, &["😀😀", "😀"]),
    ];
    for (text, width, expected) in table {
        assert_eq!(rows(text, *width), *expected, "{text:?} at {width}");
    }
}

#[test]
fn a_cluster_wider_than_the_row_is_not_lost() {
    let conjunct = "क\u{94d}ष\u{94d}ण\u{94d}म";
    assert!(cell_width(conjunct) > 2);
    let rows = rows(conjunct, 2);
    assert_eq!(rows.concat(), conjunct);
    assert!(rows.iter().all(|row| cell_width(row) <= 2), "{rows:?}");
}

#[test]
fn a_long_line_is_wrapped_in_one_go() {
    let text = "lorem ipsum 漢字 ".repeat(20_000);
    assert!(wrap(&text, 80).len() > 3_000);
    assert!(wrap(&"x".repeat(300_000), 1).len() == 300_000);
}

fn any_text() -> impl Strategy<Value = String> {
    let telling: Vec<char> =
        "ab -,\n漢字、「e\u{301}👩🚀🇺🇸ｶﾞ\u{200d}क\u{94d}ष\u{1100}\u{1161}ا ل\u{a0}".chars().collect();
    let piece = prop_oneof![4 => proptest::sample::select(telling).prop_map(String::from), 1 => any::<char>().prop_map(String::from)];
    proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn a_width_is_the_sum_of_its_clusters(text in any_text()) {
        let clusters: Vec<&str> = graphemes(&text).collect();
        let ours: Vec<&str> = units(&text).map(|unit| unit.text).collect();
        prop_assert_eq!(&ours, &clusters);
        prop_assert_eq!(cell_width(&text), clusters.iter().map(|c| cell_width(c)).sum::<usize>());
    }

    #[test]
    fn clipping_is_the_longest_that_fits(text in any_text(), cells in 0usize..20) {
        let clipped = clip(&text, cells);
        prop_assert!(cell_width(clipped) <= cells);
        if let Some(next) = graphemes(&text[clipped.len()..]).next() {
            prop_assert!(cell_width(clipped) + cell_width(next) > cells);
        }
        prop_assert!(cell_width(&clip_middle(&text, cells)) <= cells);
    }

    #[test]
    fn rows_lose_only_blanks_and_fit(text in any_text(), width in 1usize..41) {
        let shown = Untrusted::from(text);
        let pane = shown.pane();
        let text = safe_emoji(&pane);
        let mut end = 0;
        for row in wrap(&text, width) {
            prop_assert!(row.start >= end);
            prop_assert!(text[end..row.start].split('\n').all(is_blank));
            let line = &text[row.clone()];
            let alone = line.chars().filter(|c| c.width().unwrap_or(0) > 0).count() == 1;
            prop_assert!(cell_width(line) <= width || alone, "{:?} at {}", line, width);
            end = row.end;
        }
        prop_assert!(is_blank(&text[end..]));
    }

    #[test]
    fn safe_is_safe_once(text in any_text()) {
        let once = safe_emoji(&text).into_owned();
        let twice = safe_emoji(&once);
        prop_assert_eq!(twice, once.as_str());
    }
}
