//! What this project's own tests, benches and the demo use beside the program: they start the bot in their own process, and
//! look into its database. No part of what the library promises.
#![doc(hidden)]

pub mod app {
    pub use crate::app::{AppError, run};
}
pub mod audit {
    pub use crate::audit::{note, note_all, open_key};
}
pub mod clients {
    pub use crate::admin::clients::{add, revoke};
}
pub mod clock {
    pub use crate::support::clock::Clock;
}
pub mod config {
    pub use crate::config::{
        AllowedUsers, Config, ConfigError, People, Rechecks, VARIABLES, Variable, X_URL, database,
        key_file,
    };
}
pub mod doctor {
    pub use crate::admin::doctor::{State, rechecks};
}
pub mod domain {
    pub mod account {
        pub use crate::domain::account::{AccountId, AccountName, XAccount, XUserId, XUsername};
    }
    pub mod audit {
        pub use crate::domain::audit::{Act, Actor, Event};
    }
    pub mod budget {
        pub use crate::domain::budget::{Dollars, jittered};
    }
    pub mod client {
        pub use crate::domain::client::{ClientName, Rule, Terms};
    }
    pub mod credentials {
        pub use crate::domain::credentials::{Field, Secret};
    }
    pub mod facts {
        pub use crate::domain::facts::Standing;
    }
    pub mod verdict {
        pub use crate::domain::verdict::{Permission, Verdict};
    }
    pub mod health {
        pub use crate::domain::health::{Answer, AppMark, Rules, Witness};
    }
}
pub mod failpoint {
    pub use crate::support::failpoint::POINTS;
}
pub mod jobs {
    use std::sync::Arc;

    use tokio_util::sync::CancellationToken;

    use crate::{
        jobs::{
            check::Checking,
            runner::{Runner, Work},
        },
        store::Store,
        support::{clock::Clock, random::Random},
    };

    pub use crate::{jobs::Context, support::metrics::Metrics};

    /// Answers checks until `stop`, and does nothing else.
    pub async fn run_checks(
        context: &Context,
        store: Store,
        clock: Clock,
        random: Random,
        stop: CancellationToken,
    ) {
        let works: Vec<Arc<dyn Work>> = vec![Arc::new(Checking(context.clone()))];
        let runner = Runner::new(store, clock, random, context.busy.clone(), works);
        runner.run(stop).await;
    }
}
pub mod linking {
    pub use crate::linking::{Accounts, Linker};
}
pub mod random {
    pub use crate::support::random::Random;
}
pub mod store {
    pub use crate::store::{Store, Tx};

    pub mod access {
        pub use crate::store::access::decide;
    }
    pub mod accounts {
        pub use crate::store::accounts::{by_id, insert, list, record_verdict};
    }
    pub mod checks {
        pub use crate::store::checks::purge_log;
    }
    pub mod clients {
        pub use crate::store::clients::all_accounts;
    }
    pub mod copies {
        pub use crate::store::copies::quieten;
    }
    pub mod health_checks {
        pub use crate::store::health_checks::{Settled, first, get, settle};
    }
    pub mod spending {
        pub use crate::store::spending::add;
    }
    pub mod values {
        pub use crate::store::values::{SealedValue, Slot, data_key, insert_data_key, list, put};
    }
}
pub mod telemetry {
    pub use crate::support::telemetry::init;
}
pub mod unlock {
    pub use crate::admin::unlock::unlock;
}
pub mod vault {
    pub use crate::vault::{AuditKey, KeyFile, KeyId, Keyring, Sealed, ValueFingerprint, Vault};
}
pub mod x {
    pub use crate::x::XClient;
}
