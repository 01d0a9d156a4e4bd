//! Unpacks the committed inputs of a target for `cargo fuzz`, and packs a directory of inputs again:
//!
//! ```sh
//! cargo run -p update-customer-fuzz --example corpus -- unpack TARGET [DIRECTORY]
//! cargo run -p update-customer-fuzz --example corpus -- pack TARGET [DIRECTORY]
//! ```

use std::path::PathBuf;
use std::process::ExitCode;

use update_customer_fuzz::corpus;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let (command, target, directory) = match arguments[..] {
        [command, target] => (command, target, corpus::directory(target)),
        [command, target, directory] => (command, target, PathBuf::from(directory)),
        _ => return usage(),
    };
    let result = match command {
        "unpack" => corpus::unpack(target, &directory),
        "pack" => corpus::pack(target, &directory),
        _ => return usage(),
    };
    match result {
        Ok(count) => {
            println!("{command}ed {count} inputs: {}", directory.display());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("cannot {command} {target}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn usage() -> ExitCode {
    eprintln!("usage: corpus unpack|pack TARGET [DIRECTORY]");
    ExitCode::from(2)
}
