//! The catalogues in `locales/`: every language has the same texts with the same placeholders, tags and choices, and the code asks
//! for no text that is not there.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what cannot be read is a failed test"
)]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use fluent_syntax::{
    ast::{Entry, Expression, InlineExpression, Pattern, PatternElement, VariantKey},
    parser,
};
use proc_macro2::{TokenStream, TokenTree};

/// The categories that a language's plurals have. A new language gets a line here.
const PLURALS: [(&str, &[&str]); 2] = [("en", &["one", "other"]), ("es", &["one", "other"])];
/// Ids that the code puts together from the name of a value. A test of the library words every one of them.
const PUT_TOGETHER: [&str; 9] = [
    "choose-", "ask-", "button-", "menu-", "name-", "paste-", "pin-", "post-", "verdict-",
];
type Source = &'static str;

/// What a text is made of, with everything that it refers to put in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Shape {
    variables: BTreeSet<String>,
    /// Each choice that is made: the variable, and the cases that are named.
    choices: BTreeSet<(String, BTreeSet<String>)>,
    /// HTML tags and commands, in the order of their names.
    terms: BTreeSet<String>,
    /// What else of the catalogue it names.
    references: BTreeSet<String>,
}

/// Every text of a language, by id; a term's begins with a dash, an attribute's has the id of its text before a dot.
struct Catalogue {
    language: String,
    texts: BTreeMap<String, Shape>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn catalogues() -> Vec<Catalogue> {
    let mut folders: Vec<PathBuf> = fs::read_dir(root().join("locales"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    folders.sort();
    folders.iter().map(|folder| catalogue(folder)).collect()
}

fn catalogue(folder: &Path) -> Catalogue {
    let language = folder.file_name().unwrap().to_str().unwrap().to_owned();
    let mut texts = BTreeMap::new();
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let source: Source = fs::read_to_string(&path).unwrap().leak();
        let resource = parser::parse(source)
            .unwrap_or_else(|(_, errors)| panic!("{}: {errors:?}", path.display()));
        for entry in resource.body {
            let (id, value, attributes) = match entry {
                Entry::Message(message) => (
                    message.id.name.to_owned(),
                    message.value,
                    message.attributes,
                ),
                Entry::Term(term) => (
                    format!("-{}", term.id.name),
                    Some(term.value),
                    term.attributes,
                ),
                Entry::Comment(_) | Entry::GroupComment(_) | Entry::ResourceComment(_) => continue,
                Entry::Junk { content } => panic!("{}: {content}", path.display()),
            };
            let parts = attributes
                .into_iter()
                .map(|attribute| (format!("{id}.{}", attribute.id.name), attribute.value));
            for (id, pattern) in value
                .map(|value| (id.clone(), value))
                .into_iter()
                .chain(parts)
            {
                let mut shape = Shape::default();
                read(&pattern, &mut shape);
                let doubled = texts.insert(id.clone(), shape);
                assert!(doubled.is_none(), "{language}: {id} stands there twice");
            }
        }
    }
    Catalogue { language, texts }
}

fn read(pattern: &Pattern<Source>, shape: &mut Shape) {
    for element in &pattern.elements {
        match element {
            PatternElement::TextElement { value } => shape.terms.extend(terms(value)),
            PatternElement::Placeable { expression } => read_expression(expression, shape),
        }
    }
}

fn read_expression(expression: &Expression<Source>, shape: &mut Shape) {
    match expression {
        Expression::Inline(inline) => read_inline(inline, shape),
        Expression::Select { selector, variants } => {
            read_inline(selector, shape);
            let InlineExpression::VariableReference { id } = selector else {
                panic!("a choice by something else than a variable");
            };
            let cases = variants.iter().map(|variant| match variant.key {
                VariantKey::Identifier { name } => name.to_owned(),
                VariantKey::NumberLiteral { value } => value.to_owned(),
            });
            shape.choices.insert((id.name.to_owned(), cases.collect()));
            for variant in variants {
                read(&variant.value, shape);
            }
        }
    }
}

fn read_inline(inline: &InlineExpression<Source>, shape: &mut Shape) {
    match inline {
        InlineExpression::VariableReference { id } => {
            shape.variables.insert(id.name.to_owned());
        }
        InlineExpression::MessageReference { id, .. } => {
            shape.references.insert(id.name.to_owned());
        }
        InlineExpression::TermReference { id, .. } => {
            shape.references.insert(format!("-{}", id.name));
        }
        InlineExpression::StringLiteral { .. } => {}
        other => panic!("not looked into: {other:?}"),
    }
}

/// What a translation leaves as it is: tags, commands, addresses, and the field names of X.
fn terms(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (at, _) in text.match_indices('<') {
        let tag = text[at..].split_inclusive('>').next().unwrap();
        found.insert(tag.to_owned());
    }
    for word in text.split([' ', '\n', '(', ')', ',', '<', '>', ';']) {
        let word = word.trim_end_matches(['.', ':', '?']);
        let is_command = word.starts_with('/') && word.len() > 1;
        if is_command || word.contains("x.com") || word.starts_with("https:") {
            found.insert(word.to_owned());
        }
    }
    for label in [
        "API Key",
        "Access Token",
        "Callback URI",
        "Client ID",
        "Consumer Key",
        "Keys &amp; Tokens",
        "OAuth 1.0 Keys",
        "Read and write",
        "→ Regenerate",
        "User authentication settings",
        "Revoke app permissions",
        "Pay-per-use",
        "Billing",
        "addx doctor",
        "UTC",
        "HTTP",
    ] {
        if text.contains(label) {
            found.insert(label.to_owned());
        }
    }
    found
}

impl Catalogue {
    fn usual() -> Self {
        catalogue(&root().join("locales/en"))
    }

    /// A text with everything that it refers to put in.
    fn whole(&self, id: &str) -> Shape {
        let shape = self.texts.get(id);
        let mut whole = shape
            .unwrap_or_else(|| panic!("{}: no {id}", self.language))
            .clone();
        for reference in std::mem::take(&mut whole.references) {
            let other = self.whole(&reference);
            whole.variables.extend(other.variables);
            whole.choices.extend(other.choices);
            whole.terms.extend(other.terms);
        }
        whole
    }

    fn plurals(&self) -> BTreeSet<String> {
        let line = PLURALS
            .iter()
            .find(|(language, _)| *language == self.language);
        let (_, categories) = line.unwrap_or_else(|| panic!("no plurals of {}", self.language));
        categories.iter().map(|&name| name.to_owned()).collect()
    }

    /// The choices of a text but for those by number, which each language makes in its own way.
    fn choices(&self, id: &str) -> BTreeSet<(String, BTreeSet<String>)> {
        let plurals = self.plurals();
        let mut choices = self.whole(id).choices;
        for (variable, cases) in &choices {
            if cases.contains("one") {
                let exact = |case: &&String| !case.bytes().all(|byte| byte.is_ascii_digit());
                let categories: BTreeSet<String> = cases
                    .iter()
                    .filter(exact)
                    .filter(|case| *case != "none")
                    .cloned()
                    .collect();
                assert_eq!(categories, plurals, "{}: {id}, ${variable}", self.language);
            }
        }
        choices.retain(|(_, cases)| !cases.contains("one"));
        choices
    }
}

#[test]
fn every_language_has_the_same_texts_with_the_same_placeholders_tags_and_choices() {
    let usual = Catalogue::usual();
    let all = catalogues();
    assert_eq!(all.len(), PLURALS.len());
    let mut wrong = Vec::new();
    for other in all {
        let ids = |catalogue: &Catalogue| -> BTreeSet<String> {
            let texts = catalogue.texts.keys();
            texts.filter(|id| !id.starts_with('-')).cloned().collect()
        };
        assert_eq!(ids(&other), ids(&usual), "{}", other.language);
        for id in ids(&usual) {
            let (mine, theirs) = (usual.whole(&id), other.whole(&id));
            if theirs.variables != mine.variables
                || theirs.terms != mine.terms
                || other.choices(&id) != usual.choices(&id)
            {
                wrong.push(format!(
                    "{} {id}: {theirs:#?}, not {mine:#?}",
                    other.language
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A `text!("id", name = …)` of the code: the id, and the names that are given.
fn asked_for(tokens: TokenStream, found: &mut Vec<(String, BTreeSet<String>)>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    for (at, token) in tokens.iter().enumerate() {
        let TokenTree::Group(group) = token else {
            continue;
        };
        let is_text =
            at >= 2 && tokens[at - 2].to_string() == "text" && tokens[at - 1].to_string() == "!";
        if is_text {
            let inside: Vec<TokenTree> = group.stream().into_iter().collect();
            let id = inside.first().map(ToString::to_string).unwrap_or_default();
            let names = inside.windows(3).filter_map(|three| match three {
                [
                    TokenTree::Punct(comma),
                    TokenTree::Ident(name),
                    TokenTree::Punct(equals),
                ] if comma.as_char() == ',' && equals.as_char() == '=' => Some(name.to_string()),
                _ => None,
            });
            if id.starts_with('"') {
                found.push((id.trim_matches('"').to_owned(), names.collect()));
            }
        }
        asked_for(group.stream(), found);
    }
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn the_code_asks_for_texts_that_are_there_and_gives_what_they_put_in() {
    let usual = Catalogue::usual();
    let mut files = Vec::new();
    sources(&root().join("src"), &mut files);
    let mut asked = Vec::new();
    for file in files {
        asked_for(
            fs::read_to_string(file).unwrap().parse().unwrap(),
            &mut asked,
        );
    }
    assert!(
        asked.len() > 100,
        "only {} texts are asked for",
        asked.len()
    );
    let (mut used, mut wrong) = (BTreeSet::new(), Vec::new());
    for (id, given) in &asked {
        let wanted = usual.whole(id).variables;
        let put_together = PUT_TOGETHER.iter().any(|kind| id.starts_with(kind));
        // The code gives those the rest elsewhere.
        if !(*given == wanted || put_together && given.is_subset(&wanted)) {
            wrong.push(format!("{id} is given {given:?} and puts in {wanted:?}"));
        }
        used.insert(id.clone());
    }
    // The catalogue's own references are uses too.
    let referred = usual
        .texts
        .values()
        .flat_map(|shape| shape.references.clone());
    used.extend(referred);
    used.insert("list-and".to_owned());
    used.insert("language-name".to_owned());
    for id in usual.texts.keys() {
        let put_together = PUT_TOGETHER.iter().any(|kind| id.starts_with(kind));
        if !put_together && !used.contains(id) {
            wrong.push(format!("nothing asks for {id}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
