//! Placeholder until the recogniser lands.
/// x
pub fn looks_secret(_text: &str) -> bool {
    false
}
