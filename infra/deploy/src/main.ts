import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { handOver, installAll } from '@livepod/client/install';
import { loadIdentity, readNetwork } from '@livepod/client/node';
import { idsOf, parametersOf, writeArguments } from './arguments.js';

const HELP = `usage: main.ts arguments --ids FILE --parameters FILE
       main.ts install --ids FILE --parameters FILE --identity FILE --host URL --root-key HEX --network FILE
       [--root-seeds FILE]
       main.ts handover --identity FILE --network FILE [--root-controller ID]

  --ids FILE         the canisters' ids as icp keeps them: {"governance": "…", …}
  --parameters FILE  token, voting, bonds, key names, operators; see examples/parameters.json
  --identity FILE    a controller of the canisters: {"seed": "…"}
  --root-seeds FILE  three seeds of the DAO's root keys, hex, one a line: makes and installs the first TUF root
  --network FILE     network.json, written

arguments: writes arguments/<canister>.bin beside icp.yaml, for "icp deploy".
install:   installs the Wasm of .cache/wasm with these arguments, gives datasets the bucket's Wasm, and goes on where
           it was interrupted.
handover:  makes root the only controller of every canister, and governance (or the SNS's root of --root-controller) the
           only one of root. Only a vote takes it back.
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    ids: { type: 'string' },
    parameters: { type: 'string' },
    identity: { type: 'string' },
    host: { type: 'string' },
    'root-key': { type: 'string' },
    network: { type: 'string' },
    'root-seeds': { type: 'string' },
    'root-controller': { type: 'string' },
  },
});
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const { ids, parameters, identity, host, 'root-key': rootKey, network, 'root-seeds': seeds } = values;

async function main(): Promise<void> {
  if (positionals[0] === 'arguments' && ids && parameters) {
    for (const file of writeArguments(idsOf(ids), parametersOf(readFileSync(parameters, 'utf8')), here('../arguments')))
      process.stdout.write(`${file}\n`);
  } else if (positionals[0] === 'install' && ids && parameters && identity && host && rootKey && network) {
    const rootSeeds =
      seeds === undefined
        ? {}
        : {
            rootSeeds: readFileSync(seeds, 'utf8')
              .trim()
              .split('\n')
              .map((line) => new Uint8Array(Buffer.from(line, 'hex'))),
          };
    await installAll({
      icHost: host,
      rootKey,
      wasmDir: here('../../../.cache/wasm'),
      identity: loadIdentity(identity),
      parameters: { ...parametersOf(readFileSync(parameters, 'utf8')), ...rootSeeds },
      networkFile: network,
      canisters: idsOf(ids),
      root: idsOf(ids).root,
      tell: (line) => process.stderr.write(`${line}\n`),
    });
  } else if (positionals[0] === 'handover' && identity && network) {
    const rootController = values['root-controller'];
    await handOver({
      network: readNetwork(network),
      identity: loadIdentity(identity),
      networkFile: network,
      ...(rootController && { rootController }),
      tell: (line) => process.stderr.write(`${line}\n`),
    });
  } else {
    process.stderr.write(HELP);
    process.exitCode = 2;
  }
}

main().catch((error: Error) => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
