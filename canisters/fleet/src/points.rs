//! How pods are judged by a plan of before there was a test: at two points of a wave's soak, half-way and at its end,
//! and once more before the next wave, never at every report: who looks often enough finds a bad moment by chance.

use crate::api::Release;
use crate::gate::{each, judged, keep};
use serde_json::json;

/// Why a release must stop instead of going on to its next wave, if it must.
pub fn before_next(release: &Release) -> Option<String> {
    corrections(release, "before the next wave")?
}

/// A point of the soak is used up by a verdict, or by the next one's time.
pub fn at_a_point(release: &Release) -> Option<String> {
    let soak = u64::from(release.plan.soak_seconds) * 1_000_000_000;
    let now = system::now();
    let mut judged = judged(release.id);
    let over = now >= release.soak_until;
    let (due, point) = match over {
        true => (!judged.end, "at the end of the soak"),
        false => (!judged.half_way && now >= release.soak_until - soak / 2, "half-way through the soak"),
    };
    if !due {
        return None;
    }
    let verdict = corrections(release, point)?;
    match over {
        true => judged.end = true,
        false => judged.half_way = true,
    }
    keep(release.id, judged);
    verdict
}

/// None when too few pods have enough windows for a verdict; Some(None) when it is good.
fn corrections(release: &Release, point: &str) -> Option<Option<String>> {
    let gate = &release.plan.gate;
    let needed = gate.pods_needed(release.exposed);
    let enough = u64::from(gate.windows_of_each());
    let share =
        |part: u64, whole: u64| u128::from(part) * 1_000 > u128::from(whole) * u128::from(gate.max_correction_permille);
    let (mut pods, mut bad) = (0_u64, 0_u64);
    each(release.id, |_, count| {
        if count.windows >= enough.max(1) {
            pods += 1;
            bad += u64::from(share(count.corrections, count.windows));
        }
    });
    if pods < u64::from(needed) || pods == 0 {
        return None;
    }
    let most = gate.bad_permille();
    audit::append_as(
        system::this_canister(),
        json!({
            "type": "gateJudged", "release": release.id, "wave": release.wave, "point": point, "pods": pods, "bad": bad,
        }),
    );
    let stops = u128::from(bad) * 1_000 > u128::from(pods) * u128::from(most);
    Some(stops.then(|| {
        let corrected = gate.max_correction_permille;
        format!(
            "{bad} of {pods} pods were corrected on more than {corrected} of 1000 windows {point}, and the gate bears \
             {most} of 1000 pods"
        )
    }))
}
