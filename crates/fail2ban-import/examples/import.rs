//! Prints the translation of filters: `import DIRECTORY ACTION FILTER…`.
use fail2ban_import::{FilterName, import_filter};

fn main() {
    let mut args = std::env::args().skip(1);
    let (Some(directory), Some(action)) = (args.next(), args.next()) else {
        eprintln!("usage: import DIRECTORY ACTION FILTER…");
        std::process::exit(2);
    };
    for name in args {
        match FilterName::parse(&name)
            .and_then(|name| import_filter(directory.as_ref(), &name, &action))
        {
            Ok(done) => print!("{}", done.text()),
            Err(error) => {
                eprintln!("{error}");
                std::process::exit(1);
            }
        }
    }
}
