//! Properties over made-up values, in made-up company, undamaged and damaged.

use std::time::Instant;

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use rand::{Rng, RngExt, SeedableRng, rngs::StdRng};

use super::several::LABELS;
use super::*;

/// Whether six characters in a row of `value` stand in `shown`. Those without a digit may also be letters of a name.
fn leaks(shown: &str, value: &str) -> bool {
    let mut windows = value.as_bytes().windows(6);
    windows.any(|window| {
        let telling =
            window.iter().any(u8::is_ascii_digit) && !window.iter().all(u8::is_ascii_digit);
        telling && shown.as_bytes().windows(6).any(|piece| piece == window)
    })
}

fn value_of(field: Field) -> BoxedStrategy<String> {
    match field {
        Field::ApiKey => "[A-Za-z0-9]{25}".boxed(),
        Field::ApiSecret => "[A-Za-z0-9]{50}".boxed(),
        Field::AccessToken => prop_oneof![
            "[1-9][0-9]{6,9}-[A-Za-z0-9]{40}",
            "1[0-9]{18}-[A-Za-z0-9]{30}"
        ]
        .boxed(),
        Field::AccessSecret => "[A-Za-z0-9]{45}".boxed(),
    }
}

fn four() -> impl Strategy<Value = Vec<String>> {
    Field::ALL.map(value_of).to_vec()
}

/// What may stand around a value without changing it. Each pair fits around each other one.
const NOISE: &[(&str, &str)] = &[
    (" ", ""),
    ("", "  "),
    ("\n", "\r\n"),
    ("\u{a0}", "\u{2003}"),
    ("\"", "\""),
    ("'", "'"),
    ("“", "”"),
    ("«", "»"),
    ("(", ")"),
    ("[", "]"),
    ("{", "}"),
    ("<", ">"),
    ("`", "`"),
    ("**", "**"),
    ("||", "||"),
    ("\u{200b}", ""),
    ("", "\u{feff}"),
    ("\u{2067}", "\u{2069}"),
    ("&quot;", "&quot;"),
    ("&lt;", "&gt;"),
    ("<code>", "</code>"),
    ("\\\"", "\\\""),
    ("", "."),
    ("", ","),
    ("", ";"),
    ("", "\\n"),
    ("- ", ""),
    ("• ", ""),
    (": ", ""),
    ("Bearer ", ""),
];

fn noisy() -> impl Strategy<Value = (Field, String, String)> {
    let noise = subsequence(NOISE, 0..6).prop_shuffle();
    (select(Field::ALL.to_vec()), noise)
        .prop_flat_map(|(field, noise)| (Just(field), value_of(field), Just(noise), any::<bool>()))
        .prop_map(|(field, value, noise, labelled)| {
            let wrapped = noise.iter().fold(value.clone(), |text, (before, after)| {
                format!("{before}{text}{after}")
            });
            let label = if labelled {
                format!("{}: ", field.label())
            } else {
                String::new()
            };
            (field, value, label + &wrapped)
        })
}

/// A block of the four in any order, every one under any of its names or under none, and nothing in common.
fn block() -> impl Strategy<Value = (Vec<String>, String)> {
    let label = |(_, labels): &(Field, &'static [&'static str])| select(*labels).boxed();
    let labels: Vec<_> = LABELS.iter().map(label).collect();
    let between = select(vec![
        ": ", "=", " = ", " - ", " – ", " → ", "->", "\n", ":\n", "\t", " | ", "：", ": \"", "=<",
    ]);
    let ending = select(vec!["\n", "\r\n", "\n\n", ",\n", "\"\n", ";\n", ">\n"]);
    let style = (
        any::<bool>(),
        between,
        ending,
        Just(vec![0_usize, 1, 2, 3]).prop_shuffle(),
    );
    (four(), labels, style).prop_map(|(values, labels, (labelled, between, ending, order))| {
        let line = |at: &usize| {
            let label = if labelled {
                format!("{}{between}", labels[*at])
            } else {
                String::new()
            };
            format!("{label}{}{ending}", values[*at])
        };
        let text = order.iter().map(line).collect();
        (values, text)
    })
}

proptest! {
    #[test]
    fn no_text_is_too_strange(text in any::<String>(), printable in "\\PC{0,200}", ascii in "[ -~\\n]{0,300}") {
        for text in [text, printable, ascii] {
            for asked in Field::ALL {
                let _ = read(&text, asked);
                let _ = shape(asked, &text);
            }
            let _ = looks_secret(&text);
        }
    }

    #[test]
    fn a_value_is_recovered_from_any_noise((field, value, text) in noisy()) {
        prop_assert_eq!(content(&text, field), Read::Value(value, None), "{:?}", text);
    }

    #[test]
    fn the_four_are_found_in_any_order_under_any_name((values, text) in block(), asked in select(Field::ALL.to_vec())) {
        let expected: Vec<_> = Field::ALL.into_iter().zip(values).collect();
        prop_assert_eq!(content(&text, asked), Read::Several(expected, Vec::new()), "{}", text);
    }

    #[test]
    fn nothing_that_is_shown_holds_a_piece_of_a_value((values, text) in block(), (field, value, noisy) in noisy()) {
        for asked in Field::ALL {
            let shown = format!("{:?} {:?} {:?}", read(&text, asked), read(&noisy, asked), shape(asked, &value));
            prop_assert!(!leaks(&shown, &value) && !values.iter().any(|value| leaks(&shown, value)), "{}", shown);
            let half: String = text.chars().take(text.chars().count() / 2).collect();
            let shown = format!("{:?}", read(&half, field));
            prop_assert!(!leaks(&shown, &values[0]), "{}", shown);
        }
    }

    #[test]
    fn a_value_is_noticed_wherever_it_stands((_, value, text) in noisy(), before in "[a-zA-Z ,.!?]{0,40}", after in "[a-zA-Z ,.!?]{0,40}") {
        prop_assert!(looks_secret(&value), "{}", value);
        prop_assert!(looks_secret(&text), "{}", text);
        let sentence = format!("{before} {value} {after}");
        prop_assert!(looks_secret(&sentence), "{}", sentence);
    }

    #[test]
    fn words_and_numbers_are_not_taken_for_secrets(words in "([a-z]{1,14}|[A-Z][a-z]{1,14}|[0-9]{1,20}|[A-Z]{1,9}|[а-яё]{1,12}|[a-f0-9]{40})([ ,.!?]{1,2}([a-zäöüß]{1,30}|[A-Z][a-z]{1,20}|[0-9]{1,4})){0,12}") {
        prop_assert!(!looks_secret(&words), "{}", words);
    }
}

/// Cuts, doubles, replaces and inserts, as damaged texts are.
fn damage(text: &str, dice: &mut StdRng) -> String {
    const STRANGE: [&str; 24] = [
        "\u{200b}",
        "\u{202e}",
        "\0",
        "\u{10ffff}",
        "é",
        "密",
        "👍",
        "&",
        "&#",
        "&quot;",
        "\\",
        "\\u",
        "<",
        "<b>",
        "```",
        "=",
        ":",
        "-",
        "AAAAAAAAAAAAAAAAAAAA",
        "://",
        "•",
        "...",
        "\n",
        " ",
    ];
    let mut chars: Vec<char> = text.chars().collect();
    for _ in 0..dice.random_range(1..6) {
        let at = dice.random_range(0..=chars.len());
        let end = (at + dice.random_range(0..12)).min(chars.len());
        match dice.random_range(0..4) {
            0 => drop(chars.drain(at..end)),
            1 => {
                let piece: Vec<char> = chars[at..end].to_vec();
                chars.splice(at..at, piece);
            }
            2 => drop(chars.splice(at..at, STRANGE[dice.random_range(0..STRANGE.len())].chars())),
            _ => chars.truncate(at.max(1)),
        }
    }
    chars.into_iter().collect()
}

fn made_up(dice: &mut StdRng, length: usize) -> String {
    const CHARACTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let character = |_| char::from(CHARACTERS[dice.random_range(0..CHARACTERS.len())]);
    (0..length).map(character).collect()
}

#[test]
#[expect(clippy::print_stdout, reason = "the time it took is the result")]
#[ignore = "takes minutes without optimisation: cargo test --release -- --ignored a_million"]
fn a_million_pastes_are_read_without_a_panic_or_a_leak() {
    let start = Instant::now();
    let mut dice = StdRng::seed_from_u64(7);
    let mut tally = std::collections::BTreeMap::<&str, usize>::new();
    for round in 0..1_000_000 {
        let id = dice.next_u64() >> 4;
        let token = format!("{id}-{}", made_up(&mut dice, 30));
        let values = [
            made_up(&mut dice, 25),
            made_up(&mut dice, 50),
            token,
            made_up(&mut dice, 45),
        ];
        let count = dice.random_range(1..=4);
        let mut text = String::new();
        for value in &values[..count] {
            let (before, after) = NOISE[dice.random_range(0..NOISE.len())];
            let labels = LABELS[dice.random_range(0..4)].1;
            let label = labels[dice.random_range(0..labels.len())];
            text.extend([label, ": ", before, value, after, "\n"]);
        }
        if round % 4 != 0 {
            text = damage(&text, &mut dice);
        }
        let asked = Field::ALL[dice.random_range(0..4)];
        let paste = read(&text, asked);
        let shown = format!("{paste:?}");
        assert!(
            !values.iter().any(|value| leaks(&shown, value)),
            "round {round}"
        );
        let outcome = match paste.content {
            Content::Value { .. } => "value",
            Content::OtherField { .. } => "other field",
            Content::Several { .. } => "several",
            Content::Rejected(_) => "rejected",
        };
        *tally.entry(outcome).or_default() += 1;
        *tally.entry("noticed").or_default() += usize::from(looks_secret(&text));
    }
    let seconds = start.elapsed().as_secs_f32();
    assert!(
        tally.len() == 5 && tally.values().all(|count| *count > 10_000),
        "{tally:?}"
    );
    println!("a million pastes in {seconds:.1} s: {tally:?}");
}
