import type { Plan, PodTest } from '@livepod/protocol';
import type { Plan as CandidPlan, PodTest as CandidTest } from './generated/models.js';

/** A release's plan as the canisters take it. */
export function candidPlan({ shares, waves, soakSeconds, gate, skippableSoak }: Plan): CandidPlan {
  return {
    waves: Uint32Array.from(waves ?? []),
    shares: shares ? [Uint32Array.from(shares)] : [],
    soak_seconds: soakSeconds,
    gate: {
      min_windows: gate.minWindows,
      max_correction_permille: gate.maxCorrectionPermille,
      max_errors: gate.maxErrors,
      min_pods: optional(gate.minPods),
      min_pod_windows: optional(gate.minPodWindows),
      max_bad_permille: optional(gate.maxBadPermille),
      test: gate.test ? [candidTest(gate.test)] : [],
    },
    skippable_soak: skippableSoak === undefined ? [] : [skippableSoak],
  };
}

const candidTest = (test: PodTest): CandidTest => ({
  healthy_permille: test.healthyPermille,
  unhealthy_permille: test.unhealthyPermille,
  false_alarm_permille: test.falseAlarmPermille,
  miss_permille: test.missPermille,
  margin_permille: test.marginPermille,
  min_new_pods: test.minNewPods,
  min_pod_seconds: test.minPodSeconds,
});

const testOfCandid = (test: CandidTest): PodTest => ({
  healthyPermille: test.healthy_permille,
  unhealthyPermille: test.unhealthy_permille,
  falseAlarmPermille: test.false_alarm_permille,
  missPermille: test.miss_permille,
  marginPermille: test.margin_permille,
  minNewPods: test.min_new_pods,
  minPodSeconds: test.min_pod_seconds,
});

const optional = (number: number | undefined): [] | [number] => (number === undefined ? [] : [number]);

/** A plan as a canister keeps it. */
export function planOfCandid({ shares: [shares], waves, soak_seconds, gate, skippable_soak }: CandidPlan): Plan {
  return {
    ...(shares ? { shares: [...shares] } : { waves: [...waves] }),
    soakSeconds: soak_seconds,
    gate: {
      minWindows: gate.min_windows,
      maxCorrectionPermille: gate.max_correction_permille,
      maxErrors: gate.max_errors,
      ...(gate.min_pods[0] !== undefined && { minPods: gate.min_pods[0] }),
      ...(gate.min_pod_windows[0] !== undefined && { minPodWindows: gate.min_pod_windows[0] }),
      ...(gate.max_bad_permille[0] !== undefined && { maxBadPermille: gate.max_bad_permille[0] }),
      ...(gate.test[0] && { test: testOfCandid(gate.test[0]) }),
    },
    skippableSoak: skippable_soak[0] ?? false,
  };
}
