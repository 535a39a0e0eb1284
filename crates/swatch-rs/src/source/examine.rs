//! A source that is read once: a file, plain or compressed, or standard input.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::path::Path;

use swatch_common::sanitize;
use swatch_tail::{Block, Chunks, RecordReader, SplitOptions, Step, Wait, Waker, open_once};

use super::{Ack, Exit, OpenError, Source, SourceEvent, Splitting, file_event, refuse_own_output};

/// The source of `--examine`. Lines of any length are matched whole, because the file has an end.
struct Examine<R> {
    reader: RecordReader<R>,
    /// The same file, if it is plain.
    file: Option<File>,
    step: usize,
    name: String,
    waker: Waker,
}

pub(super) fn open(path: &Path, splitting: &Splitting) -> Result<Box<dyn Source>, OpenError> {
    let name = match path == Path::new("-") {
        true => "standard input".to_owned(),
        false => sanitize::path(path),
    };
    let failed = |source| OpenError::Examine {
        name: name.clone(),
        source,
    };
    let waker = Waker::new().map_err(failed)?;
    let options = SplitOptions {
        separator: splitting.separator.clone(),
        max_record: None,
        ..SplitOptions::default()
    };
    let step = options.block_size;
    if path == Path::new("-") {
        return Ok(Box::new(Examine {
            step,
            reader: RecordReader::new(io::stdin(), options),
            file: None,
            name,
            waker,
        }));
    }
    if path.is_dir() {
        return Err(OpenError::Directory(path.to_owned()));
    }
    let file = open_once(path).map_err(failed)?;
    refuse_own_output(path, &file)?;
    let plain = file.plain_file().and_then(|file| file.try_clone().ok());
    Ok(Box::new(Examine {
        step,
        reader: RecordReader::new(file, options),
        file: plain,
        name,
        waker,
    }))
}

impl<R: Read + AsFd + Send> Source for Examine<R> {
    fn next(&mut self) -> SourceEvent {
        loop {
            // A pipe or a terminal may be silent for long, and must not prevent a stop.
            let wait = match self.reader.has_ready() {
                true => Ok(Wait::Readable),
                false => self.waker.wait_readable(self.reader.source(), None),
            };
            let step = match wait {
                Ok(Wait::Woken) => return SourceEvent::Woken,
                Ok(_) => self.reader.step(),
                Err(e) => Err(e),
            };
            return match step {
                Ok(Step::Records(block)) => SourceEvent::Records(block, Ack::None),
                Ok(Step::File(event)) => SourceEvent::Notice(file_event::log_event(&event)),
                Ok(Step::More) => continue,
                Ok(Step::End) => SourceEvent::End(Exit::Finished),
                Err(e) => SourceEvent::End(Exit::Failed(self.read_error(&e))),
            };
        }
    }

    fn waker(&self) -> Waker {
        self.waker.clone()
    }

    fn chunks(&mut self) -> io::Result<Option<Chunks>> {
        match self.file.take() {
            Some(file) => Chunks::new(file, self.step),
            None => Ok(None),
        }
    }

    fn read_error(&self, error: &io::Error) -> String {
        format!("cannot read {}: {error}", self.name)
    }

    fn recycle(&mut self, block: Block) {
        self.reader.recycle(block);
    }
}
