//! Errors that stop the import of one filter or jail.

use std::path::PathBuf;

/// The reason why a filter or a jail cannot be imported.
///
/// Line numbers start at 1.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// A file that is needed cannot be read.
    #[error("{}: cannot be read: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The reason that the system gave.
        source: std::io::Error,
    },
    /// A filter of that name does not exist.
    #[error("no filter {name}: neither {name}.conf nor {name}.local exists in {}", directory.display())]
    NoFilter {
        /// The name as it was asked for.
        name: String,
        /// The directory that was searched.
        directory: PathBuf,
    },
    /// A file named by `before` or `after` in `[INCLUDES]` does not exist.
    #[error("{}:{line}: included file {name} does not exist; create it or remove the include", path.display())]
    NoInclude {
        /// The including file.
        path: PathBuf,
        /// The line of the `before` or `after` option.
        line: usize,
        /// The name of the missing file.
        name: String,
    },
    /// A line that is neither a section, an option, a comment nor a continuation.
    #[error("{}:{line}: expected `[section]` or `option = value`, found `{text}`", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// The offending line.
        line: usize,
        /// Its text, shortened.
        text: String,
    },
    /// Files include each other in a circle.
    #[error("{}: includes itself, directly or through other files", path.display())]
    IncludeCycle {
        /// The file that was reached a second time.
        path: PathBuf,
    },
    /// `%(name)s` names an option that does not exist.
    #[error("{}:{line}: `%({name})s` is not defined; define `{name}` or remove the reference", path.display())]
    Undefined {
        /// The file of the reference.
        path: PathBuf,
        /// The line of the reference.
        line: usize,
        /// The undefined option.
        name: String,
    },
    /// Options that refer to each other in a circle.
    #[error("{}:{line}: `{name}` refers to itself, directly or through other options", path.display())]
    Recursive {
        /// The file of the reference.
        path: PathBuf,
        /// The line of the reference.
        line: usize,
        /// The option that was reached a second time.
        name: String,
    },
    /// An incomplete `%(` reference.
    #[error("{}:{line}: `%` must be followed by `%` or `(name)s`", path.display())]
    Interpolation {
        /// The file.
        path: PathBuf,
        /// The line.
        line: usize,
    },
    /// A filter without a `failregex`.
    #[error("filter {name}: no failregex is set, so it can never match")]
    NoFailregex {
        /// The filter.
        name: String,
    },
    /// Text in brackets after a filter's name that is not `[name=value, …]`.
    #[error("`{text}`: expected FILTER or FILTER[name=value, …]")]
    Brackets {
        /// The text as it stands.
        text: String,
    },
}
