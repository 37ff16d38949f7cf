//! What a cell means. State and layouts hold roles; only the theme knows colours.

/// What a piece of text or a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Role {
    /// Ordinary text.
    Text,
    /// What is there to be skipped: hints, times.
    Dim,
    /// `**strong**`.
    Strong,
    /// `*emphasis*`.
    Emphasis,
    /// `~~struck~~`.
    Struck,
    /// A heading.
    Heading,
    /// A link's label.
    Link,
    /// A link's address.
    Url,
    /// `code` in a line.
    Code,
    /// The ground of a code block.
    CodeBlock,
    /// A code block's language and number.
    CodeLabel,
    /// A quote.
    Quote,
    /// List bullets and numbers.
    Bullet,
    /// Lines of tables and rules.
    Rule,
    /// A table's head.
    TableHead,
    /// Thinking.
    Thinking,
    /// The user's prompt in a pane.
    Prompt,
    /// A pane's border.
    Border,
    /// The current pane's border.
    BorderCurrent,
    /// The border of what has the keyboard.
    BorderFocus,
    /// A pane's title.
    Title,
    /// A pane's status line.
    Status,
    /// Something went well.
    Good,
    /// Something to look at.
    Warn,
    /// Something failed.
    Bad,
    /// An amount of money.
    Money,
    /// Demo models and play money.
    Demo,
    /// A key in a hint.
    Key,
    /// The selected row of a list.
    Selected,
    /// Letters that matched a search.
    Match,
    /// The composer's text.
    Input,
    /// The header of the room.
    Header,
    /// A panel's ground.
    Panel,
    /// The bar of a gauge.
    Gauge,
    /// Code: a keyword.
    Keyword,
    /// Code: a string.
    Str,
    /// Code: a comment.
    Comment,
    /// Code: a number or constant.
    Number,
    /// Code: a function's name.
    Function,
    /// Code: a type's name.
    Type,
    /// Code: a variable or member.
    Variable,
    /// Code: an operator or punctuation.
    Punctuation,
    /// Code: an inserted line of a diff.
    Inserted,
    /// Code: a deleted line of a diff.
    Deleted,
    /// The ground of everything: filled first, under all others.
    Ground,
}

impl Role {
    /// Every role with its name in theme files, in the order of the values.
    pub const ALL: &[(Self, &'static str)] = &[
        (Self::Text, "text"),
        (Self::Dim, "dim"),
        (Self::Strong, "strong"),
        (Self::Emphasis, "emphasis"),
        (Self::Struck, "struck"),
        (Self::Heading, "heading"),
        (Self::Link, "link"),
        (Self::Url, "url"),
        (Self::Code, "code"),
        (Self::CodeBlock, "code_block"),
        (Self::CodeLabel, "code_label"),
        (Self::Quote, "quote"),
        (Self::Bullet, "bullet"),
        (Self::Rule, "rule"),
        (Self::TableHead, "table_head"),
        (Self::Thinking, "thinking"),
        (Self::Prompt, "prompt"),
        (Self::Border, "border"),
        (Self::BorderCurrent, "border_current"),
        (Self::BorderFocus, "border_focus"),
        (Self::Title, "title"),
        (Self::Status, "status"),
        (Self::Good, "good"),
        (Self::Warn, "warn"),
        (Self::Bad, "bad"),
        (Self::Money, "money"),
        (Self::Demo, "demo"),
        (Self::Key, "key"),
        (Self::Selected, "selected"),
        (Self::Match, "match"),
        (Self::Input, "input"),
        (Self::Header, "header"),
        (Self::Panel, "panel"),
        (Self::Gauge, "gauge"),
        (Self::Keyword, "keyword"),
        (Self::Str, "str"),
        (Self::Comment, "comment"),
        (Self::Number, "number"),
        (Self::Function, "function"),
        (Self::Type, "type"),
        (Self::Variable, "variable"),
        (Self::Punctuation, "punctuation"),
        (Self::Inserted, "inserted"),
        (Self::Deleted, "deleted"),
        (Self::Ground, "ground"),
    ];
}
