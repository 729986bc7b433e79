/**
 * An embedded IC host as `npm run ic` runs it, in a process of its own, that also tells what it has executed and what
 * is left of the canisters' cycles; the host's interface has no such question, and the Internet Computer's neither.
 */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createHttpServer, Host } from '@livepod/ic';

export interface IcReady {
  url: string;
  rootKey: string;
}

/** Decimals, as bigints do not cross between processes. */
export interface IcFacts {
  instructions: string;
  cycles: string;
}

const host = Host.open({ state: process.argv[2] as string });
const server = createHttpServer(host).listen(0, '127.0.0.1');
await once(server, 'listening');
process.send?.({
  url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  rootKey: Buffer.from(host.keys.der).toString('hex'),
} satisfies IcReady);

process.on('message', () => {
  const cycles = [...host.subnet.canisters.values()].reduce((sum, canister) => sum + canister.state.cycles, 0n);
  process.send?.({ instructions: String(host.subnet.state.executed), cycles: String(cycles) } satisfies IcFacts);
});
process.once('disconnect', () => process.exit(0));
