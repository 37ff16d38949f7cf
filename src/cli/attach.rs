//! Files that go along with a prompt. What a file is says its first bytes, not its name; what looks
//! like a key is refused by its name and by its first line, because what was sent cannot be taken
//! back. Text joins the prompt; the rest goes as it is.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::chat::Media;
use crate::chat::MediaData;
use crate::text::Untrusted;

/// The largest file, in bytes; providers take no larger ones.
const LARGEST: u64 = 20 * 1024 * 1024;

/// The most files.
const MOST: usize = 32;

/// Names that keys and passwords are kept under; a star is anything.
const SECRET_NAMES: &[&str] =
    &["id_*", ".env*", "credentials*", ".netrc", ".pgpass", ".npmrc", "*.pem", "*.key", "*.p12", "*.kdbx"];

/// How files of each kind begin, and where that stands. The first that fits counts.
const KINDS: &[(usize, &[u8], &str)] = &[
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (0, b"%PDF-", "application/pdf"),
    (8, b"WAVE", "audio/wav"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"\xff\xfb", "audio/mpeg"),
    (0, b"\xff\xf3", "audio/mpeg"),
    (0, b"OggS", "audio/ogg"),
    (0, b"fLaC", "audio/flac"),
    (4, b"ftypM4A", "audio/mp4"),
    (4, b"ftyp", "video/mp4"),
    (0, b"\x1a\x45\xdf\xa3", "video/webm"),
];

/// What was attached.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Attached {
    /// What goes as it is.
    pub media: Vec<Media>,
    /// Texts with the names of their files.
    pub text: Vec<(String, String)>,
}

impl Attached {
    /// The prompt with the texts under it.
    pub fn under(&self, prompt: &str) -> String {
        let mut out = prompt.to_owned();
        for (name, text) in &self.text {
            out.push_str(if out.is_empty() { "" } else { "\n\n" });
            // A fence that is longer than any in the text.
            let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
            let fence = "`".repeat(longest.max(2) + 1);
            out.push_str(&format!("{name}:\n{fence}\n{}\n{fence}", text.trim_end_matches('\n')));
        }
        out
    }
}

/// Reads the files.
///
/// # Errors
/// The sentence to tell; nothing was sent.
pub(super) fn read(paths: &[PathBuf]) -> Result<Attached, String> {
    if paths.len() > MOST {
        return Err(format!("-a: at most {MOST} files go along with a prompt"));
    }
    let mut attached = Attached::default();
    for path in paths {
        let shown = Untrusted::from(path.display().to_string()).line().into_owned();
        let why = |why: String| format!("-a {shown}: {why}. Nothing was sent.");
        let bytes = bytes_of(path).map_err(why)?;
        let name =
            path.file_name().map_or_else(|| "file".to_owned(), |name| name.to_string_lossy().into_owned());
        match kind(&bytes) {
            Some(media_type) => attached.media.push(Media {
                media_type: media_type.to_owned(),
                name: Some(name),
                data: MediaData::Base64(STANDARD.encode(&bytes).into()),
            }),
            None => match String::from_utf8(bytes) {
                Ok(text) if text.lines().next().is_some_and(|line| line.contains("PRIVATE KEY")) => {
                    return Err(why("it holds a private key".to_owned()));
                }
                Ok(text) if !text.contains('\0') => attached.text.push((name, text)),
                _ => {
                    let known =
                        "it is neither an image (PNG, JPEG, GIF, WebP) nor a PDF, a sound, a film or text";
                    return Err(why(known.to_owned()));
                }
            },
        }
    }
    Ok(attached)
}

fn bytes_of(path: &Path) -> Result<Vec<u8>, String> {
    let unreadable = |error: std::io::Error| format!("it cannot be read: {error}");
    // A link is judged by where it leads as well.
    let real = path.canonicalize().map_err(unreadable)?;
    if [path, &real].into_iter().any(is_secret) {
        return Err("files of that name hold keys and passwords; it is not sent".to_owned());
    }
    // Before it is opened: opening a pipe would wait for whoever writes into it.
    if !std::fs::metadata(&real).map_err(unreadable)?.is_file() {
        return Err("it is no regular file".to_owned());
    }
    let file = File::open(&real).map_err(unreadable)?;
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > LARGEST {
        return Err(format!("it is larger than {} MB", LARGEST / 1024 / 1024));
    }
    if bytes.is_empty() {
        return Err("it is empty".to_owned());
    }
    Ok(bytes)
}

fn is_secret(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    SECRET_NAMES.iter().any(|pattern| match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
        (Some(end), _) => name.ends_with(end),
        (_, Some(start)) => name.starts_with(start),
        _ => name == *pattern,
    })
}

fn kind(bytes: &[u8]) -> Option<&'static str> {
    KINDS
        .iter()
        .find(|(at, mark, _)| bytes.get(*at..).is_some_and(|rest| rest.starts_with(mark)))
        .map(|(.., media_type)| *media_type)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, bytes) in files {
            std::fs::write(folder.path().join(name), bytes).expect("written");
        }
        folder
    }

    #[test]
    fn kinds_are_known_by_their_first_bytes() {
        let folder = folder(&[
            ("a.txt", b"\x89PNG\r\n\x1a\nxyz"),
            ("b.png", b"%PDF-1.7"),
            ("c", b"RIFF\0\0\0\0WAVEfmt "),
            ("d.md", "h\u{e9} ```x```\n".as_bytes()),
        ]);
        let paths: Vec<PathBuf> =
            ["a.txt", "b.png", "c", "d.md"].map(|name| folder.path().join(name)).to_vec();
        let read = read(&paths).expect("files");
        let kinds: Vec<_> = read.media.iter().map(|media| media.media_type.as_str()).collect();
        assert_eq!(kinds, ["image/png", "application/pdf", "audio/wav"]);
        assert_eq!(read.media[0].data, MediaData::Base64("iVBORw0KGgp4eXo=".into()));
        assert_eq!(read.media[0].label(), "[a.txt · 11 B]");
        assert_eq!(read.under("Look."), "Look.\n\nd.md:\n````\nh\u{e9} ```x```\n````");
        assert_eq!(read.under(""), "d.md:\n````\nh\u{e9} ```x```\n````");
    }

    #[test]
    fn keys_pipes_and_what_is_too_much_are_refused() {
        let folder = folder(&[
            ("id_ed25519", b"x"),
            (".env.local", b"A=1"),
            ("credentials", b"x"),
            ("Server.PEM", b"x"),
            ("notes.txt", b"-----BEGIN OPENSSH PRIVATE KEY-----\nx"),
            ("odd.bin", b"a\0b"),
            ("empty", b""),
        ]);
        let at = |name: &str| folder.path().join(name);
        std::os::unix::fs::symlink(at("id_ed25519"), at("harmless.txt")).expect("a link");
        std::fs::create_dir(at("folder")).expect("a folder");
        make_pipe(&at("pipe"));
        std::fs::write(at("large"), vec![b'a'; 20 * 1024 * 1024 + 1]).expect("written");
        for (name, why) in [
            ("id_ed25519", "hold keys"),
            (".env.local", "hold keys"),
            ("credentials", "hold keys"),
            ("Server.PEM", "hold keys"),
            ("harmless.txt", "hold keys"),
            ("notes.txt", "a private key"),
            ("odd.bin", "neither an image"),
            ("empty", "it is empty"),
            ("folder", "no regular file"),
            ("pipe", "no regular file"),
            ("large", "larger than 20 MB"),
            ("missing", "cannot be read"),
        ] {
            let told = read(&[at(name)]).expect_err(name);
            assert!(told.contains(why) && told.ends_with("Nothing was sent."), "{name}: {told}");
        }
    }

    fn make_pipe(path: &Path) {
        let made = std::process::Command::new("mkfifo").arg(path).status();
        assert!(made.is_ok_and(|status| status.success()));
    }
}
