//! A list of models as it is kept on disk: the pages as they came, when that was, and from where.
//! Only the text is made and read here; where it lies is known above.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::chat::Dialect;
use crate::chat::Endpoint;
use crate::chat::Millis;

/// The form that is written. Another one is no fault: it is not read, and asked for anew.
const FORM: u32 = 1;

/// A list with its origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// When it was asked for.
    pub at: Millis,
    /// What the server speaks.
    pub dialect: Dialect,
    /// Where it was asked for.
    pub base_url: String,
    /// The pages.
    pub pages: Vec<String>,
}

#[derive(Serialize)]
struct Written<'a> {
    form: u32,
    at: i64,
    dialect: &'a str,
    base_url: &'a str,
    pages: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct Found<'a> {
    form: u32,
    at: i64,
    dialect: &'a str,
    base_url: String,
    #[serde(borrow)]
    pages: Vec<&'a RawValue>,
}

impl Kept {
    /// As it is written; `None` when a page is no JSON.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        let pages: Result<Vec<&RawValue>, _> =
            self.pages.iter().map(|page| serde_json::from_str(page.trim_start_matches('\u{feff}'))).collect();
        let written = Written {
            form: FORM,
            at: self.at.0,
            dialect: self.dialect.name(),
            base_url: &self.base_url,
            pages: pages.ok()?,
        };
        serde_json::to_string(&written).ok()
    }

    /// From what was written; `None` when it is something else or was cut.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let found: Found<'_> = serde_json::from_str(text).ok()?;
        let pages = found.pages.iter().map(|page| page.get().to_owned()).collect();
        let dialect = Dialect::from_name(found.dialect).filter(|_| found.form == FORM)?;
        Some(Self { at: Millis(found.at), dialect, base_url: found.base_url, pages })
    }

    /// Whether it is the list of this endpoint, and not of a server that had its name before.
    #[must_use]
    pub fn is_of(&self, endpoint: &Endpoint) -> bool {
        self.dialect == endpoint.dialect && self.base_url == endpoint.base_url
    }
}
