//! Differential fuzzing against Go's YAML libraries: `fuzz ORACLE [DOCUMENTS [SEED]]`, as `cargo xtask fuzz yaml` calls
//! it.
//!
//! seed → [`documents`] → text ─┬─► oracle ─► answers ─┬─► the first differences
//!                              └─► this crate ────────┘

mod answers;
mod documents;
mod random;

use std::{
    error::Error,
    io::{BufRead as _, BufReader, BufWriter, Write as _},
    process::{ChildStdin, Command, ExitCode, Stdio},
    sync::mpsc::{SyncSender, sync_channel},
    thread,
};

use answers::Answers;
use random::Random;

/// Differences that are shown.
const SHOWN: usize = 10;
/// Documents that are on their way: enough to keep both sides busy.
const AHEAD: usize = 1000;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let oracle = arguments.next().ok_or("name the oracle")?;
    let count: u64 = arguments.next().map_or(Ok(100_000), |text| text.parse())?;
    let seed: u64 = arguments.next().map_or(Ok(1), |text| text.parse())?;
    let differences = run(&oracle, count, seed)?;
    println!("── {count} documents from seed {seed}: {differences} differences");
    Ok(if differences == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn run(oracle: &str, count: u64, seed: u64) -> Result<usize, Box<dyn Error>> {
    let mut go = Command::new(oracle).arg("fuzz").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let (input, output) = (go.stdin.take().ok_or("no input")?, go.stdout.take().ok_or("no output")?);
    let (asked, questions) = sync_channel(AHEAD);
    let writer = thread::spawn(move || ask(input, &asked, count, seed).map_err(|error| error.to_string()));
    let mut differences = 0;
    let mut lines = BufReader::new(output).lines();
    for text in questions {
        let line = lines.next().ok_or("the oracle has ended")??;
        let theirs: Answers = serde_json::from_str(&line)?;
        let ours = Answers::of(&text);
        if let Some(difference) = theirs.difference(&ours) {
            differences += 1;
            if differences <= SHOWN {
                println!("{text:?}\n{difference}\n");
            }
        }
    }
    writer.join().map_err(|_| "the generator has panicked")??;
    go.wait()?;
    Ok(differences)
}

fn ask(input: ChildStdin, asked: &SyncSender<String>, count: u64, seed: u64) -> Result<(), Box<dyn Error>> {
    let mut input = BufWriter::new(input);
    for number in 0..count {
        let text = documents::document(&mut Random::new(seed, number));
        serde_json::to_writer(&mut input, &text)?;
        input.write_all(b"\n")?;
        if number % 100 == 99 {
            input.flush()?;
        }
        asked.send(text)?;
    }
    Ok(input.flush()?)
}
