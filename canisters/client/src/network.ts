export const CANISTERS = ['governance', 'datasets', 'access', 'models', 'fleet', 'treasury', 'ledger'] as const;
export type CanisterName = (typeof CANISTERS)[number];
export type CanisterIds = Record<CanisterName, string>;

/** What a client needs to know of an Internet Computer. */
export interface IcNetwork {
  icHost: string;
  /** The root public key: hex of its DER form (133 bytes). */
  rootKey: string;
  canisters: CanisterIds;
  /**
   * The vetKD master public key that the access canister's keys come from: hex of 96 bytes. Trusted like the root key,
   * so that nobody has to be asked for the key that data keys are wrapped to.
   */
  vetkdMaster?: string;
}

/** network.json: where everything of a stack is. Written by set-up, read by every process. */
export interface Network extends IcNetwork {
  temporal?: {
    address: string;
    uiUrl?: string;
    namespace: string;
    providerNamespace: string;
    nexusEndpoint: string;
    /** of the server that shows encrypted payloads to those who may read them */ codecUrl?: string;
  };
  s3?: { endpoint: string; region: string; bucket: string };
  metrics?: Record<string, string>;
}
