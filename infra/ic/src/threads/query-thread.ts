import { encode } from 'cborg';
import { parentPort, workerData } from 'node:worker_threads';
import { decodeEnvelope, selfDescribed, verifyEnvelope } from '../envelopes/index.js';
import { readQuery, signedAnswer } from '../http/queries.js';
import { principalIn } from '../http/endpoints.js';
import { refusal } from '../http/replies.js';
import { Elsewhere } from '../subnet/queries.js';
import type { AskedQuery, FromQueryThread, ThreadAnswer, ThreadData, ToQueryThread } from './messages.js';
import { Replica } from './replica.js';

/** A thread that answers queries: it verifies, evaluates and signs, one query at a time. */
const tell = (message: FromQueryThread): void => parentPort!.postMessage(message);
const replica = new Replica(workerData as ThreadData, (canister, line) => tell({ kind: 'printed', canister, line }));

/** Milliseconds for which answers are kept to be told together. */
const TOGETHER = 2;

parentPort!.on('message', (message: ToQueryThread) => {
  if (message.kind !== 'asked') return replica.apply(message);
  let answers: ThreadAnswer[] = [];
  let told = performance.now();
  for (const asked of message.queries) {
    answers.push({ id: asked.id, ...answerTo(asked) });
    if (performance.now() - told < TOGETHER) continue;
    tell({ kind: 'answers', answers });
    [answers, told] = [[], performance.now()];
  }
  if (answers.length > 0) tell({ kind: 'answers', answers });
});
tell({ kind: 'ready' });

function answerTo({ what, effective, body }: AskedQuery): Omit<ThreadAnswer, 'id'> {
  if (what === 'read_state') return { answer: 'elsewhere', meanwhile: network(body), counted: [] };
  try {
    const { call, requestId } = readQuery(replica.keys, () => replica.now(), principalIn(effective), body);
    const { response, counted, stale } = replica.query(call);
    const answer = signedAnswer(replica.keys, requestId, response, replica.now());
    return stale ? { answer: 'elsewhere', meanwhile: answer, counted: [] } : { answer, counted };
  } catch (failure) {
    return { answer: failure instanceof Elsewhere ? 'elsewhere' : refusal(failure), counted: [] };
  }
}

/**
 * What the network says of itself, where the request asks for no more than that (its metrics change with every round):
 * clients need it before they believe a query's answer.
 */
function network(body: Uint8Array): Uint8Array | undefined {
  try {
    const { content } = verifyEnvelope(decodeEnvelope(body), {
      now: replica.now(),
      rootKey: replica.keys.rootDer,
      expectedType: 'read_state',
    });
    const certificate = replica.networkCertificate();
    const named = (label?: Uint8Array): string => Buffer.from(label ?? []).toString('utf8');
    const ofNetwork = content.paths!.every(
      ([first, , third]) => ['time', 'subnet', 'canister_ranges'].includes(named(first)) && named(third) !== 'metrics',
    );
    return certificate && ofNetwork ? selfDescribed(encode({ certificate })) : undefined;
  } catch {
    return undefined; // the executing thread says why
  }
}
