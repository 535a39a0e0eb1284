//! Reads a file and all files that it includes as one sequence of logical lines.

use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use swatch_common::sanitize;

use crate::Options;
use crate::diagnostic::Diagnostic;
use crate::lines::keyword::divide;
use crate::lines::located::{Located, LogicalLine, is_space};
use crate::lines::logical::{split, split_plain};
use crate::source::{FileId, Sources};

/// A step of the walk through the files.
#[derive(Debug)]
pub(crate) enum Step {
    /// A line other than `include`.
    Line(LogicalLine),
    /// The following lines belong to an included file.
    Enter,
    /// The end of the included file.
    Leave,
}

/// The result of the walk.
#[derive(Debug, Default)]
pub(crate) struct Read {
    /// The lines.
    pub(crate) entries: Vec<Step>,
    /// The texts.
    pub(crate) sources: Sources,
    /// Comments of the main file.
    pub(crate) comments: Vec<LogicalLine>,
    /// Comments of all files.
    pub(crate) all_comments: Vec<LogicalLine>,
    /// Findings.
    pub(crate) diagnostics: Vec<Diagnostic>,
}

/// Deeper includes are a mistake.
const MAX_DEPTH: usize = 64;

/// A larger file is most likely a log or a device.
const MAX_SIZE: u64 = 256 << 20;

/// Reads a file. A directory or an endless device is an error.
pub(crate) fn load(path: &Path) -> io::Result<Vec<u8>> {
    use io::Read as _;
    let file = fs::File::open(path)?;
    if file.metadata()?.is_dir() {
        return Err(io::Error::from(io::ErrorKind::IsADirectory));
    }
    let mut text = Vec::new();
    file.take(MAX_SIZE + 1).read_to_end(&mut text)?;
    if text.len() as u64 > MAX_SIZE {
        return Err(io::Error::from(io::ErrorKind::FileTooLarge));
    }
    Ok(text)
}

/// Reads the main file's text and follows its `include` lines.
pub(crate) fn read(path: PathBuf, text: Vec<u8>, options: &Options) -> Read {
    let mut out = Read::default();
    let file = out.sources.add(path.clone(), text);
    let mut open = vec![path];
    let text = out.sources.shared_text(file);
    if options.old_style {
        let lines = split_plain(file, &text);
        out.all_comments.extend(lines.comments.iter().cloned());
        out.comments = lines.comments;
        out.entries.extend(lines.lines.into_iter().map(Step::Line));
    } else {
        out.comments = lines(file, &text, &mut out, &mut open, options);
    }
    out
}

/// Appends a file's lines; returns its comments.
fn lines(
    file: FileId,
    text: &[u8],
    out: &mut Read,
    open: &mut Vec<PathBuf>,
    options: &Options,
) -> Vec<LogicalLine> {
    let read = split(file, text);
    out.all_comments.extend(read.comments.iter().cloned());
    for line in read.lines {
        let divided = divide(line.text());
        let name = divided.name();
        if !contains(&name, b"include") {
            out.entries.push(Step::Line(line));
            continue;
        }
        if name != b"include" {
            let key = sanitize::text(divided.key.bytes);
            out.diagnostics.push(
                Diagnostic::warning(
                    divided.key.span(),
                    format!("`{key}` is read as `include`"),
                    "a keyword that contains `include`",
                )
                .with_help("write `include`"),
            );
        }
        include(file, divided.value, divided.key, out, open, options);
    }
    read.comments
}

/// Returns true if a word contains another, as the original looks for `include` and `perlcode`.
pub(crate) fn contains(word: &[u8], part: &[u8]) -> bool {
    word.windows(part.len()).any(|window| window == part)
}

fn include(
    from: FileId,
    value: Located<'_>,
    key: Located<'_>,
    out: &mut Read,
    open: &mut Vec<PathBuf>,
    options: &Options,
) {
    if value.is_empty() {
        out.diagnostics.push(Diagnostic::error(
            key.span(),
            "`include` names no file",
            "expected a file name",
        ));
        return;
    }
    let directory = out.sources.path(from).parent().map(Path::to_path_buf);
    let directory = directory.unwrap_or_default();
    let found = names(value).into_iter().find_map(|name| {
        let name = Path::new(std::ffi::OsStr::from_bytes(name.bytes));
        let tries = [options.base_dir.join(name), directory.join(name)];
        tries.into_iter().find(|path| path.exists())
    });
    let Some(path) = found else {
        let wanted = names(value).pop().unwrap_or(value);
        out.diagnostics.push(
            Diagnostic::error(
                wanted.span(),
                format!("cannot find the file `{}`", sanitize::text(wanted.bytes)),
                "expected the name of an existing file",
            )
            .with_help(
                "a relative name starts from the working directory, then from the directory of this file; \
                 globs, `~` and variables are not expanded",
            ),
        );
        return;
    };
    let place = value.span();
    if open.iter().any(|above| same_file(above, &path)) || open.len() >= MAX_DEPTH {
        out.diagnostics.push(Diagnostic::error(
            place,
            format!("{} includes itself", sanitize::path(&path)),
            "this file is already open",
        ));
        return;
    }
    let text = match load(&path) {
        Ok(text) => text,
        Err(why) => {
            out.diagnostics.push(Diagnostic::error(
                place,
                format!("cannot read {}: {why}", sanitize::path(&path)),
                "expected a readable file",
            ));
            return;
        }
    };
    let file = out.sources.add(path.clone(), text.clone());
    out.entries.push(Step::Enter);
    open.push(path);
    lines(file, &text, out, open, options);
    open.pop();
    out.entries.push(Step::Leave);
}

/// Possible file names in a value: as it stands, then without a comment and quotation marks.
fn names(value: Located<'_>) -> Vec<Located<'_>> {
    let mut bare = value;
    let comment = value
        .bytes
        .windows(2)
        .position(|w| is_space(w[0]) && w[1] == b'#');
    if let Some(comment) = comment {
        bare = value.to(comment).trim_end();
    }
    for quote in [b'"', b'\''] {
        let quoted = bare.bytes.len() > 1 && bare.bytes[0] == quote;
        if quoted && bare.bytes.last() == Some(&quote) {
            bare = bare.sub(1..bare.bytes.len() - 1);
        }
    }
    vec![value, bare]
}

fn same_file(a: &Path, b: &Path) -> bool {
    match (fs::canonicalize(a), fs::canonicalize(b)) {
        (Ok(a), Ok(b)) => a == b,
        _ => a == b,
    }
}
