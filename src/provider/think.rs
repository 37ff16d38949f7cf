//! `<think>` tags at the head of a reply: what stands between them is thinking. After the first
//! visible text a tag is text like any other. At most the bytes that could begin a tag are held
//! back. It must not look at anything but the text of one reply.

const OPEN: &str = "<think>";
const CLOSE: &str = "</think>";

/// White space before the opening tag is dropped with it; more than this is text.
const MOST_SPACE: usize = 64;

/// What a piece of text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Of the reply.
    Text,
    /// Of the thinking.
    Thinking,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Head,
    Inside,
    Done,
}

/// The filter of one reply.
#[derive(Debug)]
pub(super) struct ThinkFilter {
    state: State,
    /// The template opens the tag itself, so that the reply begins inside of it.
    implicit: bool,
    held: String,
}

impl ThinkFilter {
    /// A filter; `enabled` as the endpoint says, `implicit` for templates that open the tag themselves.
    pub(super) fn new(enabled: bool, implicit: bool) -> Self {
        let state = if enabled || implicit { State::Head } else { State::Done };
        Self { state, implicit, held: String::new() }
    }

    /// Takes the next text and says what it is.
    pub(super) fn push(&mut self, text: &str, tell: &mut impl FnMut(Kind, &str)) {
        if self.state == State::Done {
            tell(Kind::Text, text);
            return;
        }
        self.held.push_str(text);
        if self.state == State::Head {
            self.head();
        }
        match self.state {
            State::Head => {}
            State::Inside => self.inside(tell),
            State::Done => self.finish(tell),
        }
    }

    /// The reply has ended: what was held back is what it looks like.
    pub(super) fn finish(&mut self, tell: &mut impl FnMut(Kind, &str)) {
        let held = std::mem::take(&mut self.held);
        let kind = if self.state == State::Inside { Kind::Thinking } else { Kind::Text };
        self.state = State::Done;
        if !held.is_empty() {
            tell(kind, &held);
        }
    }

    fn head(&mut self) {
        let rest = self.held.trim_start();
        let space = self.held.len() - rest.len();
        if rest.starts_with(OPEN) {
            self.held.drain(..space + OPEN.len());
            self.state = State::Inside;
        } else if !OPEN.starts_with(rest) || space > MOST_SPACE {
            self.state = if self.implicit { State::Inside } else { State::Done };
        }
    }

    fn inside(&mut self, tell: &mut impl FnMut(Kind, &str)) {
        let held = std::mem::take(&mut self.held);
        if let Some((thinking, text)) = held.split_once(CLOSE) {
            if !thinking.is_empty() {
                tell(Kind::Thinking, thinking);
            }
            self.state = State::Done;
            if !text.is_empty() {
                tell(Kind::Text, text);
            }
            return;
        }
        let keep =
            (1..CLOSE.len()).rev().find(|n| CLOSE.get(..*n).is_some_and(|start| held.ends_with(start)));
        let (now, later) = held.split_at(held.len() - keep.unwrap_or(0));
        if !now.is_empty() {
            tell(Kind::Thinking, now);
        }
        self.held = later.to_owned();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(implicit: bool, pieces: &[&str]) -> (String, String) {
        let mut filter = ThinkFilter::new(true, implicit);
        let (mut thinking, mut text) = (String::new(), String::new());
        let mut tell = |kind, piece: &str| match kind {
            Kind::Thinking => thinking.push_str(piece),
            Kind::Text => text.push_str(piece),
        };
        for piece in pieces {
            filter.push(piece, &mut tell);
        }
        filter.finish(&mut tell);
        (thinking, text)
    }

    #[test]
    fn tags_at_the_head_and_nowhere_else() {
        let table = [
            (false, "<think>a</think>b", "a", "b"),
            (false, "\n <think>a<b</think>\n\nb", "a<b", "\n\nb"),
            (false, "b <think>a</think>", "", "b <think>a</think>"),
            (false, "<thin", "", "<thin"),
            (false, "<thing>", "", "<thing>"),
            (false, "<think>a</thin", "a</thin", ""),
            (false, "<think>a</think>b<think>c</think>", "a", "b<think>c</think>"),
            (true, "a</think>b", "a", "b"),
            (true, "<think>a</think>b", "a", "b"),
            (false, "", "", ""),
        ];
        for (implicit, input, thinking, text) in table {
            let expected = (thinking.to_owned(), text.to_owned());
            assert_eq!(read(implicit, &[input]), expected, "{input:?} whole");
            for at in 0..=input.len() {
                let (head, tail) = input.split_at(at);
                assert_eq!(read(implicit, &[head, tail]), expected, "{input:?} at {at}");
            }
            let single: Vec<String> = input.chars().map(String::from).collect();
            let single: Vec<&str> = single.iter().map(String::as_str).collect();
            assert_eq!(read(implicit, &single), expected, "{input:?} by characters");
        }
    }
}
