//! Keys in the system's keyring: the Secret Service on Linux, the Keychain on macOS. Built only with
//! the feature `keyring`. A keyring that is locked asks the person in a window of its own, or does
//! not answer at all: it is waited for 3 seconds and no longer (safety R12).

use std::sync::mpsc;
use std::time::Duration;

use crate::chat::KeyError;
use crate::chat::KeySource;
use crate::chat::Secret;
use crate::config::secrets::checked;
use crate::text::Untrusted;

/// How long a keyring may take.
const LIMIT: Duration = Duration::from_secs(3);

/// The service that salon's keys are filed under.
const SERVICE: &str = "salon";

/// A key that the keyring keeps under a name.
pub(super) struct KeyringKey {
    name: String,
    limit: Duration,
    ask: fn(&str) -> Result<String, String>,
}

impl KeyringKey {
    /// Nothing is asked yet.
    pub(super) fn new(name: &str) -> Self {
        Self { name: name.to_owned(), limit: LIMIT, ask }
    }
}

impl KeySource for KeyringKey {
    fn key(&self) -> Result<Secret, KeyError> {
        let fail = |why: String, hint: String| KeyError { tried: format!("{} {why}", self.describe()), hint };
        let (sender, receiver) = mpsc::channel();
        let (ask, name) = (self.ask, self.name.clone());
        // One that never answers is left behind; it ends with the process.
        std::thread::spawn(move || drop(sender.send(ask(&name))));
        match receiver.recv_timeout(self.limit) {
            Ok(Ok(key)) => checked(key.trim(), &self.describe()),
            Ok(Err(why)) => {
                let hint = format!("store it with service {SERVICE} and user {}", self.name);
                Err(fail(format!("gives no key: {why}"), hint))
            }
            Err(_) => {
                let why = format!("did not answer within {} s", self.limit.as_secs());
                Err(fail(why, "unlock it, or say another way to the key in the config".to_owned()))
            }
        }
    }

    fn describe(&self) -> String {
        format!("the system's keyring, {SERVICE}/{}", Untrusted::from(self.name.as_str()).line())
    }

    fn may_ask(&self) -> bool {
        true
    }
}

fn ask(name: &str) -> Result<String, String> {
    let entry = keyring::Entry::new(SERVICE, name).map_err(|error| error.to_string())?;
    entry.get_password().map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_keyring_gives_a_key_or_says_why_not() {
        let key = |ask| KeyringKey { name: "work".to_owned(), limit: Duration::from_millis(50), ask };
        assert_eq!(key(|_| Ok("sk-one-two\n".to_owned())).key().expect("a key").expose(), "sk-one-two");
        let none = key(|_| Err("no entry".to_owned())).key().expect_err("none");
        assert!(none.tried.contains("no entry") && none.hint.contains("salon"), "{none:?}");
        let late = key(|_| {
            std::thread::sleep(Duration::from_secs(60));
            Ok(String::new())
        });
        assert!(late.key().expect_err("too late").tried.contains("did not answer within"));
    }
}
