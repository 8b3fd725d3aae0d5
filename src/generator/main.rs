//! Writes every generated file that is not as it should be, and prints its path.

use std::process::ExitCode;

fn main() -> ExitCode {
    for file in wa_generator::files() {
        match file.write() {
            Ok(true) => println!("{}", file.path),
            Ok(false) => {}
            Err(error) => {
                eprintln!("{} cannot be written: {error}", file.path);
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}
