//! ARCHITECTURE.md is true: its map lists every source file and no other, and no layer names what its row forbids.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what cannot be read is a failed test"
)]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// What the map is about.
const FOLDERS: [&str; 7] = [
    "benches",
    "docs",
    "examples",
    "migrations",
    "sim",
    "src",
    "tests",
];
/// Folders that the map may list as one line instead of file by file. Git keeps no empty folder, so one may be missing.
const ONE_LINE: [&str; 5] = [
    "benches/",
    "docs/",
    "examples/",
    "tests/bot/",
    "tests/reliability/",
];

#[test]
fn the_map_lists_every_file_and_no_other() {
    let listed = listed();
    let (folders, files): (Vec<&String>, Vec<&String>) =
        listed.iter().partition(|path| path.ends_with('/'));
    for folder in &folders {
        assert!(
            ONE_LINE.contains(&folder.as_str()),
            "{folder} must be listed file by file"
        );
    }
    let there: BTreeSet<String> = FOLDERS
        .iter()
        .flat_map(|folder| source_files(folder))
        .filter(|file| !folders.iter().any(|folder| file.starts_with(*folder)))
        .collect();
    let files: BTreeSet<String> = files.into_iter().cloned().collect();
    let missing: Vec<_> = there.difference(&files).collect();
    assert!(
        missing.is_empty(),
        "the map of ARCHITECTURE.md has no line for {missing:#?}"
    );
    let gone: Vec<_> = files.difference(&there).collect();
    assert!(
        gone.is_empty(),
        "the map of ARCHITECTURE.md lists what is not there: {gone:#?}"
    );
}

#[test]
fn each_layer_leaves_alone_what_its_row_forbids() {
    let layers = layers();
    let folders: Vec<&str> = layers.iter().map(|layer| layer.folder.as_str()).collect();
    assert_eq!(
        folders,
        [
            "support", "domain", "messages", "vault", "store", "x", "linking", "jobs", "proxy",
            "telegram"
        ]
    );
    let mut violations = Vec::new();
    for layer in &layers {
        assert!(!layer.forbidden.is_empty(), "{}", layer.folder);
        for file in source_files(&format!("src/{}", layer.folder))
            .into_iter()
            .chain(source_files(&format!("src/{}.rs", layer.folder)))
        {
            let named = named_paths(&file);
            for forbidden in &layer.forbidden {
                let path: Vec<String> = forbidden.split("::").map(str::to_owned).collect();
                let excepted = layer
                    .exceptions
                    .contains(&(forbidden.clone(), file.clone()));
                if named.contains(&path) != excepted {
                    let what = if excepted { "does not name" } else { "names" };
                    violations.push(format!("{file} {what} {forbidden}"));
                }
            }
        }
    }
    assert!(violations.is_empty(), "{violations:#?}");
}

fn architecture() -> String {
    fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap()
}

fn section<'a>(text: &'a str, title: &str) -> &'a str {
    let (_, rest) = text
        .split_once(&format!("\n## {title}\n"))
        .unwrap_or_else(|| panic!("ARCHITECTURE.md has no section {title}"));
    rest.split("\n## ").next().unwrap_or(rest)
}

/// The paths of the map: what stands in backquotes at the beginning of its list items.
fn listed() -> BTreeSet<String> {
    let text = architecture();
    let mut paths = BTreeSet::new();
    for line in section(&text, "The map").lines() {
        if let Some(item) = line.strip_prefix("- `") {
            let (path, what) = item.split_once("`: ").unwrap_or_else(|| panic!("{line}"));
            assert!(!what.trim().is_empty(), "{path} has no description");
            assert!(paths.insert(path.to_owned()), "{path} is listed twice");
        }
    }
    paths
}

/// A row of the table of layers.
struct Layer {
    folder: String,
    forbidden: Vec<String>,
    /// What is forbidden, and the file that may and does name it all the same.
    exceptions: Vec<(String, String)>,
}

fn layers() -> Vec<Layer> {
    let text = architecture();
    let mut layers = Vec::new();
    for row in section(&text, "Layers").lines() {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let [_, layer, _, forbidden, exceptions, _] = cells[..] else {
            continue;
        };
        let Some(folder) = quoted(layer).into_iter().next() else {
            continue;
        };
        let exceptions = match &quoted(exceptions)[..] {
            [] => Vec::new(),
            [what, file] => vec![(what.clone(), format!("src/{folder}{file}"))],
            _ => panic!("an exception is `what` in `file`: {row}"),
        };
        layers.push(Layer {
            folder: folder.trim_end_matches('/').to_owned(),
            forbidden: quoted(forbidden),
            exceptions,
        });
    }
    layers
}

/// The words in backquotes.
fn quoted(text: &str) -> Vec<String> {
    text.split('`')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

/// The source files under a folder, or the file itself; none if there is nothing of that name.
fn source_files(path: &str) -> Vec<String> {
    let whole = root().join(path);
    if whole.is_dir() {
        let mut entries: Vec<PathBuf> = fs::read_dir(&whole)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        entries.sort();
        return entries
            .iter()
            .filter_map(|entry| entry.strip_prefix(root()).ok()?.to_str())
            .flat_map(source_files)
            .collect();
    }
    let is_source = whole.extension().is_some_and(|extension| {
        ["md", "rs", "service", "sql"]
            .iter()
            .any(|known| extension == *known)
    });
    if whole.is_file() && is_source {
        vec![path.to_owned()]
    } else {
        Vec::new()
    }
}

/// Every path that a file names outside comments and texts, and each of its beginnings: groups of `use` are written out,
/// `self` and `super` replaced by where they lead. (In a module inside a file they lead one step too high.)
fn named_paths(file: &str) -> BTreeSet<Vec<String>> {
    let text = fs::read_to_string(root().join(file)).unwrap();
    let tokens: TokenStream = text.parse().unwrap();
    let mut found = Vec::new();
    collect_paths(tokens, &[], &mut found);
    let module = module_of(file);
    found
        .into_iter()
        .map(|path| {
            let ups = path.iter().take_while(|name| *name == "super").count();
            let is_relative = ups > 0 || path.first().is_some_and(|name| name == "self");
            if !is_relative {
                return path;
            }
            let keep = module.len().saturating_sub(ups);
            let rest = path.into_iter().skip(ups.max(1));
            module[..keep].iter().cloned().chain(rest).collect()
        })
        .collect()
}

fn module_of(file: &str) -> Vec<String> {
    let path = file.trim_start_matches("src/").trim_end_matches(".rs");
    let path = path.trim_end_matches("/mod");
    std::iter::once("crate")
        .chain(path.split('/'))
        .map(str::to_owned)
        .collect()
}

fn collect_paths(tokens: TokenStream, prefix: &[String], found: &mut Vec<Vec<String>>) {
    let mut path = prefix.to_vec();
    let mut colons = 0;
    for token in tokens {
        match token {
            TokenTree::Ident(name) => {
                if colons != 2 {
                    path = prefix.to_vec();
                }
                path.push(name.to_string());
                found.push(path.clone());
                colons = 0;
            }
            TokenTree::Punct(mark) if mark.as_char() == ':' => colons += 1,
            TokenTree::Group(group) => {
                let is_use_group = colons == 2 && group.delimiter() == Delimiter::Brace;
                let prefix = if is_use_group { &path[..] } else { &[] };
                collect_paths(group.stream(), prefix, found);
                colons = 0;
            }
            TokenTree::Punct(_) | TokenTree::Literal(_) => colons = 0,
        }
    }
}

#[test]
fn paths_are_found_wherever_they_stand() {
    let mut found = Vec::new();
    let text = "use a::{b::{c, d}, e}; // f::g\n fn h() { i!(j::k::<l::m>(\"n::o\")) }";
    collect_paths(text.parse().unwrap(), &[], &mut found);
    let found: BTreeSet<String> = found.iter().map(|path| path.join("::")).collect();
    for path in ["a::b::c", "a::b::d", "a::e", "j::k", "l::m"] {
        assert!(found.contains(path), "{path} of {found:?}");
    }
    for path in ["f::g", "n::o", "c", "e"] {
        assert!(!found.contains(path), "{path} of {found:?}");
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// One TLS stack and one crypto backend, and of what is there in two versions `deny.toml` says why.
#[test]
fn what_is_shipped_is_there_once_or_for_a_reason() {
    let tree = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--locked",
            "--offline",
            "--edges",
            "normal",
            "--prefix",
            "none",
            "--package",
            "addx",
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let tree = String::from_utf8(tree.stdout).unwrap();
    let mut versions: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for line in tree.lines() {
        let mut words = line.split(' ');
        let (Some(name), Some(version)) = (words.next(), words.next()) else {
            continue;
        };
        let mut parts = version.trim_start_matches('v').split('.');
        let major = match (parts.next().unwrap(), parts.next()) {
            ("0", Some(minor)) => format!("0.{minor}"),
            (major, _) => major.to_owned(),
        };
        versions.entry(name).or_default().insert(major);
    }
    assert!(versions.contains_key("rustls") && versions.contains_key("ring"));
    for other in ["aws-lc-rs", "native-tls", "openssl-sys"] {
        assert!(!versions.contains_key(other), "{other} is shipped too");
    }
    let deny = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("deny.toml")).unwrap();
    let mut skipped = BTreeSet::new();
    for line in deny.lines().filter(|line| line.contains("reason = ")) {
        skipped.insert(line.split('"').nth(1).unwrap().to_owned());
    }
    let mut doubles = BTreeSet::new();
    for (name, majors) in versions.iter().filter(|(_, majors)| majors.len() > 1) {
        let named = |major: &&String| skipped.contains(&format!("{name}@{major}"));
        doubles.extend(
            majors
                .iter()
                .filter(named)
                .map(|major| format!("{name}@{major}")),
        );
        assert_eq!(
            majors.iter().filter(named).count(),
            majors.len() - 1,
            "{name}: {majors:?}"
        );
    }
    assert_eq!(doubles, skipped, "deny.toml names what is there once");
}
