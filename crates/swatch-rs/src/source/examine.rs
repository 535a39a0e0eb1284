//! One pass: a file, or standard input.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::path::Path;

use swatch_tail::{Block, Chunks, RecordReader, SplitOptions, Step, Wait, Waker};

use super::{Arrival, Ending, Receipt, Source, Splitting};
use crate::log::Level;

/// A `--examine` file. Lines of any length are matched whole: the file has an end.
struct Once<R> {
    reader: RecordReader<R>,
    /// The same file, unless it is standard input.
    file: Option<File>,
    step: usize,
    name: String,
    waker: Waker,
}

pub(super) fn open(path: &Path, splitting: &Splitting) -> Result<Box<dyn Source>, String> {
    let shown = path.display().to_string();
    let waker = Waker::new().map_err(|e| format!("cannot examine {shown}: {e}"))?;
    let options = SplitOptions {
        separator: splitting.separator.clone(),
        max_record: None,
        ..SplitOptions::default()
    };
    if path == Path::new("-") {
        return Ok(Box::new(Once {
            step: options.block_size,
            reader: RecordReader::new(io::stdin(), options),
            file: None,
            name: "standard input".to_owned(),
            waker,
        }));
    }
    let file = File::open(path).map_err(|e| format!("cannot examine {shown}: {e}"))?;
    if file.metadata().is_ok_and(|m| m.is_dir()) {
        return Err(format!(
            "cannot examine {shown}: it is a folder; name a file in it"
        ));
    }
    let again = file.try_clone().ok();
    Ok(Box::new(Once {
        step: options.block_size,
        reader: RecordReader::new(file, options),
        file: again,
        name: shown,
        waker,
    }))
}

impl<R: Read + AsFd + Send> Source for Once<R> {
    fn next(&mut self) -> Arrival {
        loop {
            // A pipe or a terminal may have nothing to say for long, and must not keep us from
            // being stopped.
            let wait = match self.reader.has_ready() {
                true => Ok(Wait::Readable),
                false => self.waker.wait_readable(self.reader.source(), None),
            };
            let step = match wait {
                Ok(Wait::Woken) => return Arrival::Woken,
                Ok(_) => self.reader.step(),
                Err(e) => Err(e),
            };
            return match step {
                Ok(Step::Records(block)) => Arrival::Records(block, Receipt::None),
                Ok(Step::File(event)) => Arrival::Notice(Level::Warning, event.to_string()),
                Ok(Step::More) => continue,
                Ok(Step::End) => Arrival::End(Ending::Done),
                Err(e) => Arrival::End(Ending::Broken(self.trouble(&e))),
            };
        }
    }

    fn waker(&self) -> Waker {
        self.waker.clone()
    }

    fn chunks(&mut self) -> Result<Option<Chunks>, String> {
        let Some(file) = self.file.take() else {
            return Ok(None);
        };
        Chunks::new(file, self.step).map_err(|e| self.trouble(&e))
    }

    fn trouble(&self, error: &io::Error) -> String {
        format!("cannot read {}: {error}", self.name)
    }

    fn recycle(&mut self, block: Block) {
        self.reader.recycle(block);
    }
}
