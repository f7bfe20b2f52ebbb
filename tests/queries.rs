//! Every SQL statement of the store prepares against the migrated schema, and none reads a whole table.
//!
//! This takes the place of sqlx's checked macros: a build needs no database, and no cache of query descriptions.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what cannot be read is a failed test"
)]

use std::{collections::BTreeSet, fs, path::Path};

use addx::testing::store::Store;
use proc_macro2::{Delimiter, TokenStream, TokenTree};
use sqlx::AssertSqlSafe;

/// The functions of sqlx that take a statement.
const CALLS: [&str; 3] = ["query", "query_as", "query_scalar"];

/// Statements that read a whole table on purpose: a part of the statement, and why.
const DELIBERATE: [(&str, &str); 30] = [
    (
        "DELETE FROM outbox WHERE role NOT IN",
        "drops what no longer counts, once, after a break-in",
    ),
    (
        "DELETE FROM posts WHERE state <>",
        "makes a restored database quiet, once",
    ),
    ("DELETE FROM jobs WHERE kind <>", "the same"),
    (
        "SELECT min(number) FROM audit WHERE at >= ?",
        "goes through the trail from its beginning, when it is pruned",
    ),
    ("DELETE FROM uses WHERE day <", "the same"),
    (
        "(SELECT count(*) FROM uses), (SELECT count(*) FROM inbox)",
        "counts what grows, for whoever watches the bot",
    ),
    ("DELETE FROM jobs\n", "the same, from a plain copy"),
    ("DELETE FROM posts\n", "the same"),
    (
        "SELECT type, name, sql FROM sqlite_schema",
        "looks through what a plain copy is made of",
    ),
    (
        "SELECT post_id FROM posts WHERE state = 'posted' ORDER BY id",
        "lists them when a plain copy is looked through",
    ),
    ("UPDATE jobs SET run_at = ?, tries = 0\n", "the same"),
    (
        "FROM accounts ORDER BY owner, name_key",
        "lists all accounts, when the operator asks for their ids",
    ),
    (
        "SELECT * FROM clients ORDER BY client_id",
        "lists all programs, when the operator asks; there are a handful",
    ),
    (
        "EXISTS (SELECT 1 FROM data_keys)",
        "asked once, at start, and the first row answers it",
    ),
    (
        "FROM health_checks WHERE hex(account_id) NOT IN (SELECT value FROM json_each(?1))\n",
        "goes through the index in order of time, to the first account that is not being asked about",
    ),
    (
        "FROM audit ORDER BY number DESC LIMIT 1",
        "begins at the end and stops at the first row",
    ),
    (
        "FROM access ORDER BY standing, since DESC LIMIT ?",
        "goes through the index in its order and stops at the limit",
    ),
    (
        "(SELECT count(*) FROM audit_key",
        "that table has one row; the others are counted by an index",
    ),
    (
        "UNION SELECT key_id FROM audit_key ORDER BY 1",
        "goes through the few numbers it found itself, and a table of one row",
    ),
    (
        "DELETE FROM reply_throttle",
        "the same; a row for each chat that was turned away within a day",
    ),
    (
        "(SELECT count(*) FROM outbox) AS messages",
        "counts everything that waits, for the operator",
    ),
    ("GROUP BY code", "proves a copy, when the operator asks"),
    (
        "UPDATE accounts SET verdict = NULL",
        "goes through a copy that is put back, before the bot runs",
    ),
    (
        "DELETE FROM sealed_values WHERE slot <> 'current'",
        "the same",
    ),
    ("DELETE FROM data_keys WHERE account_id NOT IN", "the same"),
    ("DELETE FROM outbox\n", "the same"),
    ("DELETE FROM temporary_credentials\n", "the same"),
    ("UPDATE health_checks SET memory = '{}'", "the same"),
    ("UPDATE reminders SET due_at = max", "the same"),
    ("DELETE FROM clients\n", "the same"),
];

#[derive(Debug)]
struct Statement {
    file: String,
    sql: String,
}

#[tokio::test]
async fn every_statement_prepares_and_none_reads_a_whole_table() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("addx.db")).await.unwrap();
    let partial: BTreeSet<String> = sqlx::query_scalar(
        "SELECT name FROM sqlite_schema WHERE type = 'index' AND sql LIKE '% WHERE %'",
    )
    .fetch_all(store.reader())
    .await
    .unwrap()
    .into_iter()
    .collect();
    assert!(!partial.is_empty());

    let mut problems = Vec::new();
    let mut used = BTreeSet::new();
    let split = |Statement { file, sql }| {
        let each = sql.split(';').map(|one| one.trim().to_owned());
        let each = each.filter(|one| !one.is_empty()).collect::<Vec<_>>();
        each.into_iter().map(move |one| (file.clone(), one))
    };
    // Of several in one call each is explained: what follows the first would be carried out.
    for (file, sql) in statements().into_iter().flat_map(split) {
        let explain = format!("EXPLAIN QUERY PLAN {sql}");
        let plan = sqlx::query_as::<_, (i64, i64, i64, String)>(AssertSqlSafe(explain))
            .fetch_all(store.reader())
            .await;
        let plan = match plan {
            Ok(plan) => plan,
            Err(error) => {
                problems.push(format!("{file}: {error}\n{sql}"));
                continue;
            }
        };
        let scans = plan
            .iter()
            .map(|(_, _, _, step)| step)
            .filter(|step| reads_a_whole_table(step, &partial));
        for step in scans {
            match DELIBERATE
                .iter()
                .find(|(part, _)| format!("{sql}\n").contains(part))
            {
                Some((part, _)) => {
                    used.insert(*part);
                }
                None => problems.push(format!("{file}: {step}\n{sql}")),
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n\n"));
    for (part, _) in DELIBERATE {
        assert!(used.contains(part), "no longer reads a whole table: {part}");
    }
    store.close().await.unwrap();
}

/// Whether a step of a plan goes through a table from one end to the other. A partial index holds only the rows that are
/// looked for, so going through it is no such thing.
fn reads_a_whole_table(step: &str, partial: &BTreeSet<String>) -> bool {
    // A list that the statement is given, or rows that it has made itself.
    let is_made_up = |what: &str| {
        what == "CONSTANT ROW" || what.starts_with('(') || what.contains("VIRTUAL TABLE")
    };
    if let Some(what) = step.strip_prefix("SCAN ") {
        let index = what.split("INDEX ").nth(1).map(str::trim);
        return !is_made_up(what) && index.is_none_or(|index| !partial.contains(index));
    }
    // A minimum without an index that holds it is called a search too.
    step.strip_prefix("SEARCH ")
        .is_some_and(|what| !is_made_up(what) && !what.contains(" USING "))
}

/// Every statement in `src`. There is SQL in `src/store` only, and each statement is written out where it is used.
fn statements() -> Vec<Statement> {
    let mut found = Vec::new();
    collect_files(Path::new("src"), &mut found);
    let stray: Vec<_> = found
        .iter()
        .filter(|statement| !statement.file.starts_with("src/store/"))
        .collect();
    assert!(stray.is_empty(), "SQL outside the store: {stray:#?}");
    assert!(
        found.len() >= 50,
        "only {} statements were found: has the way they are written changed?",
        found.len()
    );
    found
}

fn collect_files(path: &Path, found: &mut Vec<Statement>) {
    let whole = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if whole.is_dir() {
        for entry in fs::read_dir(whole).unwrap() {
            collect_files(&path.join(entry.unwrap().file_name()), found);
        }
    } else if path.extension().is_some_and(|extension| extension == "rs") {
        let text = fs::read_to_string(whole).unwrap();
        let file = path.to_str().unwrap();
        // What stands around a unit of work reads no table.
        if file == "src/store/group.rs" {
            return;
        }
        collect(text.parse().unwrap(), file, found);
    }
}

fn collect(tokens: TokenStream, file: &str, found: &mut Vec<Statement>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    for (index, token) in tokens.iter().enumerate() {
        if let TokenTree::Group(group) = token {
            collect(group.stream(), file, found);
        }
        let is_call =
            matches!(token, TokenTree::Ident(name) if CALLS.iter().any(|call| name == call));
        if is_call && follows_sqlx(&tokens[..index]) {
            let arguments = tokens[index..].iter().find_map(|token| match token {
                TokenTree::Group(group) if group.delimiter() == Delimiter::Parenthesis => {
                    Some(group.stream())
                }
                _ => None,
            });
            let argument = arguments
                .and_then(|arguments| arguments.into_iter().next())
                .map(|argument| argument.to_string())
                .unwrap_or_default();
            let sql = argument
                .strip_prefix('"')
                .and_then(|text| text.strip_suffix('"'))
                .filter(|text| !text.contains('\\'))
                .unwrap_or_else(|| {
                    panic!("{file}: the statement must be a plain text: {argument}")
                });
            found.push(Statement {
                file: file.to_owned(),
                sql: sql.to_owned(),
            });
        }
    }
}

fn follows_sqlx(before: &[TokenTree]) -> bool {
    let is_colon =
        |token: &TokenTree| matches!(token, TokenTree::Punct(mark) if mark.as_char() == ':');
    match before {
        [.., TokenTree::Ident(name), first, second] => {
            name == "sqlx" && is_colon(first) && is_colon(second)
        }
        _ => false,
    }
}
