import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { FORMS, TestNetwork, testWasm } from '../testing/network.js';
import { sha256 } from '../wasm/module.js';

const PYTHON =
  process.env.LIVEPOD_IC_PY ?? fileURLToPath(new URL('../../../../.cache/ic-py/bin/python', import.meta.url));
const CLIENT = fileURLToPath(new URL('ic_py_client.py', import.meta.url));

describe.each(FORMS)('ic-py 1.0.1, of a subnet %s,', (_, options) => {
  const network = new TestNetwork();

  beforeAll(() => network.start(options));
  afterAll(() => network.remove());

  it('updates, queries and reads the certified state', async () => {
    const canister = await network.deploy();
    const { subnet_configs } = (await (await fetch(`${network.url}/_/topology`)).json()) as { subnet_configs: object };
    const { stdout } = await promisify(execFile)(
      PYTHON,
      [CLIENT, network.url, canister.id.toText(), Object.keys(subnet_configs)[0]!],
      { timeout: 60_000 },
    );
    expect(JSON.parse(stdout)).toEqual({
      increment: 1,
      again: 2,
      counter: 2,
      whoami: true,
      hash: Buffer.from(sha256(testWasm())).toString('hex'),
      controllers: [network.identity.getPrincipal().toText()],
      subnetKey: options.length === 0 ? network.rootKey : (expect.not.stringMatching(network.rootKey) as string),
      ranges: 1,
      time: expect.any(Number) as number,
      refused: expect.stringContaining('deliberate') as string,
    });
    expect(await canister.counter()).toBe(2n);
  });
});
