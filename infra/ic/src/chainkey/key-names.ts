import { ChainKeyError } from './errors.js';

/**
 * The key names of PocketIC. Their secrets are **public**: they follow from the names, so that this host, PocketIC and
 * offline tools agree on every derived key. Nothing encrypted to them is secret from anybody; a host that has these
 * keys must say so and never pass for production.
 */
export const KEY_NAMES = ['key_1', 'test_key_1', 'dfx_test_key'] as const;

/** @throws ChainKeyError `unknownKey` */
export function requireKnownKey(name: string): void {
  if (!(KEY_NAMES as readonly string[]).includes(name)) {
    throw new ChainKeyError(
      'unknownKey',
      { keyName: name.slice(0, 64) },
      `There is no key ${JSON.stringify(name.slice(0, 64))} here: use one of ${KEY_NAMES.join(', ')}.`,
    );
  }
}
