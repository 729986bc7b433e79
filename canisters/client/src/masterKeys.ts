import { IC_ROOT_KEY } from '@dfinity/agent';
import { CanisterError } from './errors.js';

/** Of the main network, for good (IC spec: vetKD; the same constants are in `@dfinity/vetkeys`). Hex of 96 bytes. */
const MAIN_NETWORK: Record<string, string> = {
  key_1:
    'a9caf9ae8af0c7c7272f8a122133e2e0c7c0899b75e502bda9e109ca8193ded3ef042ed96db1125e1bdaad77d8cc60d9' +
    '17e122fe2501c45b96274f43705edf0cfd455bc66c3c060faa2fcd15486e76351edf91fecb993797273bbc8beaa47404',
  test_key_1:
    'ad86e8ff845912f022a0838a502d763fdea547c9948f8cb20ea7738dd52c1c38dcb4c6ca9ac29f9ac690fc5ad7681cb4' +
    '1922b8dffbd65d94bff141f5fb5b6624eccc03bf850f222052df888cf9b1e47203556d7522271cbb879b2ef4b8c2bfb1',
};

/** Of the embedded network and of PocketIC: **anybody can derive their secrets**; nothing of the world goes there. */
const TEST_NETWORKS: Record<string, string> = {
  key_1:
    '8c800b5cff00463d26e8167369168827f1e48f4d8d60f71dd6a295580f65275b5f5f8e6a792c876b2c72492136530d07' +
    '10a27522ee63977a76216c3cef9e70bfcb45b88736fc62142e7e0737848ce06cbb1f45a4a6a349b142ae5cf7853561e0',
  test_key_1:
    '9069b82c7aae418cef27678291e7f2cb1a008a500eceba7199bffca12421b07c158987c6a22618af3d1958738b283569' +
    '1028801f7663d311799733286c557c8979184bb62cb559a4d582fca7d2e48b860f08ed6641aef66a059ec891889a6218',
  dfx_test_key:
    'b181c14cf9d04ba45d782c0067a44b0aaa9fc2acf94f1a875f0dae801af4f80339a7e6bf8b09fcf993824c8df3080b3f' +
    '1409b688ca08cbd44d2cb28db9899f4aa3b5f06b9174240448e10be2f01f9f80079ea5431ce2d11d1c8d1c775333315f',
};

/**
 * The vetKD master public key of that name, which an installation writes into network.json.
 *
 * @param rootKey  of the network, hex of its DER form
 * @returns hex of 96 bytes
 * @throws CanisterError `invalid`: no key of that name is known for this network
 */
export function vetkdMasterOf(rootKey: string, keyName: string): string {
  const known = rootKey === IC_ROOT_KEY ? MAIN_NETWORK : TEST_NETWORKS;
  const master = Object.hasOwn(known, keyName) ? known[keyName] : undefined;
  if (master !== undefined) return master;
  throw new CanisterError(
    'invalid',
    { keyName },
    `No vetKD master key ${keyName} is known for this network; it has ${Object.keys(known).join(', ')}. Give another ` +
      'name, or the master key itself (vetkdMaster).',
  );
}
