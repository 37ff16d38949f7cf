//! Recorded streams with bytes that were changed, lost, doubled or moved (safety R39): whatever
//! comes, a decoder does not panic, ends once, says the same at every split, and tells no text and
//! no money that is not in the bytes.

use proptest::prelude::*;

use super::*;

/// One change: what, where, and with what.
type Change = (u8, prop::sample::Index, prop::sample::Index, u8);

fn changed(mut bytes: Vec<u8>, changes: &[Change]) -> Vec<u8> {
    for (what, from, to, byte) in changes {
        if bytes.is_empty() {
            break;
        }
        let (from, to) = (from.index(bytes.len()), to.index(bytes.len()));
        let (from, to) = (from.min(to), from.max(to));
        match what % 5 {
            0 => bytes[from] = *byte,
            1 => bytes.insert(from, *byte),
            2 => drop(bytes.drain(from..to.min(from + 40))),
            3 => {
                let piece = bytes[from..to.min(from + 200)].to_vec();
                bytes.splice(to..to, piece);
            }
            _ => bytes.swap(from, to),
        }
    }
    bytes
}

/// The numbers and the letters of a text, in which no escape hides anything.
fn plain(text: &str) -> impl Iterator<Item = char> {
    text.chars().filter(char::is_ascii_alphanumeric)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_made_up(
        which in any::<prop::sample::Index>(),
        changes in prop::collection::vec(any::<Change>(), 0..6),
        split in any::<prop::sample::Index>(),
    ) {
        let all = recordings();
        let (name, bytes, expected) = &all[which.index(all.len())];
        let bytes = changed(bytes.clone(), &changes);
        // One end, and nothing behind it, is held by `decode`.
        let whole = decode(&mut *decoder(expected), &[&bytes]);
        prop_assert!(whole.finish.is_some() != whole.fault.is_some(), "{}: {:?}", name, whole);
        let (head, tail) = bytes.split_at(split.index(bytes.len() + 1));
        let halves = decode(&mut *decoder(expected), &[head, tail]);
        prop_assert_eq!(&halves, &whole, "{} split at {}", name, head.len());
        let mut counts = [0_usize; 128];
        bytes.iter().filter(|byte| byte.is_ascii()).for_each(|byte| counts[usize::from(*byte)] += 1);
        for told in plain(&whole.text).chain(plain(&whole.thinking)) {
            let left = &mut counts[usize::try_from(u32::from(told)).expect("small")];
            // An escape of JSON writes a letter in digits.
            prop_assert!(*left > 0 || bytes.windows(2).any(|two| two == b"\\u"), "{}: {:?}", name, told);
            *left = left.saturating_sub(1);
        }
        if whole.cost.is_some_and(|cost| cost != Pico::ZERO) {
            prop_assert!(bytes.windows(4).any(|four| four == b"cost"), "{}: {:?}", name, whole.cost);
        }
    }
}
