//! The weighted length of a post, close to X's rule: enough to know when a text is too long, not a twitter-text.

/// What a link counts, whatever its length.
const LINK: usize = 23;

/// Latin and its neighbours weigh 1, everything else 2, a link 23; marks that only join or tint an emoji weigh nothing.
pub(crate) fn weighted_length(text: &str) -> usize {
    text.split_inclusive(char::is_whitespace)
        .map(|word| {
            let start = word.find("https://").or_else(|| word.find("http://"));
            let Some((before, link)) = start.map(|start| word.split_at(start)) else {
                return plain(word);
            };
            let space = link.strip_prefix(link.trim_end()).unwrap_or_default();
            plain(before) + LINK + plain(space)
        })
        .sum()
}

fn plain(text: &str) -> usize {
    let mut joined = false;
    let mut length = 0;
    for character in text.chars() {
        let weight = match u32::from(character) {
            0x200D | 0xFE0F | 0x1_F3FB..=0x1_F3FF => 0,
            _ if joined => 0,
            0..=0x10FF | 0x2000..=0x200C | 0x2010..=0x201F | 0x2032..=0x2037 => 1,
            _ => 2,
        };
        joined = character == '\u{200D}';
        length += weight;
    }
    length
}

#[cfg(test)]
mod tests {
    use super::weighted_length;

    #[test]
    fn letters_links_and_emoji_weigh_what_x_counts() {
        assert_eq!(weighted_length("Hello"), 5);
        assert_eq!(weighted_length("\u{65e5}\u{672c}"), 4);
        assert_eq!(
            weighted_length("see https://example.com/a/very/long/path now"),
            4 + 23 + 4
        );
        assert_eq!(
            weighted_length("\u{1F469}\u{200D}\u{1F469}\u{200D}\u{1F467}"),
            2
        );
        assert_eq!(weighted_length("\u{1F44D}\u{1F3FD}"), 2);
    }
}
