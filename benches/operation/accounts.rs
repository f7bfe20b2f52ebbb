//! Makes accounts as the bot's own code does: each with a data key, four sealed values, X's verdict and its entries in the
//! audit trail. Only Telegram, X and the person are left out. The tests of keys and copies use it too.

use addx::testing::{
    audit,
    clock::Clock,
    domain::{
        account::{AccountId, AccountName, XAccount, XUserId, XUsername},
        audit::{Act, Actor, Event},
        credentials::{Field, Secret},
        verdict::{Permission, Verdict},
    },
    random::Random,
    store::{
        Store, Tx, accounts,
        values::{self, SealedValue, Slot},
    },
    unlock::unlock,
    vault::{AuditKey, Vault},
};
use anyhow::Context as _;
use chrono::{DateTime, Utc};
use std::path::Path;

/// Accounts a transaction.
const BATCH: usize = 500;

/// Makes accounts.
pub(crate) struct Maker {
    pub(crate) store: Store,
    pub(crate) vault: Vault,
    pub(crate) audit: AuditKey,
    clock: Clock,
    random: Random,
    made: u64,
}

impl Maker {
    /// Opens a database and its key file, or makes both.
    pub(crate) async fn open(database: &Path, key_file: &Path) -> anyhow::Result<Self> {
        let (clock, random) = (Clock::system(), Random::system());
        let store = Store::open(database).await?;
        let vault = unlock(&store, key_file, &clock, &random).await?;
        let audit = audit::open_key(&store, &vault).await?;
        Ok(Self {
            store,
            vault,
            audit,
            clock,
            random,
            made: 0,
        })
    }

    /// Makes `each` accounts for every one of these owners.
    pub(crate) async fn make(
        &mut self,
        owners: impl IntoIterator<Item = i64>,
        each: usize,
    ) -> anyhow::Result<()> {
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        let mut waiting = 0;
        for owner in owners {
            for number in 0..each {
                self.make_one(&mut tx, owner, number, now).await?;
                waiting += 1;
            }
            if waiting >= BATCH {
                tx.commit().await?;
                tx = self.store.begin().await?;
                waiting = 0;
            }
        }
        tx.commit().await?;
        Ok(())
    }

    async fn make_one(
        &mut self,
        tx: &mut Tx,
        owner: i64,
        number: usize,
        now: DateTime<Utc>,
    ) -> anyhow::Result<()> {
        self.made += 1;
        let account = AccountId::from_bytes(self.random.bytes()?);
        let (key, key_id, wrapped) = self.vault.new_data_key(owner, account)?;
        values::insert_data_key(&mut **tx, owner, account, key_id, &wrapped, now).await?;
        let user = XUserId(1_000_000_000_000 + self.made);
        for field in Field::ALL {
            let text = format!("{user}-{field:?}-made-up-by-the-operation-bench");
            let secret = Secret::new(text);
            let value = SealedValue {
                field,
                sealed: key.seal(owner, account, field, &secret)?,
                fingerprint: key.fingerprint(field, &secret),
                chars: u32::try_from(secret.expose().len())?,
                received_at: now,
            };
            values::put(&mut **tx, account, Slot::Current, &value).await?;
        }
        let name = AccountName::parse(&format!("account {number}"))
            .map_err(|_| anyhow::anyhow!("a bad name"))?;
        accounts::insert(&mut **tx, owner, account, &name, false, now).await?;
        let verdict = Verdict::Connected {
            account: XAccount {
                id: user,
                username: XUsername(format!("seedling{}", self.made)),
            },
            permission: Permission::ReadWrite,
        };
        let linked = accounts::by_id(&mut **tx, owner, account).await?;
        let linked = linked.context("a link that was just made is gone")?;
        accounts::record_verdict(&mut **tx, &linked, &verdict, now, now).await?;
        for (event, actor, detail) in [
            (Event::Link, Actor::User, ""),
            (Event::Check, Actor::Bot, verdict.code()),
        ] {
            let act = Act {
                owner,
                actor,
                event,
                account: Some(account),
                detail: detail.to_owned(),
            };
            audit::note(tx, &self.audit, act, now).await?;
        }
        Ok(())
    }
}
