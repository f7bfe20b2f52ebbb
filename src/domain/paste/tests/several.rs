//! Several values in one message: blocks, tables, pairs, labels of every generation, and what cannot be told apart.

use super::*;

use Field::{AccessSecret, AccessToken, ApiKey, ApiSecret};

/// How each value is called, by X and by the programs that use it.
pub(super) const LABELS: &[(Field, &[&str])] = &[
    (
        ApiKey,
        &[
            "API Key",
            "Api key",
            "api-key",
            "API_KEY",
            "APIKEY",
            "apiKey",
            "Consumer Key",
            "Consumer API Key",
            "consumer_key",
            "CONSUMER_KEY",
            "consumerKey",
            "oauth_consumer_key",
            "TWITTER_API_KEY",
            "TWITTER_CONSUMER_KEY",
            "TWITTERAPIKEY",
            "X_API_KEY",
            "XApiKey",
            "appKey",
            "app_key",
            "MYAPP_TWITTER_API_KEY",
            "config.twitter.apiKey",
            "process.env.API_KEY",
            "API Key (Consumer Key)",
            "API Key / Consumer Key",
            "Key",
            "OAuth 1.0a API Key",
            "API_KEY_PROD",
            "x-api-key",
            "oauth1ConsumerKey",
        ],
    ),
    (
        ApiSecret,
        &[
            "API Key Secret",
            "API Secret",
            "API Secret Key",
            "Consumer Secret",
            "Consumer Key Secret",
            "Consumer Secret Key",
            "Secret Key",
            "consumer_secret",
            "CONSUMER_SECRET",
            "consumerSecret",
            "api_secret_key",
            "TWITTER_API_SECRET",
            "TWITTER_API_SECRET_KEY",
            "TWITTER_API_KEY_SECRET",
            "X_API_SECRET",
            "appSecret",
            "APP_SECRET",
            "oauth_consumer_secret",
            "API Secret (Consumer Secret)",
            "X_API_KEY_SECRET",
        ],
    ),
    (
        AccessToken,
        &[
            "Access Token",
            "access_token",
            "ACCESS_TOKEN",
            "accessToken",
            "Access token",
            "oauth_token",
            "OAUTH_TOKEN",
            "access_token_key",
            "TWITTER_ACCESS_TOKEN",
            "X_ACCESS_TOKEN",
            "TWITTER_ACCESS_TOKEN_KEY",
            "Token",
            "resource_owner_key",
            "user_access_token",
        ],
    ),
    (
        AccessSecret,
        &[
            "Access Token Secret",
            "access_token_secret",
            "ACCESS_TOKEN_SECRET",
            "accessTokenSecret",
            "accessSecret",
            "Access Secret",
            "oauth_token_secret",
            "TWITTER_ACCESS_TOKEN_SECRET",
            "X_ACCESS_TOKEN_SECRET",
            "X_ACCESS_SECRET",
            "Token Secret",
            "access_secret",
            "ACCESSTOKENSECRET",
            "resource_owner_secret",
        ],
    ),
];

/// A text with K, S, T and U in place of the four values.
fn filled(template: &str) -> String {
    template
        .replace("{K}", KEY)
        .replace("{S}", SECRET)
        .replace("{T}", TOKEN)
        .replace("{U}", TOKEN_SECRET)
        .replace("{B}", BEARER)
        .replace("{I}", CLIENT_ID)
        .replace("{C}", CLIENT_SECRET)
}

#[test]
fn all_four_are_found_in_every_kind_of_block() {
    for template in [
        "{K}\n{S}\n{T}\n{U}",
        "{U} {T} {S} {K}",
        "{K},{S},{T},{U}",
        "{K}:{S}\n{T}:{U}",
        "{K}|{S}|{T}|{U}",
        "API_KEY={K}\nAPI_SECRET={S}\nACCESS_TOKEN={T}\nACCESS_SECRET={U}\n",
        "# Twitter\nexport TWITTER_API_KEY=\"{K}\"\nexport TWITTER_API_SECRET='{S}'\nexport TWITTER_ACCESS_TOKEN={T}\nexport TWITTER_ACCESS_TOKEN_SECRET={U}",
        "{\"consumer_key\":\"{K}\",\"consumer_secret\":\"{S}\",\"access_token_key\":\"{T}\",\"access_token_secret\":\"{U}\"}",
        "{\n  \"appKey\": \"{K}\",\n  \"appSecret\": \"{S}\",\n  \"accessToken\": \"{T}\",\n  \"accessSecret\": \"{U}\"\n}",
        "{\"twitter\":{\"consumer\":{\"key\":\"{K}\",\"secret\":\"{S}\"},\"access\":{\"token\":\"{T}\",\"secret\":\"{U}\"}}}",
        "{\\\"api_key\\\":\\\"{K}\\\",\\\"api_secret\\\":\\\"{S}\\\",\\\"access_token\\\":\\\"{T}\\\",\\\"access_token_secret\\\":\\\"{U}\\\"}",
        "const client = new TwitterApi({\n  appKey: '{K}',\n  appSecret: '{S}',\n  accessToken: '{T}',\n  accessSecret: '{U}',\n});",
        "auth = tweepy.OAuth1UserHandler(\n  \"{K}\", \"{S}\",\n  \"{T}\", \"{U}\"\n)",
        "twitter:\n  api_key: {K}\n  api_secret: \"{S}\"\n  access_token: {T}\n  access_token_secret: {U}",
        "Consumer Keys\nAPI Key and Secret\nAPI Key:\n{K}\nAPI Key Secret:\n{S}\nAuthentication Tokens\nAccess Token and Secret\nAccess Token:\n{T}\nAccess Token Secret:\n{U}",
        "1. API Key: {K}\n2. API Secret: {S}\n3. Access Token: {T}\n4. Access Secret: {U}",
        "1) {K}\n2) {S}\n3) {T}\n4) {U}",
        "- API Key - {K}\n- API Secret - {S}\n- Access Token - {T}\n- Access Secret - {U}",
        "• Consumer Key → {K}\n• Consumer Secret → {S}\n• Access Token → {T}\n• Access Token Secret → {U}",
        "API Key\tAPI Secret\tAccess Token\tAccess Token Secret\n{K}\t{S}\t{T}\t{U}",
        "API Key\nAPI Key Secret\nAccess Token\nAccess Token Secret\n{K}\n{S}\n{T}\n{U}",
        "| Name | Value |\n|---|---|\n| API Key | `{K}` |\n| API Secret | `{S}` |\n| Access Token | `{T}` |\n| Access Token Secret | `{U}` |",
        "<tr><td>API Key</td><td>{K}</td></tr><tr><td>API Secret</td><td>{S}</td></tr><tr><td>Access Token</td><td>{T}</td></tr><tr><td>Access Secret</td><td>{U}</td></tr>",
        "Key: {K}\nSecret: {S}\nToken: {T}\nSecret: {U}",
        "API Key & Secret: {K} {S}\nAccess Token & Secret: {T} {U}",
        "**API Key:** `{K}`\n**API Secret:** `{S}`\n**Access Token:** `{T}`\n**Access Secret:** `{U}`",
        "```env\nX_API_KEY={K}\nX_API_SECRET={S}\nX_ACCESS_TOKEN={T}\nX_ACCESS_TOKEN_SECRET={U}\n```",
        "api key {K} api secret {S} access token {T} access secret {U}",
        "hello! my api key is {K}, the secret is {S}, my access token is {T} and its secret is {U}. thanks",
        "Authorization: OAuth oauth_consumer_key=\"{K}\", oauth_consumer_secret=\"{S}\", oauth_nonce=\"kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg\", oauth_token=\"{T}\", oauth_token_secret=\"{U}\", oauth_version=\"1.0\"",
        "Ключ API: {K}\nСекрет API: {S}\nТокен: {T}\nСекрет токена: {U}",
        "{K} (API Key)\n{S} (API Secret)\n{T} (Access Token)\n{U} (Access Secret)",
        "api_key,api_secret,access_token,access_token_secret\n{K},{S},{T},{U}",
        "| API Key | Secret | Access Token | Secret |\n|---|---|---|---|\n| {K} | {S} | {T} | {U} |",
        "oauth_consumer_key={K}&oauth_consumer_secret={S}&oauth_token={T}&oauth_token_secret={U}",
        "{K}🔑 {S}🔒 {T}🔑 {U}🔒",
        "Access Token and Secret\n{T}\n{U}\nAPI Key and Secret\n{K}\n{S}",
        "$env:X_API_KEY = \"{K}\"\n$env:X_API_SECRET = \"{S}\"\n$env:X_ACCESS_TOKEN = \"{T}\"\n$env:X_ACCESS_SECRET = \"{U}\"",
        "curl -u '{K}:{S}' https://api.x.com/oauth2/token\n{T} {U}",
        "API密钥：{K}\nAPI密钥密码：{S}\n访问令牌：{T}\n访问令牌密码：{U}",
        "API Key:\u{200b} {K}\r\nAPI Secret:\u{a0}{S}\r\nAccess Token: {T}\r\nAccess Secret: {U}\r\n",
    ] {
        for asked in Field::ALL {
            assert_eq!(
                content(&filled(template), asked),
                several(&FOUR),
                "{template} {asked:?}"
            );
        }
    }
}

#[test]
fn every_spelling_of_every_label_is_known_in_a_block() {
    // Values without a shape of their own: the label alone decides.
    let odd = [
        (ApiKey, "k7RkT2mZbX9sVdL4"),
        (ApiSecret, "s7RkT2mZbX9sVdL4"),
        (AccessToken, "9-t7RkT2mZbX9sVdL4"),
        (AccessSecret, "u7RkT2mZbX9sVdL4"),
    ];
    let most = LABELS.iter().map(|(_, labels)| labels.len()).max().unwrap();
    for index in 0..most {
        for between in [": ", "=", " - ", " → ", "\n", "\t"] {
            let line = |(field, text): &(Field, &str)| {
                let labels = LABELS.iter().find(|(of, _)| of == field).unwrap().1;
                format!("{}{between}{text}\n", labels[index % labels.len()])
            };
            let block: String = odd.iter().map(line).collect();
            let Read::Several(values, _) = content(&block, ApiKey) else {
                panic!("{block}: {:?}", content(&block, ApiKey));
            };
            assert_eq!(
                values,
                odd.map(|(field, text)| (field, text.to_owned())),
                "{block}"
            );
        }
    }
}

#[test]
fn labels_behind_the_values_are_understood() {
    let [_, (_, secret), ..] = FOUR;
    let odd = [
        (ApiKey, "k7RkT2mZbX9sVdL4"),
        (ApiSecret, "s7RkT2mZbX9sVdL4"),
    ];
    let read = content(
        &format!("{} (API Key)\n{} (API Secret)", odd[0].1, odd[1].1),
        ApiKey,
    );
    assert!(
        matches!(&read, Read::Several(values, _) if *values == odd.map(|(f, v)| (f, v.to_owned()))),
        "{read:?}"
    );
    assert_eq!(
        content(&format!("{secret}\nAPI Key:"), ApiSecret),
        value(secret)
    );
    // Labels in front stay in front.
    assert_eq!(
        content(&filled("{K} API Secret: {S}"), ApiKey),
        several(&FOUR[..2])
    );
    assert_eq!(content(&filled("API Key: {K} Secret:"), ApiKey), value(KEY));
}

#[test]
fn a_heading_of_two_names_over_one_value_is_read_by_its_shape() {
    assert_eq!(
        content(&filled("API Key and Secret: {K}"), ApiKey),
        value(KEY)
    );
    assert_eq!(
        content(&filled("API Key and Secret: {S}"), ApiSecret),
        value(SECRET)
    );
}

#[test]
fn both_halves_of_a_pair_are_taken() {
    let key_pair = several(&FOUR[..2]);
    let token_pair = several(&FOUR[2..]);
    for asked in Field::ALL {
        assert_eq!(content(&filled("{K}\n{S}"), asked), key_pair);
        assert_eq!(content(&filled("{S}\n{K}"), asked), key_pair);
        assert_eq!(content(&filled("{K}:{S}"), asked), key_pair);
        assert_eq!(content(&filled("{K} / {S}"), asked), key_pair);
        assert_eq!(content(&filled("{K}/{S}"), asked), key_pair);
        assert_eq!(content(&filled("{T}\n{U}"), asked), token_pair);
        assert_eq!(
            content(&filled("Access Token: {T}\nSecret: {U}"), asked),
            token_pair
        );
    }
    assert_eq!(
        content(&filled("{S}\n{U}"), ApiKey),
        several(&[FOUR[1], FOUR[3]])
    );
}

#[test]
fn other_kinds_in_a_full_block_are_left_out_with_a_note() {
    for (template, dropped) in [
        ("Bearer Token: {B}", vec![Kind::BearerToken]),
        ("BEARER_TOKEN={B}", vec![Kind::BearerToken]),
        (
            "Client ID: {I}\nClient Secret: {C}",
            vec![Kind::ClientId, Kind::ClientSecret],
        ),
        (
            "CLIENT_ID={K}x\nCLIENT_SECRET={C}",
            vec![Kind::ClientId, Kind::ClientSecret],
        ),
        ("{B}", vec![Kind::BearerToken]),
        ("App ID: 33357811", vec![Kind::AppId]),
        ("Callback URL: https://example.com/callback", vec![]),
        ("Client Secret: ••••••••", vec![Kind::Masked]),
    ] {
        let four = "API Key: {K}\nAPI Secret: {S}\nAccess Token: {T}\nAccess Secret: {U}\n";
        for template in [format!("{four}{template}"), format!("{template}\n{four}")] {
            let paste = read(&filled(&template), ApiKey);
            assert_eq!(seen(&paste.content), several(&FOUR), "{template}");
            assert_eq!(paste.dropped, dropped, "{template}");
        }
    }
    let paste = read(&filled("API Key: {K}\nBearer Token: {B}"), ApiKey);
    assert_eq!(
        (seen(&paste.content), paste.dropped),
        (value(KEY), vec![Kind::BearerToken])
    );
}

#[test]
fn an_empty_label_does_not_take_the_next_value() {
    let block = filled(
        "Bearer Token:\nAPI Key: {K}\nClient ID:\nAPI Secret: {S}\nAccess Token: {T}\nAccess Secret: {U}",
    );
    assert_eq!(content(&block, ApiKey), several(&FOUR));
    let odd = "Consumer Keys\nBearer Token:\nAPI Key: k7RkT2mZbX9sVdL4";
    let warning = Warning::UnusualLength {
        chars: 16,
        usual: 25,
    };
    assert_eq!(
        content(odd, ApiKey),
        Read::Value("k7RkT2mZbX9sVdL4".into(), Some(warning))
    );
}

#[test]
fn keys_of_other_services_in_a_block_are_ignored() {
    let block = filled(
        "DATABASE_URL=postgres://user@localhost/db\nOPENAI_API_KEY=sk-Zr4T8mKp1RsW6yBn4XcJ7dLf\nSTRIPE_SECRET=aB3dE6gH9jK2mN5pQ8sT1vW4x\n\
         GitHub API Key: aB3dE6gH9jK2mN5pQ8sT1vW4x\nPORT=8080\nTWITTER_API_KEY={K}\nTWITTER_API_SECRET={S}\nTWITTER_ACCESS_TOKEN={T}\nTWITTER_ACCESS_SECRET={U}\nDEBUG=true\n",
    );
    assert_eq!(content(&block, ApiKey), several(&FOUR));
    let secret_alone = filled("OPENAI_API_KEY={K}\nX_API_SECRET={S}");
    assert_eq!(content(&secret_alone, ApiSecret), value(SECRET));
}

#[test]
fn a_block_may_be_longer_than_a_value() {
    let comment = "# This file is read when the program starts. Do not commit it.\n".repeat(20);
    let block = format!(
        "{comment}{}",
        filled("API_KEY={K}\nAPI_SECRET={S}\nACCESS_TOKEN={T}\nACCESS_SECRET={U}")
    );
    assert!(block.len() > MAX_VALUE_CHARS);
    assert_eq!(content(&block, ApiKey), several(&FOUR));
}

#[test]
fn the_same_value_twice_is_told() {
    for template in [
        "{K}\n{K}",
        "{K} {K}",
        "{T}\n{T}",
        "API Key: {K}\nAPI Secret: {K}",
        "API Key: {K}\nAPI Secret: {S}\nAccess Token: {T}\nAccess Secret: {S}",
    ] {
        assert_eq!(
            content(&filled(template), ApiKey),
            Read::Rejected(Rejection::SameTwice),
            "{template}"
        );
    }
    // Twice under its own names is no slip.
    assert_eq!(
        content(&filled("API Key: {K}\nConsumer Key: {K}"), ApiKey),
        value(KEY)
    );
}

#[test]
fn a_firm_form_is_stronger_than_a_label() {
    let read = content(
        &filled("API Key: {T}\nAccess Token: {K}\nAPI Secret: {S}\nAccess Secret: {U}"),
        ApiKey,
    );
    let Read::Several(values, warnings) = read else {
        panic!("{read:?}")
    };
    assert_eq!(values, FOUR.map(|(field, text)| (field, text.to_owned())));
    let expected = [
        (ApiKey, Warning::LabelledAs(Kind::Value(AccessToken))),
        (AccessToken, Warning::LabelledAs(Kind::Value(ApiKey))),
    ];
    assert_eq!(warnings, expected);
}

#[test]
fn swapped_labels_are_a_warning() {
    let read = content(&filled("API Key: {S}\nAPI Secret: {K}"), ApiKey);
    let Read::Several(values, warnings) = read else {
        panic!("{read:?}")
    };
    assert_eq!(
        values,
        [(ApiKey, SECRET.to_owned()), (ApiSecret, KEY.to_owned())]
    );
    let expected = [
        (ApiKey, Warning::LooksLike(Kind::Value(ApiSecret))),
        (ApiSecret, Warning::LooksLike(Kind::Value(ApiKey))),
    ];
    assert_eq!(warnings, expected);
}

#[test]
fn old_secrets_of_like_length_are_told_apart_by_order_with_a_warning() {
    let old: Vec<_> = Field::ALL.into_iter().zip(OLD).collect();
    let [key, secret, token, token_secret] = OLD;
    for text in [
        format!("{key}\n{secret}\n{token}\n{token_secret}"),
        format!("{token}\n{token_secret}\n{key}\n{secret}"),
        format!("{key}\n{token}\n{secret}\n{token_secret}"),
    ] {
        let read = content(&text, ApiKey);
        let Read::Several(values, warnings) = read else {
            panic!("{read:?}")
        };
        assert_eq!(
            values,
            old.iter()
                .map(|(f, v)| (*f, (*v).to_owned()))
                .collect::<Vec<_>>()
        );
        assert_eq!(
            warnings,
            [
                (ApiSecret, Warning::ToldByOrder),
                (AccessSecret, Warning::ToldByOrder)
            ]
        );
    }
    // Labels tell them apart without a doubt.
    let labelled = format!("key: {key}\nsecret: {secret}\ntoken: {token}\nsecret: {token_secret}");
    assert_eq!(content(&labelled, ApiKey), several(&old));
    let pair = content(&format!("{token} {token_secret}"), AccessToken);
    assert!(
        matches!(pair, Read::Several(values, _) if values[1] == (AccessSecret, token_secret.to_owned()))
    );
}

#[test]
fn what_cannot_be_told_apart_is_refused() {
    let other = KEY.replace('q', "w");
    let other_secret = SECRET.replace('L', "M");
    for text in [
        format!("{KEY}\n{other}"),
        format!("{SECRET}\n{other_secret}"),
        format!("{KEY}\n{SECRET}\n{other}"),
        format!("{KEY}\n{}", &other[..24]),
        format!("API Key: {KEY}\nConsumer Key: {other}"),
        format!("{TOKEN}\n{}", TOKEN.replace("144", "155")),
    ] {
        assert_eq!(
            content(&text, ApiKey),
            Read::Rejected(Rejection::AmbiguousSeveral),
            "{text}"
        );
    }
}

#[test]
fn a_damaged_value_in_a_block_is_left_out() {
    let read_three = several(&[FOUR[0], FOUR[2], FOUR[3]]);
    let block =
        filled("API Key: {K}\nAPI Secret: ••••••••••••\nAccess Token: {T}\nAccess Secret: {U}");
    let paste = read(&block, ApiKey);
    assert_eq!(
        (seen(&paste.content), paste.dropped),
        (read_three, vec![Kind::Masked])
    );
}

#[test]
fn a_secret_that_lost_a_character_is_known_by_the_key_before_it() {
    let damaged = &SECRET[..49];
    let warnings = vec![(
        ApiSecret,
        Warning::UnusualLength {
            chars: 49,
            usual: 50,
        },
    )];
    let pair = vec![(ApiKey, KEY.to_owned()), (ApiSecret, damaged.to_owned())];
    assert_eq!(
        content(&format!("{KEY}\n{damaged}"), ApiKey),
        Read::Several(pair, warnings.clone())
    );
    let Read::Several(values, found) = content(
        &format!("{KEY}\n{damaged}\n{TOKEN}\n{TOKEN_SECRET}"),
        ApiKey,
    ) else {
        panic!("not several");
    };
    assert_eq!((values.len(), found), (4, warnings));
    let client = content(&format!("{KEY}\n{CLIENT_SECRET}"), ApiKey);
    let looks_like = (ApiSecret, Warning::LooksLike(Kind::ClientSecret));
    assert!(matches!(client, Read::Several(_, warnings) if warnings == [looks_like]));
}

#[test]
fn only_what_changed_a_value_is_told_of_a_block() {
    let block = format!("{{\"api_key\": \"{KEY}\u{200b}\", \"api_secret\": \"{SECRET}\"}}");
    assert_eq!(repairs(&block, ApiKey), [Repair::InvisibleCharacters]);
    assert!(repairs(&filled("API_KEY='{K}'\nAPI_SECRET='{S}'"), ApiKey).is_empty());
}
