import { InvalidArgumentError } from 'commander';

/** Decimal places of the token: its smallest unit is an e8s. */
const PLACES = 8;
const UNIT = 10n ** BigInt(PLACES);

/** An amount in tokens, `12.5`, as e8s. */
export function amountOf(text: string): bigint {
  const [, whole, fraction = ''] = /^(\d{1,15})(?:\.(\d{1,8}))?$/.exec(text.trim()) ?? [];
  if (whole === undefined)
    throw new InvalidArgumentError('Give an amount in tokens, with at most eight decimal places, such as 12.5.');
  return BigInt(whole) * UNIT + BigInt(fraction.padEnd(PLACES, '0'));
}

/** e8s as tokens: `12.5`. */
export function tokens(e8s: bigint | string | number): string {
  const amount = BigInt(e8s);
  const fraction = String(amount % UNIT)
    .padStart(PLACES, '0')
    .replace(/0+$/, '');
  return `${amount / UNIT}${fraction && `.${fraction}`}`;
}

/** A moment as people read it, from nanoseconds since 1970. */
export const moment = (nanoseconds: bigint): string =>
  new Date(Number(nanoseconds / 1_000_000n)).toISOString().replace(/\.\d+Z$/, 'Z');

/** A moment from seconds since 1970. */
export const momentOfSeconds = (seconds: number): string => moment(BigInt(Math.round(seconds)) * 1_000_000_000n);
