//! One value in a message: copy slips, wrong boxes, wrong kinds, and texts without a value.

use super::*;

use Field::{AccessSecret, AccessToken, ApiKey, ApiSecret};

#[test]
fn a_clean_value_is_taken_without_a_word() {
    for (field, text) in FOUR {
        let paste = read(text, field);
        assert_eq!(seen(&paste.content), value(text), "{field:?}");
        assert!(
            paste.repairs.is_empty() && paste.dropped.is_empty(),
            "{field:?}"
        );
    }
}

#[test]
fn values_of_the_lengths_of_earlier_years_are_taken_without_a_word() {
    for (field, text) in Field::ALL.into_iter().zip(OLD) {
        assert_eq!(content(text, field), value(text), "{field:?}");
    }
    let lengths = [
        (ApiKey, 18..=22),
        (ApiSecret, 35..=44),
        (AccessSecret, 40..=43),
    ];
    for (field, lengths) in lengths {
        for length in lengths {
            let text = &SECRET[..length];
            assert_eq!(content(text, field), value(text), "{field:?} of {length}");
        }
    }
}

#[test]
fn copy_slips_are_repaired_and_told() {
    use Repair::*;
    let rows: &[(&str, &[Repair])] = &[
        ("  V ", &[Spaces]),
        ("\n\nV\r\n", &[Spaces]),
        ("\u{a0}V\u{3000}", &[Spaces]),
        ("\"V\"", &[Quotes]),
        ("'V'", &[Quotes]),
        ("“V”", &[Quotes]),
        ("„V“", &[Quotes]),
        ("«V»", &[Quotes]),
        ("「V」", &[Quotes]),
        ("{V}", &[Brackets]),
        ("[V]", &[Brackets]),
        ("(V)", &[Brackets]),
        ("<V>", &[Brackets]),
        ("<<V>>", &[Brackets]),
        ("{{ V }}", &[Brackets]),
        ("`V`", &[Markup]),
        ("```V```", &[Markup]),
        ("```\nV\n```", &[Markup]),
        ("```text\nV\n```", &[Markup]),
        ("**V**", &[Markup]),
        ("*V*", &[Markup]),
        ("***V***", &[Markup]),
        ("__V__", &[Markup]),
        ("_V_", &[Markup]),
        ("~~V~~", &[Markup]),
        ("||V||", &[Markup]),
        ("> V", &[Brackets]),
        ("* V", &[Markup]),
        ("<code>V</code>", &[Markup]),
        ("<td class=\"value\">V</td>", &[Markup]),
        ("<p><b>V</b></p>", &[Spaces, Markup]),
        ("&quot;V&quot;", &[Escapes, Quotes]),
        ("&#34;V&#x22;", &[Escapes, Quotes]),
        ("&nbsp;V", &[Spaces]),
        ("V&#8203;", &[InvisibleCharacters, Escapes]),
        ("V\\n", &[Spaces, Escapes]),
        ("\\\"V\\\"", &[Escapes, Quotes]),
        ("\u{200b}V", &[InvisibleCharacters]),
        ("V\u{feff}", &[InvisibleCharacters]),
        ("\u{2068}V\u{2069}", &[InvisibleCharacters]),
        ("\u{200e}V\u{200f}", &[InvisibleCharacters]),
        ("V.", &[Punctuation]),
        ("V,", &[Punctuation]),
        ("V;", &[Punctuation]),
        ("V!", &[Punctuation]),
        ("- V", &[Punctuation]),
        ("• V", &[Punctuation]),
        ("=V", &[Punctuation]),
        (": V", &[Punctuation]),
        ("→ V", &[Punctuation]),
        ("🔑 V 🔑", &[Punctuation]),
        ("V👍", &[Punctuation]),
        ("KEY=V", &[Label]),
        ("key = V", &[Label]),
        ("SOME_NAME=V", &[Label]),
        ("export SOME_NAME=V", &[Label, Words]),
        ("Bearer V", &[BearerPrefix]),
        ("bearer: V", &[BearerPrefix]),
        ("1. V", &[Markup, Punctuation]),
        ("VV", &[PastedTwice]),
        ("here it is: V, thanks", &[Punctuation, Words]),
        ("  \"V\",\n", &[Spaces, Quotes, Punctuation]),
    ];
    for (field, text) in FOUR {
        for (row, expected) in rows {
            let pasted = row.replace('V', text);
            assert_eq!(
                content(&pasted, field),
                value(text),
                "{row:?} for {field:?}"
            );
            let mut expected = expected.to_vec();
            expected.sort_unstable();
            assert_eq!(repairs(&pasted, field), expected, "{row:?} for {field:?}");
        }
    }
}

#[test]
fn a_label_before_a_value_is_repaired_in_every_spelling() {
    for (field, labels) in several::LABELS {
        let text = FOUR[Field::ALL.iter().position(|f| f == field).unwrap()].1;
        for label in *labels {
            for between in [
                ": ", "=", " = ", " - ", " – ", " → ", " -> ", " => ", "\n", ":\n", "\t", " ",
                " | ", "： ",
            ] {
                let pasted = format!("{label}{between}{text}");
                assert_eq!(content(&pasted, *field), value(text), "{label}{between:?}");
                assert!(
                    repairs(&pasted, *field).contains(&Repair::Label),
                    "{label}{between:?}"
                );
            }
        }
    }
    for glued in [
        "API Key-V",
        "API-KEY:V",
        "apikey=V",
        "API Key->V",
        "API Key/V",
    ] {
        assert_eq!(
            content(&glued.replace('V', KEY), ApiKey),
            value(KEY),
            "{glued}"
        );
    }
}

#[test]
fn characters_changed_inside_a_value_are_put_back() {
    let torn = |at: usize, with: &str| format!("{}{with}{}", &KEY[..at], &KEY[at..]);
    for invisible in [
        "\u{200b}",
        "\u{ad}",
        "\u{2060}",
        "\u{200d}",
        "\u{e0041}",
        "&shy;",
        "\0",
    ] {
        let pasted = torn(9, invisible);
        assert_eq!(content(&pasted, ApiKey), value(KEY), "{invisible:?}");
        assert!(repairs(&pasted, ApiKey).contains(&Repair::InvisibleCharacters));
    }
    let full_width = KEY.replace('7', "\u{ff17}").replace('R', "\u{ff32}");
    assert_eq!(content(&full_width, ApiKey), value(KEY));
    assert_eq!(repairs(&full_width, ApiKey), [Repair::FullWidthCharacters]);
    for dash in ["–", "—", "−", "‐", "‑"] {
        let pasted = TOKEN.replace('-', dash);
        assert_eq!(content(&pasted, AccessToken), value(TOKEN), "{dash}");
        assert_eq!(repairs(&pasted, AccessToken), [Repair::LongDash], "{dash}");
    }
    assert_eq!(
        content(&TOKEN.replace('-', "\\-"), AccessToken),
        value(TOKEN)
    );
}

#[test]
fn what_was_changed_beside_the_value_is_not_told() {
    let pasted = format!("🗝\u{fe0f} API Key – {KEY}");
    assert_eq!(content(&pasted, ApiKey), value(KEY));
    let told = repairs(&pasted, ApiKey);
    assert!(
        !told.contains(&Repair::LongDash) && !told.contains(&Repair::InvisibleCharacters),
        "{told:?}"
    );
}

#[test]
fn a_wrapped_value_is_joined_if_the_lines_make_exactly_one() {
    let wrap = |text: &str, at: usize| format!("{}\n  {}", &text[..at], &text[at..]);
    for (field, text) in FOUR {
        let at = if field == AccessToken { 40 } else { 12 };
        assert_eq!(content(&wrap(text, at), field), value(text), "{field:?}");
        assert!(repairs(&wrap(text, at), field).contains(&Repair::LineBreaks));
        let labelled = format!("{}:\n{}", field.label(), wrap(text, at));
        assert_eq!(content(&labelled, field), value(text), "{field:?}");
    }
    // Two times 25 is two API Keys, or one torn API Secret.
    assert_eq!(
        content(&wrap(SECRET, 25), ApiSecret),
        Read::Rejected(Rejection::AmbiguousSeveral)
    );
    assert_eq!(
        content(&wrap(&KEY[..21], 9), ApiKey),
        Read::Rejected(Rejection::InnerSpace)
    );
}

#[test]
fn inner_spaces_are_refused() {
    for at in [1, 5, 12, 20, 24] {
        for gap in [" ", "  ", "\u{a0}", "\t"] {
            let pasted = format!("{}{gap}{}", &KEY[..at], &KEY[at..]);
            assert_eq!(
                content(&pasted, ApiKey),
                Read::Rejected(Rejection::InnerSpace),
                "{at} {gap:?}"
            );
            let labelled = format!("API Key: {pasted}");
            assert_eq!(
                content(&labelled, ApiKey),
                Read::Rejected(Rejection::InnerSpace),
                "label {at}"
            );
        }
    }
    for at in [1, 25, 45, 49] {
        let pasted = format!("{} {}", &SECRET[..at], &SECRET[at..]);
        let read = content(&pasted, ApiSecret);
        assert!(
            matches!(
                read,
                Read::Rejected(Rejection::InnerSpace | Rejection::AmbiguousSeveral)
            ),
            "{at}"
        );
    }
}

#[test]
fn letters_that_spell_a_name_by_chance_stay_a_value() {
    for text in [
        "q7RkT2AwsX9sVdL4nWc8YpHf3",
        "q7RkT2mZbX9sVdL4nWc8YpKey",
        "q7RkT2mZbX9sVdL4nWc8Token",
        "XPinT2mZbX9sVdL4nWc8YpHf3",
    ] {
        assert_eq!(content(text, ApiKey), value(text), "{text}");
        assert_eq!(
            content(&format!("{text}\n{SECRET}"), ApiKey),
            several(&[(ApiKey, text), FOUR[1]]),
            "{text}"
        );
    }
}

#[test]
fn words_beside_a_whole_value_are_left_out_unless_they_may_belong_to_it() {
    for text in [
        "API Key: V (the new one)",
        "this is my key: V thanks a lot",
        "the API Key is V",
        "V ok",
    ] {
        assert_eq!(
            content(&text.replace('V', KEY), ApiKey),
            value(KEY),
            "{text}"
        );
    }
    for text in [
        "API Key: V x7Qz9",
        "V x7Qz9 aB3xY",
        "x7Qz9 V",
        "API Key: V and x7Qz9",
    ] {
        assert_eq!(
            content(&text.replace('V', KEY), ApiKey),
            Read::Rejected(Rejection::InnerSpace),
            "{text}"
        );
    }
}

#[test]
fn an_access_token_in_another_box_is_offered_as_one_firmly() {
    for asked in [ApiKey, ApiSecret, AccessSecret] {
        for token in [TOKEN, OLD[2], "12-abcdefghij"] {
            assert_eq!(
                content(token, asked),
                Read::Other(AccessToken, token.into(), true),
                "{asked:?}"
            );
        }
    }
}

#[test]
fn a_length_of_another_box_is_an_offer_not_a_refusal() {
    for (field, text) in FOUR.into_iter().filter(|(field, _)| *field != AccessToken) {
        for asked in Field::ALL.into_iter().filter(|asked| *asked != field) {
            let firm = asked == AccessToken;
            assert_eq!(
                content(text, asked),
                Read::Other(field, text.into(), firm),
                "{field:?} in {asked:?}"
            );
        }
    }
}

#[test]
fn a_label_of_another_value_is_an_offer() {
    assert_eq!(
        content(&format!("API Key Secret: {}", &SECRET[..41]), ApiKey),
        Read::Other(ApiSecret, SECRET[..41].into(), false)
    );
    assert_eq!(
        content(
            &format!("Access Token Secret: {}", &SECRET[..41]),
            ApiSecret
        ),
        Read::Other(AccessSecret, SECRET[..41].into(), false)
    );
    // The label agrees with the question, the length does not.
    assert_eq!(
        content(&format!("API Key: {SECRET}"), ApiKey),
        Read::Value(
            SECRET.into(),
            Some(Warning::LooksLike(Kind::Value(ApiSecret)))
        )
    );
}

#[test]
fn an_unusual_length_is_a_warning_never_a_refusal() {
    for length in [5, 8, 17, 23, 24, 26, 49, 51, 90, 512] {
        let text: String = SECRET
            .chars()
            .cycle()
            .skip(1)
            .take(length - 1)
            .chain(['9'])
            .collect();
        for (asked, usual) in [(ApiKey, 25), (ApiSecret, 50), (AccessSecret, 45)] {
            let warning = Warning::UnusualLength {
                chars: length,
                usual,
            };
            assert_eq!(
                content(&text, asked),
                Read::Value(text.clone(), Some(warning)),
                "{length} {asked:?}"
            );
        }
    }
    let short = &TOKEN[..47];
    let warning = Warning::UnusualLength {
        chars: 47,
        usual: 50,
    };
    assert_eq!(
        content(short, AccessToken),
        Read::Value(short.into(), Some(warning))
    );
}

#[test]
fn more_than_512_characters_are_refused() {
    let text: String = SECRET.chars().cycle().take(513).collect();
    for asked in Field::ALL {
        assert_eq!(
            content(&text, asked),
            Read::Rejected(Rejection::TooLong { chars: 513 }),
            "{asked:?}"
        );
    }
    let prose = "where do I find this? ".repeat(30);
    assert_eq!(
        content(&prose, ApiKey),
        Read::Rejected(Rejection::TooLong { chars: 660 })
    );
    let flood = format!("{KEY} ").repeat(200);
    assert_eq!(
        content(&flood, ApiKey),
        Read::Rejected(Rejection::TooLong { chars: 5200 })
    );
    assert_eq!(
        content(&"ключ".repeat(300), ApiKey),
        Read::Rejected(Rejection::TooLong { chars: 1200 })
    );
}

#[test]
fn a_value_in_a_long_message_is_found() {
    let pasted = format!(
        "{} API Key: {KEY}",
        "as you told me in the guide, ".repeat(20)
    );
    assert_eq!(content(&pasted, ApiKey), value(KEY));
}

#[test]
fn values_that_are_none_of_the_four_are_named() {
    for (text, kind) in [
        (BEARER, Kind::BearerToken),
        (
            &BEARER.replace("%2B", "+").replace("%3D", "="),
            Kind::BearerToken,
        ),
        (&format!("Bearer {BEARER}"), Kind::BearerToken),
        (
            &format!("Authorization: Bearer {BEARER}"),
            Kind::BearerToken,
        ),
        (&format!("BEARER_TOKEN=\"{BEARER}\""), Kind::BearerToken),
        (CLIENT_ID, Kind::ClientId),
        (&CLIENT_ID[3..], Kind::ClientId),
        (&format!("{CLIENT_ID}=="), Kind::ClientId),
        (&format!("Client ID: {CLIENT_ID}"), Kind::ClientId),
        (&format!("Client ID {KEY}"), Kind::ClientId),
        (
            &format!("Client Secret: {CLIENT_SECRET}"),
            Kind::ClientSecret,
        ),
        (
            &format!("OAuth 2.0 Client Secret\n{SECRET}"),
            Kind::ClientSecret,
        ),
        (USER_TOKEN, Kind::UserToken),
        (REFRESH_TOKEN, Kind::RefreshToken),
        (CODE, Kind::AuthorizationCode),
        (BOT_TOKEN, Kind::TelegramBotToken),
        (&format!("BOT_TOKEN={BOT_TOKEN}"), Kind::TelegramBotToken),
        ("https://console.x.com/apps/33357811/keys", Kind::Url),
        ("console.x.com", Kind::Url),
        ("https://example.com/callback?oauth_token=abc", Kind::Url),
        ("seedling@example.com", Kind::Email),
        ("@seedling", Kind::Username),
        ("App ID: 33357811", Kind::AppId),
        ("PIN: 1234567", Kind::Pin),
    ] {
        for asked in Field::ALL {
            assert_eq!(
                content(text, asked),
                Read::Rejected(Rejection::WrongKind(kind)),
                "{text} {asked:?}"
            );
        }
    }
}

#[test]
fn what_only_seems_to_be_something_else_is_a_warning() {
    for (text, kind) in [
        (CLIENT_SECRET, Kind::ClientSecret),
        ("1234567", Kind::Pin),
        ("33357811", Kind::AppId),
        ("1445880548472328192", Kind::UserId),
    ] {
        for asked in [ApiKey, ApiSecret, AccessSecret] {
            let warning = Some(Warning::LooksLike(kind));
            assert_eq!(
                content(text, asked),
                Read::Value(text.into(), warning),
                "{text} {asked:?}"
            );
        }
        let rejection = Rejection::NotAnAccessToken {
            looks_like: Some(kind),
        };
        assert_eq!(
            content(text, AccessToken),
            Read::Rejected(rejection),
            "{text}"
        );
    }
    assert_eq!(
        content("q7RkT2mZbX9sVd+L4nWc8YpH/", ApiKey),
        Read::Value(
            "q7RkT2mZbX9sVd+L4nWc8YpH".into(),
            Some(Warning::UnusualCharacters)
        )
    );
}

#[test]
fn without_the_form_nothing_is_an_access_token() {
    for text in [
        "abc123",
        OLD[0],
        &TOKEN[20..],
        &TOKEN[..19],
        "Access Token: q7RkT2mZbX9sVdL4",
    ] {
        let read = content(text, AccessToken);
        assert!(
            matches!(read, Read::Rejected(Rejection::NotAnAccessToken { .. })),
            "{text} {read:?}"
        );
    }
    // The label is wrong, the length tells.
    assert_eq!(
        content(&format!("Access Token: {KEY}"), AccessToken),
        Read::Other(ApiKey, KEY.into(), true)
    );
}

#[test]
fn masked_values_are_refused() {
    for text in [
        "••••••••",
        "••••",
        "●●●●●●●●",
        "****",
        "********",
        "xxxx",
        "XXXXXXXXXXXX",
        "••••••••YpHf3",
        "q7Rk••••••••",
        "q7RkT2mZ...YpHf3",
        "q7RkT2mZ…YpHf3",
        "q7RkT2mZ...",
        "xxxxxxxxxxxxxxxxYpHf3",
        "*****YpHf3",
        "• • • • • •",
        "* * * * *",
        "API Key: ••••••••",
        "Consumer Key •••••••••• Reveal",
        "API_KEY=xxxxxxxxxxxx",
        "\"****************\"",
        "###########",
    ] {
        for asked in Field::ALL {
            assert_eq!(
                content(text, asked),
                Read::Rejected(Rejection::Masked),
                "{text}"
            );
        }
    }
}

#[test]
fn letters_of_other_scripts_are_refused() {
    for text in [
        KEY.replace('p', "р"),
        KEY.replace('X', "Х"),
        KEY.replace('Y', "Ÿ"),
        format!("API Key: {}", KEY.replace('c', "с")),
        TOKEN.replace('a', "а"),
        "q7ключT2доступа9sVdL4".to_owned(),
    ] {
        for asked in Field::ALL {
            assert_eq!(
                content(&text, asked),
                Read::Rejected(Rejection::NotAscii),
                "{text}"
            );
        }
    }
}

#[test]
fn labels_of_other_languages_do_not_disturb() {
    for label in [
        "Ключ API:",
        "Schlüssel =",
        "Clé d'API :",
        "API 密钥:",
        "API密钥",
        "キー：",
        "مفتاح API:",
        "Clave secreta -",
    ] {
        assert_eq!(
            content(&format!("{label} {KEY}"), ApiKey),
            value(KEY),
            "{label}"
        );
    }
    assert_eq!(content(&format!("我的密钥是{KEY}谢谢"), ApiKey), value(KEY));
}

#[test]
fn words_are_not_a_value() {
    for text in [
        "where do I find this?",
        "help",
        "yes",
        "no",
        "ok!",
        "?",
        "??",
        "thanks",
        "next",
        "Hello, how are you",
        "I can't find it",
        "помогите",
        "где взять ключ?",
        "wo finde ich das?",
        "¿dónde está?",
        "这是什么",
        "どこですか",
        "ayuda",
        "m'aidez",
        "👍",
        "🤷‍♂️",
        "...",
        "…",
        "hmm...",
        "wait, what is an API Key?",
        "the Bearer Token?",
        "yes, one moment please",
        "API Key: I do not have one",
        "main",
        "cancel",
        "skip",
    ] {
        for asked in Field::ALL {
            assert_eq!(
                content(text, asked),
                Read::Rejected(Rejection::Sentence),
                "{text}"
            );
        }
    }
}

#[test]
fn a_name_without_a_value_is_told() {
    for (text, kind) in [
        ("API Key", Some(Kind::Value(ApiKey))),
        ("API Key:", Some(Kind::Value(ApiKey))),
        ("Consumer Secret", Some(Kind::Value(ApiSecret))),
        ("YOUR_API_KEY", Some(Kind::Value(ApiKey))),
        ("<your-api-key-here>", Some(Kind::Value(ApiKey))),
        ("API_KEY=YOUR_API_KEY", Some(Kind::Value(ApiKey))),
        ("Access token secret =", Some(Kind::Value(AccessSecret))),
        ("Client ID", Some(Kind::ClientId)),
        ("secret", None),
    ] {
        assert_eq!(
            content(text, ApiKey),
            Read::Rejected(Rejection::LabelOnly { kind }),
            "{text}"
        );
    }
}

#[test]
fn nothing_visible_is_blank() {
    for text in [
        "",
        " ",
        "\n\t",
        "\u{200b}\u{feff}",
        "\u{2800}",
        "&nbsp;",
        "\u{3164}",
    ] {
        assert_eq!(
            content(text, ApiKey),
            Read::Rejected(Rejection::Blank),
            "{text:?}"
        );
    }
}

#[test]
fn an_oddly_short_value_is_taken_with_a_warning_when_it_stands_alone() {
    for text in ["abc123", "API Key: abc123", "API_KEY='abc123'"] {
        let warning = Warning::UnusualLength {
            chars: 6,
            usual: 25,
        };
        assert_eq!(
            content(text, ApiKey),
            Read::Value("abc123".into(), Some(warning)),
            "{text}"
        );
    }
}

#[test]
fn a_word_with_a_name_inside_may_be_a_value() {
    let read = content("test_key_123", ApiKey);
    assert_eq!(
        read,
        Read::Value("test_key_123".into(), Some(Warning::UnusualCharacters))
    );
}

#[test]
fn a_value_pasted_twice_under_one_name_is_taken_once() {
    for pasted in [
        format!("API Key: {KEY}\nAPI Key: {KEY}"),
        format!("API Key: {KEY}{KEY}"),
    ] {
        assert_eq!(content(&pasted, ApiKey), value(KEY));
        assert_eq!(
            repairs(&pasted, ApiKey),
            [Repair::Label, Repair::PastedTwice]
        );
    }
}

#[test]
fn a_report_describes_a_value_without_it() {
    for (field, text) in FOUR {
        let expected = Shape {
            chars: text.len(),
            looks_like: Some(Kind::Value(field)),
            unusual: None,
        };
        assert_eq!(shape(field, text), expected);
    }
    let swapped = shape(ApiKey, SECRET);
    assert_eq!(
        swapped.unusual,
        Some(Warning::LooksLike(Kind::Value(ApiSecret)))
    );
    assert_eq!(
        shape(ApiSecret, OLD[1]),
        Shape {
            chars: 43,
            looks_like: None,
            unusual: None
        }
    );
    assert_eq!(
        shape(AccessToken, KEY).unusual,
        Some(Warning::LooksLike(Kind::Value(ApiKey)))
    );
    let odd = Warning::UnusualCharacters;
    assert_eq!(shape(AccessToken, "q7RkT2mZ").unusual, Some(odd));
}
