//! The arrangements by size, the laws of the areas, and that the buffer of the screen counts cells
//! as the text rules do.

use proptest::prelude::*;
use ratatui::buffer::Buffer;
use ratatui::style::Style;

use super::*;
use crate::text::Untrusted;
use crate::text::cell_width;
use crate::text::clip;
use crate::text::safe_emoji;
use crate::text::wrap;

fn shape(panes: usize) -> Shape {
    Shape { panes, composer_rows: 1, ..Shape::default() }
}

fn at(shape: &Shape, width: u16, height: u16) -> Areas {
    areas(shape, Size::new(width, height))
}

#[test]
fn the_size_decides() {
    use Arrangement::{Columns, Grid, Rows, Tabs};
    let auto = LayoutChoice::Auto;
    let rows = [
        (1, auto, 80, 24, Columns),
        (1, auto, 20, 6, Columns),
        (2, auto, 80, 24, Columns),
        (2, auto, 79, 24, Grid),
        (2, auto, 79, 23, Tabs),
        (3, auto, 120, 24, Columns),
        (3, auto, 119, 24, Grid),
        (3, auto, 80, 24, Grid),
        (3, auto, 80, 23, Tabs),
        (3, auto, 40, 34, Grid),
        (3, auto, 39, 90, Tabs),
        (9, auto, 360, 10, Columns),
        (2, LayoutChoice::Columns, 72, 24, Columns),
        (2, LayoutChoice::Columns, 71, 24, Grid),
        (2, LayoutChoice::Rows, 200, 24, Rows),
        (4, LayoutChoice::Rows, 200, 24, Rows),
        (5, LayoutChoice::Rows, 200, 24, Columns),
        (4, LayoutChoice::Grid, 300, 40, Grid),
        (4, LayoutChoice::Grid, 72, 14, Grid),
        (4, LayoutChoice::Grid, 30, 14, Tabs),
        (3, LayoutChoice::Tabs, 300, 40, Tabs),
    ];
    for (panes, choice, width, height, expected) in rows {
        let shape = Shape { choice, ..shape(panes) };
        let areas = at(&shape, width, height);
        assert_eq!(areas.arrangement, expected, "{panes} {choice:?} {width}x{height}");
        assert_eq!(areas.tabs.is_some(), expected == Tabs);
    }
}

#[test]
fn the_panel_stands_where_it_changes_nothing() {
    // Three columns beside the panel need 144 cells.
    assert!(side_fits(&shape(3), Size::new(144, 40)));
    assert!(!side_fits(&shape(3), Size::new(143, 40)));
    assert!(side_fits(&shape(1), Size::new(80, 24)));
    assert!(!side_fits(&shape(1), Size::new(63, 24)));
    assert!(!side_fits(&shape(2), Size::new(80, 24)));
    assert!(!side_fits(&shape(2), Size::new(30, 4)));
    // A grid that would lose a column changes too.
    assert!(!side_fits(&shape(5), Size::new(130, 80)));
    let shown = at(&Shape { side_panel: true, ..shape(3) }, 144, 40);
    assert_eq!(shown.side.map(|side| side.width), Some(24));
    assert!(shown.panes.iter().all(|(_, pane)| pane.width == 40));
    // Asked for, it stands also where it changes the arrangement, and not where no pane is left.
    assert_eq!(at(&Shape { side_panel: true, ..shape(2) }, 80, 24).arrangement, Arrangement::Grid);
    assert_eq!(at(&Shape { side_panel: true, ..shape(1) }, 43, 24).side, None);
}

#[test]
fn a_usual_terminal_shows_sixteen_rows() {
    for shape in
        [shape(1), Shape { choice: LayoutChoice::Tabs, ..shape(3) }, Shape { zoomed: true, ..shape(2) }]
    {
        let areas = at(&shape, 80, 24);
        assert_eq!(areas.panes.len(), 1);
        assert!(areas.panes[0].1.height - 2 >= 16, "{areas:?}");
        assert_eq!((areas.header.height, areas.composer.height), (1, 3));
    }
}

#[test]
fn the_draft_grows_without_changing_the_arrangement() {
    let small = at(&shape(3), 80, 24);
    let grown = at(&Shape { composer_rows: 50, ..shape(3) }, 80, 24);
    assert_eq!(small.arrangement, grown.arrangement);
    assert_eq!(grown.composer.height, 11);
    assert!(grown.panes.iter().all(|(_, pane)| pane.height >= 3));
}

#[test]
fn places_are_found() {
    let areas = at(&Shape { side_panel: true, ..shape(3) }, 144, 40);
    assert_eq!(areas.hit(0, 0), Hit::Header);
    assert_eq!(areas.hit(0, 1), Hit::Pane(0));
    assert_eq!(areas.hit(40, 35), Hit::Pane(1));
    assert_eq!(areas.hit(119, 36), Hit::Pane(2));
    assert_eq!(areas.hit(120, 1), Hit::Side);
    assert_eq!(areas.hit(0, 37), Hit::Composer);
    assert_eq!(areas.hit(144, 0), Hit::Nothing);
    assert_eq!(areas.panes.iter().find(|(n, _)| *n == 1).map(|(_, pane)| pane.x), Some(40));
    let tabs = at(&Shape { choice: LayoutChoice::Tabs, current: 2, ..shape(3) }, 144, 40);
    assert_eq!(tabs.hit(7, 1), Hit::Tabs(7));
    assert_eq!(tabs.hit(7, 2), Hit::Pane(2));
    let full = at(&Shape { full_panel: true, ..shape(3) }, 144, 40);
    assert_eq!((full.hit(0, 0), full.hit(0, 39)), (Hit::Header, Hit::Panel));
}

#[test]
fn the_smallest_screens() {
    assert!(at(&shape(2), 19, 24).too_small);
    assert!(at(&shape(2), 20, 5).too_small);
    let least = at(&shape(2), 20, 6);
    assert_eq!((least.header.height, least.panes[0].1.height, least.composer.height), (0, 3, 3));
    let next = at(&shape(2), 20, 8);
    assert_eq!((next.header.height, next.tabs.is_some(), next.panes[0].1.height), (1, true, 3));
}

#[test]
fn a_notice_has_rows_of_its_own_where_the_panes_can_spare_them() {
    let with = |rows, height| at(&Shape { notice_rows: rows, ..shape(2) }, 100, height);
    let areas = with(4, 24);
    assert_eq!(areas.notice, Some(Rect::new(0, 17, 100, 4)));
    assert!(areas.panes.iter().all(|(_, pane)| pane.bottom() == 17), "{areas:?}");
    assert_eq!(areas.composer.y, 21);
    assert_eq!(with(10, 24).notice.map(|area| area.height), Some(10), "half of what the panes have");
    assert_eq!(with(10, 12).notice.map(|area| area.height), Some(4));
    assert_eq!((with(3, 9).notice, with(0, 24).notice), (None, None));
}

#[test]
fn the_key_goes_round_the_choices() {
    let mut choice = LayoutChoice::Auto;
    for (expected, name) in LayoutChoice::ALL {
        assert_eq!((choice, choice.name(), LayoutChoice::from_name(name)), (expected, name, Some(choice)));
        choice = choice.next();
    }
    assert_eq!(choice, LayoutChoice::Auto);
    assert_eq!(LayoutChoice::from_name("heap"), None);
}

fn check(shape: &Shape, size: Size) {
    let areas = areas(shape, size);
    let screen = Rect::new(0, 0, size.width, size.height);
    let mut rects = vec![areas.header, areas.composer];
    rects.extend(areas.panes.iter().map(|(_, pane)| *pane));
    rects.extend([areas.tabs, areas.side, areas.panel, areas.notice].into_iter().flatten());
    for (n, a) in rects.iter().enumerate() {
        assert!(a.is_empty() || screen.intersection(*a) == *a, "{shape:?} {size} {areas:?}");
        for b in &rects[n + 1..] {
            assert!(!a.intersects(*b) || a.is_empty() || b.is_empty(), "{shape:?} {size} {areas:?}");
        }
    }
    let _ = side_fits(shape, size);
    if areas.too_small {
        assert!(rects.iter().all(|rect| rect.is_empty()));
        return;
    }
    // Nothing is left over: the areas cover the screen.
    assert!(
        shape.panes == 0 || rects.iter().map(|rect| rect.area()).sum::<u32>() == screen.area(),
        "{shape:?} {size} {areas:?}"
    );
    assert!(
        areas.panes.iter().all(|(_, pane)| pane.height >= 3 && pane.width >= 20),
        "{shape:?} {size} {areas:?}"
    );
    if shape.panes > 0 && !shape.full_panel {
        assert!(areas.panes.iter().any(|(n, _)| *n == shape.current.min(shape.panes - 1)));
        assert!(areas.composer.height >= 3);
    }
    if areas.arrangement != Arrangement::Tabs && !shape.full_panel {
        assert_eq!(areas.panes.len(), shape.panes);
    }
}

#[test]
fn every_small_size_is_laid_out() {
    for (width, height) in (0..=60).flat_map(|w| (0..=30).map(move |h| (w, h))) {
        for panes in 0..5 {
            for (choice, _) in LayoutChoice::ALL {
                let shape = Shape {
                    panes,
                    choice,
                    current: 1,
                    side_panel: height % 2 == 0,
                    composer_rows: width % 9,
                    notice_rows: if height % 3 == 0 { width % 11 } else { 0 },
                    ..Shape::default()
                };
                check(&shape, Size::new(width, height));
            }
        }
    }
}

prop_compose! {
    fn any_shape()(
        panes in prop_oneof![0usize..12, Just(70_000)],
        current in 0usize..14,
        choice in proptest::sample::select(LayoutChoice::ALL.map(|row| row.0).to_vec()),
        composer_rows in prop_oneof![0u16..30, Just(u16::MAX)],
        notice_rows in prop_oneof![3 => Just(0u16), 2 => 3u16..11, 1 => Just(u16::MAX)],
        flags in 0u8..8,
    ) -> Shape {
        Shape { panes, current, choice, composer_rows, notice_rows, zoomed: flags & 1 > 0, side_panel: flags & 2 > 0, full_panel: flags & 4 > 0 }
    }
}

/// Text that tries to leave its place.
fn hostile() -> impl Strategy<Value = String> {
    let telling: Vec<char> = "ab 漢字…→█e\u{301}\u{20e3}👩🚀🏽🇺🇸❤\u{fe0f}⌚\u{fe0e}ｶﾞ\u{200d}क\u{94d}षि\u{1100}\u{1161}ل\u{627}\u{e0b0}\u{1f3f4}\t\u{17d8}"
        .chars()
        .collect();
    let piece = prop_oneof![
        6 => proptest::sample::select(telling).prop_map(String::from),
        1 => any::<char>().prop_map(String::from),
        1 => Just(format!("z{}", "\u{30d}".repeat(1000))),
    ];
    proptest::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn the_areas_hold_for_any_size(shape in any_shape(), width in 0u16..500, height in 0u16..200) {
        check(&shape, Size::new(width, height));
    }

    #[test]
    fn the_buffer_counts_as_the_text_rules_do(text in hostile()) {
        let text = Untrusted::from(text);
        let pane = text.pane();
        for text in [pane.as_ref(), &safe_emoji(&pane)] {
            let mut buffer = Buffer::empty(Rect::new(0, 0, 300, 1));
            let (end, _) = buffer.set_stringn(0, 0, text, 300, Style::new());
            prop_assert_eq!(usize::from(end), cell_width(text), "{:?}", text);
        }
    }

    /// A pane never writes into its neighbour (R5).
    #[test]
    fn the_neighbour_keeps_its_cells(text in hostile(), width in 1u16..41) {
        let text = Untrusted::from(text);
        let pane = text.pane();
        let text = safe_emoji(&pane);
        let mut buffer = Buffer::filled(Rect::new(0, 0, 60, 1), ratatui::buffer::Cell::new("|"));
        for row in wrap(&text, usize::from(width)) {
            let line = &text[row];
            let (end, _) = buffer.set_stringn(0, 0, line, usize::from(width), Style::new());
            prop_assert!(end <= width);
            prop_assert_eq!(usize::from(end), cell_width(clip(line, usize::from(width))));
            prop_assert!((width..60).all(|x| buffer[(x, 0)].symbol() == "|"));
        }
    }
}
