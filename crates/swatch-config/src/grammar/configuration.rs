//! The driver: reads the files, scans Perl code ahead, and passes each line to the rules.

use std::path::PathBuf;

use crate::grammar::old_style;
use crate::grammar::prescan::{Prescan, prescan};
use crate::grammar::rule::RuleBuilder;
use crate::lines::reader::{self, Step};
use crate::{Options, Parsed};

/// Reads a whole configuration.
pub(crate) fn configuration(path: PathBuf, text: Vec<u8>, options: &Options) -> Parsed {
    let read = reader::read(path, text, options);
    let env = |name: &[u8]| options.env.get(name).cloned();
    let mut prescan = match options.old_style {
        true => Prescan::default(),
        false => prescan(&read.entries, &env, options.modules),
    };
    prescan.scope.check = options.check;
    let mut builder = RuleBuilder::new(&prescan, &env);
    for (index, entry) in read.entries.iter().enumerate() {
        match entry {
            Step::Enter => builder.enter_file(),
            Step::Leave => builder.leave_file(),
            Step::Line(line) if options.old_style => old_style::line(line.text(), &mut builder),
            Step::Line(line) => builder.line(line.text(), &read.entries[index + 1..]),
        }
    }
    builder.finish(read, options.awk_fields)
}
