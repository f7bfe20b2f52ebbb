//! No value is shown by anything, and values are noticed wherever they stand.

use super::*;

/// Whether six characters in a row of `value` stand in `shown`.
pub(super) fn leaks(shown: &str, value: &str) -> bool {
    let chars: Vec<char> = value.chars().collect();
    chars
        .windows(6)
        .any(|window| shown.contains(&window.iter().collect::<String>()))
}

#[test]
fn debug_shows_no_piece_of_a_value() {
    let all = FOUR.map(|(_, text)| text).join("\n");
    for text in [
        KEY,
        SECRET,
        TOKEN,
        TOKEN_SECRET,
        BEARER,
        CLIENT_ID,
        BOT_TOKEN,
        &all,
    ] {
        for asked in Field::ALL {
            let shown = format!("{:?} {:#?}", read(text, asked), shape(asked, text));
            assert!(!leaks(&shown, text), "{shown}");
        }
    }
}

#[test]
fn every_kind_of_secret_is_noticed_in_any_company() {
    let lower = "m3rk7vq2x9tz5bn8wd4yc6hfj";
    for secret in FOUR.map(|(_, text)| text).into_iter().chain(OLD).chain([
        BEARER,
        CLIENT_ID,
        CLIENT_SECRET,
        USER_TOKEN,
        REFRESH_TOKEN,
        CODE,
        BOT_TOKEN,
        lower,
    ]) {
        for around in [
            "V",
            "my key is V, does it work?",
            "V.",
            "\"V\"",
            "KEY=V",
            "KEY:V",
            "(V)",
            "我的密钥是V谢谢",
            "ключ:V",
            "hello\nV\nbye",
            "https://example.com/cb?oauth_token_secret=V",
            "Authorization: Bearer V",
            "**V**",
            "\u{200b}V",
            "<code>V</code>",
            "{\"a\":\"V\"}",
            "V\u{fe0f}🔑",
            "@V",
            "/addx V",
            "/addx@addxbot V",
        ] {
            assert!(
                looks_secret(&around.replace('V', secret)),
                "{around} {secret}"
            );
        }
    }
    for text in [
        "api_secret: m3rk7vq2x9tz5bn8",
        "password? no, API Key: ab7cd9ef12gh34",
        "Consumer Key\nabcd1234efgh5678",
    ] {
        assert!(looks_secret(text), "{text}");
    }
}

#[test]
fn everyday_texts_are_left_alone() {
    for text in [
        "hello, how are you",
        "main",
        "my-shop_2",
        "seedling",
        "",
        "Where do I find the API Key and the Access Token Secret?",
        "The Access Token looks like 12345-abc",
        "Donaudampfschifffahrtsgesellschaftskapitän",
        "Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz",
        "Kraftfahrzeughaftpflichtversicherung2024",
        "call me: +49 151 23456789",
        "0151-23456789",
        "+1 (555) 123-4567",
        "2024-10-11",
        "2024-10-11T12:33:44Z",
        "1234567",
        "33357811",
        "1445880548472328192",
        "da39a3ee5e6b4b0d3255bfef95601890afd80709",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "550e8400-e29b-41d4-a716-446655440000",
        "D41D8CD98F00B204E9800998ECF8427E",
        "0xAb5801a7D398351b8bE11C439e05C5B3259aeC9B",
        "https://x.com/seedling/status/1445880548472328192",
        "https://docs.google.com/document/d/1BxiMVs0XRA5nFMdKvBdBZjgmUUqptlbs74OgvE2upms/edit",
        "https://www.youtube.com/watch?v=dQw4w9WgXcQ&list=PLrAXtmErZgOeiKm4sgNOknGvNjby9efdf",
        "https://console.x.com/apps",
        "https://example.com/blog/2024-my-first-post",
        "IMG_20240101_123456.jpg",
        "Screenshot2024-10-11at12.33.44.png",
        "getUserAccessTokenFromStore",
        "ThisIsMyVeryLongHashtag2024",
        "#ThrowbackThursdayEveryone",
        "john.doe@example.com",
        "@seedling_official",
        "v1.2.3-beta.4+build.567",
        "LOUD SHOUTING EVERYWHERE",
        "привет, как дела?",
        "где взять ключ от API?",
        "你好，请问在哪里可以找到密钥？",
        "こんにちは、元気ですか",
        "¿Dónde encuentro la clave de la API?",
        "Où est-ce que je trouve le jeton d'accès ?",
        "Wo finde ich den Schlüssel? Danke!",
        "مرحبا كيف حالك",
        "नमस्ते, आप कैसे हैं?",
        "••••••••",
        "xxxxxxxxxxxxxxxx",
        "****************",
        "access_token_rejected",
        "TWITTER_ACCESS_TOKEN_SECRET",
        "TwitterAPIKeySecret",
        "/addx main",
        "/verify my-shop_2",
        "Order 12345678-ABCD1234",
        "DE89 3704 0044 0532 0130 00",
        "DE89370400440532013000",
        "lol😂😂😂",
        "API Key: where is it?",
        "secret: none",
        "a.b.c",
        "1/2",
        "50% off",
        "Antidisestablishmentarianism",
        "pneumonoultramicroscopicsilicovolcanoconiosis",
        "X",
        "shop 2 (Berlin)",
        "My Company GmbH & Co. KG",
    ] {
        assert!(!looks_secret(text), "{text}");
    }
}
