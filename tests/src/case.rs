//! A conformance case: what is run, and what must come out.

/// The input of a case that names none.
pub const THREE_LINES: &[u8] = b"alpha one\nbeta two\ngamma three\n";

/// How a case judges the original's behaviour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Do the same.
    Want,
    /// Do the same; the configuration needs Perl, so without one it may be refused.
    WantPerl,
    /// A defect; the text says what would be better.
    Bug(String),
}

/// What the machine must allow for a case to be run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// A mount namespace with stand-ins for sendmail and write.
    StandIns,
    /// To be root (the case changes to another user).
    Root,
}

/// An exit status as a case states it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Exactly this one.
    Code(i32),
    /// Any but 0.
    NonZero,
}

impl Exit {
    /// Whether a run that ended with `code` is meant.
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

/// What a run leaves behind, as far as it is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// Standard output, paths and banner normalised.
    pub stdout: Vec<u8>,
    /// The side log that the recorders write.
    pub side: Vec<u8>,
    /// The exit status.
    pub exit: Exit,
}

/// One case of the suite.
#[derive(Debug, Clone)]
pub struct Case {
    /// The name, unique in the suite; it begins with the number of its topic.
    pub name: String,
    /// The file that holds it, without folder and extension.
    pub topic: String,
    /// The line of the file on which it starts, counted from 1.
    pub line: usize,
    /// What it is about.
    pub note: String,
    /// How the original's behaviour is judged.
    pub verdict: Verdict,
    /// What the machine must allow.
    pub needs: Vec<Need>,
    /// Whether the start-up banner is compared.
    pub keep_banner: bool,
    /// Seconds until the run is ended.
    pub timeout: u64,
    /// Variables of the environment, beside those every case gets.
    pub env: Vec<(String, String)>,
    /// Arguments after the configuration and the log.
    pub args: Vec<String>,
    /// Files of the work folder: `conf`, `input`, `prep`, `feed`, `driver`, others.
    pub files: Vec<(String, Vec<u8>)>,
    /// What the original does.
    pub expected: Expected,
    /// What would be better, where it can be stated exactly.
    pub better: Option<Expected>,
    /// Words that standard error must hold, where the better thing is to refuse.
    pub messages: Vec<String>,
}

impl Case {
    /// A case that runs `conf` on `input`, with nothing expected yet.
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

    /// Whether the work folder gets a file of this name.
    pub fn has(&self, file: &str) -> bool {
        self.files.iter().any(|(name, _)| name == file)
    }
}
