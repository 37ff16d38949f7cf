//! What one line of Markdown begins. Only as much of the rules as is needed to find the places
//! where the text may be cut into blocks; what a block means is pulldown-cmark's business.

/// A line, told by its beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Begins<'t> {
    /// White space only.
    Blank,
    /// `# heading`.
    Heading,
    /// `---`, `***`, `___`; also what may underline a heading.
    Rule,
    /// Three or more backticks or tildes.
    Fence(Fence<'t>),
    /// `>`.
    Quote,
    /// A list marker.
    Item(Item),
    /// HTML that goes on to an end mark, blank lines included.
    Raw(Ends),
    /// HTML that goes on to a blank line. `true` when it may interrupt a paragraph.
    Html(bool),
    /// Four or more columns of white space, then text.
    Indented,
    /// Anything else.
    Text,
}

/// An opening fence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fence<'t> {
    /// The fence's character.
    pub(super) mark: u8,
    /// How many of them.
    pub(super) len: usize,
    /// What stands after them.
    pub(super) info: &'t str,
}

/// A list marker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Item {
    /// The bullet, or the character after the number.
    pub(super) mark: u8,
    /// The number of an ordered item.
    pub(super) number: Option<u64>,
    /// The column where the item's content stands.
    pub(super) content: usize,
    /// Nothing after the marker.
    pub(super) empty: bool,
}

/// What ends raw HTML: any of these, in any case.
pub(super) type Ends = &'static [&'static str];

/// Columns of white space before the text, and the text.
pub(super) fn indent(line: &str) -> (usize, &str) {
    let mut columns = 0;
    for (at, byte) in line.bytes().enumerate() {
        match byte {
            b' ' => columns += 1,
            b'\t' => columns += 4 - columns % 4,
            _ => return (columns, line.get(at..).unwrap_or_default()),
        }
    }
    (columns, "")
}

/// Looks at a line without its end.
pub(super) fn begins(line: &str) -> (usize, Begins<'_>) {
    let (columns, text) = indent(line.trim_end());
    let what = match text.as_bytes().first() {
        None => Begins::Blank,
        Some(_) if columns >= 4 => Begins::Indented,
        Some(b'#') if heading(text) => Begins::Heading,
        Some(b'>') => Begins::Quote,
        Some(b'<') => html(text),
        Some(b'`' | b'~') => fence(text).map_or(Begins::Text, Begins::Fence),
        Some(_) if rule(text) => Begins::Rule,
        Some(_) => item(columns, text).map_or(Begins::Text, Begins::Item),
    };
    (columns, what)
}

/// Whether the line closes a fence of that character and length.
pub(super) fn closes(line: &str, mark: u8, len: usize) -> bool {
    let (columns, text) = indent(line.trim_end());
    columns < 4 && text.len() >= len && text.bytes().all(|byte| byte == mark)
}

/// Whether the line underlines a heading, when a paragraph stands above it.
pub(super) fn underlines(line: &str) -> bool {
    let (columns, text) = indent(line.trim_end());
    columns < 4
        && !text.is_empty()
        && (text.bytes().all(|byte| byte == b'=') || text.bytes().all(|byte| byte == b'-'))
}

/// Whether the line is the second one of a table.
pub(super) fn delimits(line: &str) -> bool {
    line.contains('|')
        && line.contains('-')
        && line.trim().bytes().all(|byte| matches!(byte, b'|' | b'-' | b':' | b' ' | b'\t'))
}

/// How many cells a table row has.
pub(super) fn cells(line: &str) -> usize {
    let line = line.trim();
    let line = line.strip_prefix('|').unwrap_or(line);
    let line = if line.ends_with("\\|") { line } else { line.strip_suffix('|').unwrap_or(line) };
    let mut escaped = false;
    let mut count = 1;
    for byte in line.bytes() {
        if byte == b'|' && !escaped {
            count += 1;
        }
        escaped = byte == b'\\' && !escaped;
    }
    count
}

/// Whether the text, a fence's content, is one table and nothing else.
pub(super) fn only_table(text: &str) -> bool {
    let mut lines = text.lines().map(str::trim).skip_while(|line| line.is_empty());
    let (Some(head), Some(second)) = (lines.next(), lines.next()) else { return false };
    let mut over = false;
    let rows = lines.all(|line| {
        over |= line.is_empty();
        line.is_empty() || (!over && line.contains('|'))
    });
    rows && head.contains('|') && delimits(second) && cells(head) == cells(second)
}

fn heading(text: &str) -> bool {
    let rest = text.trim_start_matches('#');
    text.len() - rest.len() <= 6 && (rest.is_empty() || rest.starts_with([' ', '\t']))
}

fn rule(text: &str) -> bool {
    let Some(first @ (b'-' | b'*' | b'_')) = text.bytes().next() else { return false };
    let mut count = 0;
    for byte in text.bytes() {
        match byte {
            _ if byte == first => count += 1,
            b' ' | b'\t' => {}
            _ => return false,
        }
    }
    count >= 3
}

fn fence(text: &str) -> Option<Fence<'_>> {
    let mark = text.bytes().next()?;
    let len = text.bytes().take_while(|byte| *byte == mark).count();
    let info = text.get(len..)?.trim();
    (len >= 3 && (mark == b'~' || !info.contains('`'))).then_some(Fence { mark, len, info })
}

fn item(columns: usize, text: &str) -> Option<Item> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let mark = *text.as_bytes().get(digits)?;
    let number = match (digits, mark) {
        (0, b'-' | b'+' | b'*') => None,
        (1..=9, b'.' | b')') => Some(text.get(..digits)?.parse().ok()?),
        _ => return None,
    };
    let after = text.get(digits + 1..)?;
    let (space, rest) = indent(after);
    let empty = rest.is_empty();
    if space == 0 && !empty {
        return None;
    }
    let space = if empty || space > 4 { 1 } else { space };
    Some(Item { mark, number, content: columns + digits + 1 + space, empty })
}

/// How raw HTML begins and what ends it.
const RAW: &[(&str, Ends)] = &[
    ("<!--", &["-->"]),
    ("<?", &["?>"]),
    ("<![cdata[", &["]]>"]),
    ("<script", VERBATIM),
    ("<pre", VERBATIM),
    ("<style", VERBATIM),
    ("<textarea", VERBATIM),
];

const VERBATIM: Ends = &["</script>", "</pre>", "</style>", "</textarea>"];

/// Elements that stand as blocks.
const BLOCKS: &[&str] = &[
    "address",
    "article",
    "aside",
    "base",
    "basefont",
    "blockquote",
    "body",
    "caption",
    "center",
    "col",
    "colgroup",
    "dd",
    "details",
    "dialog",
    "dir",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "form",
    "frame",
    "frameset",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "head",
    "header",
    "hr",
    "html",
    "iframe",
    "legend",
    "li",
    "link",
    "main",
    "menu",
    "menuitem",
    "nav",
    "noframes",
    "ol",
    "optgroup",
    "option",
    "p",
    "param",
    "search",
    "section",
    "summary",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "title",
    "tr",
    "track",
    "ul",
];

fn html(text: &str) -> Begins<'_> {
    let head: String = text.chars().take(16).collect::<String>().to_ascii_lowercase();
    for (start, ends) in RAW {
        if let Some(rest) = head.strip_prefix(start) {
            let named = start.ends_with(|last: char| last.is_ascii_alphabetic());
            if !named || rest.is_empty() || rest.starts_with([' ', '\t', '>']) {
                return Begins::Raw(ends);
            }
        }
    }
    if head.starts_with("<!") && head.as_bytes().get(2).is_some_and(u8::is_ascii_alphabetic) {
        return Begins::Raw(&[">"]);
    }
    let name = head.trim_start_matches('<').trim_start_matches('/');
    let end = name.find(|next: char| !next.is_ascii_alphanumeric()).unwrap_or(name.len());
    let (name, rest) = name.split_at(end);
    if BLOCKS.contains(&name) && (rest.is_empty() || rest.starts_with([' ', '\t', '>', '/'])) {
        return Begins::Html(true);
    }
    let alone = text.ends_with('>') && !name.is_empty() && text.matches(['<', '>']).count() == 2;
    if alone && !text.contains("://") && !text.contains('@') { Begins::Html(false) } else { Begins::Text }
}

/// Whether raw HTML with these ends is over on this line.
pub(super) fn ends(line: &str, ends: Ends) -> bool {
    let lower = line.to_ascii_lowercase();
    ends.iter().any(|end| lower.contains(end))
}
