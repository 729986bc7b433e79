import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSConfig } from '@temporalio/client';
import { certificates, type Certificates } from '../test/certificates.js';
import { profileProblems, reach } from './profile.js';

let folder: string;
let tls: Certificates;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'livepod-profile-'));
  tls = certificates(folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const file = (text: string): string => {
  const path = join(folder, 'temporal.toml');
  writeFileSync(path, text);
  return path;
};

describe('a Temporal profile', () => {
  it('is empty where nothing is set, whatever lies in the home folder', () => {
    expect(reach({ HOME: folder, PATH: '/bin' })).toEqual({});
  });

  it('gives mTLS from a file, and variables go over it', () => {
    const config = file(
      '[profile.prod]\naddress = "ns.acct.tmprl.cloud:7233"\nnamespace = ' +
        `"ns.acct"\n[profile.prod.tls]\nclient_cert_path = "${tls.client.cert}"\nclient_key_path = ` +
        `"${tls.client.key}"\nserver_ca_cert_path = "${tls.authority}"\n`,
    );
    const found = reach({ TEMPORAL_CONFIG_FILE: config, TEMPORAL_PROFILE: 'prod', TEMPORAL_NAMESPACE: 'other.acct' });
    expect(found).toMatchObject({ address: 'ns.acct.tmprl.cloud:7233', namespace: 'other.acct' });
    expect(String((found.tls as TLSConfig).clientCertPair?.crt)).toContain('BEGIN CERTIFICATE');
  });

  it('turns TLS on for an API key, and sends headers', () => {
    expect(
      reach({
        TEMPORAL_ADDRESS: 'eu.api.temporal.io:7233',
        TEMPORAL_API_KEY: 'secret',
        TEMPORAL_GRPC_META_TEAM: 'pods',
      }),
    ).toEqual({
      address: 'eu.api.temporal.io:7233',
      apiKey: 'secret',
      tls: true,
      metadata: { team: 'pods' },
    });
  });

  it('says everything that is wrong at once', () => {
    const problems = profileProblems({
      TEMPORAL_ADDRESS: 'https://server',
      TEMPORAL_TLS_CLIENT_CERT_PATH: join(folder, 'none.pem'),
      TEMPORAL_TLS_SERVER_CA_CERT_DATA: 'nonsense',
    });
    expect(problems).toHaveLength(4);
    expect(problems.join(' ')).toMatch(/give host:port.*without its key.*cannot be read.*no PEM/s);
  });

  it('refuses a profile without a file, a file that is not there, and a name that the file lacks', () => {
    expect(profileProblems({ TEMPORAL_PROFILE: 'prod' })[0]).toMatch(/no file holds it/);
    expect(profileProblems({ TEMPORAL_CONFIG_FILE: join(folder, 'none.toml') })[0]).toMatch(/is not there/);
    expect(profileProblems({ TEMPORAL_CONFIG_FILE: file('[profile.prod]\n'), TEMPORAL_PROFILE: 'test' })[0]).toMatch(
      /no profile "test".*prod/,
    );
  });

  it('refuses a file with a key that nobody knows, and one that is no TOML', () => {
    expect(profileProblems({ TEMPORAL_CONFIG_FILE: file('[profile.default]\nadress = "x:1"\n') })[0]).toMatch(
      /unrecognized.*adress/,
    );
    expect(profileProblems({ TEMPORAL_CONFIG_FILE: file('profile = [') })[0]).toMatch(/no configuration/);
  });

  it('refuses a key of another certificate', () => {
    expect(
      profileProblems({ TEMPORAL_TLS_CLIENT_CERT_PATH: tls.client.cert, TEMPORAL_TLS_CLIENT_KEY_PATH: tls.server.key }),
    ).toEqual([expect.stringMatching(/does not belong/)]);
  });

  it('refuses to send an API key in clear, and a word that is neither true nor false', () => {
    expect(profileProblems({ TEMPORAL_TLS: 'false', TEMPORAL_API_KEY: 'secret' })[0]).toMatch(/in clear/);
    expect(profileProblems({ TEMPORAL_TLS: 'yes' })[0]).toMatch(/true or false/);
  });

  it("refuses to skip the check of the server's name", () => {
    expect(profileProblems({ TEMPORAL_TLS_DISABLE_HOST_VERIFICATION: 'true' })[0]).toMatch(/not honoured/);
  });
});
