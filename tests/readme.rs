//! The README is true: its dialogue is the bot's, its tables are the code's, its command for the tests is the one that CI
//! runs. `.env.example` says the same as the table of the configuration.

#![expect(clippy::unwrap_used, reason = "what cannot be read is a failed test")]

use std::{collections::BTreeSet, fs, path::Path, process::Command};

use addx::testing::{
    app,
    clock::Clock,
    config::{Config, People, Rechecks, VARIABLES, Variable},
    domain::credentials::Secret,
    random::Random,
};
use addx_sim::{
    telegram::{Person, SeenMessage, TelegramSim},
    x::{AppPermission, FourValues, XSim},
};
use tokio_util::sync::CancellationToken;

fn read(file: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap()
}

/// The rows of the table in a section of the README.
fn table(title: &str) -> Vec<String> {
    let readme = read("README.md");
    let (_, section) = readme.split_once(&format!("\n## {title}\n")).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    rows.map(str::to_owned).collect()
}

#[test]
fn the_table_of_the_configuration_has_every_variable_as_the_code_has_it() {
    let rows: Vec<String> = VARIABLES
        .iter()
        .map(
            |Variable {
                 name,
                 default,
                 meaning,
             }| {
                let default = match default {
                    None => "must be set".to_owned(),
                    Some("") => "empty".to_owned(),
                    Some(default) => format!("`{default}`"),
                };
                format!("| `{name}` | {default} | {meaning} |")
            },
        )
        .collect();
    assert_eq!(table("Configuration"), rows);
}

#[test]
fn the_example_of_an_env_file_has_every_variable_with_its_meaning_and_its_default() {
    let example = read(".env.example");
    let mut rest = example.as_str();
    for Variable {
        name,
        default,
        meaning,
    } in VARIABLES
    {
        let set = match default {
            None => format!("{name}="),
            Some(default) => format!("#{name}={default}"),
        };
        let entry = format!("\n\n# {meaning}\n{set}\n");
        let (_, after) = rest
            .split_once(&entry)
            .unwrap_or_else(|| panic!(".env.example has no such entry, or not in order:{entry}"));
        // The next entry begins with the line break that this one ends with.
        rest = &example[example.len() - after.len() - 1..];
    }
    assert_eq!(rest, "\n", "more than the variables");
}

#[test]
fn the_table_of_the_program_has_every_command_that_its_help_has() {
    let help = Command::new(env!("CARGO_BIN_EXE_addx"))
        .arg("--help")
        .output()
        .unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let (_, commands) = help.split_once("\nCommands:\n").unwrap();
    let offered: BTreeSet<&str> = commands
        .lines()
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .collect();
    let rows = table("The program").join("\n");
    let written: BTreeSet<&str> = rows
        .split("`addx ")
        .skip(1)
        .filter_map(|rest| rest.split([' ', '`']).next())
        .collect();
    assert_eq!(written, offered);
}

/// The commands under this one, as its help names them.
fn commands_under(path: &[&str]) -> Vec<String> {
    let help = Command::new(env!("CARGO_BIN_EXE_addx"))
        .args(path)
        .arg("--help")
        .output()
        .unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let Some((_, commands)) = help.split_once("\nCommands:\n") else {
        return Vec::new();
    };
    commands
        .lines()
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .map(str::to_owned)
        .collect()
}

#[test]
fn the_page_for_operators_shows_every_command_and_no_other() {
    let mut offered = BTreeSet::new();
    for command in commands_under(&[]) {
        let under = commands_under(&[&command]);
        if under.is_empty() {
            offered.insert(command);
        } else {
            offered.extend(under.iter().map(|name| format!("{command} {name}")));
        }
    }
    assert!(offered.contains("key retire"), "{offered:?}");
    let page = read("docs/operations.md");
    let shown: BTreeSet<String> = page
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix("$ "))
        .filter_map(|line| {
            let mut words = line
                .split_whitespace()
                .skip_while(|word| word.contains('='));
            words.next().filter(|word| *word == "addx")?;
            let (first, second) = (words.next()?, words.next().unwrap_or_default());
            let both = format!("{first} {second}");
            Some(if offered.contains(&both) {
                both
            } else {
                first.to_owned()
            })
        })
        .collect();
    assert_eq!(shown, offered);
    // What stands in the text exists too, and no link leads nowhere.
    for (_, rest) in page
        .match_indices("`addx ")
        .map(|(at, mark)| page.split_at(at + mark.len()))
    {
        let first = rest.split([' ', '`']).next().unwrap();
        let known = offered
            .iter()
            .any(|command| command.split(' ').next() == Some(first));
        assert!(known || first == "COMMAND", "addx {first}");
    }
    let heads: BTreeSet<String> = page
        .lines()
        .filter_map(|line| line.strip_prefix("## "))
        .map(|head| head.to_lowercase().replace(' ', "-"))
        .collect();
    for rest in page.split("](#").skip(1) {
        let link = rest.split(')').next().unwrap();
        assert!(heads.contains(link), "{link}");
    }
}

#[test]
fn the_command_for_the_tests_is_the_one_that_ci_runs() {
    let command = "cargo test --workspace --locked";
    assert!(read("README.md").contains(&format!("\n{command}\n")));
    assert!(read(".ci/run").ends_with(&format!("\nstep {command}\n")));
    assert!(read("justfile").contains(&format!("\ntest:\n    {command}\n")));
    assert!(read("justfile").contains("\nci:\n    bash .ci/run\n"));
}

#[tokio::test]
async fn the_dialogue_and_the_commands_are_the_bots() {
    let Heard { said, commands } = listen().await;
    let rows: Vec<(String, String)> = table("Commands")
        .iter()
        .map(|row| {
            let cells: Vec<&str> = row.split('|').map(str::trim).collect();
            let command = cells[1].trim_matches('`').replace(" [name]", "");
            (command, cells[2].to_owned())
        })
        .collect();
    assert_eq!(rows, commands);

    let readme = read("README.md");
    let (_, picture) = readme.split_once("\n```text\n").unwrap();
    let (picture, _) = picture.split_once("\n```\n").unwrap();
    let mut blocks: Vec<String> = Vec::new();
    for line in picture.lines() {
        if let Some(first) = line.strip_prefix("bot  ") {
            blocks.push(first.to_owned());
        } else if let (Some(block), true) = (blocks.last_mut(), line.starts_with("     ")) {
            block.push_str(line);
        } else {
            assert!(
                line.is_empty() || line.starts_with("you  "),
                "who says this? {line}"
            );
        }
    }
    assert!(blocks.len() >= 4, "{blocks:#?}");
    for block in blocks {
        let block = one_line(&block);
        assert!(
            said.contains(&block),
            "the bot does not say:\n{block}\nbut\n{said:#?}"
        );
    }
}

struct Heard {
    /// Each message of the bot's on one line, and each that it became.
    said: Vec<String>,
    /// The commands in Telegram's menu, with their descriptions.
    commands: Vec<(String, String)>,
}

/// Links one account that works and one that can only read.
async fn listen() -> Heard {
    let folder = tempfile::tempdir().unwrap();
    let (telegram, x) = (
        TelegramSim::start().await.unwrap(),
        XSim::start().await.unwrap(),
    );
    let config = Config {
        token: Secret::new(telegram.token().to_owned()),
        telegram_url: telegram.url().parse().unwrap(),
        x_url: x.url().parse().unwrap(),
        database: folder.path().join("addx.db"),
        key_file: folder.path().join("addx.key"),
        people: People::default(),
        rechecks: Rechecks::OFF,
        proxy: None,
        metrics: None,
        keeps_audit: None,
        keeps_backups: None,
    };
    let stop = CancellationToken::new();
    let bot = tokio::spawn(app::run(
        config,
        Clock::system(),
        Random::seeded(7),
        stop.clone(),
    ));
    telegram.wait_polling().await.unwrap();

    let person = telegram.new_user("Ada", Some("ada"));
    for (name, permission) in [
        ("main", AppPermission::ReadWrite),
        ("shop", AppPermission::Read),
    ] {
        let user = x.new_user(if name == "main" {
            "seedling"
        } else {
            "seedshop"
        });
        let values = x.new_app(&user, permission).four_values(&user);
        link(&person, name, &values).await;
    }
    let said = person
        .history()
        .iter()
        .filter(|message| message.from_bot)
        .map(in_one_line)
        .collect();
    let commands = telegram.commands("all_private_chats", "");
    stop.cancel();
    bot.await.unwrap().unwrap();
    Heard { said, commands }
}

async fn link(person: &Person, name: &str, values: &FourValues) {
    person.say(&format!("/addx {name}"));
    person.wait_text("Step 1 of 4").await.unwrap();
    person.say(&values.consumer_key);
    person.wait_text("Step 2 of 4").await.unwrap();
    person.say(&values.consumer_secret);
    person
        .wait_for(|chat| chat.shows("Step 3 of 4") && chat.shows("X accepts this API key pair"))
        .await
        .unwrap();
    person.say(&values.access_token);
    person.wait_text("Step 4 of 4").await.unwrap();
    person.say(&values.access_token_secret);
    let named = format!("{name} is connected");
    person.wait_for(|chat| chat.shows(&named)).await.unwrap();
}

fn in_one_line(message: &SeenMessage) -> String {
    let labels = message
        .labels()
        .into_iter()
        .map(|label| format!("[{label}]"));
    let buttons: Vec<String> = labels.collect();
    one_line(&format!("{} {}", message.text, buttons.join(" ")))
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
