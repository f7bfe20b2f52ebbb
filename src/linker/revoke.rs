//! Ending an account's tokens at X, with the test posts that still stand there, and then the account here.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Linker, Opened, checks::open_all};
use crate::{
    audit,
    domain::{
        account::{AccountId, AccountName, LinkedAccount},
        audit::{Act, Actor, Event},
        credentials::Field,
        linking::{Flow, LinkName, Purpose},
        notice::{AccountChoice, PostResult, PostSaid},
        post::PostId,
        revocation::{Cleaned, Ended, Farewell, Gone, Revocation},
    },
    failpoint, messages,
    store::{
        StoreError, Tx, accounts,
        calls::{self, Call, CallKind},
        checks::{self, CheckKind},
        outbox, posts, temporary,
        values::{self, Slot},
    },
    x::Deletion,
};

/// Pause between two tries.
const PAUSE: TimeDelta = TimeDelta::seconds(20);
/// X's limits are counted in windows of this length: whatever it says, it is asked again after that.
const LONGEST_PAUSE: TimeDelta = TimeDelta::minutes(15);

/// What came of erasing a link.
#[derive(Debug)]
pub(crate) enum Unlinked {
    /// It is gone.
    Erased(LinkedAccount),
    /// It is off the list, and erased once its test posts are deleted at X.
    AfterPosts(LinkedAccount),
}

/// The tokens of an account.
#[derive(Default)]
struct Tokens {
    /// The one in use.
    in_use: Option<Opened>,
    /// A new one, complete, that waits beside it.
    waiting: Option<Opened>,
    /// There is a new one, but of the key pair that it belongs to only one half.
    waits_without_key_pair: bool,
}

impl Linker {
    /// Erases a link for good, after its test posts if some still stand at X. Its tokens stay valid there. `None`: there is
    /// no such link of this user.
    pub(crate) async fn unlink(
        &self,
        tx: &mut Tx,
        owner: i64,
        account: AccountId,
    ) -> Result<Option<Unlinked>, StoreError> {
        let Some(linked) = accounts::by_id(&mut **tx, owner, account).await? else {
            return Ok(None);
        };
        let standing = posts::standing(&mut **tx, account).await?;
        self.note(tx, owner, Actor::User, Event::Unlink, account, "")
            .await?;
        if standing.is_empty() {
            values::erase(&mut **tx, owner, account).await?;
            failpoint::hit("unlink.erased");
            return Ok(Some(Unlinked::Erased(linked)));
        }
        let farewell = Farewell {
            tokens_stay: true,
            ..farewell(&linked, standing)
        };
        self.leave(tx, &linked, &farewell).await?;
        failpoint::hit("unlink.erased");
        Ok(Some(Unlinked::AfterPosts(linked)))
    }

    /// Takes an account off the list, and wants its tokens revoked; its values are erased after that. `open` is a flow that
    /// takes new values for it: what it has taken is revoked too. `None`: there is no such account of this user.
    pub(crate) async fn revoke_and_unlink(
        &self,
        tx: &mut Tx,
        owner: i64,
        account: AccountId,
        open: Option<&Flow>,
    ) -> Result<Option<LinkedAccount>, StoreError> {
        let Some(linked) = accounts::by_id(&mut **tx, owner, account).await? else {
            return Ok(None);
        };
        let standing = posts::standing(&mut **tx, account).await?;
        let has_token = |flow: &Flow| {
            let mut pair = Field::TOKEN_PAIR.iter();
            pair.all(|field| flow.received.contains(field))
        };
        let farewell = Farewell {
            // It is another app's, and nothing that X says about it with this app's keys would be true.
            foreign_token: open.is_some_and(|flow| {
                has_token(flow) && flow.asked.contains(&Field::ApiKey) && !flow.has_key_pair()
            }),
            ..farewell(&linked, standing)
        };
        self.leave(tx, &linked, &farewell).await?;
        self.note(tx, owner, Actor::User, Event::Unlink, account, "")
            .await?;
        failpoint::hit("revoke.wanted");
        Ok(Some(linked))
    }

    /// Takes an account off the list; what is left to do is done by a call.
    async fn leave(
        &self,
        tx: &mut Tx,
        linked: &LinkedAccount,
        farewell: &Farewell,
    ) -> Result<(), StoreError> {
        let account = linked.id;
        for kind in [
            CheckKind::KeyPair,
            CheckKind::Link,
            CheckKind::Verify,
            CheckKind::Rotation,
        ] {
            checks::cancel(&mut **tx, account, kind).await?;
        }
        temporary::delete(&mut **tx, account).await?;
        accounts::delete(&mut **tx, linked.owner, account).await?;
        let about = serde_json::to_string(farewell).unwrap_or_default();
        let now = self.clock.now();
        calls::want(&mut **tx, account, CallKind::Revoke, Some(&about), now).await
    }

    /// The call that ends what is left of an account at X, then erases it.
    pub(super) async fn revoke(&self, call: &Call) -> Result<(), StoreError> {
        let farewell = farewell_of(call);
        let (posts, tokens_stay, foreign_token) = match &farewell {
            Some(farewell) => (
                farewell.posts.as_slice(),
                farewell.tokens_stay,
                farewell.foreign_token,
            ),
            None => (&[][..], false, false),
        };
        let tokens = self.tokens(call.owner, call.account).await?;
        // As long as there is a token for it.
        let cleaned = self.delete_posts(&tokens, posts).await;
        if let Some(until) = cleaned.again
            && !call.is_last_try()
        {
            return self.put_call_back(call.id, self.pause(until)).await;
        }
        let revocation = if tokens_stay {
            None
        } else {
            self.revoke_each(&tokens, foreign_token).await
        };
        failpoint::hit("revoke.answered");
        let revocation = match revocation {
            Some(Revocation::Unanswered) if !call.is_last_try() => {
                return self.put_call_back(call.id, PAUSE).await;
            }
            Some(Revocation::Limited { until }) if !call.is_last_try() => {
                return self.put_call_back(call.id, self.pause(until)).await;
            }
            // The answer to an earlier try of ours may have been lost.
            Some(Revocation::AlreadyEnded) if call.attempts > 1 => Some(Revocation::Proven),
            revocation => revocation,
        };
        let ended = Ended {
            revocation,
            cleaned,
        };
        let mut tx = self.store.begin().await?;
        if calls::finish(&mut *tx, call.id).await? {
            self.erase_with_receipt(&mut tx, call, farewell, ended)
                .await?;
        }
        failpoint::hit("revoke.before_commit");
        Ok(tx.commit().await?)
    }

    fn pause(&self, until: Option<DateTime<Utc>>) -> TimeDelta {
        until.map_or(PAUSE, |until| {
            (until - self.clock.now()).clamp(TimeDelta::seconds(1), LONGEST_PAUSE)
        })
    }

    /// Deletes an account's test posts, and revokes its tokens.
    pub(crate) async fn end_at_x(
        &self,
        owner: i64,
        account: AccountId,
    ) -> Result<Ended, StoreError> {
        let reader = self.store.reader();
        let mut posts = posts::standing(reader, account).await?;
        let about = calls::about(reader, account).await?;
        if let Some(farewell) = about.as_deref().and_then(read_farewell) {
            posts.extend(farewell.posts);
        }
        let tokens = self.tokens(owner, account).await?;
        let cleaned = self.delete_posts(&tokens, &posts).await;
        Ok(Ended {
            revocation: self.revoke_each(&tokens, false).await,
            cleaned,
        })
    }

    /// Deletes posts with the token in use, else with the new one.
    async fn delete_posts(&self, tokens: &Tokens, posts: &[PostId]) -> Cleaned {
        let mut cleaned = Cleaned::default();
        let opened = tokens.in_use.as_ref().or(tokens.waiting.as_ref());
        for post in posts {
            let deletion = match opened {
                Some(Opened { client, token }) => self.x.delete_post(client, token, post).await,
                None => Deletion::Refused(0),
            };
            match deletion {
                Deletion::Done => cleaned.deleted += 1,
                Deletion::Later(until) => {
                    cleaned.again = Some(cleaned.again.flatten().max(until));
                    cleaned.standing.push(post.clone());
                }
                Deletion::Refused(_) => cleaned.standing.push(post.clone()),
            }
        }
        cleaned
    }

    /// Revokes the token in use, and a new one that waits beside it. The worst that came of them; `None`: there is nothing
    /// to revoke.
    async fn revoke_each(&self, tokens: &Tokens, foreign_token: bool) -> Option<Revocation> {
        let waiting = tokens.waiting.as_ref().filter(|_| !foreign_token);
        let not_asked = foreign_token || tokens.waits_without_key_pair;
        let mut worst = not_asked.then_some(Revocation::NotAsked);
        for Opened { client, token } in tokens.in_use.iter().chain(waiting) {
            worst = worst.max(Some(self.x.revoke(client, token).await));
        }
        worst
    }

    /// Erases these accounts of a user, with the flow that is open, and promises them one message about those that were
    /// links or were to become one. Whether there is something to tell.
    pub(crate) async fn erase_in_emergency(
        &self,
        owner: i64,
        accounts: &[(AccountId, Ended)],
    ) -> Result<bool, StoreError> {
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        let open = self.dialogues.get(&mut *tx, owner).await?;
        let open = open.map(|dialogue| dialogue.state);
        let (mut told, mut posts) = (Vec::new(), Vec::new());
        for (account, ended) in accounts {
            let linked = accounts::by_id(&mut *tx, owner, *account).await?;
            let begun = open
                .as_ref()
                .filter(|state| state.account() == Some(*account));
            let gone = match (linked, begun) {
                (Some(linked), _) => Some(gone(&linked)),
                (None, Some(state)) => Some(Gone {
                    name: name_of(state.flow()),
                    x_account: None,
                }),
                (None, None) => calls::about(&mut *tx, *account)
                    .await?
                    .as_deref()
                    .and_then(read_farewell)
                    .map(|farewell| farewell.gone),
            };
            if let Some(gone) = gone {
                told.push((gone, ended.revocation));
            }
            posts.extend(ended.cleaned.standing.iter().cloned());
            values::erase(&mut *tx, owner, *account).await?;
            let act = Act {
                owner,
                actor: Actor::Operator,
                event: Event::Panic,
                account: Some(*account),
                detail: ended.revocation.map_or("", Revocation::code).to_owned(),
            };
            audit::note(&mut tx, &self.audit, act, now).await?;
            if begun.is_some() {
                self.dialogues.remove(&mut *tx, owner).await?;
            }
        }
        let tell = !told.is_empty();
        if tell {
            let erased = || messages::receipt::panic(&told, &posts, self.backups_until());
            outbox::push(&mut tx, &self.vault, owner, erased, now).await?;
        }
        tx.commit().await?;
        Ok(tell)
    }

    async fn tokens(&self, owner: i64, account: AccountId) -> Result<Tokens, StoreError> {
        let mut lent = self.store.reader().lend().await?;
        let mut reading = lent.snapshot().await?;
        let key = self.data_key(&mut reading, owner, account).await?;
        let current = values::list(&mut *reading, account, Slot::Current).await?;
        let candidate = values::list(&mut *reading, account, Slot::Candidate).await?;
        reading.commit().await?;
        let Some((key, _)) = key else {
            return Ok(Tokens::default());
        };
        let waits = |field: &Field| candidate.iter().any(|value| value.field == *field);
        let token_waits = Field::TOKEN_PAIR.iter().all(waits);
        let half_a_key_pair = waits(&Field::ApiKey) != waits(&Field::ApiSecret);
        Ok(Tokens {
            in_use: open_all(&key, owner, account, &[], &current)?,
            waiting: if token_waits && !half_a_key_pair {
                open_all(&key, owner, account, &candidate, &current)?
            } else {
                None
            },
            waits_without_key_pair: token_waits && half_a_key_pair,
        })
    }

    /// Erases the account of a call, and promises the user a receipt.
    pub(super) async fn erase_with_receipt(
        &self,
        tx: &mut Tx,
        call: &Call,
        farewell: Option<Farewell>,
        ended: Ended,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        values::erase(&mut **tx, call.owner, call.account).await?;
        let Some(Farewell {
            gone, tokens_stay, ..
        }) = farewell
        else {
            return Ok(());
        };
        let Ended {
            revocation,
            cleaned,
        } = ended;
        let account = AccountChoice {
            id: call.account,
            name: gone.name.clone(),
        };
        let deleted = (cleaned.deleted > 0).then_some(PostSaid::Tested);
        let standing = cleaned.standing.into_iter();
        let posts = deleted
            .into_iter()
            .chain(standing.map(|post| PostSaid::Stands { post }));
        for said in posts {
            let detail = match said {
                PostSaid::Tested => "deleted",
                _ => "not_deleted",
            };
            let event = Event::TestPostDelete;
            self.note(tx, call.owner, Actor::Bot, event, call.account, detail)
                .await?;
            let account = account.clone();
            let result = PostResult { account, said };
            let answer = || messages::publishing::result(&result, now);
            outbox::push(tx, &self.vault, call.owner, answer, now).await?;
        }
        let backups_until = self.backups_until();
        if !tokens_stay {
            let detail = revocation.map_or("", Revocation::code);
            let event = Event::Revoke;
            self.note(tx, call.owner, Actor::Bot, event, call.account, detail)
                .await?;
        }
        let receipt = || {
            if tokens_stay {
                messages::receipt::unlinked(&gone.name, backups_until)
            } else {
                messages::receipt::receipt(&gone, revocation, backups_until)
            }
        };
        outbox::push(tx, &self.vault, call.owner, receipt, now).await
    }

    /// Erases the account of a call that failed for good: the user wanted it gone, whatever X says.
    pub(super) async fn erase_unasked(&self, tx: &mut Tx, call: &Call) -> Result<(), StoreError> {
        let farewell = farewell_of(call);
        let ended = Ended {
            revocation: None,
            cleaned: Cleaned {
                standing: farewell
                    .as_ref()
                    .map_or_else(Vec::new, |farewell| farewell.posts.clone()),
                ..Cleaned::default()
            },
        };
        self.erase_with_receipt(tx, call, farewell, ended).await
    }
}

fn gone(linked: &LinkedAccount) -> Gone {
    Gone {
        name: linked.name.clone(),
        x_account: linked.x_account.clone(),
    }
}

fn farewell(linked: &LinkedAccount, posts: Vec<PostId>) -> Farewell {
    Farewell {
        gone: gone(linked),
        posts,
        tokens_stay: false,
        foreign_token: false,
    }
}

fn farewell_of(call: &Call) -> Option<Farewell> {
    call.about.as_deref().and_then(read_farewell)
}

fn read_farewell(about: &str) -> Option<Farewell> {
    serde_json::from_str(about).ok()
}

/// What a link that was only begun is called.
fn name_of(flow: Option<&Flow>) -> AccountName {
    match flow.map(|flow| &flow.purpose) {
        Some(Purpose::Link(LinkName::Given(name)) | Purpose::Rotate(name)) => name.clone(),
        Some(Purpose::Link(LinkName::XHandle)) | None => {
            AccountName::trusted("new account".to_owned())
        }
    }
}
