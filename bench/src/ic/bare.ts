import { readFileSync } from 'node:fs';
import { testWasmPath } from '@livepod/ic/testing';

const ARGUMENT = Buffer.from('4449444c0000', 'hex');

/**
 * The same canister with nothing around it: calls per second of an exported method in V8, without metering, rollback,
 * journal or certificate.
 */
export function bareCalls(method: string, seconds: number): number {
  const module = new WebAssembly.Module(readFileSync(testWasmPath()));
  let memory!: WebAssembly.Memory;
  const known: Record<string, (...args: number[]) => unknown> = {
    msg_arg_data_size: () => ARGUMENT.length,
    msg_arg_data_copy: (target, offset, size) => {
      new Uint8Array(memory.buffer, target, size).set(ARGUMENT.subarray(offset!, offset! + size!));
    },
    msg_reply_data_append: () => undefined,
    msg_reply: () => undefined,
  };
  const imports: Record<string, Record<string, WebAssembly.ImportValue>> = {};
  for (const { module: from, name } of WebAssembly.Module.imports(module)) {
    (imports[from] ??= {})[name] =
      known[name] ??
      (() => {
        throw new Error(`The bare call came to use ${name}.`);
      });
  }
  const { exports } = new WebAssembly.Instance(module, imports);
  memory = exports['memory'] as WebAssembly.Memory;
  const call = exports[method] as () => void;
  let calls = 0;
  const begun = performance.now();
  for (const end = begun + seconds * 1000; performance.now() < end;)
    for (let some = 0; some < 100; some += 1, calls += 1) call();
  return calls / ((performance.now() - begun) / 1000);
}
