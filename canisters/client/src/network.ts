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
  /** The canister that controls the others once installing has handed over. None in installations from before it. */
  root?: string;
  /** An SNS's root, where a real SNS governs: root's controller in the place of governance. */
  rootController?: string;
  /** Whose control they were under when this was written: `controlOf` asks the network. */
  control?: 'dao' | 'person';
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
