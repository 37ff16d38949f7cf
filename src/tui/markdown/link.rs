//! Where a link really goes. A label can say anything, so the host stands beside it unless the
//! label is the address itself.

use crate::text::Untrusted;
use crate::text::clip;

/// Hosts are shown up to so many cells.
const CELLS: usize = 48;

/// What to show beside the label, if anything.
pub(super) fn shown(label: &str, address: &str) -> Option<String> {
    let (label, address) = (label.trim(), address.trim());
    if address.is_empty() || same(label, address) {
        return None;
    }
    let target = match address.split_once("://") {
        Some((scheme, rest)) => {
            let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
            let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
            let web = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
            if web { host.to_owned() } else { format!("{scheme}://{host}") }
        }
        None => address.strip_prefix("mailto:").unwrap_or(address).to_owned(),
    };
    if target.is_empty() || label == target {
        return None;
    }
    let target = Untrusted::from(target);
    let line = target.line();
    let short = clip(&line, CELLS);
    Some(if short.len() < line.len() { format!("{short}…") } else { short.to_owned() })
}

fn same(label: &str, address: &str) -> bool {
    let bare = |text: &str| {
        let text = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).unwrap_or(text);
        let text = text.strip_prefix("mailto:").unwrap_or(text);
        text.trim_end_matches('/').to_owned()
    };
    label == address || bare(label) == bare(address)
}
