//! Publishes with an account that the bot has linked, from a Rust program that opens the bot's database.
//!
//! ```sh
//! cargo run --example post                        # lists the accounts
//! cargo run --example post -- ACCOUNT_ID 'Hello'  # publishes
//! ```
//!
//! It reads `DATABASE_URL`, `ADDX_KEY_FILE` and `X_API_URL` from the environment, with the bot's defaults.

#![expect(clippy::print_stdout, reason = "the answers of an example")]

use std::error::Error;

use addx::{
    publish::{Place, Publisher},
    testing::config::{self, X_URL},
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let env = |name: &str| std::env::var(name).ok();
    let x_url = env(X_URL.name).or_else(|| X_URL.default.map(str::to_owned));
    let publisher = Publisher::open(&Place {
        database: config::database(env)?,
        key_file: config::key_file(env),
        x_url: x_url.unwrap_or_default().parse()?,
    })
    .await?;
    let mut arguments = std::env::args().skip(1);
    if let (Some(account), Some(text)) = (arguments.next(), arguments.next()) {
        let post = publisher.post(account.parse()?, &text).await?;
        println!("published: {}", post.link());
    } else {
        for account in publisher.accounts().await? {
            let handle = account.x_username.as_deref().unwrap_or("not known yet");
            println!("{}  @{handle}  {}", account.id, account.name);
        }
    }
    publisher.close().await?;
    Ok(())
}
