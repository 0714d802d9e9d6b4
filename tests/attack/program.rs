//! Writes the forgeries of a copy to files, so that other verifiers can be tried on them: `attack COPY OTHER OUT`. OTHER is a copy of another office.

mod der;
mod families;
mod pdf;
mod signature;

use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [copy, other, out] = arguments.as_slice() else {
        eprintln!("attack COPY OTHER OUT: two copies of different offices, and a folder for the forgeries");
        return ExitCode::from(2);
    };
    match write(copy, other, out) {
        Ok(count) => {
            eprintln!("{count} forgeries in {}", out.display());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(1)
        }
    }
}

fn write(copy: &PathBuf, other: &PathBuf, out: &PathBuf) -> std::io::Result<usize> {
    let (copy, other) = (std::fs::read(copy)?, std::fs::read(other)?);
    std::fs::create_dir_all(out)?;
    let attacks = families::all(&copy, &other);
    for attack in &attacks {
        std::fs::write(out.join(format!("{}.{}.pdf", attack.family, attack.name)), &attack.bytes)?;
    }
    Ok(attacks.len())
}
