import { Principal } from '@dfinity/principal';
import type { Incoming } from '../http/body.js';
import { idOf, type Id } from '../subnet/principals.js';
import { GatewayFailure } from './failure.js';

/** Which canister a request is for, and whether its answer must be certified: answers under `raw` need not be. */
export interface Address {
  canister: Id;
  certified: boolean;
}

const BASES = ['localhost', '127.0.0.1', '[::1]'];

/**
 * Which canister a request means, as ic-gateway finds it (HTTP gateway protocol: Canister ID resolution): by the name
 * `<id>.localhost` or `<id>.raw.localhost`, by `?canisterId=<id>`, or by the page that it comes from, in this order.
 * `?canisterId=<id>.raw` is ours: `<id>.raw.localhost` for programs whose resolver does not know names under localhost.
 *
 * @returns undefined when nothing names a canister
 * @throws GatewayFailure `client_no_authority` · `client_unknown_domain` · `canister_id_incorrect`
 */
export function addressOf({ url, headers }: Incoming): Address | undefined {
  const name = hostName(headers.host);
  if (name === undefined) throw new GatewayFailure('client_no_authority');
  return (
    named(name) ??
    asked(new URL(url ?? '/', 'http://localhost').searchParams.get('canisterId')) ??
    referred(headers.referer)
  );
}

/** Whether a `host` header is the gateway's own name, and no canister's. */
export function isBase(host: string | undefined): boolean {
  return BASES.includes(hostName(host) ?? '');
}

function hostName(host: string | undefined): string | undefined {
  return /^(\[[0-9a-f:]+\]|[^:/]+)(?::\d+)?$/i.exec(host ?? '')?.[1]?.toLowerCase();
}

function baseOf(name: string): string | undefined {
  return BASES.find((base) => name === base || name.endsWith(`.${base}`));
}

function named(name: string): Address | undefined {
  const base = baseOf(name);
  const labels = base === undefined ? [] : name.slice(0, -base.length).split('.').slice(0, -1);
  if (base === undefined || labels.length > 2 || (labels.length === 2 && labels[1] !== 'raw'))
    throw new GatewayFailure('client_unknown_domain', name);
  const canister = principal(labels[0]?.split('--').at(-1)); // <anything>--<id>.localhost, as previews are named
  return canister === undefined ? undefined : { canister, certified: labels.length === 1 };
}

function asked(parameter: string | null): Address | undefined {
  if (parameter === null) return undefined;
  const canister = principal(parameter.replace(/\.raw$/, ''));
  if (canister === undefined) throw new GatewayFailure('canister_id_incorrect', parameter);
  return { canister, certified: !parameter.endsWith('.raw') };
}

function referred(referer: string | undefined): Address | undefined {
  if (!referer || !URL.canParse(referer)) return undefined;
  const { hostname, searchParams } = new URL(referer);
  const parameter = searchParams.get('canisterId');
  const canister = principal(hostname.split('.')[0]) ?? principal(parameter?.replace(/\.raw$/, ''));
  return canister === undefined ? undefined : { canister, certified: !parameter?.endsWith('.raw') };
}

function principal(text: string | undefined): Id | undefined {
  try {
    return text ? idOf(Principal.fromText(text).toUint8Array()) : undefined;
  } catch {
    return undefined;
  }
}
