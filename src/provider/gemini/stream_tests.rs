//! What the recordings do not show: every reason to end, what gateways add, and bodies that are no
//! streams.

use super::*;
use crate::chat::FaultClass;
use crate::provider::Decoder;
use crate::provider::Pulse;
use crate::provider::error::Party;
use crate::provider::stream::Reader;

fn read(body: &str) -> (Vec<StreamEvent>, Result<(), Fault>, Pulse) {
    let party = Party { name: "lab".to_owned(), key: None };
    let mut decoder = Reader::new(party, Gemini::default());
    let mut out = Vec::new();
    let result = decoder.push(body.as_bytes(), &mut out).and_then(|()| decoder.end(&mut out));
    (out, result, decoder.pulse())
}

fn finish(body: &str) -> Option<Finish> {
    match read(body).0.pop() {
        Some(StreamEvent::Finished(finish)) => Some(finish),
        _ => None,
    }
}

fn ending(reason: &str) -> String {
    format!(
        "data: {{\"candidates\":[{{\"content\":{{\"parts\":[{{\"text\":\"a\"}}]}},\"finishReason\":\"{reason}\"}}]}}\r\n\r\n"
    )
}

#[test]
fn every_reason_to_end_has_its_meaning() {
    assert_eq!(finish(&ending("STOP")), Some(Finish::Stop));
    assert_eq!(finish(&ending("MAX_TOKENS")), Some(Finish::Length));
    for reason in [
        "SAFETY",
        "RECITATION",
        "LANGUAGE",
        "BLOCKLIST",
        "PROHIBITED_CONTENT",
        "SPII",
        "IMAGE_SAFETY",
        "IMAGE_PROHIBITED_CONTENT",
        "IMAGE_RECITATION",
    ] {
        assert_eq!(finish(&ending(reason)), Some(Finish::ContentFilter), "{reason}");
    }
    for reason in ["OTHER", "NO_IMAGE", "IMAGE_OTHER", "SOMETHING_NEW"] {
        assert_eq!(finish(&ending(reason)), Some(Finish::Other(Untrusted::from(reason))), "{reason}");
    }
    for (reason, class) in [
        ("MALFORMED_FUNCTION_CALL", FaultClass::Provider),
        ("UNEXPECTED_TOOL_CALL", FaultClass::Provider),
        ("TOO_MANY_TOOL_CALLS", FaultClass::Provider),
        ("MALFORMED_RESPONSE", FaultClass::Provider),
        ("MISSING_THOUGHT_SIGNATURE", FaultClass::BadRequest),
    ] {
        let (out, result, _) = read(&ending(reason));
        let fault = result.expect_err(reason);
        assert!(!fault.cut && fault.class == class && fault.message.raw().contains(reason), "{fault:?}");
        assert_eq!(out, [StreamEvent::Text(Untrusted::from("a"))], "{reason}: the text is kept");
    }
    assert!(read(&ending("FINISH_REASON_UNSPECIFIED")).1.expect_err("no reason").cut);
}

/// Old models say that they stop with every event.
#[test]
fn the_last_reason_counts() {
    let body = format!("{}{}", ending("STOP"), ending("MAX_TOKENS"));
    assert_eq!(finish(&body), Some(Finish::Length));
}

#[test]
fn other_candidates_are_not_mixed_in() {
    let body = "data: {\"candidates\":[{\"index\":1,\"content\":{\"parts\":[{\"text\":\"no\"}]},\"finishReason\":\"STOP\"}]}\n\n";
    let (out, result, _) = read(body);
    assert!(out.is_empty() && result.expect_err("nothing of the first").cut);
}

#[test]
fn what_gateways_add_is_no_end_by_itself() {
    let (out, result, pulse) = read(": alive\n\ndata: {}\n\ndata: [DONE]\n\n");
    assert_eq!(out, [StreamEvent::KeepAlive]);
    assert!(result.expect_err("no reason").cut);
    assert_eq!(pulse, Pulse { payloads: 1, idles: 2 });
    assert_eq!(finish(&format!("{}data: [DONE]\n\ndata: x\n\n", ending("STOP"))), Some(Finish::Stop));
    let fault = read("event: error\ndata: {\"message\":\"gone\",\"code\":500}\n\n").1.expect_err("an error");
    assert_eq!((fault.message.raw(), fault.http_status), ("gone", Some(500)));
}

#[test]
fn bodies_that_are_no_streams_are_told() {
    let table = [
        ("<html><title>Sign in</title>", FaultClass::Protocol, "Sign in"),
        ("[]", FaultClass::Protocol, "not a stream"),
        ("{\"error\":\"words\"}", FaultClass::Provider, "words"),
        (
            "[{\"error\":{\"code\":400,\"message\":\"API key not valid.\",\"details\":[{\"reason\":\"API_KEY_INVALID\"}]}}]",
            FaultClass::Auth,
            "API key",
        ),
        ("hello", FaultClass::Protocol, "hello"),
    ];
    for (body, class, words) in table {
        let fault = read(body).1.expect_err(body);
        assert!(fault.class == class && fault.message.raw().contains(words), "{body}: {fault:?}");
        assert!(!fault.cut && !fault.hint.is_empty(), "{body}: {fault:?}");
    }
    for cut in ["", "{\"candidates\":[", "[{\"candidates\":", "data: {\"cand"] {
        assert!(read(cut).1.expect_err(cut).cut, "{cut}");
    }
}

#[test]
fn what_the_price_depends_on_goes_with_the_tokens() {
    let body = "data: {\"candidates\":[{\"finishReason\":\"STOP\"}],\"usageMetadata\":{\"promptTokenCount\":3,\"totalTokenCount\":3,\"serviceTier\":\"flex\"}}\n\n";
    let (out, ..) = read(body);
    let tier = out.iter().find_map(|event| match event {
        StreamEvent::Usage { billing, raw, .. } => Some((billing.tier.clone(), raw.contains("\"flex\""))),
        _ => None,
    });
    assert_eq!(tier, Some((Some("flex".to_owned()), true)));
}
