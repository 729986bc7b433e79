//! The few facts a canister asks the network for: who calls, what time it is, which canister this is, and what other
//! canisters say.
//!
//! On Wasm each is one call of the System API (IC spec: System API). Natively they are values that a test sets, so that
//! whole canisters' rules run under `cargo test`.

use candid::utils::ArgumentEncoder;
use candid::{CandidType, Principal};
use std::fmt;

#[cfg(target_arch = "wasm32")]
mod host {
    use candid::Principal;

    /// Nanoseconds since 1970-01-01 UTC.
    pub fn now() -> u64 {
        ic_cdk::api::time()
    }
    /// Who sent the message that is running. Read it before the first await.
    pub fn caller() -> Principal {
        ic_cdk::api::msg_caller()
    }
    /// This canister.
    pub fn this_canister() -> Principal {
        ic_cdk::api::canister_self()
    }
    /// True for a controller of this canister.
    pub fn is_controller(principal: &Principal) -> bool {
        ic_cdk::api::is_controller(principal)
    }
    /// The cycles this canister has.
    pub fn cycles() -> u128 {
        ic_cdk::api::canister_cycle_balance()
    }
    /// Sets the canister's certified data: a root hash of 32 bytes.
    pub fn certify(root: &[u8; 32]) {
        ic_cdk::api::certified_data_set(root);
    }
    /// The certificate over the certified data; only a query has one.
    pub fn certificate() -> Option<Vec<u8>> {
        ic_cdk::api::data_certificate()
    }
    /// Ends the message and undoes what it did since its last await.
    pub fn trap(message: &str) -> ! {
        ic_cdk::api::trap(message)
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod host {
    use candid::Principal;
    use std::cell::{Cell, RefCell};

    thread_local! {
        static NOW: Cell<u64> = const { Cell::new(1_700_000_000_000_000_000) };
        static CALLER: Cell<Principal> = const { Cell::new(Principal::anonymous()) };
        static CERTIFIED: RefCell<[u8; 32]> = const { RefCell::new([0; 32]) };
    }

    pub fn now() -> u64 {
        NOW.get()
    }
    pub fn caller() -> Principal {
        CALLER.get()
    }
    pub fn this_canister() -> Principal {
        Principal::from_slice(&[0, 0, 0, 0, 0, 0, 0, 1, 1, 1])
    }
    pub fn is_controller(principal: &Principal) -> bool {
        *principal == Principal::management_canister()
    }
    pub fn cycles() -> u128 {
        0
    }
    pub fn certify(root: &[u8; 32]) {
        CERTIFIED.set(*root);
    }
    pub fn certificate() -> Option<Vec<u8>> {
        None
    }
    pub fn trap(message: &str) -> ! {
        panic!("{message}")
    }

    /// Natively: sets the time, in nanoseconds.
    pub fn set_now(at: u64) {
        NOW.set(at);
    }
    /// Natively: sets the caller.
    pub fn set_caller(caller: Principal) {
        CALLER.set(caller);
    }
    /// Natively: the root hash last certified.
    pub fn certified() -> [u8; 32] {
        CERTIFIED.with_borrow(|root| *root)
    }
}

pub use host::*;

/// Defines the query `cycles`: how long a canister can go on is nobody's secret.
#[macro_export]
macro_rules! queries {
    () => {
        /// The cycles this canister has.
        #[ic_cdk::query]
        fn cycles() -> u128 {
            system::cycles()
        }
    };
}

/// Another canister did not answer: it rejected the call, trapped, or sent what this one cannot read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoAnswer {
    pub canister: Principal,
    pub method: String,
    pub reason: String,
}

impl fmt::Display for NoAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "canister {} did not answer {}: {}", self.canister, self.method, self.reason)
    }
}

/// Calls `method` of `canister` with `args` (a tuple) and waits until it has answered, however long that takes.
///
/// The wait is unbounded (IC spec: `call_perform` without a deadline): the outcome is never unknown, so a caller may
/// change its state by it. Use it for canisters of this project and the management canister only.
pub async fn ask<A, R>(canister: Principal, method: &str, args: A) -> Result<R, NoAnswer>
where
    A: ArgumentEncoder,
    R: CandidType + for<'de> candid::Deserialize<'de>,
{
    ask_with_cycles(canister, method, args, 0).await
}

/// The same as [`ask`], with cycles attached; what the other side does not accept comes back.
pub async fn ask_with_cycles<A, R>(canister: Principal, method: &str, args: A, cycles: u128) -> Result<R, NoAnswer>
where
    A: ArgumentEncoder,
    R: CandidType + for<'de> candid::Deserialize<'de>,
{
    let no_answer = |reason: String| NoAnswer { canister, method: method.to_owned(), reason };
    ic_cdk::call::Call::unbounded_wait(canister, method)
        .with_args(&args)
        .with_cycles(cycles)
        .await
        .map_err(|e| no_answer(e.to_string()))?
        .candid::<R>()
        .map_err(|e| no_answer(e.to_string()))
}
