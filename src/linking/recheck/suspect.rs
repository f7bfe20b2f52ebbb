//! X refused what a program asked: is it the link's fault? It is a first refusal, like one of the bot's own questions, and
//! nobody is told before it is confirmed.

use crate::{
    domain::{account::AccountId, client::ClientName},
    linking::Linker,
    store::{
        StoreError,
        health_checks::{self, HealthCheck},
    },
};

impl Linker {
    /// X refused what a program asked for with an account: X is asked about the account, in a while.
    pub(crate) async fn suspect(
        &self,
        account: AccountId,
        program: &ClientName,
        status: u16,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        let rules = self.rechecks.rules();
        let suspected = |health: HealthCheck| {
            let HealthCheck {
                memory, asked_at, ..
            } = health;
            memory.refused_to(program, status, asked_at, now, rules)
        };
        // A program that goes on asking costs a look.
        let known = health_checks::get(self.store.reader(), account).await?;
        if known.and_then(suspected).is_none() {
            return Ok(());
        }
        let mut tx = self.store.begin().await?;
        let known = health_checks::get(&mut *tx, account).await?;
        let Some((memory, due_at)) = known.and_then(suspected) else {
            return Ok(());
        };
        health_checks::suspect(&mut *tx, account, &memory, due_at).await?;
        tx.commit().await?;
        self.store.bell().ring();
        Ok(())
    }
}
