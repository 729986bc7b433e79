import { existsSync } from 'node:fs';
import { PocketIc } from '@dfinity/pic';
import { Principal } from '@dfinity/principal';
import { decode } from 'cborg';
import { RunningPocketServer, testCanister, testWasmPath } from '@livepod/ic/testing';
import type { Target } from './network.js';

/** A PocketIC server with the same canister, behind its gateway; undefined where LIVEPOD_POCKET_IC names none. */
export async function startPocketIc(
  controller: Uint8Array,
  program = process.env['LIVEPOD_POCKET_IC'] ?? '',
): Promise<Target | undefined> {
  if (!existsSync(program)) return undefined;
  const server = await new RunningPocketServer().start(program);
  try {
    const pic = await PocketIc.create(server.url);
    const sender = Principal.fromUint8Array(controller);
    const { canisterId } = await pic.setupCanister({
      idlFactory: testCanister as never,
      wasm: testWasmPath(),
      sender: sender as never,
    });
    const url = `http://127.0.0.1:${await pic.makeLive()}`;
    const status = decode(new Uint8Array(await (await fetch(`${url}/api/v2/status`)).arrayBuffer()).subarray(3)) as {
      root_key: Uint8Array;
    };
    const rootKey = Buffer.from(status.root_key).toString('hex');
    return {
      url,
      rootKey,
      canister: canisterId.toText(),
      stop: async () => {
        await pic.tearDown();
        await server.stop();
      },
    };
  } catch (error) {
    await server.stop();
    throw error;
  }
}
