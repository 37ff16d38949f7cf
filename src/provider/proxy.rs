//! Which proxy a request would go through, by the same variables that the HTTP client reads, for
//! people who wonder. Nothing is sent here, and no user or password of a proxy is ever told.

use reqwest::Url;

use crate::provider::http;

/// The proxy on the way to a base URL, as `host:port`, and the variable that names it.
pub fn proxy_of(base_url: &str, variable: impl Fn(&str) -> Option<String>) -> Option<(String, String)> {
    let url = Url::parse(base_url).ok()?;
    if http::is_loopback(base_url) || is_excepted(&url, &variable) {
        return None;
    }
    let of_scheme: [&str; 2] =
        if url.scheme() == "https" { ["HTTPS_PROXY", "https_proxy"] } else { ["HTTP_PROXY", "http_proxy"] };
    let names = of_scheme.into_iter().chain(["ALL_PROXY", "all_proxy"]);
    let (name, value) = names.filter_map(|name| Some((name, variable(name)?))).next()?;
    let value = if value.contains("://") { value } else { format!("http://{value}") };
    let shown = Url::parse(&value)
        .map_or_else(|_| "an address that cannot be read".to_owned(), |url| http::host(&url));
    Some((shown, name.to_owned()))
}

/// Whether `NO_PROXY` names the host.
fn is_excepted(url: &Url, variable: &impl Fn(&str) -> Option<String>) -> bool {
    let host = url.host_str().unwrap_or_default();
    let list = variable("NO_PROXY").or_else(|| variable("no_proxy")).unwrap_or_default();
    list.split(',').map(str::trim).any(|name| {
        let name = name.strip_prefix('.').unwrap_or(name);
        name == "*" || !name.is_empty() && (host == name || host.ends_with(&format!(".{name}")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variables_decide_and_passwords_are_not_told() {
        type Row<'a> = (&'a str, &'a [(&'a str, &'a str)], Option<&'a str>);
        let table: &[Row<'_>] = &[
            (
                "https://api.openai.com/v1",
                &[("HTTPS_PROXY", "http://me:CANARY@proxy.lan:3128")],
                Some("proxy.lan:3128"),
            ),
            ("https://api.openai.com/v1", &[("https_proxy", "proxy.lan:3128")], Some("proxy.lan:3128")),
            (
                "https://api.openai.com/v1",
                &[("ALL_PROXY", "socks5://me:CANARY@10.0.0.1:1080")],
                Some("10.0.0.1:1080"),
            ),
            ("https://api.openai.com/v1", &[("HTTP_PROXY", "http://proxy.lan")], None),
            ("http://10.0.0.9/v1", &[("HTTP_PROXY", "http://proxy.lan:1")], Some("proxy.lan:1")),
            ("http://127.0.0.1:11434/v1", &[("HTTP_PROXY", "http://proxy.lan")], None),
            (
                "https://api.openai.com/v1",
                &[("HTTPS_PROXY", "http://p"), ("NO_PROXY", "x, .openai.com")],
                None,
            ),
            (
                "https://notopenai.com/v1",
                &[("HTTPS_PROXY", "http://p:1"), ("NO_PROXY", "openai.com")],
                Some("p:1"),
            ),
            ("https://api.openai.com/v1", &[], None),
        ];
        for (url, variables, want) in table {
            let read = |name: &str| {
                variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
            };
            let found = proxy_of(url, read);
            assert!(!format!("{found:?}").contains("CANARY"));
            assert_eq!(found.map(|(proxy, _)| proxy).as_deref(), *want, "{url} {variables:?}");
        }
    }
}
