//! Every message there is, in every language: complete, within Telegram's limits, and from the catalogues alone.

use std::fmt::Write as _;

use super::{card::Surroundings, checks::Unchecked, text::escape, *};
use crate::{
    domain::{
        account::{AccountName, NameRejection, XAccount, XUserId, XUsername},
        audit::Event,
        client::ClientName,
        credentials::Field,
        facts::{
            AccountChoice, AccountCommand, AccountSummary, CheckResult, Guest, HealthChange,
            Occasion, Past, PostResult, PostSaid, Program, Standing, Uses,
        },
        health::{TroubleKind, TroubleNews},
        linking::{
            AwaitingName, AwaitingValue, Closed, ConfirmingValue, Doubt, Ending, Flow, FlowId,
            LinkName, LinkingState, Purpose, Remark,
        },
        paste::{Kind, Rejection, Repair, Warning},
        pin::{AwaitingPin, PinProblem, PinRemark, PinStage},
        post::{PostId, PostRejection, PostText},
        revocation::{Gone, Revocation},
        verdict::{KeyPairOutcome, Verdict},
    },
    messages::action::StepTag,
};

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_521_600, 0).unwrap()
}

/// Who and what the messages are about.
struct World {
    account: AccountChoice,
    on_x: XAccount,
    program: ClientName,
    post: PostText,
}

impl World {
    fn usual() -> Self {
        Self::of("main", "seedling", "unlucky", "Hello <world>")
    }

    /// With the longest of everything.
    fn longest() -> Self {
        let program = "p".repeat(32);
        Self::of(
            &"W".repeat(32),
            "abcdefghijklmno",
            &program,
            &"&".repeat(280),
        )
    }

    fn of(name: &str, handle: &str, program: &str, post: &str) -> Self {
        Self {
            account: AccountChoice {
                id: AccountId::from_bytes([7; 16]),
                name: AccountName::trusted(name.to_owned()),
            },
            on_x: XAccount {
                id: XUserId(2_244_994_945),
                username: XUsername(handle.to_owned()),
            },
            program: ClientName::trusted(program.to_owned()),
            post: PostText::trusted(post.to_owned()),
        }
    }

    fn flow(&self, purpose: Purpose, asked: &[Field], received: &[Field]) -> Flow {
        Flow {
            id: FlowId(1),
            account: self.account.id,
            purpose,
            asked: asked.to_vec(),
            received: received.to_vec(),
            restart_as: None,
        }
    }

    fn link(&self, received: &[Field]) -> Flow {
        let purpose = Purpose::Link(LinkName::Given(self.account.name.clone()));
        self.flow(purpose, &Field::ALL, received)
    }

    fn asking(&self, field: Field, remark: Option<Remark>, again: u32) -> LinkingState {
        let at = Field::ALL.iter().position(|each| *each == field).unwrap();
        LinkingState::AwaitingValue(AwaitingValue {
            flow: self.link(&Field::ALL[..at]),
            field,
            remark,
            again,
        })
    }

    fn pin(&self, stage: PinStage, remark: Option<PinRemark>) -> LinkingState {
        LinkingState::AwaitingPin(Box::new(AwaitingPin {
            flow: self.link(&Field::KEY_PAIR),
            round: 1,
            stage,
            remark,
            again: 0,
        }))
    }

    #[expect(clippy::too_many_lines, reason = "one list of them all")]
    fn cards(&self) -> Vec<(String, Message)> {
        let mut all: Vec<(String, LinkingState)> = Vec::new();
        let mut add = |title: String, state| all.push((title, state));
        for rejection in [
            None,
            Some(NameRejection::Blank),
            Some(NameRejection::TooLong),
            Some(NameRejection::Unprintable),
            Some(NameRejection::LooksSecret),
            Some(NameRejection::Taken),
            Some(NameRejection::UnknownCommand),
            Some(NameRejection::NotText),
            Some(NameRejection::Edited),
        ] {
            let state = AwaitingName {
                id: FlowId(1),
                account: self.account.id,
                rejection,
                again: 0,
            };
            add(
                format!("name, {rejection:?}"),
                LinkingState::AwaitingName(state),
            );
        }
        for field in Field::ALL {
            add(format!("value, {field:?}"), self.asking(field, None, 0));
        }
        let kinds = [
            Kind::Value(Field::ApiKey),
            Kind::BearerToken,
            Kind::ClientId,
            Kind::Pin,
            Kind::TelegramBotToken,
            Kind::Url,
            Kind::Email,
            Kind::Username,
            Kind::Masked,
        ];
        let rejections = [
            Rejection::Blank,
            Rejection::TooLong { chars: 5000 },
            Rejection::InnerSpace,
            Rejection::Masked,
            Rejection::NotAscii,
            Rejection::NotAnAccessToken { looks_like: None },
            Rejection::NotAnAccessToken {
                looks_like: Some(Kind::Value(Field::ApiKey)),
            },
            Rejection::LabelOnly { kind: None },
            Rejection::SameTwice,
            Rejection::AmbiguousSeveral,
            Rejection::Sentence,
        ];
        let rejections = rejections
            .into_iter()
            .chain(kinds.map(Rejection::WrongKind));
        let remarks = rejections.map(Remark::Rejected).chain([
            Remark::SameAs(Field::ApiKey),
            Remark::NotAsked(Field::ApiKey),
            Remark::Edited,
            Remark::NotText,
            Remark::UnknownCommand,
            Remark::Forgotten(Field::AccessToken),
            Remark::Taken {
                fields: Field::KEY_PAIR.to_vec(),
                repairs: vec![
                    Repair::Spaces,
                    Repair::LineBreaks,
                    Repair::InvisibleCharacters,
                    Repair::FullWidthCharacters,
                    Repair::LongDash,
                    Repair::Escapes,
                    Repair::Markup,
                    Repair::Quotes,
                    Repair::Brackets,
                    Repair::Punctuation,
                    Repair::Label,
                    Repair::BearerPrefix,
                    Repair::Words,
                    Repair::PastedTwice,
                ],
                warnings: vec![
                    (
                        Field::ApiKey,
                        Warning::UnusualLength {
                            chars: 24,
                            usual: 25,
                        },
                    ),
                    (Field::ApiSecret, Warning::UnusualCharacters),
                    (Field::ApiKey, Warning::LabelledAs(Kind::ClientId)),
                    (Field::ApiSecret, Warning::ToldByOrder),
                ],
                dropped: vec![Kind::BearerToken, Kind::Url],
            },
        ]);
        for remark in remarks {
            add(
                format!("value, {remark:?}"),
                self.asking(Field::AccessToken, Some(remark), 1),
            );
        }
        for doubt in [
            Doubt::Unusual(Warning::UnusualLength {
                chars: 24,
                usual: 25,
            }),
            Doubt::Unusual(Warning::LooksLike(Kind::ClientId)),
            Doubt::OtherField {
                field: Field::AccessToken,
                firm: true,
            },
            Doubt::OtherField {
                field: Field::AccessSecret,
                firm: false,
            },
        ] {
            let title = format!("doubt, {doubt:?}");
            add(
                title,
                LinkingState::ConfirmingValue(ConfirmingValue {
                    flow: self.link(&[]),
                    field: Field::ApiKey,
                    doubt,
                    repairs: vec![Repair::Quotes],
                    reminded: true,
                }),
            );
        }
        let found = || self.on_x.clone();
        let other = Verdict::PinOfOtherAccount {
            expected: found(),
            found: found(),
        };
        let failed = |problem, pin_kept| PinStage::Failed { problem, pin_kept };
        for stage in [
            PinStage::Requesting,
            PinStage::Open,
            PinStage::Exchanging { again: false },
            PinStage::Confirming {
                found: found(),
                in_use: false,
            },
            PinStage::Revoking { found: found() },
            failed(
                PinProblem::Limit {
                    until: now() + TimeDelta::minutes(61),
                },
                false,
            ),
            failed(
                PinProblem::Incident {
                    id: "0badcafe".to_owned(),
                },
                false,
            ),
            failed(PinProblem::Verdict(Verdict::CallbackNotSet), false),
            failed(PinProblem::Verdict(Verdict::PinRejected), false),
            failed(PinProblem::Verdict(Verdict::XUnavailable), true),
            failed(PinProblem::Verdict(other), false),
            failed(PinProblem::Verdict(Verdict::ApiKeyPairRejected), false),
        ] {
            add(format!("pin, {stage:?}"), self.pin(stage, None));
        }
        for remark in [
            PinRemark::NotAPin,
            PinRemark::NotAsked,
            PinRemark::TapFirst,
            PinRemark::Wait,
            PinRemark::NotText,
            PinRemark::Edited,
            PinRemark::UnknownCommand,
            PinRemark::WrongAccount,
            PinRemark::Revoked,
            PinRemark::NotRevoked,
        ] {
            add(
                format!("pin, {remark:?}"),
                self.pin(PinStage::Open, Some(remark)),
            );
        }
        for (ending, purpose) in [
            (Ending::Submitted, None),
            (
                Ending::Submitted,
                Some(Purpose::Rotate(self.account.name.clone())),
            ),
            (Ending::Cancelled, None),
            (Ending::Expired, None),
            (Ending::Abandoned, None),
        ] {
            add(
                format!("closed, {ending:?}, {purpose:?}"),
                LinkingState::Closed(Closed {
                    purpose,
                    ending,
                    told: true,
                    remark: None,
                }),
            );
        }
        let mut cards = Vec::new();
        for key_pair in [
            KeyPairOutcome::Accepted,
            KeyPairOutcome::Rejected,
            KeyPairOutcome::AppSuspended,
        ] {
            let around = Surroundings {
                key_pair: Some(key_pair),
                authorize: "https://api.x.com/oauth/authorize".parse().ok(),
                apps: vec![self.account.clone(), self.account.clone()],
            };
            for (title, state) in &all {
                // What X said of the key pair reads the same on every card.
                if key_pair == KeyPairOutcome::Accepted || title == "value, AccessToken" {
                    let card = card::card(state, &around, now()).unwrap();
                    cards.push((format!("{title}, {key_pair:?}"), card));
                }
            }
        }
        cards
    }

    fn answers(&self) -> Vec<(String, Message)> {
        let mut all = Vec::new();
        let until = now() + TimeDelta::hours(25);
        for verdict in verdicts::tests::samples() {
            let code = verdict.code();
            let result = |occasion, twin| CheckResult {
                account: self.account.clone(),
                verdict: verdict.clone(),
                occasion,
                twin,
            };
            let before = Some(("connected".to_owned(), now()));
            let renamed = Some(self.on_x.username.clone());
            for (occasion, twin) in [
                (Occasion::Link, Some(self.account.name.clone())),
                (
                    Occasion::Verify {
                        before,
                        renamed_from: renamed,
                    },
                    None,
                ),
                (Occasion::Swapped, None),
                (Occasion::OldStay, None),
                (Occasion::Waiting { until }, None),
            ] {
                all.push((
                    format!("{code}, {occasion:?}"),
                    checks::result(&result(occasion, twin), now()),
                ));
            }
            let said = PostSaid::Refused {
                verdict: verdict.clone(),
            };
            let post = PostResult {
                account: self.account.clone(),
                said,
            };
            all.push((format!("{code}, post"), publishing::result(&post, now())));
            for (change, program) in [
                (Change::Died, Some(self.program.clone())),
                (Change::Died, None),
                (
                    Change::Recovered {
                        refused_since: Some(now() - TimeDelta::days(1)),
                    },
                    None,
                ),
                (
                    Change::Recovered {
                        refused_since: None,
                    },
                    None,
                ),
                (Change::OnlyReads, None),
            ] {
                let news = HealthChange {
                    account: self.account.clone(),
                    verdict: verdict.clone(),
                    change,
                    worked_until: Some(now()),
                    program,
                };
                all.push((format!("{code}, {change:?}"), health::changed(&news, now())));
            }
        }
        all
    }

    fn receipts(&self) -> Vec<(String, Message)> {
        let gone = Gone {
            name: self.account.name.clone(),
            x_account: Some(self.on_x.clone()),
        };
        let outcomes = [
            None,
            Some(Revocation::AlreadyEnded),
            Some(Revocation::Proven),
            Some(Revocation::Unproven),
            Some(Revocation::Refused),
            Some(Revocation::NotAsked),
            Some(Revocation::Limited { until: None }),
            Some(Revocation::Unanswered),
        ];
        let mut all: Vec<(String, Message)> = outcomes
            .map(|outcome| {
                (
                    format!("receipt, {outcome:?}"),
                    receipt::receipt(&gone, outcome, None),
                )
            })
            .to_vec();
        let posts = [PostId::parse("1234567890").unwrap()];
        let accounts = outcomes.map(|outcome| (gone.clone(), outcome));
        all.push((
            "panic".to_owned(),
            receipt::panic(&accounts, &posts, Some(now())),
        ));
        all.push((
            "unlinked".to_owned(),
            receipt::unlinked(&gone.name, Some(now())),
        ));
        all.push(("revoking".to_owned(), receipt::revoking(&gone.name)));
        all.push((
            "after a post".to_owned(),
            receipt::erasing_after_post(&gone.name),
        ));
        all
    }

    fn summary(&self) -> AccountSummary {
        AccountSummary {
            id: self.account.id,
            name: self.account.name.clone(),
            x_account: Some(self.on_x.clone()),
            verdict: Some(Verdict::ReadOnly {
                account: self.on_x.clone(),
            }),
            since: Some(now()),
            checked_at: Some(now()),
            pair_checked_at: Some(now() + TimeDelta::minutes(1)),
            candidate: true,
            values_since: Some(now() - TimeDelta::days(1)),
            suspected_since: None,
            asked_in_vain: Some("no_credits".to_owned()),
            remind_after_days: Some(90),
            programs: vec![self.program.clone(), self.program.clone()],
        }
    }

    #[expect(clippy::too_many_lines, reason = "one list of them all")]
    fn notices(&self) -> Vec<(String, Message)> {
        let (name, account) = (&self.account.name, &self.account);
        let tag = StepTag::new(FlowId(1), 1);
        let purpose = Purpose::Rotate(name.clone());
        let unchecked = AccountSummary {
            verdict: None,
            x_account: None,
            since: None,
            checked_at: None,
            candidate: false,
            suspected_since: Some(now()),
            programs: Vec::new(),
            ..self.summary()
        };
        let program = Program {
            id: 1,
            name: self.program.clone(),
        };
        let post = |said| {
            publishing::result(
                &PostResult {
                    account: account.clone(),
                    said,
                },
                now(),
            )
        };
        let id = || PostId::parse("1234567890").unwrap();
        let whose = || Some(self.on_x.username.clone());
        let mut all: Vec<(&str, Message)> = vec![
            ("welcome", pages::welcome()),
            ("guide", pages::guide()),
            ("privacy", pages::privacy()),
            ("rechecks", pages::rechecks()),
            (
                "help",
                pages::help(&["/addx".to_owned(), "/help".to_owned()]),
            ),
            ("unknown command", pages::unknown_command()),
            ("nothing asked", pages::nothing_asked()),
            ("private", pages::private_chats_only("addx_bot")),
            ("incident", pages::incident("0badcafe")),
            ("language", pages::ask_language()),
            ("chosen", pages::language_set()),
            ("open", flow::open(tag, None, true)),
            ("open", flow::open(tag, Some(&purpose), false)),
            ("nothing", flow::nothing_to_cancel()),
            ("cancelled", flow::cancelled(0)),
            ("cancelled", flow::cancelled(1)),
            ("cancelled", flow::cancelled(2)),
            ("token", flow::token_stands(&self.on_x)),
            ("expired", flow::expired(None, true)),
            ("expired", flow::expired(Some(&purpose), false)),
            ("list", accounts::list(&[self.summary(), unchecked], now())),
            ("none", accounts::list(&[], now())),
            ("no such", accounts::no_such()),
            ("too many", accounts::too_many()),
            ("name", accounts::name_rejected(NameRejection::Blank)),
            ("rotate", accounts::ask_rotate(account)),
            ("unlink", accounts::ask_unlink(account, Some(&self.on_x))),
            ("unlink", accounts::ask_unlink(account, None)),
            ("twin", accounts::twin_updated(name)),
            ("checking", checks::checking(name, None)),
            ("checking", checks::checking(name, Some(now()))),
            (
                "limit",
                checks::limit(account, Unchecked::Link, now(), now()),
            ),
            (
                "limit",
                checks::limit(account, Unchecked::Nothing, now(), now()),
            ),
            ("no candidate", checks::no_candidate(name)),
            (
                "reminder",
                health::ask_reminder(account, Some(now()), Some(90), now()),
            ),
            ("reminder", health::ask_reminder(account, None, None, now())),
            ("set", health::reminder_set(name, Some(now()), now())),
            (
                "set",
                health::reminder_set(name, Some(now() + TimeDelta::days(40)), now()),
            ),
            ("set", health::reminder_set(name, None, now())),
            (
                "due",
                health::rotate_due(account, Some(now() - TimeDelta::days(90)), now()),
            ),
            ("due", health::rotate_due(account, None, now())),
            (
                "over",
                health::trouble(TroubleNews::Over { since: now() }, now()),
            ),
            ("not deleted", deletions::not_deleted(true)),
            ("not deleted", deletions::not_deleted(false)),
            ("deleted", deletions::deleted_at_last()),
            ("stray", deletions::stray_secret(true, None)),
            ("stray", deletions::stray_secret(false, None)),
            ("stray", deletions::stray_secret(true, Some("addx_bot"))),
            ("stray", deletions::stray_secret(false, Some("addx_bot"))),
            ("program", publishing::program_added(account, &self.program)),
            ("programs", publishing::programs(account, &[program])),
            ("programs", publishing::programs(account, &[])),
            (
                "removed",
                publishing::program_removed(account, &self.program),
            ),
            ("test", publishing::ask_test(1, account, &self.post)),
            (
                "account",
                publishing::choose_account(1, std::slice::from_ref(account)),
            ),
            (
                "post",
                publishing::ask_post(1, account, whose().as_ref(), &self.post),
            ),
            ("cannot", publishing::cannot_post(account, "not_checked")),
            ("posting", publishing::posting(name)),
            ("dropped", publishing::dropped()),
            ("published", post(PostSaid::Published { post: id() })),
            ("tested", post(PostSaid::Tested)),
            ("not deleted", post(PostSaid::NotDeleted { post: id() })),
            ("stands", post(PostSaid::Stands { post: id() })),
            ("refused", post(PostSaid::ValuesRefused)),
            (
                "unknown",
                post(PostSaid::Unknown {
                    text: self.post.clone(),
                    whose: whose(),
                    test: true,
                }),
            ),
            (
                "unknown",
                post(PostSaid::Unknown {
                    text: self.post.clone(),
                    whose: None,
                    test: false,
                }),
            ),
            ("data", records::my_data("{}".to_owned())),
            ("data later", records::my_data_later(now(), now())),
            ("history", records::history(&self.history(), now())),
            ("history", records::history(&[], now())),
            ("not allowed", access::not_allowed(71)),
            ("asked", access::asked()),
            ("request", access::request(71, "Ada")),
            ("block", access::block_whom()),
            ("people", access::guests(&Self::guests(), now())),
            ("people", access::guests(&[], now())),
        ];
        all.extend(
            [
                AccountCommand::Verify,
                AccountCommand::Rotate,
                AccountCommand::Unlink,
                AccountCommand::Diagnose,
                AccountCommand::Remind,
                AccountCommand::TestPost,
            ]
            .map(|command| {
                (
                    "choose",
                    accounts::choose(command, std::slice::from_ref(account)),
                )
            }),
        );
        all.extend(
            [
                Standing::Asked,
                Standing::Granted,
                Standing::Refused,
                Standing::Blocked,
            ]
            .into_iter()
            .flat_map(|standing| {
                [
                    ("decided", access::decided(standing)),
                    ("set", access::set(71, standing)),
                ]
            }),
        );
        all.extend(
            [TroubleKind::Refused, TroubleKind::Away, TroubleKind::Clock].map(|kind| {
                (
                    "trouble",
                    health::trouble(TroubleNews::Began { kind, since: now() }, now()),
                )
            }),
        );
        all.extend(
            [
                PostRejection::Blank,
                PostRejection::TooLong { weight: 281 },
                PostRejection::LooksSecret,
                PostRejection::NotText,
                PostRejection::NotAReply,
                PostRejection::NotYours,
            ]
            .map(|reason| ("rejected", publishing::rejected(reason))),
        );
        all.into_iter()
            .map(|(title, message)| (title.to_owned(), message))
            .collect()
    }

    fn history(&self) -> Vec<Past> {
        let uses = |times| {
            Some(Uses {
                times,
                since: now(),
            })
        };
        let past = |event: &str, uses| Past {
            at: now(),
            account: Some(self.account.name.clone()),
            event: event.to_owned(),
            detail: "detail".to_owned(),
            uses,
        };
        let events = Event::ALL.iter().map(|event| past(event.as_str(), None));
        events
            .chain([past("use", uses(1)), past("use", uses(2))])
            .take(20)
            .collect()
    }

    fn guests() -> Vec<Guest> {
        let guest = |standing| Guest {
            user: 71,
            first_name: "Ada".to_owned(),
            standing,
            since: now(),
        };
        [
            Standing::Asked,
            Standing::Granted,
            Standing::Refused,
            Standing::Blocked,
        ]
        .map(guest)
        .to_vec()
    }

    fn everything(&self) -> Vec<(String, Message)> {
        let parts = [
            self.cards(),
            self.answers(),
            self.receipts(),
            self.notices(),
        ];
        parts.into_iter().flatten().collect()
    }
}

/// A message as it reads.
fn shown(all: &[(String, Message)]) -> String {
    let mut page = String::new();
    for (title, message) in all {
        let worded = message.word(Language::English);
        write!(page, "## {title}\n\n{}\n", worded.html).unwrap();
        for row in &worded.buttons {
            for button in row {
                write!(page, "[{}]", button.label).unwrap();
            }
            page.push('\n');
        }
        page.push('\n');
    }
    page
}

#[test]
fn every_message_in_english() {
    let world = World::usual();
    insta::assert_snapshot!("cards", shown(&world.cards()));
    // What follows an answer reads the same whatever the answer is.
    let mut answers = world.answers();
    answers.retain(|(title, _)| {
        title.ends_with(", Link")
            || title.ends_with(", post")
            || title.starts_with("access_token_rejected")
    });
    insta::assert_snapshot!("answers", shown(&answers));
    insta::assert_snapshot!("receipts", shown(&world.receipts()));
    insta::assert_snapshot!("notices", shown(&world.notices()));
}

/// As Telegram counts: without the tags.
fn length(html: &str) -> usize {
    let mut inside = false;
    let bare = html.chars().filter(|c| {
        let tag = inside || *c == '<';
        inside = tag && *c != '>';
        !tag
    });
    bare.count()
}

#[test]
fn every_message_is_complete_and_within_telegrams_limits_in_every_language() {
    for language in Language::ALL {
        // An entry or a placeholder that is missing panics here.
        for (title, message) in World::longest().everything() {
            let worded = message.word(language);
            let length = length(&worded.html);
            assert!(
                (1..=4096).contains(&length),
                "{language:?}, {title}: {length} characters"
            );
            let tags = |mark: String| worded.html.matches(&mark).count();
            for tag in ["b", "i", "code", "pre", "a", "blockquote"] {
                let opened = tags(format!("<{tag}>")) + tags(format!("<{tag} "));
                assert_eq!(
                    opened,
                    tags(format!("</{tag}>")),
                    "{language:?}, {title}: {tag}"
                );
            }
        }
        for toast in [toast::old_button(), toast::no_such_account()] {
            assert!(toast.word(language, Form::Plain).chars().count() <= 200);
        }
        let [profile, short] = pages::profile(language);
        assert!(
            profile.chars().count() <= 512 && short.chars().count() <= 120,
            "{language:?}"
        );
    }
}

#[test]
fn every_label_fits_a_phone() {
    for language in Language::ALL {
        // Names are as long as their owners make them.
        for (title, message) in World::of("", "", "", "x").everything() {
            for button in message.word(language).buttons.into_iter().flatten() {
                let chars = button.label.chars().count();
                assert!(chars <= 24, "{language:?}, {title}: {}", button.label);
            }
        }
    }
}

#[test]
fn what_is_put_in_is_escaped_once_and_a_label_not_at_all() {
    let name = "<b>&amp;";
    let text = text!("account", name = name);
    let html = text.word(Language::English, Form::Html);
    assert_eq!(html, format!("<b>{}</b>", escape(name)));
    let nested = text!("post-refused", what = text).word(Language::English, Form::Html);
    assert!(nested.contains(&html), "{nested}");
    let label = text!("button-twin", name = name).word(Language::Spanish, Form::Plain);
    assert_eq!(label, format!("Actualizar {name}"));
}

/// Names and terms that are put into texts and are the same in every language.
const PUT_IN: [&str; 18] = [
    "I'm a &lt;teapot&gt; &amp; more",
    "@other",
    "inbox",
    "1234567890",
    "Hello &lt;world&gt;",
    "@seedling",
    "seedling",
    "main",
    "unlucky",
    "detail",
    "addx",
    "help",
    "Ada",
    "no_credits",
    "not_checked",
    "0badcafe",
    "https://x.com/i/status/1234567890",
    "https://x.com/",
];

#[test]
fn no_text_comes_from_anywhere_but_a_catalogue() {
    let all = World::usual().everything();
    text::pseudo::ON.set(true);
    let worded: Vec<(String, Worded)> = all
        .into_iter()
        .map(|(title, message)| (title, message.word(Language::English)))
        .collect();
    text::pseudo::ON.set(false);
    for (title, Worded { html, buttons, .. }) in worded {
        assert!(
            length(&html) <= 4096,
            "{title}: no room for a longer language"
        );
        let labels = buttons.into_iter().flatten().map(|button| button.label);
        for text in labels.chain([html]) {
            assert_eq!(left(&text), "", "{title}: {text}");
        }
    }
}

/// The letters of a text that are neither of a catalogue nor put in.
fn left(text: &str) -> String {
    let (mut left, mut depth) = (String::new(), 0);
    for c in text.chars() {
        match c {
            '⟦' => depth += 1,
            '⟧' => depth -= 1,
            c if depth == 0 => left.push(c),
            _ => {}
        }
    }
    let mut terms: Vec<&str> = PUT_IN.to_vec();
    terms.extend(Verdict::CODES);
    terms.extend(Field::ALL.map(Field::label));
    terms.extend([Kind::BearerToken, Kind::ClientId, Kind::Pin].map(Kind::label));
    terms.extend(["English", "Español"]);
    terms.sort_by_key(|term| std::cmp::Reverse(term.len()));
    for term in terms {
        left = left.replace(term, "");
    }
    left.retain(char::is_alphabetic);
    left
}
