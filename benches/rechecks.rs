//! What the database costs a sweep of the re-checks: each link is claimed, read, and its answer written down, as the bot
//! does it, without X and without decryption.
//!
//! `cargo bench --bench rechecks` for 1 000, 10 000 and 100 000 links; `-- 1000 5000` for other numbers.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench prints its figures, and stops where something fails"
)]

use std::{
    fs,
    time::{Duration, Instant},
};

use addx::testing::{
    clock::Clock,
    domain::{
        account::{AccountId, AccountName, XAccount, XUserId, XUsername},
        budget,
        credentials::Field,
        health::{Answer, AppMark, Rules, Witness},
        verdict::{Permission, Verdict},
    },
    random::Random,
    store::{
        Store, accounts,
        health_checks::{self, Settled},
        spending,
        values::{self, SealedValue, Slot},
    },
    vault::{KeyId, Sealed, ValueFingerprint},
};
use chrono::{DateTime, TimeDelta, Utc};

const RULES: Rules = Rules {
    interval: TimeDelta::hours(24),
    confirm: TimeDelta::minutes(10),
};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let wanted: Vec<usize> = std::env::args()
        .skip(1)
        .filter_map(|argument| argument.parse().ok())
        .collect();
    // Given by cargo; without it, as under `cargo test --all-targets`, the run only shows that it works.
    let is_bench = std::env::args().any(|argument| argument == "--bench");
    let sizes = match (wanted.is_empty(), is_bench) {
        (false, _) => wanted,
        (true, true) => vec![1_000, 10_000, 100_000],
        (true, false) => vec![100],
    };
    println!("| links | sweep | a link | longest | memory before | memory after |");
    println!("|---|---|---|---|---|---|");
    for links in sizes {
        bench(links).await;
    }
}

fn account(number: usize) -> AccountId {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    bytes[8..].copy_from_slice(&number.to_be_bytes());
    AccountId::from_bytes(bytes)
}

async fn fill(store: &Store, links: usize, now: DateTime<Utc>) {
    let value = |field| SealedValue {
        field,
        sealed: Sealed::from_bytes(vec![1; 100]),
        fingerprint: ValueFingerprint([2; 32]),
        chars: 50,
        received_at: now,
    };
    for chunk in (0..links).collect::<Vec<_>>().chunks(5_000) {
        let mut tx = store.begin().await.unwrap();
        for &number in chunk {
            let (id, owner) = (account(number), i64::try_from(number).unwrap());
            let wrapped = Sealed::from_bytes(vec![3; 80]);
            let key = values::insert_data_key(&mut *tx, owner, id, KeyId(1), &wrapped, now);
            key.await.unwrap();
            let name = AccountName::trusted("main".to_owned());
            let inserted = accounts::insert(&mut *tx, owner, id, &name, false, now);
            inserted.await.unwrap();
            for field in Field::ALL {
                values::put(&mut *tx, id, Slot::Current, &value(field))
                    .await
                    .unwrap();
            }
        }
        tx.commit().await.unwrap();
    }
}

/// One turn of the bot's, from the claim to the answer that is written down.
async fn turn(store: &Store, random: &Random, now: DateTime<Utc>) -> bool {
    let first = health_checks::first(store.reader(), "[]", true)
        .await
        .unwrap();
    let Some(claimed) = first.filter(|first| first.due_at <= now) else {
        return false;
    };
    let (id, owner) = (claimed.account, claimed.owner);

    let mut lent = store.reader().lend().await.unwrap();
    let mut reading = lent.snapshot().await.unwrap();
    values::data_key(&mut *reading, owner, id).await.unwrap();
    accounts::by_id(&mut *reading, owner, id).await.unwrap();
    values::list(&mut *reading, id, Slot::Current)
        .await
        .unwrap();
    health_checks::get(&mut *reading, id).await.unwrap();
    reading.commit().await.unwrap();

    let verdict = Verdict::Connected {
        account: XAccount {
            id: XUserId(1),
            username: XUsername("seedling".to_owned()),
        },
        permission: Permission::ReadWrite,
    };
    let mut tx = store.begin().await.unwrap();
    let linked = accounts::by_id(&mut *tx, owner, id).await.unwrap().unwrap();
    values::list(&mut *tx, id, Slot::Current).await.unwrap();
    let watch = health_checks::get(&mut *tx, id).await.unwrap().unwrap();
    spending::add(&mut *tx, now, 1, true).await.unwrap();
    let answer = Answer::Judged(&verdict);
    let step = watch.memory.hear(answer, Witness::NotAsked, now, RULES);
    accounts::record_verdict(&mut *tx, &linked, &verdict, now, now)
        .await
        .unwrap();
    let draw = u64::from_le_bytes(random.bytes().unwrap());
    let due_at = now + budget::jittered(RULES.interval, draw);
    let mut mark = [0; 16];
    mark.copy_from_slice(&id.bytes());
    let settled = Settled {
        memory: step.memory,
        app: Some(AppMark(mark)),
        good_at: Some(now),
        due_at,
        charged_at: due_at,
        asked_at: now,
        pair_at: None,
    };
    health_checks::settle(&mut *tx, id, &settled).await.unwrap();
    tx.commit().await.unwrap();
    true
}

async fn bench(links: usize) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("addx.db")).await.unwrap();
    let random = Random::seeded(1);
    let now = Clock::system().now();
    fill(&store, links, now - TimeDelta::days(1)).await;
    store.truncate_log().await.unwrap();
    let before = memory_kib();
    let mut longest = Duration::ZERO;
    let mut swept: u32 = 0;
    let started = Instant::now();
    loop {
        let began = Instant::now();
        if !turn(&store, &random, now).await {
            break;
        }
        longest = longest.max(began.elapsed());
        swept += 1;
    }
    let elapsed = started.elapsed();
    assert_eq!(usize::try_from(swept).unwrap(), links);
    println!(
        "| {links} | {:.1} s | {:.2} ms | {:.1} ms | {:.1} MiB | {:.1} MiB |",
        elapsed.as_secs_f64(),
        elapsed.as_secs_f64() * 1000.0 / f64::from(swept),
        longest.as_secs_f64() * 1000.0,
        before / 1024.0,
        memory_kib() / 1024.0,
    );
    store.close().await.unwrap();
}

/// What of the process is in memory.
fn memory_kib() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1));
    kib.and_then(|kib| kib.parse().ok()).unwrap_or(0.0)
}
