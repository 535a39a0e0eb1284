//! A conformance case: the program's input and its expected output.

/// The input of a case that gives none.
pub const THREE_LINES: &[u8] = b"alpha one\nbeta two\ngamma three\n";

/// A case's verdict on the original's behaviour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Do the same.
    Want,
    /// Do the same; the configuration needs Perl, so it may be refused where there is none.
    WantPerl,
    /// A defect; the text describes the better behaviour.
    Bug(String),
}

/// Privileges that a case needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// A mount namespace with stand-ins for sendmail and write.
    StandIns,
    /// Root (the case changes to another user).
    Root,
}

/// The exit status that a case expects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Exactly this status.
    Code(i32),
    /// Any status but 0.
    NonZero,
}

impl Exit {
    /// True if `code` is an expected status.
    pub fn accepts(self, code: i32) -> bool {
        match self {
            Exit::Code(wanted) => wanted == code,
            Exit::NonZero => code != 0,
        }
    }
}

impl std::fmt::Display for Exit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Exit::Code(code) => write!(f, "{code}"),
            Exit::NonZero => f.write_str("nonzero"),
        }
    }
}

/// The results of a run that are compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// Standard output, with paths and banner normalised.
    pub stdout: Vec<u8>,
    /// The side log written by the recorders.
    pub side: Vec<u8>,
    /// The exit status.
    pub exit: Exit,
}

/// One case of the suite.
#[derive(Debug, Clone)]
pub struct Case {
    /// The name, unique in the suite; it begins with the number of its topic.
    pub name: String,
    /// The name of its file, without directory and extension.
    pub topic: String,
    /// The line on which it starts, counted from 1.
    pub line: usize,
    /// A short description.
    pub note: String,
    /// The verdict on the original's behaviour.
    pub verdict: Verdict,
    /// Privileges that it needs.
    pub needs: Vec<Need>,
    /// True if the start-up banner is compared.
    pub keep_banner: bool,
    /// Time limit in seconds.
    pub timeout: u64,
    /// Environment variables beyond those every case gets.
    pub env: Vec<(String, String)>,
    /// Arguments after those for the configuration and the log.
    pub args: Vec<String>,
    /// Files of the work directory: `conf`, `input`, `prep`, `feed`, `driver` and others.
    pub files: Vec<(String, Vec<u8>)>,
    /// The original's results.
    pub expected: Expected,
    /// The better results, where they can be stated exactly.
    pub better: Option<Expected>,
    /// Text that standard error must contain where refusing is the better behaviour.
    pub messages: Vec<String>,
}

impl Case {
    /// A case that runs `conf` on `input`, with no expectations yet.
    pub fn of(name: &str, conf: &[u8], input: &[u8]) -> Case {
        Case {
            name: name.to_owned(),
            topic: String::new(),
            line: 0,
            note: String::new(),
            verdict: Verdict::Want,
            needs: Vec::new(),
            keep_banner: false,
            timeout: 60,
            env: Vec::new(),
            args: Vec::new(),
            files: vec![
                ("conf".to_owned(), conf.to_vec()),
                ("input".to_owned(), input.to_vec()),
            ],
            expected: Expected {
                stdout: Vec::new(),
                side: Vec::new(),
                exit: Exit::Code(0),
            },
            better: None,
            messages: Vec::new(),
        }
    }

    /// True if the work directory gets a file of this name.
    pub fn has(&self, file: &str) -> bool {
        self.files.iter().any(|(name, _)| name == file)
    }
}
