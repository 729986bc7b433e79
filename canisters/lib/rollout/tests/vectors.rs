//! Plans as TypeScript and Rust share them: protocol/vectors/plans.json.

use rollout::{Gate, Plan};
use serde_json::Value;

fn vectors() -> Vec<Value> {
    let path = format!("{}/../../../protocol/vectors/plans.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).expect("the protocol package makes plans.json");
    serde_json::from_str(&text).expect("a list of vectors")
}

fn number(value: &Value) -> u32 {
    value.as_u64().and_then(|number| u32::try_from(number).ok()).unwrap_or_else(|| panic!("{value} is a number"))
}

fn plan(vector: &Value) -> Plan {
    let plan = &vector["plan"];
    let numbers = |field: &str| plan[field].as_array().map(|list| list.iter().map(number).collect::<Vec<u32>>());
    let gate = &plan["gate"];
    Plan {
        waves: numbers("waves").unwrap_or_default(),
        soak_seconds: number(&plan["soakSeconds"]),
        gate: Gate {
            min_windows: number(&gate["minWindows"]),
            max_correction_permille: number(&gate["maxCorrectionPermille"]),
            max_errors: number(&gate["maxErrors"]),
            min_pods: gate.get("minPods").map(number),
            min_pod_windows: gate.get("minPodWindows").map(number),
            max_bad_permille: gate.get("maxBadPermille").map(number),
        },
        skippable_soak: plan["skippableSoak"].as_bool(),
        shares: numbers("shares"),
    }
}

#[test]
fn good_plans_have_these_words_and_waves() {
    let good: Vec<Value> = vectors().into_iter().filter(|vector| vector.get("wrong").is_none()).collect();
    assert!(!good.is_empty());
    for vector in good {
        let plan = plan(&vector);
        plan.check().unwrap_or_else(|error| panic!("{vector}: {error:?}"));
        assert_eq!(plan.in_words(), vector["words"].as_str().expect("words"));
        for wave in vector["pods"].as_array().expect("pods of each wave") {
            let reaches = plan.pods_of_wave(number(&wave["wave"]), number(&wave["fleet"]) as usize);
            assert_eq!(reaches as u32, number(&wave["reaches"]), "{wave} of {}", vector["plan"]);
        }
    }
}

#[test]
fn bad_plans_are_refused_at_the_same_field() {
    let bad: Vec<Value> = vectors().into_iter().filter(|vector| vector.get("wrong").is_some()).collect();
    assert!(!bad.is_empty());
    for vector in bad {
        let field = match vector["wrong"].as_str().expect("a field") {
            "soakSeconds" => "soak_seconds",
            "gate.maxCorrectionPermille" => "gate.max_correction_permille",
            "gate.minPods" => "gate.min_pods",
            "gate.maxBadPermille" => "gate.max_bad_permille",
            same => same,
        };
        assert_eq!(plan(&vector).check().expect_err("a bad plan").subject, format!("plan.{field}"), "{vector}");
    }
}
