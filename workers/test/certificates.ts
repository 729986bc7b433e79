import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * An authority of the test's own, a certificate for the server `localhost`, and one for a client, all in a folder, as
 * PEM.
 */
export interface Certificates {
  authority: string;
  server: { cert: string; key: string };
  client: { cert: string; key: string };
}

export function certificates(folder: string): Certificates {
  mkdirSync(folder, { recursive: true });
  const at = (name: string): string => join(folder, name);
  const openssl = (...args: string[]): void =>
    void execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const key = (name: string): string => {
    openssl('genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', at(`${name}.key`));
    return at(`${name}.key`);
  };
  const issued = (name: string, purpose: string): { cert: string; key: string } => {
    const own = key(name);
    writeFileSync(at(`${name}.ext`), `subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=${purpose}\n`);
    openssl('req', '-new', '-key', own, '-subj', `/CN=${name}`, '-out', at(`${name}.csr`));
    openssl(
      'x509',
      '-req',
      '-in',
      at(`${name}.csr`),
      '-CA',
      at('authority.pem'),
      '-CAkey',
      at('authority.key'),
      '-CAcreateserial',
      '-days',
      '2',
      '-extfile',
      at(`${name}.ext`),
      '-out',
      at(`${name}.pem`),
    );
    return { cert: at(`${name}.pem`), key: own };
  };
  openssl(
    'req',
    '-x509',
    '-key',
    key('authority'),
    '-subj',
    '/CN=Test authority',
    '-days',
    '2',
    '-out',
    at('authority.pem'),
  );
  return {
    authority: at('authority.pem'),
    server: issued('server', 'serverAuth'),
    client: issued('client', 'clientAuth'),
  };
}
