//! The host of a server as Ollama's own variable writes it: scheme, port and even the host may lack,
//! and the address that a server listens on may be one that nobody can call.

/// The port when neither scheme nor port is written.
const PORT: &str = "11434";

/// The base URL that the text means; `None` when it means the usual one.
pub(super) fn base_url(text: &str) -> Option<String> {
    let text = text.trim().trim_matches(['"', '\'']).trim();
    if text.is_empty() {
        return None;
    }
    let (scheme, rest, usual) = match text.split_once("://") {
        Some(("https", rest)) => ("https", rest, "443"),
        Some((_, rest)) => ("http", rest, "80"),
        None => ("http", text, PORT),
    };
    let (authority, path) = rest.split_once('/').map_or((rest, ""), |(authority, path)| (authority, path));
    let (host, port) = split(authority);
    let host = match host {
        "" | "0.0.0.0" => "127.0.0.1".to_owned(),
        "::" | "0:0:0:0:0:0:0:0" => "[::1]".to_owned(),
        host if host.contains(':') => format!("[{host}]"),
        host => host.to_owned(),
    };
    let port = port.filter(|port| port.parse::<u16>().is_ok()).unwrap_or(usual);
    let path = path.trim_matches('/');
    let slash = if path.is_empty() { "" } else { "/" };
    Some(format!("{scheme}://{host}:{port}{slash}{path}"))
}

/// Host and port. An address of the newer kind has colons of its own, with or without brackets.
fn split(authority: &str) -> (&str, Option<&str>) {
    if let Some(rest) = authority.strip_prefix('[') {
        let (host, behind) = rest.split_once(']').unwrap_or((rest, ""));
        return (host, behind.strip_prefix(':'));
    }
    match authority.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') => (host, Some(port)),
        _ => (authority, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_write_a_host() {
        let table = [
            ("", None),
            ("  \"\" ", None),
            ("127.0.0.1", Some("http://127.0.0.1:11434")),
            ("localhost:1234", Some("http://localhost:1234")),
            (":1234", Some("http://127.0.0.1:1234")),
            ("0.0.0.0", Some("http://127.0.0.1:11434")),
            ("0.0.0.0:80", Some("http://127.0.0.1:80")),
            ("http://0.0.0.0:11434", Some("http://127.0.0.1:11434")),
            ("http://box", Some("http://box:80")),
            ("https://box.example", Some("https://box.example:443")),
            ("https://box.example:8443/ollama/", Some("https://box.example:8443/ollama")),
            ("box/", Some("http://box:11434")),
            ("[::]:11434", Some("http://[::1]:11434")),
            ("::1", Some("http://[::1]:11434")),
            ("[::1]", Some("http://[::1]:11434")),
            ("box:99999", Some("http://box:11434")),
            ("box:port", Some("http://box:11434")),
            (" 'box' ", Some("http://box:11434")),
        ];
        for (text, expected) in table {
            assert_eq!(base_url(text).as_deref(), expected, "{text:?}");
        }
    }
}
