import { existsSync } from 'node:fs';
import { PocketIc } from '@dfinity/pic';
import { Principal } from '@dfinity/principal';
import { testWasmPath } from '../../../infra/ic/src/testing/network.js';
import { RunningPocketServer } from '../../../infra/ic/src/testing/pocket-server.js';
import { testCanister } from '../../../infra/ic/src/testing/test-canister.js';
import type { Target } from './network.js';

/** A PocketIC server with the same canister, behind its gateway; undefined where LIVEPOD_POCKET_IC names none. */
export async function startPocketIc(controller: Uint8Array, program = process.env['LIVEPOD_POCKET_IC'] ?? ''): Promise<Target | undefined> {
  if (!existsSync(program)) return undefined;
  const server = await new RunningPocketServer().start(program);
  try {
    const pic = await PocketIc.create(server.url);
    const sender = Principal.fromUint8Array(controller);
    const { canisterId } = await pic.setupCanister({ idlFactory: testCanister as never, wasm: testWasmPath(), sender: sender as never });
    const url = String(await pic.makeLive());
    const rootKey = Buffer.from(await pic.getPubKey((await pic.getApplicationSubnets())[0]!.id)).toString('hex');
    return { url, rootKey, canister: canisterId.toText(), stop: async () => { await pic.tearDown(); await server.stop(); } };
  } catch (error) {
    await server.stop();
    throw error;
  }
}
