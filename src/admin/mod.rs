//! What an operator does and sees: keys, copies, programs, checks of the installation, the end of everything.

pub(crate) mod backup;
pub(crate) mod clients;
pub(crate) mod doctor;
pub(crate) mod emergency;
pub(crate) mod monitor;
pub(crate) mod rekey;
pub(crate) mod unlock;
