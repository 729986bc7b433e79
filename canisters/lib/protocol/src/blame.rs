//! What a pod may say of a failure: `<code>: <counts>`, with a code of a closed set and no other text. Only a fault of
//! the checkpoint's own counts against it, whoever meets it; one of the device's counts against nobody. The TypeScript
//! of it is `protocol/src/blame.ts`; both are held to `protocol/vectors/blame.json`.

/// Faults of the checkpoint's own.
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

/// Faults of the device's own.
pub const DEVICE: [&str; 7] =
    ["clockWrong", "damagedFile", "deviceBusy", "diskFull", "noMemory", "noSensor", "notWritable"];

/// The pod's own gate has left the version.
const CORRECTED: &str = "corrected";
/// Whatever else: trouble, and no more.
const OTHER: &str = "other";
const COUNTS: [&str; 3] = ["corrections", "windows", "errors"];

fn code(failure: &str) -> &str {
    failure.split_once(':').map_or("", |(code, _)| code)
}

/// The code of the checkpoint's own faults that a reported failure begins with.
pub fn of(failure: &str) -> Option<&'static str> {
    BLAMES.into_iter().find(|listed| *listed == code(failure))
}

/// The code of the device's own faults that it begins with, and the bit that stands for it.
pub fn device_of(failure: &str) -> Option<(&'static str, u32)> {
    let place = DEVICE.iter().position(|listed| *listed == code(failure))?;
    Some((DEVICE[place], 1 << place))
}

pub fn is_corrected(failure: &str) -> bool {
    code(failure) == CORRECTED
}

/// Whether a text is a listed code with counts, and nothing that could name a person.
pub fn is_code(text: &str) -> bool {
    let Some((code, counts)) = text.split_once(": ") else { return false };
    let listed = of(text).is_some() || device_of(text).is_some() || [CORRECTED, OTHER].contains(&code);
    let is_count = |count: &str| {
        count.split_once(' ').is_some_and(|(name, number)| {
            COUNTS.contains(&name) && (1..=9).contains(&number.len()) && number.bytes().all(|c| c.is_ascii_digit())
        })
    };
    listed && (counts.is_empty() || counts.split(", ").all(is_count))
}
