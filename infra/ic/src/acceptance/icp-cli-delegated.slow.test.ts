import { IcpProject, icpIsHere } from '../testing/icp-cli.js';
import { TestNetwork } from '../testing/network.js';

/**
 * The real `icp` with a subnet under a root, as on the main network: its agent verifies certificates by the root's key
 * and the delegation.
 */
(icpIsHere ? describe : describe.skip)('icp, connected to a subnet under a root that delegates', () => {
  const network = new TestNetwork();
  const projects: IcpProject[] = [];
  const connected = (rootKey: string): IcpProject => {
    const project = new IcpProject(`    mode: connected\n    url: ${network.url}\n    root-key: ${rootKey}\n`);
    projects.push(project);
    return project;
  };

  beforeAll(() => network.start(['--delegated']));
  afterAll(async () => {
    for (const project of projects) project.remove();
    await network.remove();
  });

  it('deploys, calls, queries and reads the status', async () => {
    const project = connected(network.rootKey);
    const principal = (await project.run('identity', 'principal')).trim();
    await project.run('cycles', 'transfer', '10T', principal, '--identity', 'anonymous', '-n', 'local');
    expect(await project.run('deploy')).toContain('Created canister test with ID');
    expect(await project.run('canister', 'call', 'test', 'increment', '()')).toContain('(1 : nat64)');
    expect(await project.run('canister', 'call', 'test', 'counter', '()', '--query')).toContain('(1 : nat64)');
    expect(await project.run('canister', 'status', 'test')).toContain('Status: Running');
  });

  it('believes nothing under another root key', async () => {
    const other = `${network.rootKey.slice(0, -2)}${network.rootKey.endsWith('00') ? '01' : '00'}`;
    await expect(
      connected(other).run('cycles', 'transfer', '10T', 'aaaaa-aa', '--identity', 'anonymous', '-n', 'local'),
    ).rejects.toThrow(/certificate|signature|key/i);
  });
});
