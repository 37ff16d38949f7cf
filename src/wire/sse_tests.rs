//! The framing rules as a table, and the laws: any split gives the same frames, no input panics.

use proptest::prelude::*;

use super::*;

/// Frames as texts: `type|data`, `:` for a comment, `cut` for a cut end.
fn read(pieces: &[&[u8]]) -> Vec<String> {
    let mut sse = Sse::default();
    let mut out = Vec::new();
    let show = |frame: &Frame<'_>| match frame {
        Frame::Event { name, data } => format!("{name}|{data}"),
        Frame::Comment => ":".to_owned(),
    };
    for piece in pieces {
        let mut input = *piece;
        while let Some(frame) = sse.next(&mut input).expect("under the cap") {
            out.push(show(&frame));
        }
    }
    match sse.end() {
        Tail::Clean => {}
        Tail::Last(frame) => out.push(show(&frame)),
        Tail::Cut => out.push("cut".to_owned()),
    }
    out
}

#[test]
fn framing_rules() {
    let table: &[(&str, &[&str])] = &[
        ("data: a\n\n", &["message|a"]),
        ("data:a\n\n", &["message|a"]),
        ("data:  a\n\n", &["message| a"]),
        ("data:\ta\n\n", &["message|\ta"]),
        ("data: a\r\rdata: b\r\n\r\ndata: c\n\n", &["message|a", "message|b", "message|c"]),
        ("data: a\ndata: b\n\n", &["message|a\nb"]),
        ("data\n\n", &["message|"]),
        ("data:\ndata\n\n", &["message|\n"]),
        ("event: x\ndata: a\n\ndata: b\n\n", &["x|a", "message|b"]),
        ("event: x\n\ndata: b\n\n", &["message|b"]),
        (": hello\n\n:\ndata: a\n\n", &[":", ":", "message|a"]),
        ("\u{feff}data: a\n\n\u{feff}data: b\n\n", &["message|a"]),
        ("Data: a\n data: b\ndatas: c\nid: 1\nretry: 5\n\n", &[]),
        ("data: [DONE]", &["message|[DONE]"]),
        ("data: {\"a\":1}\n", &["message|{\"a\":1}"]),
        ("data: {\"a\":1", &["cut"]),
        ("data: half", &["cut"]),
        ("error: {\"code\":500}\n\n", &["error|{\"code\":500}"]),
        ("error: {\"code\":500}", &["error|{\"code\":500}"]),
        ("data: a\0b\n\n", &["message|a\0b"]),
        ("", &[]),
    ];
    for (input, expected) in table {
        assert_eq!(read(&[input.as_bytes()]), *expected, "{input:?}");
    }
}

#[test]
fn bad_utf8_is_replaced_and_never_an_error() {
    assert_eq!(read(&[b"data: a\xFFb\n\n"]), ["message|a\u{fffd}b"]);
    assert_eq!(read(&[b"data: \xE2\x98"]), ["cut"]);
}

#[test]
fn caps_hold_for_lines_and_events() {
    let mut sse = Sse::with_cap(10);
    assert!(sse.next(&mut &b"data: 123456789"[..]).is_err());
    let mut sse = Sse::with_cap(10);
    let mut input = &b"data:1234\ndata:1234\ndata:1234\n"[..];
    assert_eq!(sse.next(&mut input), Err(TooLong { cap: 10 }));
}

fn torture() -> Vec<u8> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/sse-framing-torture.sse");
    std::fs::read(path).expect("the recording is there")
}

#[test]
fn every_split_point_gives_the_same_frames() {
    let bytes = torture();
    let whole = read(&[&bytes]);
    assert!(whole.len() > 3, "{whole:?}");
    for at in 0..=bytes.len() {
        let (head, tail) = bytes.split_at(at);
        assert_eq!(read(&[head, tail]), whole, "split at {at}");
    }
    let single: Vec<&[u8]> = bytes.chunks(1).collect();
    assert_eq!(read(&single), whole);
}

proptest! {
    #[test]
    fn splits_do_not_matter(text in "(data|event|error|: ?|x|\r|\n|\r\n|\u{feff}|[a{}:é ]){0,40}", cuts in prop::collection::vec(0..200_usize, 0..6)) {
        let bytes = text.as_bytes();
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
        cuts.sort_unstable();
        let mut pieces = Vec::new();
        let mut from = 0;
        for cut in cuts {
            pieces.push(&bytes[from..cut]);
            from = cut;
        }
        pieces.push(&bytes[from..]);
        prop_assert_eq!(read(&pieces), read(&[bytes]));
    }
}
