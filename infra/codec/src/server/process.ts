import { CodecError } from '../errors.js';
import { KeyRing } from '../keyRing.js';
import { serve } from './server.js';

const NEEDED = {
  LIVEPOD_CODEC_KEYS: 'the key ring, a file',
  LIVEPOD_CODEC_JWKS: 'the key set of who issues tokens, a file or URL',
  LIVEPOD_CODEC_ISSUER: 'the issuer that tokens name',
  LIVEPOD_CODEC_AUDIENCE: 'the audience that tokens name',
  LIVEPOD_CODEC_ORIGINS: 'the exact origins of Temporal UIs, with commas between',
};

/**
 * The codec server as a process: everything from the environment, an access log of JSON lines on standard error, until
 * a signal ends it. Besides what is needed: LIVEPOD_CODEC_LISTEN (default 127.0.0.1:8081), LIVEPOD_CODEC_URL,
 * LIVEPOD_CODEC_RATE (`burst/perSecond`), LIVEPOD_CODEC_BODY (bytes), LIVEPOD_OPERATOR_PAGE (a file).
 *
 * @throws CodecError `badOption` naming everything that is missing at once · `badKeyRing`
 */
export async function serveFromEnvironment(env: NodeJS.ProcessEnv = process.env): Promise<void> {
  const missing = Object.entries(NEEDED)
    .filter(([name]) => !env[name])
    .map(([name, what]) => `${name} (${what})`);
  if (missing.length > 0) throw new CodecError('badOption', { missing }, `Set ${missing.join(', ')}.`);
  const [host, port] = (env['LIVEPOD_CODEC_LISTEN'] ?? '127.0.0.1:8081').split(/:(?=\d+$)/);
  const rate = /^(\d+)\/(\d+)$/.exec(env['LIVEPOD_CODEC_RATE'] ?? '600/60');
  const bodyLimit = Number(env['LIVEPOD_CODEC_BODY'] ?? 8 * 2 ** 20);
  if (!port || !rate || !(bodyLimit > 0))
    throw new CodecError(
      'badOption',
      {},
      'LIVEPOD_CODEC_LISTEN has to be host:port, LIVEPOD_CODEC_RATE burst/perSecond, and LIVEPOD_CODEC_BODY a ' +
        'number of bytes.',
    );
  const server = await serve({
    ring: new KeyRing(env['LIVEPOD_CODEC_KEYS']!),
    trust: {
      jwks: env['LIVEPOD_CODEC_JWKS']!,
      issuer: env['LIVEPOD_CODEC_ISSUER']!,
      audience: env['LIVEPOD_CODEC_AUDIENCE']!,
    },
    origins: env['LIVEPOD_CODEC_ORIGINS']!.split(',').map((origin) => origin.trim()),
    host: host!,
    port: Number(port),
    url: env['LIVEPOD_CODEC_URL'] || undefined,
    rate: { burst: Number(rate[1]), perSecond: Number(rate[2]) },
    bodyLimit,
    page: env['LIVEPOD_OPERATOR_PAGE'] || undefined,
    log: (access) =>
      process.stderr.write(
        `${JSON.stringify({ at: new Date().toISOString(), role: 'codec', message: 'request', ...access })}\n`,
      ),
  });
  process.stdout.write(
    `${JSON.stringify({ ready: true, role: 'codec', url: server.url, metrics: `${server.url}/metrics` })}\n`,
  );
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
  await server.close();
}
