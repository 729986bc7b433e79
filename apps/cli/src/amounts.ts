import { TOKEN_E8S, TOKEN_PLACES } from '@livepod/protocol';
import { InvalidArgumentError, Option } from 'commander';

/** An amount in tokens, `12.5`, as e8s. */
export function amountOf(text: string): bigint {
  const [, whole, fraction = ''] = /^(\d{1,15})(?:\.(\d{1,8}))?$/.exec(text.trim()) ?? [];
  if (whole === undefined)
    throw new InvalidArgumentError('Give an amount in tokens, with at most eight decimal places, such as 12.5.');
  return BigInt(whole) * TOKEN_E8S + BigInt(fraction.padEnd(TOKEN_PLACES, '0'));
}

/** An amount in tokens that has a default; commander cannot write e8s into its help. */
export const amountOption = (flags: string, says: string, standard: string): Option =>
  new Option(flags, says).default(amountOf(standard), standard).argParser(amountOf);

/** A moment as people read it, from nanoseconds since 1970. */
export const moment = (nanoseconds: bigint): string =>
  new Date(Number(nanoseconds / 1_000_000n)).toISOString().replace(/\.\d+Z$/, 'Z');

/** A moment from seconds since 1970. */
export const momentOfSeconds = (seconds: number): string => moment(BigInt(Math.round(seconds)) * 1_000_000_000n);
