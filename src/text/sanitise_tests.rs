//! The table row by row, the laws, and the texts that must come through as they are.

use proptest::prelude::*;

use super::*;
use crate::text::Untrusted;

const SURFACES: [Surface; 5] =
    [Surface::Pane, Surface::Line, Surface::Copy, Surface::Export, Surface::Stdout];

/// One row: what comes in and what comes out as pane, line, copy, export and stdout.
type Row = (&'static str, [&'static str; 5]);

const ROWS: &[Row] = &[
    ("plain text, 漢字 ½ é", ["plain text, 漢字 ½ é"; 5]),
    // Newlines.
    ("a\nb", ["a\nb", "a␊b", "a\nb", "a\nb", "a\nb"]),
    ("a\r\nb", ["a\nb", "a␊b", "a\nb", "a\nb", "a\nb"]),
    ("a\u{2028}b", ["a\nb", "a␊b", "a\nb", "a\nb", "a\u{2028}b"]),
    ("a\u{2029}b", ["a\nb", "a␊b", "a\nb", "a\nb", "a\u{2029}b"]),
    ("a\rb", ["a␍b", "a␍b", "ab", "ab", "ab"]),
    ("a\r", ["a␍", "a␍", "a", "a", "a"]),
    ("a\r\r\nb", ["a␍\nb", "a␍␊b", "a\nb", "a\nb", "a\nb"]),
    // The tabulator.
    ("a\tb", ["a\tb", "a␉b", "a\tb", "a\tb", "a\tb"]),
    // Controls.
    ("\u{1b}[31mx", ["␛[31mx", "␛[31mx", "[31mx", "[31mx", "[31mx"]),
    ("a\0\u{7}\u{8}\u{7f}b", ["a␀␇␈␡b", "a␀␇␈␡b", "ab", "ab", "ab"]),
    ("a\u{9b}m\u{85}", ["a<U+009B>m<U+0085>", "a<U+009B>m<U+0085>", "am", "am", "am"]),
    // Direction.
    ("a\u{202e}b", ["a<U+202E>b", "a<U+202E>b", "ab", "a<U+202E>b", "a\u{202e}b"]),
    ("a\u{2066}b", ["a<U+2066>b", "a<U+2066>b", "ab", "a<U+2066>b", "a\u{2066}b"]),
    ("a\u{200f}b", ["ab", "a<U+200F>b", "a\u{200f}b", "a\u{200f}b", "a\u{200f}b"]),
    ("a\u{61c}b", ["ab", "a<U+061C>b", "a\u{61c}b", "a\u{61c}b", "a\u{61c}b"]),
    // What is not seen.
    ("a\u{200b}b", ["ab", "a<U+200B>b", "ab", "a\u{200b}b", "a\u{200b}b"]),
    ("a\u{feff}b", ["ab", "a<U+FEFF>b", "ab", "a\u{feff}b", "a\u{feff}b"]),
    ("a\u{3164}b", ["ab", "a<U+3164>b", "ab", "a\u{3164}b", "a\u{3164}b"]),
    ("a\u{1d173}b", ["ab", "a<U+1D173>b", "ab", "a\u{1d173}b", "a\u{1d173}b"]),
    // Joiners.
    ("a\u{200d}b", ["ab", "a<U+200D>b", "a\u{200d}b", "a\u{200d}b", "a\u{200d}b"]),
    ("क\u{200d}", ["क", "क<U+200D>", "क\u{200d}", "क\u{200d}", "क\u{200d}"]),
    ("👩\u{200d}a", ["👩a", "👩<U+200D>a", "👩\u{200d}a", "👩\u{200d}a", "👩\u{200d}a"]),
    ("👩\u{200d}🚀", ["👩\u{200d}🚀"; 5]),
    ("می\u{200c}خواهم", ["می\u{200c}خواهم"; 5]),
    // Variation selectors.
    ("❤\u{fe0f}", ["❤\u{fe0f}"; 5]),
    ("1\u{fe0f}\u{20e3}", ["1\u{fe0f}\u{20e3}"; 5]),
    ("a\u{fe0f}", ["a", "a<U+FE0F>", "a", "a\u{fe0f}", "a\u{fe0f}"]),
    (
        "❤\u{fe0f}\u{fe01}",
        ["❤\u{fe0f}", "❤\u{fe0f}<U+FE01>", "❤\u{fe0f}", "❤\u{fe0f}\u{fe01}", "❤\u{fe0f}\u{fe01}"],
    ),
    ("葛\u{e0100}", ["葛\u{e0100}"; 5]),
    ("é\u{e0100}", ["é", "é<U+E0100>", "é", "é\u{e0100}", "é\u{e0100}"]),
    // Tags.
    ("a\u{e0041}\u{e0042}", ["a", "a<U+E0041><U+E0042>", "a", "a", "a\u{e0041}\u{e0042}"]),
    // Private use, noncharacters.
    ("a\u{e0b0}b", ["a\u{fffd}b", "a\u{fffd}b", "a\u{e0b0}b", "a\u{e0b0}b", "a\u{e0b0}b"]),
    ("a\u{fdd0}b", ["a\u{fffd}b", "a\u{fffd}b", "ab", "a\u{fdd0}b", "a\u{fdd0}b"]),
    ("a\u{10ffff}b", ["a\u{fffd}b", "a\u{fffd}b", "ab", "a\u{10ffff}b", "a\u{10ffff}b"]),
    ("a\u{e0fff}b", ["a\u{fffd}b", "a\u{fffd}b", "ab", "a\u{e0fff}b", "a\u{e0fff}b"]),
];

#[test]
fn each_row_of_the_table() {
    for (at, (class, _)) in TABLE.iter().enumerate() {
        assert_eq!(*class as usize, at, "the rows stand in the order of the classes");
    }
    for (source, expected) in ROWS {
        for (surface, expected) in SURFACES.into_iter().zip(expected) {
            assert_eq!(text(surface, source), *expected, "{source:?} on {surface:?}");
        }
    }
}

#[test]
fn marks_are_limited_on_each_base() {
    let zalgo = format!("a{}b{}", "\u{301}".repeat(1000), "\u{20dd}".repeat(9));
    let expected = |n: usize| format!("a{}b{}", "\u{301}".repeat(n), "\u{20dd}".repeat(n));
    assert_eq!(text(Surface::Pane, &zalgo), expected(8));
    assert_eq!(text(Surface::Line, &zalgo), expected(4));
    assert_eq!(hidden(&zalgo), 992 + 1);
    for exact in [Surface::Copy, Surface::Export, Surface::Stdout] {
        assert_eq!(text(exact, &zalgo), zalgo);
    }
    // A vowel of Hangul takes no cell either.
    assert_eq!(
        text(Surface::Pane, &format!("가{}", "\u{1161}".repeat(50))),
        format!("가{}", "\u{1161}".repeat(8))
    );
}

#[test]
fn tags_belong_to_a_flag_only_directly_after_it_in_the_source() {
    let [england, scotland, wales] = FLAG_TAGS;
    for tags in [england, scotland, wales] {
        let flag = format!("x🏴{tags}y");
        assert_eq!(text(Surface::Pane, &flag), flag);
        assert_eq!(text(Surface::Line, &flag), flag);
        assert_eq!(text(Surface::Copy, &flag), "x🏴y");
    }
    // What is dropped between the flag and its tags does not bring them together.
    for between in ["\u{e0041}\u{e0042}", "\u{200b}", "\u{e0067}", &england[..4]] {
        assert_eq!(text(Surface::Pane, &format!("🏴{between}{england}")), "🏴", "{between:?}");
    }
    // A flag has one run of tags; what follows it is dropped.
    assert_eq!(text(Surface::Pane, &format!("🏴{england}{england}")), format!("🏴{england}"));
    // A run that does not end is no flag.
    assert_eq!(text(Surface::Pane, &format!("🏴{}", &england[..20])), "🏴");
}

#[test]
fn what_is_hidden_is_counted() {
    assert_eq!(hidden("a\u{200b}b\u{feff}c\u{200e}\u{e0041}\r\n"), 4);
    assert_eq!(hidden("plain 漢字 👩\u{200d}🚀"), 0);
    assert_eq!(Untrusted::from("a\u{200b}").hidden_count(), 1);
}

#[test]
fn the_raw_view_shows_each_code_point() {
    assert_eq!(reveal("a\tb\nc"), "a\tb\nc");
    assert_eq!(reveal("é\u{200b}\u{1b}"), "\\u{e9}\\u{200b}\\u{1b}");
    assert!(matches!(reveal("plain"), Cow::Borrowed(_)));
}

#[test]
fn nothing_is_copied_when_nothing_changes() {
    for sample in ["", "plain\n\ttext", "漢字 и кириллица", "👩\u{200d}🚀 ❤\u{fe0f} e\u{301}"]
    {
        assert!(matches!(text(Surface::Pane, sample), Cow::Borrowed(_)), "{sample:?}");
    }
}

/// Names that hide what they do: each must show itself on a trusted line (R3).
#[test]
fn nothing_invisible_reaches_a_trusted_line() {
    let hostile = [
        ("rm \u{202e}fr- ~", "<U+202E>"),
        ("ls\u{e0072}\u{e006d}", "<U+E0072><U+E006D>"),
        ("ls\u{200b}x", "<U+200B>"),
        ("ls\rrm", "␍"),
        ("ls\nrm", "␊"),
        ("ls\u{fe00}\u{fe01}", "<U+FE00><U+FE01>"),
        ("ls\u{2060}", "<U+2060>"),
    ];
    for (name, shown) in hostile {
        assert!(text(Surface::Line, name).contains(shown), "{name:?}");
        assert_eq!(crate::text::one_line(name), text(Surface::Line, name));
    }
}

/// Emoji as people send them: each stays whole in the pane and on a line (R4).
const EMOJI: &str = "😀 😶‍🌫️ 😮‍💨 😵‍💫 ❤️ ❤️‍🔥 ❤️‍🩹 💔 ☺️ ☹️ ✌️ ☝️ ☝🏽 ✍🏿 👋🏻 🤝🏼 🫱🏻‍🫲🏿 👁️‍🗨️ 👁‍🗨 🕵️‍♂️ 🕵🏽‍♀️ 👩‍🚀 👨🏿‍⚕️ \
    🧑‍🎄 👩🏼‍❤️‍💋‍👨🏾 👨‍❤️‍👨 👨‍👩‍👧‍👦 🧑‍🧑‍🧒‍🧒 👩‍👦 🏃🏽‍♀️‍➡️ 🚶‍➡️ 🏋️‍♀️ ⛹🏽‍♂️ 🧔‍♂️ 👯‍♀️ 🧑‍🦽‍➡️ 🐕‍🦺 🐈‍⬛ 🐦‍⬛ 🐦‍🔥 🐻‍❄️ 🍋‍🟩 🍄‍🟫 \
    ⛓️‍💥 🏳️‍🌈 🏳️‍⚧️ 🏴‍☠️ 🏴󠁧󠁢󠁥󠁮󠁧󠁿 🏴󠁧󠁢󠁳󠁣󠁴󠁿 🏴󠁧󠁢󠁷󠁬󠁳󠁿 🇺🇸 🇮🇷 🇪🇺 🇦🇽 1️⃣ #️⃣ *️⃣ 0⃣ 🔟 ⚠️ ✔️ ✅ ❌ ℹ️ ™️ ©️ ®️ ‼️ ⁉️ ↔️ ↩️ ▶️ ⏏️ ⌚ ⌚︎ ☎︎ \
    Ⓜ️ 🅰️ 🈁 ㊗️ ㊙️ 〰️ 〽️ 🀄 🃏 🧑🏻‍🤝‍🧑🏿 🙂‍↔️ 🙂‍↕️ 🫩 🪉 🫆 🇨🇶 ♾️ ⚕️ ♀️ 🟰 🪪 🧿 🫠 🥹";

#[test]
fn emoji_survive() {
    for emoji in EMOJI.split_whitespace() {
        assert_eq!(text(Surface::Pane, emoji), emoji, "{}", reveal(emoji));
        assert_eq!(text(Surface::Line, emoji), emoji, "{}", reveal(emoji));
    }
    let regional = |n: u32| char::from_u32(0x1F1E6 + n).unwrap();
    for (a, b) in (0..26).flat_map(|a| (0..26).map(move |b| (a, b))) {
        let flag = format!("{}{}", regional(a), regional(b));
        assert_eq!(text(Surface::Pane, &flag), flag);
    }
    // Every pictograph of the tables: alone, as an emoji, with each skin, joined with a sign.
    for c in ('\u{a9}'..='\u{1fbff}').filter(|&c| is_emoji(c)) {
        for whole in [
            format!("{c}"),
            format!("{c}\u{fe0f}"),
            format!("{c}\u{1f3fd}\u{200d}\u{2640}\u{fe0f}"),
            format!("{c}\u{fe0f}\u{200d}\u{2b1b}"),
        ] {
            assert_eq!(text(Surface::Pane, &whole), whole, "{}", reveal(&whole));
        }
    }
}

#[test]
fn the_writings_of_the_world_survive() {
    let samples = [
        "می‌خواهم این را ببینم؛ نمی‌شود", // Persian, with ZWNJ
        "क्‍ष और क्ष, र्‍य, हिन्दी",          // Hindi, with ZWJ
        "ශ්‍රී ලංකා",                       // Sinhala, with ZWJ
        "বাংলা ক্‍ষ র‍্যাব",                   // Bengali, with ZWJ
        "ക്‍ മലയാളം ന്‍റെ",                  // Malayalam
        "العربية مُحَمَّدٌ لا إله",           // Arabic, with vowels
        "בְּרֵאשִׁית בָּרָא אֱלֹהִים",             // Hebrew, with points
        "தமிழ் க்ஷ ஸ்ரீ",                   // Tamil
        "ภาษาไทย น้ำ ผู้ใหญ่",              // Thai
        "葛\u{e0100}城 辻\u{e0101}",    // ideographs with variants
        "日本語 か\u{3099} ガギグ ﾊﾟ 中文 한국어 \u{1112}\u{1161}\u{11ab}",
        "tiếng Việt, Ελληνικά, ქართული, Հայերեն, ⵜⴰⵎⴰⵣⵉⵖⵜ, မြန်မာ, ខ្មែរ, བོད་ཡིག",
        "e\u{301}\u{323} ñ ǘ ½ ∑ → █ ─ ╭ ⠹ ≈ … “quotes” ‘here’",
    ];
    for sample in samples {
        // The joiner that ends a word in Malayalam is the one thing of these that may be hidden.
        let kept = sample.replace("ക്‍ ", "ക് ");
        assert_eq!(text(Surface::Pane, sample), kept, "{}", reveal(sample));
    }
    // Marks of direction are hidden, by decision.
    assert_eq!(text(Surface::Pane, "שלום\u{200f}!"), "שלום!");
}

fn run_stream(pieces: &[&str]) -> (String, usize) {
    let mut stream = PaneStream::default();
    let mut out = String::new();
    for piece in pieces {
        stream.push(&Untrusted::from(*piece), &mut out);
    }
    stream.finish(&mut out);
    (out, stream.hidden())
}

#[test]
fn every_split_of_the_samples_gives_the_same() {
    let flags: String = FLAG_TAGS.iter().map(|tags| format!("🏴{tags}{tags}")).collect();
    let samples =
        [EMOJI, &flags, "a\r\nb\rc\r", "क\u{200d}ष\u{200d}", "a\u{200d}\u{200d}b", "🏴\u{e0067}\u{e0062}"];
    for sample in samples {
        let whole = text(Surface::Pane, sample);
        for (at, _) in sample.char_indices() {
            let (out, counted) = run_stream(&[&sample[..at], &sample[at..]]);
            assert_eq!(out, whole, "split at {at}");
            assert_eq!(counted, hidden(sample));
        }
        let mut each = [0; 4];
        let mut stream = PaneStream::default();
        let mut out = String::new();
        for c in sample.chars() {
            stream.push(&Untrusted::from(&*c.encode_utf8(&mut each)), &mut out);
        }
        stream.finish(&mut out);
        assert_eq!(out, whole);
    }
}

/// Text of characters that mean something to the rule, and of any others.
fn hostile() -> impl Strategy<Value = String> {
    let telling: Vec<char> = "a1#*\n\r\t \u{1b}\u{7f}\u{9b}\u{85}\u{ad}é葛क\u{94d}ک\u{301}\u{20e3}\u{200b}\u{200c}\u{200d}\
        \u{200e}\u{202e}\u{2028}\u{fe0e}\u{fe0f}\u{e0100}👩❤🏽🏴🇺\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e007f}\u{e0041}\u{e000}\u{ffff}\u{e0800}"
        .chars()
        .collect();
    let flag = FLAG_TAGS[0].to_owned();
    let piece = prop_oneof![
        12 => proptest::sample::select(telling).prop_map(String::from),
        2 => any::<char>().prop_map(String::from),
        1 => Just(flag),
    ];
    proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_control_comes_out(source in hostile()) {
        for surface in SURFACES {
            let out = text(surface, &source);
            let allowed = |c: char| surface != Surface::Line && matches!(c, '\n' | '\t');
            prop_assert!(out.chars().all(|c| !c.is_control() || allowed(c)), "{surface:?} {out:?}");
        }
    }

    #[test]
    fn twice_is_once(source in hostile()) {
        for surface in SURFACES {
            let once = text(surface, &source).into_owned();
            let twice = text(surface, &once);
            prop_assert_eq!(twice, once.as_str(), "{:?}", surface);
        }
    }

    #[test]
    fn pieces_are_the_whole(pieces in proptest::collection::vec(hostile(), 0..5)) {
        let whole = pieces.concat();
        let mut joined = Untrusted::default();
        for piece in &pieces {
            joined.push(&Untrusted::from(piece.as_str()));
        }
        prop_assert_eq!(joined.pane(), text(Surface::Pane, &whole));
        let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
        let (out, counted) = run_stream(&pieces);
        prop_assert_eq!(out, text(Surface::Pane, &whole));
        prop_assert_eq!(counted, hidden(&whole));
    }

    #[test]
    fn the_output_is_bounded(source in hostile()) {
        for surface in SURFACES {
            prop_assert!(text(surface, &source).len() <= 8 * source.len());
        }
        prop_assert!(reveal(&source).len() <= 8 * source.len());
    }

    #[test]
    fn a_line_break_ends_every_context(a in hostile(), b in hostile()) {
        prop_assume!(!a.ends_with('\r'));
        let both = format!("{a}\n{b}");
        let apart = format!("{}\n{}", text(Surface::Pane, &a), text(Surface::Pane, &b));
        prop_assert_eq!(text(Surface::Pane, &both), apart);
    }

    #[test]
    fn nothing_that_is_not_seen_is_on_a_line(source in hostile()) {
        for c in text(Surface::Line, &source).chars() {
            prop_assert!(!matches!(class(c), Class::Invisible | Class::BidiMark | Class::BidiOverride | Class::C1));
        }
    }
}
