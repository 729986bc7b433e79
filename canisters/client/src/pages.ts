import type { CanisterName, IcNetwork } from './network.js';

/** Which canister has a page for each kind of thing. */
const CANISTER_OF = {
  proposals: 'governance',
  jobs: 'access',
  releases: 'fleet',
  datasets: 'datasets',
  checkpoints: 'models',
  grants: 'access',
  escrows: 'treasury',
  accounts: 'treasury',
  balances: 'ledger',
} as const satisfies Record<string, CanisterName>;

/** Where a person can look at one thing of a canister: its own page, over HTTP. For eyes only: it is not certified. */
export function pageOf(network: IcNetwork, kind: keyof typeof CANISTER_OF, id: number | bigint | string): string {
  return gatewayUrl(network, CANISTER_OF[kind], `/${kind}/${id}`);
}

/** Where a person can look at all things of a kind, newest first; `filter` keeps those about one: `{dataset: id}`. */
export function indexOf(
  network: IcNetwork,
  kind: Exclude<keyof typeof CANISTER_OF, 'balances'>,
  filter: Record<string, string> = {},
): string {
  return gatewayUrl(network, CANISTER_OF[kind], `/${kind}`, new URLSearchParams(filter).toString());
}

/** What pods begin with: the models canister's signed metadata, and certified by the network besides. */
export const metadataPage = (network: IcNetwork): string =>
  gatewayUrl(network, 'models', '/tuf/timestamp.json', '', true);

/**
 * The main network serves canisters under names of their own; any other host under one, with the canister in the query.
 * `raw`, where it is not certified: without certificates.
 */
function gatewayUrl(
  { icHost, canisters }: IcNetwork,
  canister: CanisterName,
  path: string,
  query = '',
  certified = false,
): string {
  const { hostname, origin } = new URL(icHost);
  const name = `${canisters[canister]}${certified ? '' : '.raw'}`;
  if (/(^|\.)(icp-api\.io|icp0\.io|ic0\.app)$/.test(hostname))
    return `https://${name}.icp0.io${path}${query === '' ? '' : `?${query}`}`;
  return `${origin}${path}?${query === '' ? '' : `${query}&`}canisterId=${name}`;
}
