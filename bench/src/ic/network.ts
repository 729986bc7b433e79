import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { TestNetwork, UNLIMITED_RATES } from '@livepod/ic/testing';

/** A network with the test canister on it, whose controller the load's key is. */
export interface Target {
  url: string;
  /** 133 bytes of DER in hexadecimal. */
  rootKey: string;
  canister: string;
  stop(): Promise<void>;
}

/**
 * The host as `npm run ic` starts it, without the main network's rates, which would hide how fast it is; and the seed
 * of its canisters' controller.
 */
export async function startHost(): Promise<{ network: TestNetwork; seed: string; target: Target }> {
  const network = await new TestNetwork().start(UNLIMITED_RATES);
  try {
    const canister = await network.deploy();
    const seed = Buffer.from(network.identity.getKeyPair().secretKey).toString('hex').slice(0, 64);
    return {
      network,
      seed,
      target: {
        url: network.url,
        rootKey: network.rootKey,
        canister: canister.id.toText(),
        stop: () => network.remove(),
      },
    };
  } catch (error) {
    await network.remove();
    throw error;
  }
}

/** Seconds from the start of a new process on the state to its readiness; what it left to be replayed is replayed. */
export async function restart(network: TestNetwork, signal: 'SIGTERM' | 'SIGKILL'): Promise<number> {
  await network.stop(signal);
  const begun = performance.now();
  await network.start(UNLIMITED_RATES);
  return (performance.now() - begun) / 1000;
}

/** Seconds that a process of the same kind takes before its first line runs. */
export async function emptyProcess(): Promise<number> {
  const begun = performance.now();
  const child = spawn(process.execPath, ['-e', 'console.log(1)'], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(createInterface(child.stdout!), 'line');
  return (performance.now() - begun) / 1000;
}
