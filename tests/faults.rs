//! Every system call of an append and of an export fails once, fails from then on, or is the last before a kill.
//!
//! strace injects the fault into the real program (Debian package `strace`). After each: nothing that was acknowledged is lost,
//! nothing is there twice, no size has two roots, the registry's own check finds nothing wrong, and the same command run again
//! brings everything to its end. `SAOY_FAULTS=all` takes all calls and faults, which takes some minutes, and prints the table of
//! `docs/log.md`; without it only those that write.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::office_support;
use office_support::Desk;
use saoy::registry::tiles::Tile;
use saoy::registry::{Note, check};
use saoy::store::{LogDb, LogFolder};

const SAOY: &str = env!("CARGO_BIN_EXE_saoy");

/// What a run under a fault came to.
struct Run {
    injected: bool,
    success: bool,
    text: String,
}

/// The faults: what strace injects, and what the table calls it.
const FAULTS: [(&str, &str); 4] = [
    ("error=EIO:when=@", "EIO once"),
    ("error=EIO:when=@+", "EIO from then on"),
    ("error=ENOSPC:when=@+", "disk full"),
    ("signal=SIGKILL:when=@", "kill"),
];

/// The calls and faults of this run.
fn chosen(
    all: &[&'static str],
    few: &[&'static str],
) -> (Vec<&'static str>, Vec<(&'static str, &'static str)>) {
    if std::env::var_os("SAOY_FAULTS").is_some_and(|value| value == "all") {
        return (all.to_vec(), FAULTS.to_vec());
    }
    (few.to_vec(), vec![FAULTS[0], FAULTS[3]])
}

fn run(home: &Path, paths: &[PathBuf], call: &str, fault: &str, arguments: &[&str]) -> Run {
    let log = home.parent().expect("a folder").join("strace.txt");
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-e", "signal=none", "-o"]).arg(&log);
    for path in paths {
        command.arg("-P").arg(path);
    }
    command.args(["-e", &format!("trace={call}"), "-e", &format!("inject={call}:{fault}")]);
    let output = command.arg(SAOY).args(arguments).output();
    let output = output
        .unwrap_or_else(|error| panic!("strace does not run ({error}): install the Debian package strace"));
    let trace = fs::read_to_string(&log).expect("strace writes its log");
    Run {
        // strace ends by the signal that ended the program.
        injected: trace.contains("(INJECTED)") || output.status.signal() == Some(9),
        success: output.status.success(),
        text: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// The office's log holds: the checkpoints are those from before and at most one more, and the check finds nothing wrong.
fn whole(desk: &Desk, before: u64, what: &str) -> u64 {
    let size = LogDb::open(&desk.home).expect("a reader opens").size().expect("read");
    assert!(size == before || size == before + 1, "{what}: {size} entries after {before}");
    let found = desk.check();
    // A crash before the anchor was written leaves it behind the database, which is right; nothing else may be wrong.
    assert_eq!(found.wrong, None, "{what}");
    assert_eq!(found.entries, size, "{what}");
    size
}

#[test]
fn no_fault_of_an_append_loses_or_doubles_an_entry() {
    let first = Desk::new();
    let list = first.folder.path().join("records.txt");
    fs::write(&list, format!("{}\n", saoy::record::Digest::of(b"the first"))).expect("written");
    let import = |desk: &Desk, list: &Path| {
        let status =
            Command::new(SAOY).args(["registry", "import", "--home"]).arg(&desk.home).arg(list).output();
        status.expect("it runs").status.success()
    };
    assert!(import(&first, &list));
    let mut table: BTreeMap<(String, &str), (u32, u32, u32)> = BTreeMap::new();
    let all = [
        "openat",
        "pread64",
        "pwrite64",
        "write",
        "fdatasync",
        "fsync",
        "ftruncate",
        "rename",
        "unlink",
        "close",
    ];
    let (calls, faults) = chosen(&all, &["pwrite64", "fdatasync", "fsync", "rename"]);
    for call in calls {
        for &(fault, name) in &faults {
            let outcome = table.entry((call.to_owned(), name)).or_default();
            for at in 1.. {
                let desk = first.copy();
                // The anchor learns that this copy is the office's database now.
                drop(desk.writer());
                let list = desk.folder.path().join("records.txt");
                fs::write(&list, format!("{}\n", saoy::record::Digest::of(b"the second"))).expect("written");
                let files =
                    ["saoy.db", "saoy.db-wal", "saoy.db-shm", "anchor.json", "anchor.json.part", "lock", ""];
                let paths = files.map(|file| desk.home.join(file)).map(|path| {
                    // The folder itself is opened by its own name.
                    PathBuf::from(path.to_string_lossy().trim_end_matches('/').to_owned())
                });
                let (home, list_text) = (desk.home.to_string_lossy(), list.to_string_lossy());
                let arguments = ["registry", "import", "--home", &home, &list_text];
                let what = format!("{call} {at}, {name}");
                let done = run(&desk.home, &paths, call, &fault.replace('@', &at.to_string()), &arguments);
                if !done.injected {
                    assert!(done.success, "{what}: {}", done.text);
                    break;
                }
                let size = whole(&desk, 1, &what);
                if done.success {
                    assert_eq!(size, 2, "{what}: acknowledged, and lost");
                    outcome.0 += 1;
                } else {
                    assert!(
                        name == "kill" || done.text.contains("error:"),
                        "{what}: no error is told: {}",
                        done.text
                    );
                    if size == 2 { outcome.2 += 1 } else { outcome.1 += 1 }
                }
                // Again, without a fault: the entry is there once.
                assert!(import(&desk, &list), "{what}: cannot go on");
                assert_eq!(whole(&desk, 2, &what), 2, "{what}");
            }
        }
    }
    println!(
        "| call | fault | done all the same | refused, nothing logged | refused, logged and found again |"
    );
    println!("|---|---|---|---|---|");
    let mut kinds = (0, 0, 0);
    for ((call, name), (done, nothing, logged)) in &table {
        if done + nothing + logged > 0 {
            println!("| {call} | {name} | {done} | {nothing} | {logged} |");
        }
        kinds = (kinds.0 + done, kinds.1 + nothing, kinds.2 + logged);
    }
    println!("{} faults", kinds.0 + kinds.1 + kinds.2);
    assert!(kinds.1 > 20 && kinds.2 > 0, "the faults reach the append: {kinds:?}");
}

#[test]
fn no_fault_of_an_export_spoils_the_folder() {
    let desk = Desk::new();
    let import = |from: u64, to: u64| {
        let records = (from..to).map(|i| Ok(saoy::record::Digest::of(&i.to_be_bytes())));
        desk.writer().import(records, &mut |_| {}).expect("logged");
    };
    import(0, 250);
    let out = desk.folder.path().join("log");
    let export = |out: &Path| {
        let log = LogDb::open(&desk.home).expect("opens");
        LogFolder::new(out).export(&log, &mut |_, _| {}).expect("exported")
    };
    export(&out);
    import(250, 520);
    let trust = desk.reader().trust().expect("a list").office("999.01").expect("the office").log_trust();
    let size = |out: &Path| {
        let audit = check::check(&LogFolder::new(out), &trust, None, &mut |_, _| {}).expect("it can be read");
        (audit.wrong, audit.size)
    };
    let mut faults = 0;
    let (calls, kinds) =
        chosen(&["openat", "write", "fsync", "rename", "unlink", "rmdir"], &["fsync", "rename"]);
    for call in calls {
        for &(fault, name) in &kinds {
            let mut quiet = 0;
            for at in 1.. {
                let place = tempfile::tempdir().expect("a folder");
                let copy = place.path().join("log");
                office_support::copy_folder(&out, &copy);
                let (home, out_text) = (desk.home.to_string_lossy(), copy.to_string_lossy());
                let arguments = ["registry", "export", "--home", &home, "--out", &out_text];
                let what = format!("{call} {at}, {name}");
                let mut paths = vec![
                    copy.clone(),
                    copy.join("checkpoint"),
                    copy.join(".saoy.part"),
                    copy.join(".saoy.lock"),
                ];
                for tile in Tile::all(520) {
                    let path = copy.join(tile.to_string());
                    paths.extend(path.ancestors().take_while(|p| *p != copy).map(Path::to_owned));
                }
                paths.sort();
                paths.dedup();
                let done = run(&copy, &paths, call, &fault.replace('@', &at.to_string()), &arguments);
                if !done.injected {
                    assert!(done.success, "{what}: {}", done.text);
                    break;
                }
                faults += 1;
                // Never a checkpoint that what lies there does not hold.
                let (wrong, found) = size(&copy);
                assert_eq!(wrong, None, "{what}");
                assert!(found == 250 || found == 520, "{what}: {found}");
                if done.success {
                    assert_eq!(found, 520, "{what}: said to be done");
                    quiet += 1;
                }
                export(&copy);
                assert_eq!(size(&copy), (None, 520), "{what}");
                let note = fs::read(copy.join("checkpoint")).expect("there");
                assert!(Note::parse(&note).is_ok(), "{what}");
            }
            println!("{call}, {name}: {quiet} had no effect");
        }
    }
    assert!(faults > 20, "{faults}");
}
