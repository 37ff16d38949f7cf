//! The exchange against recorded answers and a server on loopback.

use std::time::Duration;

use serde_json::Value;

use super::*;
use crate::chat::Redactor;
use crate::provider::driver_tests::mock;
use crate::provider::driver_tests::mock::Mock;
use crate::provider::openai::tests::endpoint;

fn recorded() -> Value {
    serde_json::from_str(include_str!("../../tests/fixtures/or-auth-keys-exchange.json")).expect("JSON")
}

fn pair() -> Pkce {
    let verifier = recorded()["request"]["code_verifier"].as_str().expect("a text").to_owned();
    Pkce { verifier: Secret::new(verifier) }
}

#[test]
fn the_challenge_is_that_of_the_standard() {
    assert_eq!(recorded()["challenge_for_verifier"].as_str(), Some(pair().challenge().as_str()));
}

#[test]
fn no_two_logins_share_a_text_and_it_is_as_long_as_it_must_be() {
    let (one, two) = (Pkce::new().expect("random"), Pkce::new().expect("random"));
    assert_ne!(one.challenge(), two.challenge());
    let text = one.verifier.expose();
    assert!(
        (43..=128).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
    );
}

#[test]
fn the_page_is_on_the_endpoints_own_host() {
    let mut endpoint = endpoint();
    endpoint.base_url = "https://openrouter.ai/api/v1".to_owned();
    let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    assert_eq!(
        page(&endpoint, &pair(), None).expect("an address"),
        format!("https://openrouter.ai/auth?code_challenge={challenge}&code_challenge_method=S256")
    );
    endpoint.base_url = "http://127.0.0.1:9/api/v1".to_owned();
    let shown = page(&endpoint, &pair(), Some("http://127.0.0.1:5/cb/x")).expect("an address");
    assert!(
        shown.starts_with("http://127.0.0.1:9/auth?callback_url=http%3A%2F%2F127.0.0.1%3A5%2Fcb%2Fx&"),
        "{shown}"
    );
    assert!(!shown.contains(pair().verifier.expose()));
}

#[test]
fn the_body_is_the_recorded_one() {
    let code = Secret::new(recorded()["request"]["code"].as_str().expect("a code"));
    let sent: Value = serde_json::from_str(&parts(&code, &pair()).body).expect("JSON");
    assert_eq!(sent, recorded()["request"]);
    let body = recorded()["response"].to_string();
    assert_eq!(key_of(body.as_bytes()).expect("a key").expose(), recorded()["response"]["key"]);
    for none in ["{}", "{\"key\":\"\"}", "{\"key\":\"a b\"}", "<html>"] {
        assert!(key_of(none.as_bytes()).is_none(), "{none}");
    }
}

#[tokio::test]
async fn no_key_is_sent_and_refusals_are_explained() {
    let table = [
        ("200 OK", "{\"key\":\"sk-or-new-0123\"}", Ok("sk-or-new-0123")),
        ("400 Bad Request", "{}", Err("does not understand")),
        (
            "403 Forbidden",
            "{\"error\":{\"message\":\"Invalid code the-code-0123\"}}",
            Err("wrong, was used, or is too old"),
        ),
        ("405 Method Not Allowed", "{}", Err("does not exchange codes")),
        ("200 OK", "{}", Err("has no key in it")),
    ];
    for (status, body, want) in table {
        let mock = Mock::always(mock::response(status, "application/json", body));
        let mut endpoint = endpoint();
        endpoint.base_url = format!("{}/api/v1", mock.url());
        endpoint.timeouts.headers = Duration::from_secs(5);
        let http = Http::new(Redactor::default());
        let got = exchange(&endpoint, &http, &Secret::new("the-code-0123"), pair()).await;
        match (got, want) {
            (Ok(key), Ok(want)) => assert_eq!(key.expose(), want),
            (Err(fault), Err(want)) => {
                let told = format!("{} {}", fault.message.raw(), fault.hint);
                assert!(told.contains(want) && !told.contains("the-code-0123"), "{status}: {told}");
            }
            (got, want) => panic!("{status}: {:?} is not {want:?}", got.map(|_| "a key")),
        }
        let seen = mock.seen().requests;
        assert_eq!(seen.len(), 1, "asked once");
        assert!(seen[0].head.starts_with("POST /api/v1/auth/keys "), "{}", seen[0].head);
        assert_eq!(seen[0].header("authorization"), None);
    }
}
