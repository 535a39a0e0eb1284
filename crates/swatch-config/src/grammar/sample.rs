//! Comments with sample lines: `# match: LINE` and `# no match: LINE`.
//!
//! A sample belongs to the rule right below it, if only comments stand between them. An indented
//! one, and one without a rule right below it, belongs to the rule in or under whose lines it
//! stands.

use crate::ast::{Config, Item, Sample};
use crate::lines::located::{LogicalLine, is_space};
use crate::lines::reader::{Read, Step};
use crate::source::{FileId, Sources, Span};

/// The keywords, and whether the rule must take the line.
const KEYWORDS: &[(&str, bool)] = &[("match", true), ("no match", false), ("no-match", false)];

/// The use of a physical line of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    Blank,
    Comment,
    /// The first line of the rule with this number, counted over all files.
    Head(usize),
    /// Anything else: a line of the rule above, or of none.
    Other,
}

/// Finds the samples of all files and their rules.
pub(crate) fn samples(read: &Read, config: &Config) -> Vec<Sample> {
    let found: Vec<Sample> = read.all_comments.iter().filter_map(sample).collect();
    if found.is_empty() {
        return found;
    }
    let files: Vec<FileId> = config.sources.files().collect();
    let uses: Vec<Vec<Use>> = files.iter().map(|&f| uses(f, read, config)).collect();
    let placed = found.into_iter().map(|mut sample| {
        let lines = &uses[sample.span.file.0 as usize];
        sample.rule = owner(&sample, lines, &config.sources);
        sample
    });
    placed.collect()
}

/// Reads a comment, without its `#`.
fn sample(comment: &LogicalLine) -> Option<Sample> {
    let text = comment.text().trim();
    let matches = |word: &str| {
        let start = text.bytes.get(..word.len());
        let same = start.is_some_and(|start| start.eq_ignore_ascii_case(word.as_bytes()));
        same && text.bytes.get(word.len()) == Some(&b':')
    };
    let (word, wanted) = KEYWORDS.iter().find(|(word, _)| matches(word))?;
    let line = text.from(word.len() + 1).trim_start();
    Some(Sample {
        matches: *wanted,
        text: line.bytes.to_vec(),
        span: match line.is_empty() {
            true => text.span(),
            false => line.span(),
        },
        rule: None,
    })
}

/// The use of each line of a file.
fn uses(file: FileId, read: &Read, config: &Config) -> Vec<Use> {
    let text = config.sources.text(file);
    let mut uses: Vec<Use> = text
        .split(|&b| b == b'\n')
        .map(|line| match line.iter().find(|&&b| !is_space(b)) {
            None => Use::Blank,
            Some(b'#') => Use::Comment,
            Some(_) => Use::Other,
        })
        .collect();
    let line_of = |offset: usize| line(&config.sources, file, offset);
    let rules = config.items.iter().filter_map(|item| match item {
        Item::Rule(rule) => Some(rule.span),
        Item::Perl(_) => None,
    });
    let starts = read.entries.iter().filter_map(|step| match step {
        Step::Line(logical) => Some(logical.text().span()),
        Step::Enter | Step::Leave => None,
    });
    let starts = starts.filter(|span| span.file == file);
    let starts: Vec<usize> = starts.map(|span| span.start).collect();
    for (number, span) in rules.enumerate().filter(|(_, span)| span.file == file) {
        // A condition may start on a continued line, below its keyword.
        let before = starts.partition_point(|&start| start <= span.start);
        let start = starts.get(before.wrapping_sub(1)).unwrap_or(&span.start);
        uses[line_of(*start)] = Use::Head(number);
    }
    uses
}

/// The index of the line of an offset.
fn line(sources: &Sources, file: FileId, offset: usize) -> usize {
    let (start, end) = (offset, offset);
    sources.line_column(Span { file, start, end }).0 - 1
}

fn owner(sample: &Sample, uses: &[Use], sources: &Sources) -> Option<usize> {
    let file = sample.span.file;
    let at = line(sources, file, sample.span.start);
    let (above, below) = (&uses[..at], &uses[at + 1..]);
    let rule_above = above.iter().rev().find_map(|line| match line {
        Use::Head(number) => Some(*number),
        _ => None,
    });
    let next = beyond_comments(below.iter());
    let attached = beyond_comments(above.iter().rev()) != Use::Blank;
    if let Use::Head(number) = next {
        let indented = attached && rule_above.is_some() && indent(sources, file, at) > 0;
        return if indented { rule_above } else { Some(number) };
    }
    let after_gap = below
        .iter()
        .find(|line| !matches!(line, Use::Comment | Use::Blank));
    let within = after_gap == Some(&Use::Other);
    rule_above.filter(|_| attached || within)
}

/// The use of the first line that is not a comment.
fn beyond_comments<'a>(mut lines: impl Iterator<Item = &'a Use>) -> Use {
    let next = lines.find(|line| **line != Use::Comment);
    next.copied().unwrap_or(Use::Blank)
}

/// The width of the white space at the start of a line, in bytes.
fn indent(sources: &Sources, file: FileId, line: usize) -> usize {
    let mut lines = sources.text(file).split(|&b| b == b'\n');
    let text = lines.nth(line).unwrap_or_default();
    text.iter().take_while(|&&b| is_space(b)).count()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::{Options, parse_str};

    /// The rule, the expectation and the text of each sample.
    fn read(text: &str) -> Vec<(Option<usize>, bool, String)> {
        let parsed = parse_str(text.as_bytes(), Path::new("t.conf"), &Options::default());
        assert!(!parsed.has_errors(), "{:?}", parsed.diagnostics);
        let one = |s: crate::ast::Sample| {
            assert_eq!(parsed.config.sources.slice(s.span), s.text);
            let text = String::from_utf8(s.text).unwrap();
            (s.rule, s.matches, text)
        };
        parsed.config.samples.clone().into_iter().map(one).collect()
    }

    fn rules(text: &str) -> Vec<Option<usize>> {
        read(text).into_iter().map(|sample| sample.0).collect()
    }

    #[test]
    fn keywords_are_read_as_people_write_them() {
        let text = "# match: a  b \n#NO MATCH:c\n# no-match: d # e\n# matched: f\nignore /a/\n";
        let wanted = [(true, "a  b"), (false, "c"), (false, "d # e")];
        let wanted = wanted.map(|(matches, text)| (Some(0), matches, text.to_owned()));
        assert_eq!(read(text), wanted);
    }

    #[test]
    fn a_sample_belongs_to_the_rule_below_it() {
        let text = "watchfor /a/\n  echo\n# match: b\n# note\nwatchfor /b/\n  echo\n\n# match: c\nignore /c/\n";
        assert_eq!(rules(text), [Some(1), Some(2)]);
        // The keyword stands above the condition.
        assert_eq!(rules("# match: b\nwatchfor \\\n  /b/\n  echo\n"), [Some(0)]);
    }

    #[test]
    fn a_sample_belongs_to_the_rule_that_it_stands_in() {
        let within = "watchfor /a/\n\n  # match: a\n\n  echo\nignore /b/\n";
        assert_eq!(rules(within), [Some(0)]);
        let under = "watchfor /a/\n  echo\n  # match: a\nignore /b/\n# match: b\n";
        assert_eq!(rules(under), [Some(0), Some(1)]);
        let continued = "watchfor /a/\n  exec echo \\\n  # match: a\n";
        assert_eq!(rules(continued), [Some(0)]);
    }

    #[test]
    fn a_sample_that_stands_alone_has_no_rule() {
        let text = "# match: a\n\nwatchfor /a/\n  echo\n\n# match: b\n\nignore /b/\n";
        assert_eq!(rules(text), [None, None]);
    }

    #[test]
    fn included_files_have_samples() {
        let directory = tempfile::tempdir().unwrap();
        let other = directory.path().join("other.conf");
        std::fs::write(&other, "# match: b\nwatchfor /b/\n  echo\n").unwrap();
        let text = format!(
            "# match: a\nwatchfor /a/\n  echo\ninclude {}\n# match: c\nignore /c/\n",
            other.display()
        );
        let mut rules = rules(&text);
        rules.sort();
        assert_eq!(rules, [Some(0), Some(1), Some(2)]);
    }
}
