//! Colours for code: syntect's scopes become roles by a table. The syntaxes are loaded once, by
//! whoever calls [`warm`], which must not be the thread that draws; until then code is plain.
//! What was found depends only on the lines before, so a block can be coloured piece by piece.

use std::collections::HashMap;
use std::sync::OnceLock;

use syntect::parsing::{ParseState, Scope, ScopeStack, ScopeStackOp, SyntaxSet};

use crate::tui::theme::Role;

/// Longer lines have no colours.
const LINE: usize = 2 * 1024;

static SYNTAXES: OnceLock<(SyntaxSet, Vec<(Scope, Role)>)> = OnceLock::new();

/// Loads the syntaxes. Takes a few milliseconds: call it from a background thread, after the first
/// frame.
pub fn warm() {
    SYNTAXES.get_or_init(|| {
        let rows = SCOPES.iter().filter_map(|(name, role)| Some((Scope::new(name).ok()?, *role)));
        (two_face::syntax::extra_newlines(), rows.collect())
    });
}

/// Whether code can have colours now.
#[must_use]
pub fn is_warm() -> bool {
    SYNTAXES.get().is_some()
}

/// Which scope is which role; the longest that fits counts.
const SCOPES: &[(&str, Role)] = &[
    ("comment", Role::Comment),
    ("punctuation.definition.comment", Role::Comment),
    ("string", Role::Str),
    ("punctuation.definition.string", Role::Str),
    ("constant", Role::Number),
    ("support.constant", Role::Number),
    ("keyword", Role::Keyword),
    ("keyword.operator", Role::Punctuation),
    ("keyword.operator.word", Role::Keyword),
    ("keyword.operator.logical.python", Role::Keyword),
    ("storage", Role::Keyword),
    ("meta.preprocessor", Role::Keyword),
    ("entity.name", Role::Type),
    ("entity.name.function", Role::Function),
    ("entity.name.label", Role::Variable),
    ("entity.name.tag", Role::Keyword),
    ("entity.name.section", Role::Heading),
    ("entity.other.attribute-name", Role::Variable),
    ("entity.other.inherited-class", Role::Type),
    ("support.function", Role::Function),
    ("support.macro", Role::Function),
    ("variable.function", Role::Function),
    ("support.type", Role::Type),
    ("support.class", Role::Type),
    ("variable", Role::Variable),
    ("support.variable", Role::Variable),
    ("punctuation", Role::Punctuation),
    ("punctuation.definition.variable", Role::Variable),
    ("punctuation.definition.tag", Role::Punctuation),
    ("markup.inserted", Role::Inserted),
    ("markup.deleted", Role::Deleted),
    ("markup.heading", Role::Heading),
    ("punctuation.definition.inserted", Role::Inserted),
    ("punctuation.definition.deleted", Role::Deleted),
    ("meta.diff.header", Role::Type),
    ("meta.diff.range", Role::Function),
];

/// The state before a line. A fork continues from there.
pub(super) struct Painter {
    state: Option<ParseState>,
    stack: ScopeStack,
    known: HashMap<Scope, Option<Role>>,
}

impl Painter {
    /// For the first line of a block in that language. `None` until the syntaxes are there.
    pub(super) fn new(language: &str) -> Option<Self> {
        let (syntaxes, _) = SYNTAXES.get()?;
        let found = (!language.is_empty()).then(|| syntaxes.find_syntax_by_token(language)).flatten();
        let state = found.map(ParseState::new);
        Some(Self { state, stack: ScopeStack::new(), known: HashMap::new() })
    }

    /// The same state, without what was only remembered.
    pub(super) fn fork(&self) -> Self {
        Self { state: self.state.clone(), stack: self.stack.clone(), known: HashMap::new() }
    }

    /// Whether it knows the language.
    pub(super) fn paints(&self) -> bool {
        self.state.is_some()
    }

    /// Reads a line, given without its end, and tells the roles: each up to that byte.
    pub(super) fn line(&mut self, line: &str, out: &mut Vec<(usize, Role)>) {
        out.clear();
        let (Some(state), Some((syntaxes, scopes))) = (&mut self.state, SYNTAXES.get()) else { return };
        if line.len() > LINE {
            return;
        }
        let Ok(found) = state.parse_line(&format!("{line}\n"), syntaxes) else {
            self.state = None;
            return;
        };
        let mut from = 0;
        let mut role = top(&self.stack, scopes, &mut self.known);
        for (at, op) in found {
            let at = at.min(line.len());
            if at > from {
                put(out, at, role);
                from = at;
            }
            if op != ScopeStackOp::Noop && self.stack.apply(&op).is_ok() {
                role = top(&self.stack, scopes, &mut self.known);
            }
        }
        if from < line.len() {
            put(out, line.len(), role);
        }
    }
}

fn put(out: &mut Vec<(usize, Role)>, end: usize, role: Role) {
    match out.last_mut() {
        Some(last) if last.1 == role => last.0 = end,
        _ => out.push((end, role)),
    }
}

fn top(stack: &ScopeStack, rows: &[(Scope, Role)], known: &mut HashMap<Scope, Option<Role>>) -> Role {
    let role = stack.as_slice().iter().rev().find_map(|scope| {
        *known.entry(*scope).or_insert_with(|| {
            let fits = rows.iter().filter(|(row, _)| row.is_prefix_of(*scope));
            fits.max_by_key(|(row, _)| row.len()).map(|(_, role)| *role)
        })
    });
    role.unwrap_or(Role::CodeBlock)
}
