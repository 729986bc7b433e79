/** Put in by what packs the pod (infra/deploy, release/pack.ts): an ISO 8601 time. From sources there is none. */
declare const LIVEPOD_BUILT_AT: string | undefined;

/** When this program was built, milliseconds since the epoch: it cannot be earlier. */
export const BUILT_AT = typeof LIVEPOD_BUILT_AT === 'string' ? Date.parse(LIVEPOD_BUILT_AT) : 0;
