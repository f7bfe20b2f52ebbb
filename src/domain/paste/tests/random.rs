//! Properties over made-up and mutated texts.

use proptest::prelude::*;

use super::secrecy::leaks;
use super::*;
