//! The generator of samples: `cargo run --release --example generate -- --out DIR --seed N --count N`.
//!
//! `--committed` makes the set that the repository keeps in `samples/`.
#![allow(clippy::print_stdout, reason = "a command line")]

mod paper;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use paper::{Color, Form, Recipe, Scans, Split, Wear};
use rayon::prelude::*;

/// Sets invented papers and makes scans of them.
#[derive(Parser)]
struct Arguments {
    /// Where the files go; made when it is missing.
    #[arg(long)]
    out: PathBuf,
    /// The same seed gives the same bytes.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many papers.
    #[arg(long, default_value_t = 10)]
    count: u64,
    /// Which form, by its id, or mixed.
    #[arg(long, default_value = "mixed")]
    form: String,
    /// Pixels an inch.
    #[arg(long, default_value = "mixed")]
    dpi: DpiChoice,
    /// How worn paper and scan are.
    #[arg(long, default_value = "mixed")]
    style: StyleChoice,
    /// What the scanner keeps.
    #[arg(long, default_value = "mixed")]
    color: ColorChoice,
    /// Fonts, arrangements and seeds that no other split has; all forms take turns.
    #[arg(long)]
    split: Option<SplitChoice>,
    /// One-page administrative documents full of text, as JPEG: the benchmark's pages.
    #[arg(long)]
    dense: bool,
    /// Also puts all JPEG pages into one PDF of this name in the folder.
    #[arg(long)]
    join: Option<String>,
    /// Makes the repository's own set; all other choices but --out are set aside.
    #[arg(long)]
    committed: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum DpiChoice {
    #[value(name = "200")]
    Low,
    #[value(name = "300")]
    High,
    Mixed,
}

#[derive(Clone, Copy, ValueEnum)]
enum StyleChoice {
    Clean,
    Scan,
    Old,
    Worn,
    Phone,
    Mixed,
}

#[derive(Clone, Copy, ValueEnum)]
enum SplitChoice {
    Tune,
    Calibrate,
    Test,
}

#[derive(Clone, Copy, ValueEnum)]
enum ColorChoice {
    Rgb,
    Gray,
    Bilevel,
    Mixed,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("generate: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), String> {
    let folder = &arguments.out;
    let named = |error: std::io::Error| format!("{}: {error}", folder.display());
    std::fs::create_dir_all(folder).map_err(named)?;
    let recipes = recipes(arguments)?;
    let mut pages = Vec::new();
    // A few at a time: what is not joined need not stay in memory.
    for batch in recipes.chunks(2 * rayon::current_num_threads()) {
        let made: Result<Vec<_>, String> = batch.par_iter().map(paper::make).collect();
        for files in made? {
            paper::write(folder, &files).map_err(named)?;
            println!("{}.{}", files.name, files.ending);
            if arguments.join.is_some() {
                pages.push(files);
            }
        }
    }
    match &arguments.join {
        Some(name) => paper::join(&folder.join(name), &pages).map_err(named),
        None => Ok(()),
    }
}

fn recipes(arguments: &Arguments) -> Result<Vec<Recipe>, String> {
    if arguments.committed {
        return Ok(paper::committed());
    }
    let form = match arguments.form.as_str() {
        _ if arguments.dense => Some(Form::Office),
        "mixed" => None,
        id => Some(*Form::ALL.iter().find(|form| form.id() == id).ok_or_else(|| {
            let known: Vec<&str> = Form::ALL.iter().map(|form| form.id()).collect();
            format!("no form {id:?} is known; known are {}", known.join(", "))
        })?),
    };
    let scans = Scans {
        dpi: match arguments.dpi {
            DpiChoice::Low => Some(200),
            DpiChoice::High => Some(300),
            DpiChoice::Mixed => None,
        },
        wear: match arguments.style {
            StyleChoice::Clean => Some(Wear::Clean),
            StyleChoice::Scan => Some(Wear::Scan),
            StyleChoice::Old => Some(Wear::Old),
            StyleChoice::Worn => Some(Wear::Worn),
            StyleChoice::Phone => Some(Wear::Phone),
            StyleChoice::Mixed => None,
        },
        color: match arguments.color {
            ColorChoice::Rgb => Some(Color::Rgb),
            ColorChoice::Gray => Some(Color::Gray),
            ColorChoice::Bilevel => Some(Color::Bilevel),
            ColorChoice::Mixed => None,
        },
        split: arguments.split.map(|split| match split {
            SplitChoice::Tune => Split::Tune,
            SplitChoice::Calibrate => Split::Calibrate,
            SplitChoice::Test => Split::Test,
        }),
    };
    paper::drawn(arguments.seed, arguments.count, form, scans, arguments.dense)
}
