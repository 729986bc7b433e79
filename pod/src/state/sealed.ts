import { utf8 } from '@livepod/protocol';
import { sha256 } from '../hashes.js';

/** A pod's own word that no signature holds: whose it is, and a sum, so that damage and another pod's are noticed. */
interface Sealed<T> {
  pod: string;
  content: T;
  sum: string;
}

const sumOf = (pod: string, content: unknown): string => sha256(utf8(`${pod} ${JSON.stringify(content)}`));

/** @param pod  its principal, hex */
export const sealed = <T>(pod: string, content: T): string =>
  `${JSON.stringify({ pod, content, sum: sumOf(pod, content) } satisfies Sealed<T>)}\n`;

/** What was sealed by this pod; undefined for anything else. */
export function opened<T>(pod: string, bytes: Buffer): T | undefined {
  try {
    const { content, sum, pod: whose } = JSON.parse(bytes.toString('utf8')) as Sealed<T>;
    return whose === pod && sum === sumOf(pod, content) ? content : undefined;
  } catch {
    return undefined;
  }
}
