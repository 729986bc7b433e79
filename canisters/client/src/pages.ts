import type { CanisterName, IcNetwork } from './network.js';

/** Which canister has a page for each kind of thing. */
const CANISTER_OF = {
  proposals: 'governance',
  jobs: 'access',
  releases: 'fleet',
  datasets: 'datasets',
  checkpoints: 'models',
} as const satisfies Record<string, CanisterName>;

/** Where a person can look at one thing of a canister: its own page, over HTTP. For eyes only: it is not certified. */
export function pageOf(network: IcNetwork, kind: keyof typeof CANISTER_OF, id: number | bigint | string): string {
  return gatewayUrl(network, CANISTER_OF[kind], `/${kind}/${id}`);
}

/** What pods begin with: the models canister's signed metadata. */
export const metadataPage = (network: IcNetwork): string => gatewayUrl(network, 'models', '/tuf/timestamp.json');

/**
 * The main network serves canisters under names of their own; any other host under one, with the canister in the query.
 * `raw`: without certificates.
 */
function gatewayUrl({ icHost, canisters }: IcNetwork, canister: CanisterName, path: string): string {
  const { hostname, origin } = new URL(icHost);
  if (/(^|\.)(icp-api\.io|icp0\.io|ic0\.app)$/.test(hostname))
    return `https://${canisters[canister]}.raw.icp0.io${path}`;
  return `${origin}${path}?canisterId=${canisters[canister]}.raw`;
}
