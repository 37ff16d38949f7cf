//! The laws of a document, and how each kind of block looks.

use std::fmt::Write as _;
use std::ops::Range;

use proptest::prelude::*;

use crate::text::Untrusted;
use crate::text::cell_width;
use crate::tui::theme::Role;

use super::block::{self, Block};
use super::code::Nested;
use super::flow::{self, Prose};
use super::row::{Flags, Row};
use super::{Anchor, CodeBlock, Document, warm};

/// What was done, to show that it does not grow.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Work {
    parsed: usize,
    coloured: usize,
}

impl Work {
    pub(super) fn parsed(&mut self, bytes: usize) {
        self.parsed += bytes;
    }

    pub(super) fn coloured(&mut self, bytes: usize) {
        self.coloured += bytes;
    }
}

/// A document together with its text.
struct Grown {
    text: Untrusted,
    inner: Document,
}

impl Grown {
    fn new() -> Self {
        Self { text: Untrusted::default(), inner: Document::new() }
    }

    fn plain() -> Self {
        Self { inner: Document::plain(Role::Prompt), ..Self::new() }
    }

    fn push(&mut self, more: &str) {
        self.text.push(&more.into());
        self.inner.read(self.text.raw());
    }

    fn finish(&mut self) {
        self.inner.finish(&self.text);
    }

    fn height(&mut self, width: u16) -> usize {
        self.inner.height(&self.text, width)
    }

    fn rows(&mut self, width: u16, range: Range<usize>, sink: &mut dyn FnMut(usize, &Row)) {
        self.inner.rows(&self.text, width, range, sink);
    }

    fn pending(&self) -> bool {
        self.inner.pending()
    }

    fn code_blocks(&self) -> Vec<CodeBlock> {
        self.inner.code_blocks(&self.text)
    }

    fn anchor(&mut self, width: u16, row: usize) -> Anchor {
        self.inner.anchor(&self.text, width, row)
    }

    fn row_of(&mut self, width: u16, anchor: Anchor) -> usize {
        self.inner.row_of(&self.text, width, anchor)
    }

    fn firm(&mut self, width: u16) -> usize {
        self.inner.firm(&self.text, width)
    }
}

fn whole(text: &str) -> Grown {
    let mut document = Grown::new();
    document.push(text);
    document.finish();
    document
}

/// All rows, with all the colours there will be.
fn rows(document: &mut Grown, width: u16) -> Vec<Row> {
    for _ in 0..10_000 {
        let mut out = Vec::new();
        let height = document.height(width);
        document.rows(width, 0..height, &mut |at, row| {
            assert_eq!(at, out.len());
            out.push(row.clone());
        });
        assert_eq!(out.len(), height);
        if !document.pending() {
            return out;
        }
    }
    panic!("the colours never end");
}

fn plain(row: &Row) -> String {
    row.spans.iter().map(|span| &*span.text).collect::<String>().trim_end().to_owned()
}

fn drawn(document: &mut Grown, width: u16) -> String {
    rows(document, width).iter().map(plain).collect::<Vec<_>>().join("\n")
}

#[track_caller]
fn check(text: &str, width: u16, expected: &str) {
    assert_eq!(drawn(&mut whole(text), width), expected.trim_matches('\n'));
}

fn role_of(text: &str, part: &str) -> (Role, Flags) {
    warm();
    let rows = rows(&mut whole(text), 60);
    let span = rows.iter().flat_map(|row| &row.spans).find(|span| span.text.contains(part));
    span.map(|span| (span.role, span.also)).unwrap_or_else(|| panic!("{part} in {rows:?}"))
}

#[test]
fn paragraphs_wrap_and_breaks_break() {
    check("one two three\nfour  \nfive\n\n\nsix", 9, "one two\nthree\nfour\nfive\n\nsix");
}

#[test]
fn headings_rules_and_quotes() {
    check(
        "# Top\ntext\n***\n> said\n> > twice\n\nend",
        20,
        "
Top

text

────────────────────

▎ said
▎
▎ ▎ twice

end",
    );
    check("> [!NOTE]\n> look", 20, "▎ Note\n▎ look");
}

#[test]
fn lists() {
    check(
        "Do:\n- one\n  - deep\n    1. deeper\n- [x] two two two\n- [ ] three\n\n7. seven\n8. eight",
        14,
        "
Do:

• one
  ◦ deep
    1. deeper
• [x] two two
  two
• [ ] three

7. seven
8. eight",
    );
    check("1. **a**\n\n   text\n\n1. b", 20, "1. a\n\n   text\n\n2. b");
    check("-\n- x", 20, "•\n• x");
}

#[test]
fn code_has_a_label_and_marks_long_lines() {
    check(
        "```rust\nlet abcdef = 1;\n\tx\n```\n~~~\nplain\n~~~",
        12,
        "
 rust ①
 let abcdef
↪= 1;
     x

 text ②
 plain",
    );
    check("- a\n  ```sh\n  ls\n  ```\n- b", 20, "• a\n   sh ①\n   ls\n\n• b");
    check("x\n\n    in\n\n      deep\n\ny", 20, "x\n\n text ①\n in\n\n   deep\n\ny");
}

#[test]
fn tables_fit() {
    let table = "| crate | for | cost |\n|---|:-:|---:|\n| anyhow | applications | none |\n| a | b | `c` |\n";
    check(
        table,
        40,
        "
crate       for       cost
──────────────────────────
anyhow  applications  none
a            b           c",
    );
    let long = "| what | why |\n|---|---|\n| one two three four | because of five |\n| x | y |\n";
    check(
        long,
        22,
        "
what        why
──────────────────────
one two     because of
three four  five
──────────────────────
x           y",
    );
    check(
        long,
        12,
        "
what: one
two three
four
why: because
of five
────────────
what: x
why: y",
    );
}

#[test]
fn a_fence_that_holds_only_a_table_is_the_table() {
    check("```markdown\n| a | b |\n|---|---|\n| 1 | 2 |\n```\nend", 20, "a  b\n────\n1  2\n\nend");
    check("```md\n| a | b |\n|---|---|\n\ntext\n```", 20, " md ①\n | a | b |\n |---|---|\n\n text");
}

#[test]
fn links_show_where_they_go() {
    check(
        "[docs](https://user@evil.example/x?y) and <https://a.example/b>",
        80,
        "docs (evil.example) and https://a.example/b",
    );
    check(
        "[good.example](https://evil.example/) ![cat](http://h.example/c.png)",
        80,
        "good.example (evil.example) [image: cat] (h.example)",
    );
    check("[a](javascript:alert) [docs.rs](https://docs.rs/x)", 80, "a (javascript:alert) docs.rs");
    check(
        "see [this][1]\n\n[1]: https://one.example\n[2]: https://two.example",
        80,
        "see [this][1]\n\n[1]: https://one.example\n[2]: https://two.example",
    );
    assert_eq!(role_of("a [b](http://c.d) e", "b"), (Role::Link, Flags::UNDERLINE));
}

#[test]
fn html_is_text() {
    check("<div>\n*a*\n</div>\n\nx<br>y <b>z</b>", 40, "<div>\n*a*\n</div>\n\nx\ny <b>z</b>");
    check("<!-- a\n\nb -->\n\nc", 40, "<!-- a\n\nb -->\n\nc");
}

#[test]
fn looks_are_nested() {
    assert_eq!(role_of("a **b** c", "b"), (Role::Strong, Flags::BOLD));
    assert_eq!(role_of("a ***b*** c", "b"), (Role::Strong, Flags::BOLD.with(Flags::ITALIC)));
    assert_eq!(role_of("~~b~~", "b"), (Role::Struck, Flags::STRIKE));
    assert_eq!(role_of("## a **b**", "b"), (Role::Heading, Flags::BOLD));
    assert_eq!(role_of("a `b` c", "b").0, Role::Code);
}

#[test]
fn code_is_coloured() {
    let code =
        "```rust\nfn main() { let x: u8 = 12; } // end\nstruct A(&'static str);\nprintln!(\"s\");\n```";
    for (part, role) in [
        ("fn", Role::Keyword),
        ("main", Role::Function),
        ("12", Role::Number),
        ("// end", Role::Comment),
        ("\"s\"", Role::Str),
    ] {
        assert_eq!(role_of(code, part).0, role, "{part}");
    }
    assert_eq!(role_of("```diff\n-a\n+b\n```", "b").0, Role::Inserted);
    assert_eq!(role_of("- x\n  ```py\n  def f(): pass\n  ```", "def").0, Role::Keyword);
    assert_eq!(role_of("```nonsense\nfn x\n```", "fn").0, Role::CodeBlock);
    // Colours come piece by piece, and the whole block gets them.
    let long = format!("```rust\n{}```", "let a = 1;\n".repeat(1000));
    let mut document = whole(&long);
    let height = document.height(40);
    let mut seen = Vec::new();
    document.rows(40, height - 5..height, &mut |_, row| seen.push(row.clone()));
    assert!(document.pending());
    assert!(seen.iter().all(|row| row.spans.iter().all(|span| span.role == Role::CodeBlock)));
    let painted = rows(&mut document, 40);
    assert!(painted.iter().skip(1).all(|row| row.spans.iter().any(|span| span.role == Role::Keyword)));
}

#[test]
fn code_blocks_are_given_as_they_came() {
    let text = "a\n```rust\nfn x() {\n\t1\n}\n\n```\n- b\n  ```\n  in\n  ```\n\n    four\n      six\n\nend\n~~~py x\npass";
    let mut document = Grown::new();
    document.push(text);
    let found = |document: &Grown| -> Vec<(usize, String, String)> {
        let blocks = document.code_blocks().into_iter();
        blocks.map(|block| (block.number, block.language, block.text.raw().to_owned())).collect()
    };
    let before = found(&document);
    document.finish();
    assert_eq!(before, found(&document));
    let expected = [("rust", "fn x() {\n\t1\n}\n"), ("", "in"), ("", "  six"), ("py", "pass")];
    let shown: Vec<_> = before.iter().map(|(_, language, text)| (&**language, &**text)).collect();
    assert_eq!(shown.first(), expected.first());
    assert_eq!(shown.last(), expected.last());
    assert!(before.iter().enumerate().all(|(at, block)| block.0 == at + 1));
    // The labels carry the same numbers.
    let drawn = drawn(&mut document, 40);
    for (number, sign) in ["①", "②", "③"].iter().enumerate().take(before.len()) {
        assert!(drawn.contains(sign), "{number} in {drawn}");
    }
}

#[test]
fn plain_text_is_not_markdown() {
    let mut document = Grown::plain();
    document.push("# a *b*\n\n  in\tx\n");
    document.push("\n\n");
    document.finish();
    assert_eq!(drawn(&mut document, 40), "# a *b*\n\n  in    x");
    let roles = |row: &Row| row.spans.iter().all(|span| span.role == Role::Prompt);
    assert!(rows(&mut document, 40).iter().all(roles));
}

#[test]
fn empty_documents_have_no_rows() {
    let mut document = whole("");
    assert_eq!(document.height(10), 0);
    assert_eq!(document.row_of(10, Anchor::default()), 0);
    assert_eq!(document.anchor(10, 5), Anchor::default());
    assert_eq!(whole("\n\n \n").height(10), 0);
}

/// Texts that a model might write, cut so that they meet in every way.
const SNIPPETS: &[&str] = &[
    "Some **bold** text that goes on for a while, with `code`.\n",
    "\n",
    "\n\n",
    "- item\n",
    "  - inner\n",
    "1. first\n",
    "2. second\n",
    "* star\n",
    "```rust\n",
    "```\n",
    "fn main() { 1 }\n",
    "~~~\n",
    "> quote\n",
    ">\n",
    "| a | b |\n",
    "|---|---|\n",
    "| 1 | 2 |\n",
    "# Head\n",
    "---\n",
    "===\n",
    "***\n",
    "    indented\n",
    "\tx\n",
    "<div>\n",
    "</div>\n",
    "<!-- c\n",
    "-->\n",
    "[x]: http://e.example\n",
    "[x] and [y](http://z.example)\n",
    "日本語のテキスト\n",
    "é👍🏽 ok\n",
    "```markdown\n",
    "   text\n",
    "- [x] done\n",
    "word ",
    "**",
    "`",
    "- ",
    "\r\n",
    "  ```py\n",
    "  x = 1\n",
    "  ```\n",
    "a\u{202e}b\u{2028}c\n",
    "<b>x</b> y<br>z\n",
    "- ```\n",
    "10. ten\n",
    "\\|\n",
];

fn texts() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(SNIPPETS), 0..40).prop_map(|parts| parts.concat())
}

/// Streams the text in these steps, drawing after some, and gives the rows at the end. Asserts that
/// what was settled stays.
fn streamed(text: &str, steps: &[(usize, bool)], width: u16) -> Vec<Row> {
    let mut document = Grown::new();
    let mut rest = text;
    let mut firm: Vec<String> = Vec::new();
    let mut steps = steps.iter().cycle();
    while !rest.is_empty() {
        let (len, draw) = steps.next().copied().unwrap_or((1, true));
        let at = (len.max(1)..=rest.len()).find(|at| rest.is_char_boundary(*at)).unwrap_or(rest.len());
        let (now, later) = rest.split_at(at);
        document.push(now);
        rest = later;
        if draw {
            let height = document.height(width);
            let mut seen = Vec::new();
            document.rows(width, 0..height, &mut |_, row| seen.push(plain(row)));
            assert_eq!(seen.len(), height);
            let settled = document.firm(width);
            assert_eq!(seen.get(..firm.len()), Some(&*firm), "what is settled changed");
            firm = seen.get(..settled).unwrap_or_default().to_vec();
        }
    }
    document.finish();
    let end = rows(&mut document, width);
    let seen: Vec<String> = end.iter().map(plain).collect();
    assert_eq!(seen.get(..firm.len()), Some(&*firm), "what is settled changed at the end");
    end
}

#[test]
fn a_wide_character_has_room_beside_a_bullet() {
    for text in ["- [x] done\n日本語のテキスト\n", "> 日本語\n", "1. 日本\n"] {
        for width in 3..8 {
            for row in rows(&mut whole(text), width) {
                let cells: usize = row.spans.iter().map(|span| cell_width(&span.text)).sum();
                assert!(cells <= usize::from(width), "{text:?} at {width}: {row:?}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn streamed_is_whole(text in texts(), steps in prop::collection::vec((1_usize..60, any::<bool>()), 1..8), width in 3_u16..60) {
        warm();
        let end = streamed(&text, &steps, width);
        prop_assert_eq!(end, rows(&mut whole(&text), width));
    }

    #[test]
    fn rows_are_never_too_wide(text in texts(), width in 3_u16..40) {
        for row in rows(&mut whole(&text), width) {
            let cells: usize = row.spans.iter().map(|span| cell_width(&span.text)).sum();
            prop_assert!(cells <= usize::from(width), "{:?}", row);
            prop_assert!(!plain(&row).contains(char::is_control));
        }
    }

    #[test]
    fn anchors_find_their_rows(text in texts(), width in 3_u16..40, other in 3_u16..40) {
        let mut document = whole(&text);
        for row in 0..document.height(width) {
            let anchor = document.anchor(width, row);
            prop_assert_eq!(document.row_of(width, anchor), row);
            let there = document.row_of(other, anchor);
            prop_assert!(there < document.height(other));
        }
    }

    #[test]
    fn any_window_shows_the_same(text in texts(), width in 5_u16..40, from in 0_usize..30, len in 0_usize..9) {
        warm();
        let all = rows(&mut whole(&text), width);
        let mut document = whole(&text);
        let mut seen = Vec::new();
        document.rows(width, from..from + len, &mut |at, row| seen.push((at, plain(row))));
        let expected: Vec<_> = all.iter().map(plain).enumerate().skip(from).take(len).collect();
        prop_assert_eq!(seen, expected);
    }
}

/// A list, table, paragraph, fence or quote that is cut for its size: streamed as it is whole.
#[test]
fn endless_blocks_stream_as_they_are_whole() {
    warm();
    for (name, text) in endless(60_000) {
        let steps = [(7, false), (3000, false), (513, true), (1, false)];
        assert_eq!(streamed(&text, &steps, 50), rows(&mut whole(&text), 50), "{name}");
    }
}

fn endless(size: usize) -> Vec<(&'static str, String)> {
    let lines = |line: fn(usize) -> String| -> String {
        let mut text = String::new();
        let mut at = 0;
        while text.len() < size {
            text.push_str(&line(at));
            at += 1;
        }
        text
    };
    vec![
        ("one line", lines(|at| format!("word{at} "))),
        ("no spaces", "x".repeat(size)),
        ("wide", "漢字".repeat(size / 6)),
        ("a paragraph", lines(|at| format!("line {at} of it\n"))),
        ("a list", lines(|at| format!("{}. item **{at}**\n", at + 1))),
        ("a loose list", lines(|at| format!("- item {at}\n\n  more\n\n"))),
        ("a deep list", lines(|at| format!("{}- item {at}\n", "  ".repeat(at.min(30))))),
        ("a table", format!("| n | what |\n|---|---|\n{}", lines(|at| format!("| {at} | cell {at} |\n")))),
        ("a quote", lines(|at| format!("> said {at}\n"))),
        ("a fence", format!("```rust\n{}", lines(|at| format!("let x{at} = {at}; // {at}\n")))),
        ("a table fence", format!("```md\n| n |\n|---|\n{}", lines(|at| format!("| {at} |\n")))),
        ("indented code", lines(|at| format!("    code {at}\n{}", if at % 9 == 0 { "\n\n" } else { "" }))),
        ("a comment", format!("<!--\n{}", lines(|at| format!("never {at} ends\n")))),
        ("blank lines", format!("a\n{}", "\n".repeat(size))),
        ("nested code", format!("- a\n  ```rust\n{}", lines(|at| format!("  let x{at} = 1;\n")))),
    ]
}

/// However long a block is, a frame costs the same.
#[test]
fn the_cost_of_a_frame_does_not_grow() {
    warm();
    for (name, text) in endless(100_000) {
        let mut document = Grown::new();
        let mut worst = 0;
        for chunk in text.as_bytes().chunks(1000) {
            document.push(&String::from_utf8_lossy(chunk));
            let before = document.inner.work.parsed;
            let height = document.height(60);
            document.rows(60, height.saturating_sub(40)..height, &mut |_, _| {});
            worst = worst.max(document.inner.work.parsed - before);
        }
        // A block in the making, and those that were settled since the frame before.
        assert!(worst <= 80 * 1024, "{name}: {worst} bytes parsed for one frame");
        // Each line of code is coloured about once, however often it is drawn.
        assert!(
            document.inner.work.coloured <= 3 * text.len(),
            "{name}: {} coloured",
            document.inner.work.coloured
        );
        assert!(document.inner.kept() < 60, "{name}: {} layouts kept", document.inner.kept());
    }
}

#[test]
fn drawing_again_costs_nothing() {
    let mut document = Grown::new();
    document.push(&"text **bold** text\n\n- a\n- b\n".repeat(500));
    let draw = |document: &mut Grown| {
        let height = document.height(50);
        document.rows(50, height - 20..height, &mut |_, _| {});
    };
    draw(&mut document);
    let before = document.inner.work.parsed;
    draw(&mut document);
    draw(&mut document);
    assert_eq!(document.inner.work.parsed, before);
    assert!(document.inner.kept() < 120);
}

/// Texts that are made to be slow or deep.
#[test]
fn hostile_texts_are_bounded() {
    let mut texts = vec![
        ">".repeat(10_000),
        "> ".repeat(10_000),
        "[".repeat(100_000),
        "![".repeat(50_000),
        "a".repeat(300_000),
        "- ".repeat(10_000),
        "*a ".repeat(30_000),
        "`a``".repeat(20_000),
        "<".repeat(50_000),
        "a|".repeat(20_000),
        format!("{}\n{}\n", "|a".repeat(3000), "|-".repeat(3000)),
        "&#".repeat(30_000),
        "[a](".repeat(20_000),
    ];
    texts.push((0..200).fold(String::new(), |mut text, depth| {
        let _ = writeln!(text, "{}- x", "  ".repeat(depth));
        text
    }));
    for text in texts {
        let mut document = whole(&text);
        let height = document.height(30);
        document.rows(30, 0..height, &mut |_, row| {
            let cells: usize = row.spans.iter().map(|span| cell_width(&span.text)).sum();
            assert!(cells <= 30, "{row:?}");
            assert!(row.spans.len() <= 64 + 30);
        });
    }
}

/// Cutting the text changes nothing in what it means: the same text in one piece looks the same.
#[test]
fn cut_text_looks_like_one_piece() {
    let reply = "Use **thiserror**:\n\n1. First\n   - why\n\n   more\n2. Second\n\n## Next\n\nA table:\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n> quoted\n> text\n\n* x\n* y\n\nThe end.\nReally\n\n---\n\nbye";
    let mut document = whole(reply);
    let prose = Prose {
        text: reply,
        lead: 0,
        bytes: reply.len(),
        width: 40,
        code: 1,
        number: None,
        inset: 0,
        whole: true,
    };
    let one = flow::layout(&prose, &mut Nested::default());
    assert_eq!(rows(&mut document, 40), one.rows);
}

#[test]
fn hidden_and_hostile_characters_are_made_safe() {
    let drawn = drawn(
        &mut whole("a\u{1b}[31m\u{202e}b\n\n```\n\u{9b}x\u{7}\n```\n\n[l](http://e.example/\u{1b})"),
        60,
    );
    assert!(drawn.contains("<U+202E>") && drawn.contains("<U+009B>"), "{drawn}");
    assert!(!drawn.contains(|c: char| c.is_control() && c != '\n'), "{drawn:?}");
}

#[test]
fn what_is_not_yet_told_is_not_shown() {
    let mut document = Grown::new();
    document.push("Intro:\n-");
    assert_eq!(drawn(&mut document, 20), "Intro:");
    document.push(" one\n```ru");
    assert_eq!(drawn(&mut document, 20), "Intro:\n\n• one\n\n ru ①");
    document.push("st\nfn x\n``");
    assert_eq!(drawn(&mut document, 20), "Intro:\n\n• one\n\n rust ①\n fn x");
    document.push("`\n| a | b");
    assert!(drawn(&mut document, 20).ends_with("| a | b"));
}

#[test]
fn what_is_open_at_the_end_is_closed_for_the_eye() {
    for (text, expected) in [
        ("a **b", "a **b**"),
        ("a **b** c", "a **b** c"),
        ("a `b", "a `b`"),
        ("a **b `c", "a **b `c`**"),
        ("a **", "a **"),
        ("a `", "a `"),
        ("a `x ** y` b", "a `x ** y` b"),
        ("**a\n\nb", "**a\n\nb"),
        ("a \\**b", "a \\**b"),
        ("``a", "``a"),
    ] {
        let mut closed = text.to_owned();
        assert_eq!(block::close(&mut closed), text != expected);
        assert_eq!(closed, expected, "{text}");
    }
    let mut document = Grown::new();
    document.push("so **bo");
    assert_eq!(drawn(&mut document, 20), "so bo");
    document.finish();
    assert_eq!(drawn(&mut document, 20), "so **bo");
}

#[test]
fn a_block_is_small() {
    assert!(std::mem::size_of::<Block>() <= 320);
}
