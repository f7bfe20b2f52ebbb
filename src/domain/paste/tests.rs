//! What people paste, and what is to be read in it. All values are made up, or X's own published samples.

mod random;
mod secrecy;
mod several;
mod single;

use super::*;

const KEY: &str = "q7RkT2mZbX9sVdL4nWc8YpHf3";
const SECRET: &str = "Lw3nQz8RtYv5KcXb1PmDj7GhSf4ByTe9UoWiNa2MxCk6VrHqZd";
const TOKEN: &str = "1445880548472328192-hT4kVb9QmZx2RfWc7NpLd3YsGj8UaE";
const TOKEN_SECRET: &str = "Xc5mRq1ZvTb8KjWn3LdPyG7fHsU4eQo9aBtN2iVxMk6Cr";

/// The samples of docs.x.com, "Creating a signature": the lengths of earlier years.
const OLD: [&str; 4] = [
    "xvz1evFS4wEEPTGEFPHBog",
    "kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw",
    "370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb",
    "LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE",
];

const BEARER: &str = "AAAAAAAAAAAAAAAAAAAAAMLheAAAAAAA0%2BEuSeid%2BULvsea4JtiGRiSDSJSI%3DEUifiRBkKG5E2XzMDjRfl76ZC9Ub0wnz4XsNiRVBChTYbJcE3F";
const CLIENT_ID: &str = "TWQzVXBDbGllbnRJZE9mMjBjaF86MTpjaQ";
const CLIENT_SECRET: &str = "pR-7kWx_2mQzT9vLb4Nc-8YdHf3sJg6Ua1EeKo5_iXrBnMtVwZ";
const USER_TOKEN: &str =
    "TWQzVXBVc2VyVG9rZW5PZjQ1Y2hhcmFjdGVyc1doaWNoTm9ib2R5SXNzdWVkOjE3MDAwMDAwMDAwMDA6MToxOmF0OjE";
const REFRESH_TOKEN: &str =
    "TWQzVXBVc2VyVG9rZW5PZjQ1Y2hhcmFjdGVyc1doaWNoTm9ib2R5SXNzdWVkOjE3MDAwMDAwMDAwMDA6MToxOnJ0OjE";
const CODE: &str =
    "TWQzVXBVc2VyVG9rZW5PZjQ1Y2hhcmFjdGVyc1doaWNoTm9ib2R5SXNzdWVkOjE3MDAwMDAwMDAwMDA6MTowOmFjOjE";
const BOT_TOKEN: &str = "123456789:AAF-x9KqLm2vRt7ZcWb4NsYp8Hd_3GjUeQo";

/// The four of today, each with its field.
const FOUR: [(Field, &str); 4] = [
    (Field::ApiKey, KEY),
    (Field::ApiSecret, SECRET),
    (Field::AccessToken, TOKEN),
    (Field::AccessSecret, TOKEN_SECRET),
];

/// What a reading comes to, in a form that can be compared. For tests only: it shows the values.
#[derive(Debug, PartialEq)]
enum Read {
    Value(String, Option<Warning>),
    Other(Field, String, bool),
    Several(Vec<(Field, String)>, Vec<(Field, Warning)>),
    Rejected(Rejection),
}

fn seen(content: &Content) -> Read {
    let open = |value: &Secret| value.expose().to_owned();
    match content {
        Content::Value { value, warning } => Read::Value(open(value), *warning),
        Content::OtherField { field, value, firm } => Read::Other(*field, open(value), *firm),
        Content::Several { values, warnings } => Read::Several(
            values
                .iter()
                .map(|(field, value)| (*field, open(value)))
                .collect(),
            warnings.clone(),
        ),
        Content::Rejected(rejection) => Read::Rejected(*rejection),
    }
}

fn content(text: &str, asked: Field) -> Read {
    seen(&read(text, asked).content)
}

fn repairs(text: &str, asked: Field) -> Vec<Repair> {
    let mut repairs = read(text, asked).repairs;
    repairs.sort_unstable();
    repairs
}

fn value(text: &str) -> Read {
    Read::Value(text.to_owned(), None)
}

fn several(values: &[(Field, &str)]) -> Read {
    let values = values
        .iter()
        .map(|(field, value)| (*field, (*value).to_owned()));
    Read::Several(values.collect(), Vec::new())
}

#[test]
fn the_fixtures_have_the_lengths_of_today() {
    assert_eq!(FOUR.map(|(_, value)| value.len()), [25, 50, 50, 45]);
    assert_eq!([CLIENT_ID.len(), CLIENT_SECRET.len()], [34, 50]);
    assert!(BEARER.starts_with(&"A".repeat(20)));
}
