import { AsyncLocalStorage } from 'node:async_hooks';
import { Readable } from 'node:stream';
import type { S3Client } from '@aws-sdk/client-s3';
import { bounded, type Pace } from './bounded.js';
import { TransferError } from './errors.js';

/** What a list, an error or any other answer but an object may have. */
const MAX_ANSWER_BYTES = 8 * 2 ** 20;

interface Answer {
  statusCode?: number;
  headers?: Record<string, string | undefined>;
  body?: unknown;
}

/** The part of an object that is asked for, [from, to) in bytes. */
export interface Part {
  from: number;
  to: number;
}

/** What of an object the request of this moment asks for; none of other questions. */
const asking = new AsyncLocalStorage<Part | undefined>();

/** Asks; the answer is held to the part of the object that is asked for. */
export const askingFor = <T>(part: Part | undefined, question: () => Promise<T>): Promise<T> =>
  asking.run(part, question);

/**
 * Holds every answer of an object store to what was asked, before anything reads it: no redirect, no other encoding, a
 * range where one was asked for, and no more bytes than that; all within its time.
 */
export function holdAnswers(client: S3Client, pace: Pace): void {
  client.middlewareStack.add(
    (next) => async (given) => {
      const result = await next(given);
      const answer = result.response as Answer;
      const part = asking.getStore();
      const why = objection(answer, part);
      if (why !== undefined) {
        if (answer.body instanceof Readable) answer.body.destroy();
        throw new TransferError(
          'badAnswer',
          { status: answer.statusCode },
          `The object store ${why}; see that the address is the store's own, and not a proxy's.`,
        );
      }
      const limit = part && answer.statusCode! < 300 ? part.to - part.from : MAX_ANSWER_BYTES;
      if (answer.body instanceof Readable) answer.body = bounded(answer.body, limit, 'An answer of the store', pace);
      return result;
    },
    { step: 'deserialize', priority: 'low', name: 'holdAnswers' },
  );
}

/** Why an answer is none to what was asked. */
function objection({ statusCode = 0, headers = {} }: Answer, asked: Part | undefined): string | undefined {
  if (statusCode >= 300 && statusCode < 400 && statusCode !== 304) return 'sends elsewhere (a redirect)';
  const encoding = headers['content-encoding'];
  // A body that grows when it is unpacked has no length that could be held to anything.
  if (encoding !== undefined && encoding !== '' && encoding !== 'identity' && encoding !== 'aws-chunked')
    return `answers in the encoding ${encoding.slice(0, 20)}, which nobody asked for`;
  if (asked === undefined || statusCode >= 300) return undefined;
  const length = headers['content-length'];
  if (statusCode === 206) {
    const range = /^bytes (\d+)-(\d+)\//.exec(headers['content-range'] ?? '');
    const end = range ? Number(range[2]) + 1 : 0;
    if (!range || Number(range[1]) !== asked.from || end > asked.to) return 'answers with another range';
  } else if (asked.from !== 0) return 'answers with the whole object where a range was asked for';
  if (length !== undefined && Number(length) > asked.to - asked.from)
    return `announces ${Number(length)} bytes where ${asked.to - asked.from} were asked for`;
  return undefined;
}
