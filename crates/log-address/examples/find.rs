//! Prints the peer of each line of standard input, or the reason why there is none.

use std::io::{self, BufRead};

fn main() -> io::Result<()> {
    for line in io::stdin().lock().split(b'\n') {
        match log_address::find(&line?) {
            Ok(found) if found.forgeable => {
                println!("{} ({}, forgeable)", found.address, found.format)
            }
            Ok(found) => println!("{} ({})", found.address, found.format),
            Err(error) => println!("- {error}"),
        }
    }
    Ok(())
}
