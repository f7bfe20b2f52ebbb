//! How large the code is: lines of `src` that hold code, without tests, comments and blank lines. The limits below are what is true
//! today; they only ever go down.
//!
//! `cargo test --test size -- --nocapture` prints the figures.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "what cannot be read is a failed test, and the figures are for a person"
)]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// Lines of code in all of `src`.
const TOTAL: usize = 28_400;
/// A function longer than this, from `fn` to its last brace, is a long one.
const LONG_FUNCTION: usize = 80;
const LONG_FUNCTIONS: usize = 2;
/// A file longer than this is a long one.
const LONG_FILE: usize = 500;
const LONG_FILES: usize = 1;

#[test]
fn the_code_is_no_larger_than_it_was() {
    let mut files = Vec::new();
    let mut functions = Vec::new();
    let sources = sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    let mut tests = BTreeSet::new();
    let counted: Vec<(PathBuf, Code)> = sources
        .into_iter()
        .map(|path| {
            let code = Code::of(&fs::read_to_string(&path).unwrap());
            for module in &code.test_modules {
                tests.insert(modules_of(&path).join(module));
            }
            (path, code)
        })
        .collect();
    for (path, code) in counted {
        // `a/b.rs` and everything below `a/b/` are tests if `a.rs` says so of its module `b`.
        let is_test = |path: &Path| path.ancestors().any(|above| tests.contains(above));
        if is_test(&modules_of(&path)) {
            continue;
        }
        let name = path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap();
        for (function, lines) in code.functions {
            functions.push((lines, format!("{}: {function}", name.display())));
        }
        files.push((code.lines.len(), name.display().to_string()));
    }
    let total: usize = files.iter().map(|(lines, _)| lines).sum();
    let functions = longer_than(LONG_FUNCTION, functions);
    let files = longer_than(LONG_FILE, files);
    let report = format!(
        "{total} lines of code\n\n{} functions over {LONG_FUNCTION} lines\n{}\n\n{} files over {LONG_FILE} lines\n{}\n",
        functions.len(),
        functions.join("\n"),
        files.len(),
        files.join("\n"),
    );
    println!("{report}");
    assert!(total <= TOTAL, "more than {TOTAL} lines: {report}");
    assert!(
        functions.len() <= LONG_FUNCTIONS,
        "more than {LONG_FUNCTIONS} long functions: {report}"
    );
    assert!(
        files.len() <= LONG_FILES,
        "more than {LONG_FILES} long files: {report}"
    );
}

/// The long ones, the longest first, as lines for a person.
fn longer_than(limit: usize, mut all: Vec<(usize, String)>) -> Vec<String> {
    all.retain(|(lines, _)| *lines > limit);
    all.sort_by(|a, b| b.cmp(a));
    all.into_iter()
        .map(|(lines, name)| format!("  {lines:>5} {name}"))
        .collect()
}

/// Every Rust file below a folder.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The folder in which the modules of a file have theirs.
fn modules_of(file: &Path) -> PathBuf {
    let bare = file.with_extension("");
    let is_root = |name: &str| bare.ends_with(name);
    if is_root("mod") || is_root("src/lib") || is_root("src/main") {
        bare.parent().unwrap().to_owned()
    } else {
        bare
    }
}

/// What is code in a file.
#[derive(Default)]
struct Code {
    /// The numbers of the lines on which something of it stands.
    lines: BTreeSet<usize>,
    /// Each function's name, and how many lines it has.
    functions: Vec<(String, usize)>,
    /// Modules in files of their own that are there for tests only.
    test_modules: Vec<String>,
}

impl Code {
    fn of(text: &str) -> Self {
        let mut code = Self::default();
        code.read(text.parse().unwrap());
        code
    }

    fn read(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut rest = tokens.as_slice();
        let mut functions = Vec::new();
        while !rest.is_empty() {
            let (attributes, behind) = attributes(rest);
            if attributes.iter().any(|attribute| is_for_tests(attribute)) {
                rest = &behind[self.leave_out(behind)..];
                continue;
            }
            for attribute in attributes {
                self.count(attribute);
            }
            if let [TokenTree::Ident(word), TokenTree::Ident(name), ..] = behind
                && word == "fn"
                && let Some(TokenTree::Group(body)) = behind.iter().find(|token| ends_item(token))
            {
                let lines = word.span().start().line..=body.span_close().end().line;
                functions.push((name.to_string(), lines));
            }
            rest = behind;
            if let Some((token, behind)) = behind.split_first() {
                self.count(token);
                rest = behind;
            }
        }
        for (name, lines) in functions {
            self.functions.push((name, self.lines.range(lines).count()));
        }
    }

    /// Counts the lines of a token; what stands in a group token by token.
    fn count(&mut self, token: &TokenTree) {
        if let TokenTree::Group(group) = token {
            for end in [group.span_open(), group.span_close()] {
                self.lines.insert(end.start().line);
            }
            self.read(group.stream());
        } else {
            let span = token.span();
            self.lines.extend(span.start().line..=span.end().line);
        }
    }

    /// How many tokens the item has that `tokens` begin with. A module of that kind is noted.
    fn leave_out(&mut self, tokens: &[TokenTree]) -> usize {
        let word = |at: usize| tokens.get(at).map(ToString::to_string).unwrap_or_default();
        let mut at = 0;
        while word(at) == "pub" || word(at).starts_with('(') {
            at += 1;
        }
        let is_sentence = ["use", "static", "type", "let"].contains(&word(at).as_str())
            || (word(at) == "const" && word(at + 1) != "fn");
        if word(at) == "mod" && word(at + 2) == ";" {
            self.test_modules.push(word(at + 1));
        }
        let is_end = |token: &TokenTree| ends_item(token) && !(is_sentence && is_braces(token));
        let end = tokens.iter().position(is_end);
        end.map_or(tokens.len(), |end| end + 1)
    }
}

/// The attributes that `tokens` begin with, without comments, and what stands behind them.
fn attributes(mut tokens: &[TokenTree]) -> (Vec<&TokenTree>, &[TokenTree]) {
    let mut found = Vec::new();
    loop {
        match tokens {
            [
                TokenTree::Punct(hash),
                TokenTree::Punct(mark),
                group,
                behind @ ..,
            ] if hash.as_char() == '#' && mark.as_char() == '!' && is_group(group) => {
                found.push(group);
                tokens = behind;
            }
            [TokenTree::Punct(hash), group, behind @ ..]
                if hash.as_char() == '#' && is_group(group) =>
            {
                found.push(group);
                tokens = behind;
            }
            _ => break,
        }
    }
    // A comment for rustdoc is an attribute too.
    found.retain(|attribute| !attribute.to_string().starts_with("[doc ="));
    (found, tokens)
}

fn is_for_tests(attribute: &TokenTree) -> bool {
    let text: String = attribute.to_string().split_whitespace().collect();
    text == "[cfg(test)]"
}

fn is_group(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Bracket)
}

fn is_braces(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace)
}

/// The first such token behind an item's first word is its last one.
fn ends_item(token: &TokenTree) -> bool {
    is_braces(token) || matches!(token, TokenTree::Punct(mark) if mark.as_char() == ';')
}

#[test]
fn what_is_no_code_is_not_counted() {
    let code = Code::of(
        "//! What this is.
        #![expect(missing_docs)]

        use a::{
            b, // why
        };

        /// Says it.
        /// Twice.
        #[derive(Debug)]
        struct C;
        /* A long
           comment. */
        #[cfg(test)]
        use d::{e, f};

        #[cfg(test)]
        #[expect(unused)]
        pub(crate) mod fake;

        impl C {
            fn g<T: FnOnce(fn(u8) -> [u8; 3])>() -> [u8; 3]
            where
                T: Copy,
            {
                // Nothing.
                let text = \"two
                lines\";

                h(text)
            }
        }

        #[cfg(test)]
        mod tests {
            fn i() {}
        }
        #[cfg(feature = \"x\")]
        mod j { fn k(); fn l() {} }
        ",
    );
    let expected = [
        2, 4, 5, 6, 10, 11, 21, 22, 23, 24, 25, 27, 28, 30, 31, 32, 38, 39,
    ];
    assert_eq!(code.lines, BTreeSet::from(expected));
    let functions = [("g", 8), ("l", 1)].map(|(name, lines)| (name.to_owned(), lines));
    assert_eq!(code.functions, functions);
    assert_eq!(code.test_modules, ["fake"]);
}
