import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Something that must not be found: its name in messages, and its bytes or text. */
export interface Secret {
  name: string;
  value: string | Uint8Array;
}

/** Where it was found, and in which form. Never the secret itself. */
export interface Leak {
  secret: string;
  form: string;
  where: string;
}

/** Shorter ones are found by chance. */
const LEAST = 12;

/**
 * The ways in which a secret can stand in a file: its bytes, hexadecimal, JSON-escaped, and base64 wherever in the
 * encoded bytes it begins (three alignments, of which the digits that do not depend on the neighbours are looked for).
 */
export function formsOf({ name, value }: Secret): { form: string; bytes: Buffer }[] {
  const raw = Buffer.from(value);
  if (raw.length < LEAST)
    throw new RangeError(`The secret ${name} is too short to be looked for; give at least ${LEAST} bytes.`);
  const base64 = [0, 1, 2].map((shift) => {
    const digits = Buffer.concat([Buffer.alloc(shift), raw])
      .toString('base64')
      .replace(/=+$/, '');
    return digits.slice(Math.ceil((shift * 8) / 6), shift === 0 && raw.length % 3 === 0 ? undefined : -1);
  });
  const escaped = JSON.stringify(raw.toString('utf8')).slice(1, -1);
  return [
    { form: 'clear', bytes: raw },
    ...(typeof value === 'string' && escaped !== value ? [{ form: 'JSON', bytes: Buffer.from(escaped) }] : []),
    ...(typeof value === 'string' && encodeURIComponent(value) !== value
      ? [{ form: 'URL', bytes: Buffer.from(encodeURIComponent(value)) }]
      : []),
    { form: 'hex', bytes: Buffer.from(raw.toString('hex')) },
    { form: 'hex', bytes: Buffer.from(raw.toString('hex').toUpperCase()) },
    ...base64.flatMap((digits) => [
      { form: 'base64', bytes: Buffer.from(digits) },
      { form: 'base64url', bytes: Buffer.from(digits.replaceAll('+', '-').replaceAll('/', '_')) },
    ]),
  ];
}

/** Looks for every form of every secret. */
export function leaksIn(where: string, bytes: Buffer, secrets: readonly Secret[]): Leak[] {
  return secrets.flatMap((secret) => {
    const found = formsOf(secret).find((form) => bytes.includes(form.bytes));
    return found ? [{ secret: secret.name, form: found.form, where }] : [];
  });
}

/** All files below a folder. */
export function leaksBelow(folder: string, secrets: readonly Secret[]): Leak[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    try {
      return statSync(path).isDirectory() ? leaksBelow(path, secrets) : leaksIn(path, readFileSync(path), secrets);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []; // a journal that ended meanwhile
      throw error;
    }
  });
}
