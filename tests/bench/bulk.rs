//! A list of a million consents, imported into an embedded store and taken out again: rate and memory. The program is a
//! process of its own; how far it is tells its place in the file.

use crate::cpu::Tree;
use crate::place::Place;
use crate::report::{Better, ratio, short, table};
use rescind_tests::program;
use rescind_tests::temp_folder::TempFolder;
use std::fmt::Write as _;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// At which tenths of the work memory is read.
const POINTS: [u64; 4] = [1, 4, 7, 10];

/// What a command came to.
struct Ran {
    seconds: f64,
    cpu: f64,
    /// Resident memory in KiB at each of the points.
    resident: Vec<u64>,
    peak_kib: u64,
}

/// Imports, repeats and exports a list.
pub(crate) async fn run(place: &Place) {
    let count = place.scaled(1_000_000);
    let folder = TempFolder::new("bench-bulk");
    let (list, out) = (folder.path().join("list.csv"), folder.path().join("register.csv"));
    let length = write(&list, count);
    tokio::task::block_in_place(|| {
        let import = ["consents", "import", &list.display().to_string()];
        let first = measure(folder.path(), &import, &list, length);
        let again = measure(folder.path(), &import, &list, length);
        let export = ["consents", "export", "--out", &out.display().to_string()];
        // a line has about as many bytes
        let export = measure(folder.path(), &export, &out, count as u64 * 185);
        let lines = std::fs::read_to_string(&out).expect("a register").lines().count();
        assert_eq!(lines, count + 1, "each consent, and the header");
        let store = folder.path().join("data/rescind.db").metadata().map_or(0, |file| file.len());
        tell(count, &[("import", &first), ("the same import again", &again), ("export", &export)], store);
    });
}

/// A line a person; returns the length.
fn write(path: &Path, count: usize) -> u64 {
    let mut file = BufWriter::new(std::fs::File::create(path).expect("a file"));
    let header = "email,name,locale,ids.shop,content,given_at,source,form,ip\n";
    file.write_all(header.as_bytes()).expect("a list");
    let mut line = String::new();
    for number in 0..count {
        line.clear();
        // a string takes whatever is written
        let _ = writeln!(
            line,
            "person{number}@example{}.org,Person {number},de,C-{number},newsletter,2026-02-{:02}T08:00:00Z,web-form,\
             footer/3,203.0.113.{}",
            number % 1_000,
            number % 28 + 1,
            number % 256,
        );
        file.write_all(line.as_bytes()).expect("a list");
    }
    file.flush().expect("a list");
    path.metadata().map_or(0, |file| file.len())
}

/// How much of `file` the process has read or written.
fn place_in(pid: u32, file: &Path) -> u64 {
    let descriptors =
        std::fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().filter_map(Result::ok);
    let mut of_file = descriptors.filter(|fd| std::fs::read_link(fd.path()).is_ok_and(|to| to == file));
    let Some(fd) = of_file.next() else { return 0 };
    let info = format!("/proc/{pid}/fdinfo/{}", fd.file_name().to_string_lossy());
    let text = std::fs::read_to_string(info).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("pos:"));
    line.and_then(|line| line.trim().parse().ok()).unwrap_or(0)
}

fn measure(folder: &Path, arguments: &[&str], file: &Path, length: u64) -> Ran {
    let mut command = Command::new(program::path());
    command.args(arguments).env_clear().env("RESCIND_DATA_DIR", folder.join("data"));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::inherit());
    let began = Instant::now();
    let mut child = command.spawn().expect("the program starts");
    let tree = Tree::of(child.id());
    let (mut resident, mut peak_kib, mut cpu) = (Vec::new(), 0, 0.0);
    let status = loop {
        if let Some(status) = child.try_wait().expect("a process") {
            break status;
        }
        let now = tree.resident_kib();
        peak_kib = peak_kib.max(tree.own_peak_kib());
        cpu = tree.cpu().max(cpu);
        let tenths = place_in(child.id(), file) * 10 / length.max(1);
        if POINTS.get(resident.len()).is_some_and(|point| tenths >= *point) {
            resident.push(now);
        }
        std::thread::sleep(Duration::from_millis(50));
    };
    assert!(status.success(), "{arguments:?} failed");
    Ran { seconds: began.elapsed().as_secs_f64(), cpu, resident, peak_kib }
}

fn tell(count: usize, ran: &[(&str, &Ran)], store: u64) {
    let mib = |kib: u64| short(kib as f64 / 1024.0);
    let rows: Vec<Vec<String>> = ran
        .iter()
        .map(|(name, ran)| {
            let mut row = vec![
                (*name).to_owned(),
                short(ran.seconds),
                short(count as f64 / ran.seconds),
                short(ran.cpu / (count as f64 / 1000.0)),
            ];
            row.extend(
                (0..POINTS.len()).map(|n| ran.resident.get(n).map_or("–".to_owned(), |kib| mib(*kib))),
            );
            row.push(mib(ran.peak_kib));
            row
        })
        .collect();
    let title = format!("{} consents on SQLite, by the command line", short(count as f64));
    let head =
        ["what", "seconds", "lines/s", "CPU s per 1,000", "MiB at 10 %", "40 %", "70 %", "end", "peak MiB"];
    table(&title, &head, &rows);
    println!("\nThe store has {} MiB afterwards.\n", short(store as f64 / 1024.0 / 1024.0));
    let peak = ran.iter().map(|(_, ran)| ran.peak_kib).max().unwrap_or(0) as f64 / 1024.0;
    ratio("peak resident memory in MiB", peak, Some((64.0, Better::Lower)));
}
