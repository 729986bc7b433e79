//! What may count against a checkpoint: codes of faults that are its own, whoever meets them. The TypeScript of it is
//! `protocol/src/blame.ts`.

pub const BLAMES: [&str; 9] = [
    "inferenceFails",
    "modelDoesNotLoad",
    "notOfficial",
    "outputNotFinite",
    "runtimeDied",
    "runtimeHangs",
    "selfTestDiffers",
    "wrongHash",
    "wrongSigner",
];

/// The listed code that a reported failure, `<code>: <sentence>`, begins with.
pub fn of(failure: &str) -> Option<&'static str> {
    let (code, _) = failure.split_once(':')?;
    BLAMES.into_iter().find(|listed| *listed == code)
}
