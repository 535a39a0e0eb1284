//! Prints the records of followed files: `follow [OPTION]... PATTERN...`
//!
//! ```text
//! --state FILE       keep positions there
//! --from-start       read existing files from their beginning
//! --quiet MS         how long the old file of a rotation is kept (default 10000)
//! --interval MS      how often to look without events (default 1000)
//! --reload-on FILE   set the same patterns again whenever this file is there, and remove it
//! ```
//!
//! Records go to standard output, one line each, events to standard error. A record counts as
//! done when it has been written.

use std::io::Write;
use std::time::Duration;

use swatch_tail::{Checkpoint, Event, FollowOptions, Follower, Pattern};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut options = FollowOptions::default();
    let mut checkpoint = Checkpoint::in_memory();
    let mut patterns = Vec::new();
    let mut reload = None;
    let mut args = std::env::args_os().skip(1);
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or("an option lacks its value");
        let millis = |text: std::ffi::OsString| -> Result<Duration, Box<dyn std::error::Error>> {
            let text = text.into_string().map_err(|_| "not a number")?;
            Ok(Duration::from_millis(text.parse()?))
        };
        match arg.to_str() {
            Some("--state") => {
                let loaded = Checkpoint::load(value()?.as_ref())?;
                for event in &loaded.events {
                    eprintln!("{event}");
                }
                checkpoint = loaded.checkpoint;
            }
            Some("--from-start") => options.from_start = true,
            Some("--quiet") => options.quiet = millis(value()?)?,
            Some("--interval") => options.stat_interval = millis(value()?)?,
            Some("--reload-on") => reload = Some(std::path::PathBuf::from(value()?)),
            _ => patterns.push(Pattern::new(arg)),
        }
    }
    let mut follower = Follower::open(patterns.clone(), options, &checkpoint)?;
    checkpoint.save()?;
    eprintln!("following");
    let mut out = std::io::stdout().lock();
    let mut text = Vec::new();
    loop {
        match follower.next(reload.as_ref().map(|_| Duration::from_millis(50)))? {
            Event::Records(block) => {
                text.clear();
                for record in block.records() {
                    text.extend_from_slice(record.bytes());
                    text.push(b'\n');
                }
                out.write_all(&text)?;
                out.flush()?;
                if let Some(origin) = block.origin() {
                    origin.ack(block.end_offset());
                }
                checkpoint.save_unsynced()?;
                follower.recycle(block);
            }
            Event::File(event) => eprintln!("{event}"),
            Event::TimedOut => {}
            Event::Woken => return Ok(()),
        }
        if let Some(flag) = &reload
            && std::fs::remove_file(flag).is_ok()
        {
            follower.set_patterns(patterns.clone())?;
        }
    }
}
