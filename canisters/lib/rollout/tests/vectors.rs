//! Plans and the test of pods as TypeScript and Rust share them: protocol/vectors/plans.json and podTests.json.

use rollout::{Gate, Outcome, Plan, PodTest, Sample};
use serde_json::Value;

fn read(name: &str) -> Vec<Value> {
    let path = format!("{}/../../../protocol/vectors/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).expect("the protocol package makes it");
    serde_json::from_str(&text).expect("a list of vectors")
}

fn vectors() -> Vec<Value> {
    read("plans")
}

fn number(value: &Value) -> u32 {
    value.as_u64().and_then(|number| u32::try_from(number).ok()).unwrap_or_else(|| panic!("{value} is a number"))
}

fn pod_test(test: &Value) -> PodTest {
    PodTest {
        healthy_permille: number(&test["healthyPermille"]),
        unhealthy_permille: number(&test["unhealthyPermille"]),
        false_alarm_permille: number(&test["falseAlarmPermille"]),
        miss_permille: number(&test["missPermille"]),
        margin_permille: number(&test["marginPermille"]),
        min_new_pods: number(&test["minNewPods"]),
        min_pod_seconds: number(&test["minPodSeconds"]),
    }
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
            test: gate.get("test").map(pod_test),
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
        let named = vector["wrong"].as_str().expect("a field");
        let field: String = named
            .chars()
            .flat_map(|c| if c.is_uppercase() { vec!['_', c.to_ascii_lowercase()] } else { vec![c] })
            .collect();
        assert_eq!(plan(&vector).check().expect_err("a bad plan").subject, format!("plan.{field}"), "{vector}");
    }
}

#[test]
fn pods_are_judged_as_in_typescript() {
    let sample = |value: &Value| Sample {
        windows: number(&value["windows"]).into(),
        corrections: number(&value["corrections"]).into(),
    };
    for vector in read("podTests") {
        let test = pod_test(&vector["test"]);
        let Some(outcome) = vector["outcome"].as_str() else {
            let before = (!vector["before"].is_null()).then(|| sample(&vector["before"]));
            let worse = test.is_worse(sample(&vector["now"]), before, number(&vector["most"]));
            assert_eq!(worse, vector["worse"] == true, "{vector}");
            continue;
        };
        let expected = match outcome {
            "healthy" => Outcome::Healthy,
            "unhealthy" => Outcome::Unhealthy,
            _ => Outcome::Inconclusive,
        };
        let (well, worse) = (number(&vector["well"]).into(), number(&vector["worse"]).into());
        assert_eq!(test.outcome(number(&vector["wave"]), well, worse), expected, "{vector}");
    }
}
