//! Typed errors: a variant per canister whose every arm says what it is about, what happened, and what to do.

use candid::{CandidType, Deserialize};
use std::fmt;

/// What an error is about (a thing's id or a field's name), what happened, and what to do.
#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Why {
    pub subject: String,
    pub message: String,
    pub remedy: String,
}

/// Builds a [`Why`] from parts: `why(id, "it is sealed", "register the dataset instead")`.
pub fn why(subject: impl ToString, message: impl Into<String>, remedy: impl Into<String>) -> Why {
    Why { subject: subject.to_string(), message: message.into(), remedy: remedy.into() }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; {}", self.subject, self.message, self.remedy)
    }
}

/// Declares a canister's error variant. Each arm carries a [`Why`].
///
/// ```
/// governed::errors! {
///     /// What the example refuses.
///     pub enum Error { NotFound, Invalid }
/// }
/// let error = Error::NotFound(governed::why("dataset 7", "it is not registered", "register it first"));
/// assert_eq!(error.arm(), "NotFound");
/// assert_eq!(error.to_string(), "NotFound: dataset 7: it is not registered; register it first");
/// ```
#[macro_export]
macro_rules! errors {
    ($(#[$meta:meta])* pub enum $name:ident { $($(#[$arm_meta:meta])* $arm:ident),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(::candid::CandidType, ::candid::Deserialize, Clone, Debug, PartialEq, Eq)]
        pub enum $name { $($(#[$arm_meta])* $arm($crate::Why)),+ }

        impl $name {
            /// The arm's name.
            pub fn arm(&self) -> &'static str {
                match self { $($name::$arm(_) => stringify!($arm)),+ }
            }
            /// What the arm carries.
            pub fn why(&self) -> &$crate::Why {
                match self { $($name::$arm(why))|+ => why }
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                write!(f, "{}: {}", self.arm(), self.why())
            }
        }
    };
}

/// Ends a governed method that cannot do its work: the governor records the text and the vote shows as failed.
pub fn trap_with(error: impl fmt::Display) -> ! {
    system::trap(&error.to_string())
}
