import { createPrivateKey, X509Certificate } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import type { TLSConfig } from '@temporalio/client';
import {
  loadClientConfig,
  loadClientConfigProfile,
  toClientOptions,
  type ClientConfigProfile,
  type ClientConfigTLS,
  type ConfigDataSource,
} from '@temporalio/envconfig';
import { WorkerError } from './errors.js';

type Environment = Record<string, string | undefined>;

/**
 * How the Temporal server is reached, besides what network.json says: only what the environment or its profile names.
 */
export interface Reach {
  address?: string;
  namespace?: string;
  apiKey?: string;
  tls?: TLSConfig | boolean;
  metadata?: Record<string, string>;
}

/**
 * What `TEMPORAL_PROFILE` of `TEMPORAL_CONFIG_FILE` and the other standard variables of Temporal's clients say. Where
 * none is set this is empty: a profile that someone keeps for the `temporal` command must not send the workers of this
 * stack elsewhere.
 *
 * @throws WorkerError `badConfiguration` with everything that is wrong
 */
export function reach(env: Environment = process.env): Reach {
  const { profile, problems } = readProfile(env);
  if (problems.length > 0) throw new WorkerError('badConfiguration', { problems }, problems.join(' '));
  if (!profile) return {};
  const { address, namespace, apiKey, grpcMeta } = profile;
  const tls = asBuffers(toClientOptions(profile).connectionOptions.tls ?? undefined);
  return {
    ...(address === undefined ? {} : { address }),
    ...(namespace === undefined ? {} : { namespace }),
    ...(apiKey === undefined ? {} : { apiKey }),
    ...(tls === undefined ? {} : { tls }),
    ...(grpcMeta === undefined ? {} : { metadata: grpcMeta }),
  };
}

/** Every sentence that is to be said about the profile, each with what to do; none when it is right or absent. */
export const profileProblems = (env: Environment = process.env): string[] => readProfile(env).problems;

const TLS_VARIABLES =
  'TLS|TLS_(CLIENT_(CERT|KEY)|SERVER_CA_CERT)_(PATH|DATA)|TLS_SERVER_NAME|TLS_DISABLE_HOST_VERIFICATION';
const VARIABLES = new RegExp(
  `^TEMPORAL_(PROFILE|CONFIG_FILE|ADDRESS|NAMESPACE|API_KEY|${TLS_VARIABLES}|GRPC_META_.+)$`,
);

function readProfile(env: Environment): { profile?: ClientConfigProfile; problems: string[] } {
  const named = Object.fromEntries(
    Object.entries(env).filter(([name, value]) => VARIABLES.test(name) && value !== undefined && value !== ''),
  ) as Record<string, string>;
  if (Object.keys(named).length === 0) return { problems: [] };
  const problems = [...flagProblems(named), ...fileProblems(named)];
  if (problems.length > 0) return { problems };
  // Only a file that is named is read, never the one in the home folder.
  const file = named['TEMPORAL_CONFIG_FILE'];
  let profile: ClientConfigProfile;
  try {
    profile = loadClientConfigProfile({
      overrideEnvVars: named,
      ...(file === undefined ? { disableFile: true } : { configFileStrict: true }),
    });
  } catch (error) {
    return { problems: [`${(error as Error).message}; set the path or the data, not both.`] };
  }
  return { profile, problems: [...addressProblems(profile), ...tlsProblems(profile, named)] };
}

function flagProblems(named: Record<string, string>): string[] {
  const flag = named['TEMPORAL_TLS'];
  return [
    ...(flag !== undefined && !['true', 'false', '1', '0'].includes(flag)
      ? [`TEMPORAL_TLS is "${flag}"; give true or false.`]
      : []),
    ...('TEMPORAL_TLS_DISABLE_HOST_VERIFICATION' in named
      ? [
          'TEMPORAL_TLS_DISABLE_HOST_VERIFICATION is not honoured: name the server in ' +
            'TEMPORAL_TLS_SERVER_NAME and its authority in TEMPORAL_TLS_SERVER_CA_CERT_PATH.',
        ]
      : []),
  ];
}

function fileProblems(named: Record<string, string>): string[] {
  const { TEMPORAL_CONFIG_FILE: file, TEMPORAL_PROFILE: profile } = named;
  if (file === undefined)
    return profile === undefined
      ? []
      : [
          `TEMPORAL_PROFILE is "${profile}", but no file holds it: set TEMPORAL_CONFIG_FILE to a file with ` +
            `[profile.${profile}].`,
        ];
  if (!existsSync(file))
    return [
      `TEMPORAL_CONFIG_FILE names ${file}, which is not there: give the path of a TOML file with ` +
        `[profile.${profile ?? 'default'}].`,
    ];
  try {
    const { profiles } = loadClientConfig({ configSource: { path: file }, configFileStrict: true });
    const wanted = profile ?? 'default';
    return wanted in profiles
      ? []
      : [
          `${file} holds no profile "${wanted}": set TEMPORAL_PROFILE to one that it holds ` +
            `(${Object.keys(profiles).join(', ') || 'it holds none'}).`,
        ];
  } catch (error) {
    return [
      `${file} is no configuration of Temporal clients: ` +
        `${(error as Error).message.split('\n')[0]!.replace(/\.$/, '')}; see docs/deploy.md for one.`,
    ];
  }
}

function addressProblems({ address }: ClientConfigProfile): string[] {
  return address === undefined || /^[^\s/:]+:\d{1,5}$|^\[[0-9a-f:]+\]:\d{1,5}$/i.test(address)
    ? []
    : [`The Temporal address is "${address}"; give host:port without a scheme, such as ns.acct.tmprl.cloud:7233.`];
}

function tlsProblems({ tls, apiKey }: ClientConfigProfile, named: Record<string, string>): string[] {
  if (tls?.disabled === true) {
    const because = named['TEMPORAL_TLS'] === undefined ? 'tls.disabled is true' : 'TEMPORAL_TLS is false';
    return apiKey === undefined
      ? []
      : [`${because}, and an API key is given: it would cross the network in clear; remove one of the two.`];
  }
  if (!tls) return [];
  const problems: string[] = [];
  if (tls.clientCert && !tls.clientKey)
    problems.push(
      'A client certificate is given without its key: set TEMPORAL_TLS_CLIENT_KEY_PATH (or client_key_path in ' +
        'the profile).',
    );
  if (tls.clientKey && !tls.clientCert)
    problems.push(
      'A client key is given without its certificate: set TEMPORAL_TLS_CLIENT_CERT_PATH (or client_cert_path ' +
        'in the profile).',
    );
  const certificate = parsed(tls, 'clientCert', 'client certificate', (pem) => new X509Certificate(pem), problems);
  const key = parsed(tls, 'clientKey', 'client key', (pem) => createPrivateKey(Buffer.from(pem)), problems);
  const authority = parsed(
    tls,
    'serverCACert',
    "certificate of the server's authority",
    (pem) => new X509Certificate(pem),
    problems,
  );
  if (certificate && key && !certificate.checkPrivateKey(key))
    problems.push('The client key does not belong to the client certificate: give the pair that was issued together.');
  for (const [what, of] of [
    ['client certificate', certificate],
    ["certificate of the server's authority", authority],
  ] as const) {
    if (of && Date.parse(of.validTo) < Date.now())
      problems.push(`The ${what} ended on ${new Date(of.validTo).toISOString().slice(0, 10)}: have a new one issued.`);
  }
  return problems;
}

/** Reads one of the TLS files; a sentence instead when it is not there or not what it should be. */
function parsed<T>(
  tls: ClientConfigTLS,
  field: 'clientCert' | 'clientKey' | 'serverCACert',
  what: string,
  parse: (pem: Uint8Array) => T,
  problems: string[],
): T | undefined {
  const source: ConfigDataSource | undefined = tls[field];
  if (!source) return undefined;
  const where = 'path' in source ? source.path : 'the data given';
  let pem: Uint8Array;
  try {
    pem =
      'path' in source
        ? readFileSync(source.path)
        : typeof source.data === 'string'
          ? Buffer.from(source.data)
          : source.data;
  } catch (error) {
    problems.push(
      `The ${what} cannot be read from ${where} ` +
        `(${(error as NodeJS.ErrnoException).code ?? (error as Error).message}): give the path of a PEM file ` +
        'that this process may read.',
    );
    return undefined;
  }
  try {
    return parse(pem);
  } catch {
    problems.push(`The ${what} in ${where} is no PEM that can be read: give one that begins with -----BEGIN.`);
    return undefined;
  }
}

/** grpc-js takes nothing but Buffers. */
function asBuffers(tls: TLSConfig | boolean | undefined): TLSConfig | boolean | undefined {
  if (typeof tls !== 'object') return tls;
  const { serverRootCACertificate: authority, clientCertPair: pair } = tls;
  return {
    ...tls,
    ...(authority ? { serverRootCACertificate: Buffer.from(authority) } : {}),
    ...(pair ? { clientCertPair: { crt: Buffer.from(pair.crt), key: Buffer.from(pair.key) } } : {}),
  };
}
