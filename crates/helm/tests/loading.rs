//! Charts that are large, hostile or odd.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::io::Write as _;

use flate2::{Compression, write::GzEncoder};
use rstest::rstest;
use sluice_helm::{File, Limits, Loaded, load_archive, load_files, load_folder};
use sluice_object::{Tree, TreePath};
use tar::{Builder, EntryType, Header};

const CHART: &str = "apiVersion: v2\nname: t\nversion: 0.1.0\n";

fn folder<const N: usize>(files: [(&str, &str); N], limits: &Limits) -> Result<Loaded, String> {
    let files = files.map(|(name, text)| (format!("charts/t/{name}"), text.to_owned()));
    let folder = TreePath::parse("charts/t").unwrap();
    load_folder(&Tree::in_memory(files), &folder, limits).map_err(|error| error.to_string())
}

fn names(files: &[File]) -> Vec<&str> {
    files.iter().map(|file| file.name.as_str()).collect()
}

fn archive(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = Builder::new(GzEncoder::new(Vec::new(), Compression::best()));
    for (name, bytes) in entries {
        let mut header = Header::new_gnu();
        header.set_entry_type(EntryType::Regular);
        header.set_size(bytes.len() as u64);
        header.set_mtime(1_600_000_000);
        builder.append_data(&mut header, name, *bytes).unwrap();
    }
    let mut compressor = builder.into_inner().unwrap();
    compressor.flush().unwrap();
    compressor.finish().unwrap()
}

#[test]
fn a_folder_is_read_in_the_order_of_its_names_without_what_is_ignored() {
    let files = [
        ("Chart.yaml", CHART),
        (".helmignore", "secret/\n*.bak\n"),
        ("a/x", "1"),
        ("a-b", "2"),
        ("a.b", "3"),
        ("secret/key", "4"),
        ("old.bak", "5"),
        ("templates/.swp", "6"),
        ("templates/a.yaml", "7"),
    ];
    let loaded = folder(files, &Limits::default()).unwrap();
    assert_eq!(names(&loaded.chart.content.files), [".helmignore", "a/x", "a-b", "a.b"]);
    assert_eq!(names(&loaded.chart.content.templates), ["templates/a.yaml"]);
}

#[test]
fn a_byte_order_mark_is_no_part_of_a_file() {
    let files = [("Chart.yaml", "\u{feff}name: t\nversion: 0.1.0\n"), ("templates/a", "\u{feff}x\u{feff}")];
    let loaded = folder(files, &Limits::default()).unwrap();
    assert_eq!(loaded.chart.content.templates[0].data, "x\u{feff}".as_bytes());
}

#[rstest]
#[case::no_pattern([("Chart.yaml", CHART), (".helmignore", "[\n")], "syntax error in pattern")]
#[case::double_star([("Chart.yaml", CHART), (".helmignore", "a/**\n")], "double-star (**) syntax is not supported")]
#[case::no_chart([("values.yaml", ""), ("templates/a", "")], "Chart.yaml file is missing")]
fn a_folder_that_is_no_chart_is_refused(#[case] files: [(&str, &str); 2], #[case] expected: &str) {
    assert_eq!(folder(files, &Limits::default()).unwrap_err(), expected);
}

#[rstest]
#[case::file(Limits { file: 99, ..Limits::default() }, "chart file \"big\" is larger than the maximum file size 99")]
#[case::folder(Limits { archive: 120, ..Limits::default() }, "the chart has more than 120 bytes")]
#[case::files(Limits { files: 3, ..Limits::default() }, "the chart has more than 3 files")]
fn a_folder_is_bounded(#[case] limits: Limits, #[case] expected: &str) {
    let big = "x".repeat(100);
    let files = [("Chart.yaml", CHART), ("a", ""), ("b/big", big.as_str()), ("c", "")];
    assert_eq!(folder(files, &limits).unwrap_err(), expected);
}

#[rstest]
#[case::size(Limits { archive: 3000, ..Limits::default() }, "decompressed chart is larger than the maximum size 3000")]
#[case::file(
    Limits { file: 999, ..Limits::default() },
    "decompressed chart file \"t/a\" is larger than the maximum file size 999"
)]
#[case::total(Limits { total: 3000, ..Limits::default() }, "the chart has more than 3000 bytes")]
#[case::files(Limits { files: 3, ..Limits::default() }, "the chart has more than 3 files")]
fn an_archive_is_bounded(#[case] limits: Limits, #[case] expected: &str) {
    let zeros = [0; 1000];
    let entries = [("t/Chart.yaml", CHART.as_bytes()), ("t/a", &zeros), ("t/b", &zeros), ("t/c", &zeros)];
    assert_eq!(load_archive(&archive(&entries), &limits).unwrap_err().to_string(), expected);
}

#[test]
fn archives_in_archives_share_one_bound() {
    let zeros = vec![0; 4 << 20];
    let child = archive(&[("a/Chart.yaml", b"name: a\nversion: 1.0.0\n"), ("a/zeros", &zeros)]);
    let charts: Vec<_> = (0..100).map(|index| format!("t/charts/a{index}.tgz")).collect();
    let mut entries = vec![("t/Chart.yaml", CHART.as_bytes())];
    entries.extend(charts.iter().map(|name| (name.as_str(), &child[..])));
    let packed = archive(&entries);
    assert!(packed.len() < 1 << 20);
    let refused = load_archive(&packed, &Limits::default()).unwrap_err();
    assert_eq!(refused.to_string(), "the chart has more than 268435456 bytes");
}

#[test]
fn charts_inside_each_other_are_bounded() {
    let mut inner = archive(&[("t/Chart.yaml", CHART.as_bytes())]);
    for _ in 0..20 {
        inner = archive(&[("t/Chart.yaml", CHART.as_bytes()), ("t/charts/t.tgz", &inner)]);
    }
    let refused = load_archive(&inner, &Limits::default()).unwrap_err();
    assert_eq!(refused.to_string(), "the chart has more than 16 charts inside each other");
}

#[test]
fn what_comes_after_the_last_file_is_not_read_without_end() {
    let mut compressor = GzEncoder::new(Vec::new(), Compression::best());
    let mut header = Header::new_gnu();
    header.set_path("t/link").unwrap();
    header.set_entry_type(EntryType::Symlink);
    // A link with a size: what it says is skipped, not kept.
    header.set_size(3 << 20);
    header.set_cksum();
    compressor.write_all(header.as_bytes()).unwrap();
    compressor.write_all(&vec![0; 4 << 20]).unwrap();
    let limits = Limits { archive: 1 << 20, ..Limits::default() };
    let refused = load_archive(&compressor.finish().unwrap(), &limits).unwrap_err();
    assert_eq!(refused.to_string(), "unexpected EOF");
}

#[rstest]
#[case::half(|bytes: &mut Vec<u8>| bytes.truncate(bytes.len() / 2))]
#[case::garbled(|bytes: &mut Vec<u8>| { let middle = bytes.len() / 2; bytes[middle] ^= 0xff; })]
fn a_broken_archive_is_refused(#[case] damage: fn(&mut Vec<u8>)) {
    let noise: Vec<_> = (0..2000_u32).map(|index| (index.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let mut bytes = archive(&[("t/Chart.yaml", CHART.as_bytes()), ("t/noise", &noise)]);
    damage(&mut bytes);
    assert!(load_archive(&bytes, &Limits::default()).is_err());
}

#[test]
fn files_of_an_archive_keep_their_time() {
    let loaded = load_archive(&archive(&[("t/Chart.yaml", CHART.as_bytes())]), &Limits::default()).unwrap();
    let modified = loaded.chart.content.raw[0].modified.map(|time| time.to_string());
    assert_eq!(modified.as_deref(), Some("2020-09-13T12:26:40Z"));
}

#[test]
fn charts_and_their_definitions_are_found_from_the_root_down() {
    let child = "name: c\nversion: 1.0.0\n";
    let files = [
        ("Chart.yaml", CHART),
        ("crds/a.yaml", ""),
        ("crds/notes.txt", ""),
        ("charts/c/Chart.yaml", child),
        ("charts/c/crds/b.JSON", ""),
        ("charts/c/charts/d/Chart.yaml", "name: d\nversion: 1.0.0\ntype: library\n"),
    ];
    let chart = load_files(files.map(|(name, text)| File::new(name, text)).into(), &Limits::default()).unwrap().chart;
    let placed: Vec<_> =
        chart.placed().into_iter().map(|place| (place.path, place.is_root, place.chart.is_library())).collect();
    let paths = [("t", true, false), ("t/charts/c", false, false), ("t/charts/c/charts/d", false, true)];
    assert_eq!(placed, paths.map(|(path, is_root, library)| (path.to_owned(), is_root, library)));
    let crds: Vec<_> = chart.crds().into_iter().map(|(path, _)| path).collect();
    assert_eq!(crds, ["t/crds/a.yaml", "t/charts/c/crds/b.JSON"]);
}
