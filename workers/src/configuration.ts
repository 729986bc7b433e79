import { existsSync } from 'node:fs';
import { type Network } from '@livepod/client';
import { loadIdentity, readNetwork } from '@livepod/client/node';
import { signerOf } from '@livepod/transfer';
import { readRing } from '@livepod/codec';
import { WorkerError } from './errors.js';
import { profileProblems, reach } from './profile.js';
import type { Temporal } from './temporal.js';

/** What every process needs; its own variables come on top. */
const COMMON = {
  LIVEPOD_NETWORK: 'the network.json that set-up wrote',
  LIVEPOD_IDENTITY: 'the identity file of this process, {"seed": "…"}',
  LIVEPOD_CODEC_KEYS: 'the key ring that encrypts payloads, or the word off',
};

const PORT: [RegExp, string] = [
  /^(\d{1,4}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d\d|655[0-2]\d|6553[0-5])$/,
  'a port from 0 (any) to 65535',
];

/** What a process may be told besides: where it may be asked how it is, and how long it drains. */
const OPTIONAL = {
  LIVEPOD_METRICS_PORT: PORT,
  LIVEPOD_HEALTH_PORT: PORT,
  LIVEPOD_BIND: [
    /^(\d{1,3}(\.\d{1,3}){3}|[0-9a-f:]*:[0-9a-f:]*)$/i,
    'an IP address of this machine to answer on; 127.0.0.1 unless others have to reach it',
  ],
  LIVEPOD_DRAIN_SECONDS: [/^\d{1,4}$/, 'whole seconds that running steps get after SIGTERM'],
  LIVEPOD_DEPLOY: [/^(manual|auto)$/, 'manual, or nothing'],
  OTEL_EXPORTER_OTLP_ENDPOINT: [
    /^https?:\/\/[^\s/]+/,
    'the URL of an OTLP receiver over HTTP, such as http://127.0.0.1:4318',
  ],
} satisfies Record<string, [RegExp, string]>;

/**
 * Reads the environment, once, at start. Everything that is missing or wrong is said at once, each with what to do.
 *
 * @param wanted  this process's own variables, with what each one is for
 * @param own     which of the two namespaces it works in; a Temporal profile's namespace takes that one's place
 * @throws WorkerError `badConfiguration`
 */
export function configure<K extends string>(
  wanted: Record<K, string>,
  own: 'namespace' | 'providerNamespace' = 'namespace',
) {
  const variables: Record<string, string> = { ...COMMON, ...wanted };
  const missing = Object.entries(variables)
    .filter(([name]) => !process.env[name])
    .map(([name, what]) => `${name} (${what})`);
  const absent = Object.keys(variables)
    .filter((name) => process.env[name] && process.env[name] !== 'off' && !existsSync(process.env[name]))
    .map((name) => `${name} names ${process.env[name]}, which is not there: give the path of ${variables[name]}.`);
  const problems = [
    ...(missing.length > 0 ? [`Set ${missing.join(', ')}.`] : []),
    ...absent,
    ...optionalProblems(),
    ...profileProblems(),
  ];
  const network = attempt(() => readNetwork(process.env['LIVEPOD_NETWORK']!), 'LIVEPOD_NETWORK', problems);
  const identity = attempt(() => loadIdentity(process.env['LIVEPOD_IDENTITY']!), 'LIVEPOD_IDENTITY', problems);
  const keys = attempt(() => readRing(process.env['LIVEPOD_CODEC_KEYS']!), 'LIVEPOD_CODEC_KEYS', problems);
  if (network && !network.temporal)
    problems.push(`${process.env['LIVEPOD_NETWORK']} names no Temporal server; start the stack again.`);
  if (problems.length > 0) throw new WorkerError('badConfiguration', { problems }, problems.join('\n'));

  const { address, namespace } = reach();
  const temporal: Temporal = {
    ...network!.temporal!,
    ...(address ? { address } : {}),
    ...(namespace ? { [own]: namespace } : {}),
  };
  if (keys && keys.namespace !== temporal[own]) {
    throw new WorkerError(
      'badConfiguration',
      { keys: keys.namespace, namespace: temporal[own] },
      `LIVEPOD_CODEC_KEYS holds keys of namespace ${keys.namespace}, and this process works in ` +
        `${temporal[own]}; give it its own key ring.`,
    );
  }
  return {
    network: network!,
    temporal,
    identity: identity!,
    signer: signerOf(identity!),
    own: Object.fromEntries(Object.keys(wanted).map((name) => [name, process.env[name]!])) as Record<K, string>,
  };
}

/** Reads a file that is there; what is wrong with it joins the other problems. */
function attempt<T>(read: () => T, variable: string, problems: string[]): T | undefined {
  if (!process.env[variable] || !existsSync(process.env[variable])) return undefined;
  try {
    return read();
  } catch (error) {
    problems.push(`${variable}: ${(error as Error).message}`);
    return undefined;
  }
}

function optionalProblems(): string[] {
  return Object.entries(OPTIONAL).flatMap(([name, [form, wanted]]) => {
    const value = process.env[name];
    return !value || form.test(value) ? [] : [`${name} is "${value}"; give ${wanted}.`];
  });
}

const CREDENTIALS = [
  'AWS_ACCESS_KEY_ID',
  'AWS_PROFILE',
  'AWS_WEB_IDENTITY_TOKEN_FILE',
  'AWS_CONTAINER_CREDENTIALS_FULL_URI',
];

/** The S3 part of the network, when it has one and there are credentials for it. */
export function objectStoreOf(network: Network): NonNullable<Network['s3']> | undefined {
  // Keys, a profile, or the role that a cluster gives its pods.
  return network.s3 && CREDENTIALS.some((name) => process.env[name]) ? network.s3 : undefined;
}
