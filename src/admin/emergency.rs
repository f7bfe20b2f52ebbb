//! After a break-in: every token is revoked at X, every value erased, every user told. The one place that does not ask them.
//!
//! A user's accounts are erased in one transaction, after X was asked about each; a run that is broken off is taken up by the
//! next, since what is left is what has not been erased.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use crate::{
    domain::{
        account::AccountId,
        revocation::{Cleaned, Ended, Revocation},
    },
    jobs::Context,
    messages,
    store::{
        Store, StoreError,
        deletions::{self, SECRET},
        dialogues, inbox, keys, outbox, posts,
    },
    support::failpoint,
    telegram::secrets,
    vault::{Place, Vault},
};

/// Accounts that are looked up together.
const BATCH: u32 = 500;
/// After so many accounts in a row without an answer, X counts as out of reach.
const OUT_OF_REACH: usize = 3;
/// Of those that follow, every tenth is asked about all the same.
const PROBE: usize = 10;
/// X's limits are counted in windows of this length: whatever it says, it is asked again after that.
const LONGEST_PAUSE: TimeDelta = TimeDelta::minutes(15);
/// So often the run waits for X's limits before it leaves the rest.
pub(crate) const PAUSES: usize = 3;
/// Telegram deletes no message older than this.
const DELETABLE: TimeDelta = TimeDelta::hours(48);

/// How it is done.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manner {
    /// Pause between two accounts, to spare X.
    pub pause: Duration,
    /// Erases also what X did not answer about. Otherwise that is kept for the next run.
    pub erase_unanswered: bool,
}

/// What a run tells of itself.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    /// An account is done with.
    Done,
    /// X wants a pause for so many accounts; they are asked about again after it.
    Pause {
        /// How many.
        accounts: usize,
        /// Until when the run waits.
        until: DateTime<Utc>,
    },
}

/// How much there is, and how much is done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Count {
    /// Accounts and beginnings of accounts that were erased.
    pub erased: usize,
    /// Tokens of accounts that X has ended, now or before.
    pub ended: usize,
    /// Accounts whose tokens X did not end for certain; erased all the same.
    pub uncertain: usize,
    /// Users who will be told when the bot starts.
    pub users_told: usize,
    /// Accounts that are kept because X did not answer, or wanted a pause to the end.
    pub left: usize,
    /// Of all these, accounts for which X wanted a pause to the end.
    pub limited: usize,
    /// Test posts that may still stand; their users are told where.
    pub posts_standing: usize,
    /// Updates that waited to be handled, and were wiped.
    pub updates_wiped: usize,
    /// Messages that waited to be sent, and were dropped.
    pub messages_dropped: u64,
    /// Posts that waited to be confirmed or sent, and were thrown away.
    pub posts_discarded: u64,
}

/// What waited, and was thrown away before anything else.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Wiped {
    pub updates: usize,
    pub messages: u64,
    pub posts: u64,
}

/// Throws away the posts that X was not asked for, wipes the updates that wait to be handled, since they may hold values, and
/// drops the messages that wait to be sent, but for those that say what is left to do by hand. A message that may be a secret
/// is deleted when the bot starts.
pub(crate) async fn wipe_waiting(
    store: &Store,
    vault: &Vault,
    now: DateTime<Utc>,
) -> Result<Wiped, StoreError> {
    let messages = outbox::drop_outdated(store).await?;
    let mut tx = store.begin().await?;
    let discarded = posts::discard_unsent(&mut tx).await?;
    for owner in &discarded {
        outbox::push(&mut tx, vault, *owner, messages::publishing::dropped, now).await?;
    }
    tx.commit().await?;
    let mut wiped = 0;
    for chat in inbox::waiting_chats(store.reader()).await? {
        let dialogue = dialogues::get(store.reader(), vault, chat).await?;
        let asked = dialogue.is_some_and(|dialogue| dialogue.state.expects_secret());
        while let Some((update, sealed)) = inbox::next(store.reader(), chat).await? {
            let json = vault.open(&Place::update(chat, update), &sealed).ok();
            let message = json.and_then(|json| secrets::in_update(&json, asked));
            let mut tx = store.begin().await?;
            inbox::finish(&mut *tx, update).await?;
            if let Some((message, sent_at)) = message {
                let give_up_at = sent_at + DELETABLE;
                deletions::insert(&mut tx, SECRET, chat, message, Some(now), give_up_at).await?;
            }
            tx.commit().await?;
            wiped += 1;
        }
    }
    Ok(Wiped {
        updates: wiped,
        messages,
        posts: discarded.len() as u64,
    })
}

/// Everything there is to erase: by user, their accounts.
pub(crate) async fn everything(store: &Store) -> Result<BTreeMap<i64, Vec<AccountId>>, StoreError> {
    let mut found: BTreeMap<i64, Vec<AccountId>> = BTreeMap::new();
    let mut after = None;
    loop {
        let batch = keys::data_keys_after(store.reader(), after, BATCH).await?;
        let Some(last) = batch.last() else {
            return Ok(found);
        };
        after = Some(last.account);
        for key in batch {
            found.entry(key.owner).or_default().push(key.account);
        }
    }
}

/// Revokes and erases all of it; `tell` is told how far it is.
pub(crate) async fn revoke_and_erase(
    store: &Store,
    context: &Context,
    everything: BTreeMap<i64, Vec<AccountId>>,
    manner: Manner,
    mut tell: impl FnMut(Step),
) -> Result<Count, StoreError> {
    let mut count = Count::default();
    let mut told = BTreeSet::new();
    let mut asking = Asking {
        context,
        manner,
        unanswered: 0,
    };
    let mut left = everything;
    for pauses_left in (0..=PAUSES).rev() {
        let mut later: BTreeMap<i64, Vec<AccountId>> = BTreeMap::new();
        let mut wait_until = None;
        for (owner, accounts) in left {
            let mut to_erase: Vec<(AccountId, Ended)> = Vec::new();
            for account in accounts {
                let ended = asking.end_at_x(owner, account).await?;
                failpoint::hit("panic.answered");
                match ended.revocation {
                    Some(Revocation::Limited { until }) if pauses_left > 0 => {
                        wait_until =
                            wait_until.max(until.or_else(|| Some(context.now() + LONGEST_PAUSE)));
                        later.entry(owner).or_default().push(account);
                        continue;
                    }
                    Some(Revocation::Limited { .. }) => count.limited += 1,
                    _ => {}
                }
                let undecided = matches!(
                    ended.revocation,
                    Some(Revocation::Unanswered | Revocation::Limited { .. })
                );
                if undecided && !manner.erase_unanswered {
                    count.left += 1;
                } else {
                    to_erase.push((account, ended));
                }
                tell(Step::Done);
            }
            if to_erase.is_empty() {
                continue;
            }
            count_erased(&mut count, &to_erase);
            if context.erase_in_emergency(owner, &to_erase).await? {
                told.insert(owner);
            }
            failpoint::hit("panic.erased");
        }
        left = later;
        let Some(until) = wait_until else {
            break;
        };
        let now = context.now();
        let wait = (until - now).clamp(TimeDelta::seconds(1), LONGEST_PAUSE);
        tell(Step::Pause {
            accounts: left.values().map(Vec::len).sum(),
            until: now + wait,
        });
        tokio::time::sleep(wait.to_std().unwrap_or_default()).await;
    }
    count.users_told = told.len();
    // What was erased leaves the log too.
    store.truncate_log().await?;
    Ok(count)
}

/// Asks X about one account after the other.
struct Asking<'a> {
    context: &'a Context,
    manner: Manner,
    /// Accounts in a row that X did not answer about.
    unanswered: usize,
}

impl Asking<'_> {
    async fn end_at_x(&mut self, owner: i64, account: AccountId) -> Result<Ended, StoreError> {
        // What is erased without an answer was asked about; else one in ten shows whether X is back.
        let out_of_reach = !self.manner.erase_unanswered
            && self.unanswered >= OUT_OF_REACH
            && !self.unanswered.is_multiple_of(PROBE);
        let ended = if out_of_reach {
            only(Revocation::Unanswered)
        } else {
            tokio::time::sleep(self.manner.pause).await;
            match self.context.end_at_x(owner, account).await {
                // Nobody can use what does not open; the others go on.
                Err(error @ (StoreError::Open { .. } | StoreError::Corrupt { .. })) => {
                    tracing::warn!(error = %error, "values that do not open cannot be revoked");
                    only(Revocation::Refused)
                }
                ended => ended?,
            }
        };
        match ended.revocation {
            Some(Revocation::Unanswered) => self.unanswered += 1,
            Some(_) => self.unanswered = 0,
            None => {}
        }
        Ok(ended)
    }
}

fn only(revocation: Revocation) -> Ended {
    Ended {
        revocation: Some(revocation),
        cleaned: Cleaned::default(),
    }
}

fn count_erased(count: &mut Count, erased: &[(AccountId, Ended)]) {
    for (_, ended) in erased {
        match ended.revocation {
            Some(Revocation::Proven | Revocation::AlreadyEnded) => count.ended += 1,
            Some(_) => count.uncertain += 1,
            None => {}
        }
        count.posts_standing += ended.cleaned.standing.len();
    }
    count.erased += erased.len();
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{store::counts, support::random::Random, vault::Keyring};

    /// A made-up value in the shape of an X API Secret.
    const SECRET_TEXT: &str = "aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3zA5bC7dE9fG1hJ3kL";

    #[tokio::test]
    async fn what_waits_goes_first_and_a_secret_is_found_wherever_it_stands_in_a_message() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("addx.db")).await.unwrap();
        let (now, random) = (DateTime::UNIX_EPOCH, Random::seeded(1));
        let key_file = folder.path().join("addx.key");
        let keyring = Keyring::create(&key_file, &random, now).unwrap();
        let vault = Vault::new(keyring, key_file, random);
        let link = format!("https://example.org/?api_secret={SECRET_TEXT}");
        let option = |text| json!({ "text": text, "voter_count": 0 });
        let carriers = [
            json!({ "text": SECRET_TEXT }),
            json!({ "text": "this", "quote": { "text": SECRET_TEXT, "position": 0 } }),
            json!({ "text": "this", "entities": [
                { "type": "text_link", "offset": 0, "length": 4, "url": link }
            ] }),
            json!({ "document": {
                "file_id": "1", "file_unique_id": "1", "file_size": 1, "file_name": format!("{SECRET_TEXT}.txt")
            } }),
            json!({ "contact": { "phone_number": "1", "first_name": "Ada", "last_name": SECRET_TEXT } }),
            json!({ "poll": {
                "id": "1", "question": "Which?", "options": [option("no"), option(SECRET_TEXT)],
                "total_voter_count": 0, "is_closed": false, "is_anonymous": true, "type": "regular",
                "allows_multiple_answers": false
            } }),
            json!({ "text": "nothing of the kind" }),
        ];
        let mut tx = store.begin().await.unwrap();
        for (number, carrier) in (1..).zip(&carriers) {
            let mut message = json!({
                "message_id": number, "date": 1_800_000_000, "chat": { "id": 5, "type": "private", "first_name": "Ada" },
                "from": { "id": 5, "is_bot": false, "first_name": "Ada" }
            });
            let fields = message.as_object_mut().unwrap();
            fields.extend(carrier.as_object().unwrap().clone());
            let update = json!({ "update_id": number, "message": message }).to_string();
            let place = Place::update(5, number);
            let (key, sealed) = vault.seal(&place, update.as_bytes()).unwrap();
            inbox::insert(&mut tx, number, 5, key, &sealed, now)
                .await
                .unwrap();
        }
        tx.commit().await.unwrap();
        sqlx::raw_sql(
            "INSERT INTO posts (owner, kind, state, text, created_at) VALUES
                 (5, 'message', 'draft', 'any', 0), (5, 'message', 'waiting', 'any', 0), (6, 'test', 'waiting', 'begun', 0);
             INSERT INTO jobs (kind, key, subject, run_at, claims) VALUES ('post', '2', 'any', 0, 0), ('post', '3', 'any', 0, 1)",
        )
        .execute(store.writer())
        .await
        .unwrap();

        let wiped = wipe_waiting(&store, &vault, now).await.unwrap();
        assert_eq!((wiped.updates, wiped.posts), (carriers.len(), 1));
        let waiting = counts::waiting(store.reader(), now).await.unwrap();
        // All but the last one; and what may have been published already is looked for, and not sent again.
        assert_eq!((waiting.deletions, waiting.posts), (6, 1));
        for (id, is_there) in [(1, false), (2, false), (3, true)] {
            let post = posts::get(store.reader(), id).await.unwrap();
            assert_eq!(post.is_some(), is_there, "{id}");
        }
        store.close().await.unwrap();
    }
}
