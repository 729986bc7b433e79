import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Network } from '@livepod/client';
import {
  acceptShare,
  makeSigningKey,
  newRing,
  OWN_ISSUER,
  share,
  signInLink,
  signInToken,
  writeRing,
} from '@livepod/codec';
import { root } from './paths.js';
import type { Ports } from './ports.js';
import type { ProcessSpec } from './supervised.js';
import type { TemporalAddresses } from './temporalServer.js';

/** Key rings of a stack, by whose payloads they are for. */
export const keyRings = (state: string) => ({
  ours: join(state, 'secrets', 'codec.json'),
  provider: join(state, 'secrets', 'codec-provider-1.json'),
});

/** What the operator's page behind the codec server offers; whoever tells the story writes it. */
export const operatorPageFile = (state: string): string => join(state, 'operator.json');

const signingKey = (state: string): string => join(state, 'secrets', 'codec-signing.json');

/** A link that signs an operator's browser in at the codec server, good for half a day. */
export async function signInLinkOf(
  state: string,
  { namespace, providerNamespace, codecUrl }: NonNullable<Network['temporal']>,
): Promise<string> {
  return signInLink(
    codecUrl!,
    await signInToken(signingKey(state), {
      subject: 'operator',
      permissions: [`${namespace}:write`, `${providerNamespace}:read`],
      hours: 12,
    }),
  );
}

/**
 * The codec server, and the keys that the first start makes: ours, the provider's, one that both hold, and one that
 * signs sign-in links.
 */
export async function codecServer(
  state: string,
  ports: Ports,
  { namespace, providerNamespace, uiUrl }: TemporalAddresses,
): Promise<{ spec: ProcessSpec; codecUrl: string }> {
  const { ours, provider } = keyRings(state);
  if (!existsSync(ours)) writeRing(ours, newRing(namespace));
  if (!existsSync(provider)) writeRing(provider, newRing(providerNamespace));
  acceptShare(provider, share(ours, providerNamespace));
  const jwks = join(state, 'secrets', 'codec-jwks.json');
  await makeSigningKey(signingKey(state), jwks);

  const codecUrl = `http://127.0.0.1:${await ports.choose('codec', 8081)}/codec`;
  const probe = async (): Promise<void> => {
    const { ok, status } = await fetch(`${codecUrl}/health`, { signal: AbortSignal.timeout(5_000) });
    if (!ok) throw new Error(`status ${status}`);
  };
  return {
    codecUrl,
    spec: {
      name: 'codec',
      command: process.execPath,
      args: ['--import', 'tsx', 'infra/codec/src/main.ts'],
      cwd: root,
      env: {
        AWS_ACCESS_KEY_ID: undefined,
        AWS_SECRET_ACCESS_KEY: undefined,
        LIVEPOD_CODEC_KEYS: ours,
        LIVEPOD_CODEC_JWKS: jwks,
        LIVEPOD_CODEC_ISSUER: OWN_ISSUER.issuer,
        LIVEPOD_CODEC_AUDIENCE: OWN_ISSUER.audience,
        LIVEPOD_CODEC_ORIGINS: [uiUrl, uiUrl.replace('//127.0.0.1:', '//localhost:')].join(','),
        LIVEPOD_CODEC_LISTEN: new URL(codecUrl).host,
        LIVEPOD_OPERATOR_PAGE: operatorPageFile(state),
      },
      ready: { line: 'ready' },
      health: probe,
    },
  };
}
