import { homedir, hostname, tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Client } from '@temporalio/client';
import type { Payload, PayloadCodec } from '@temporalio/common';
import type { temporal } from '@temporalio/proto';
import type { History } from './histories.js';

const root = fileURLToPath(new URL('../../', import.meta.url)).replace(/\/$/, '');
type Failure = temporal.api.failure.v1.IFailure;
type HistoryEvent = temporal.api.history.v1.IHistoryEvent;

export interface Run {
  type: string;
  workflowId: string;
  status: string;
  history: History;
  /** What opens its payloads. */
  codecs: readonly PayloadCodec[];
}

/** At most so many runs of one workflow are kept: of different shape, or it is one too many. */
const PER_WORKFLOW = 12;

/**
 * The runs of a namespace: per workflow those whose histories differ in more than their data, the longest of each
 * shape.
 */
export async function differentRuns(client: Client): Promise<Run[]> {
  const kept = new Map<string, Run & { length: number }>();
  for await (const { workflowId, runId, type, status } of client.workflow.list()) {
    if (type.startsWith('temporal-sys')) continue;
    const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    const shape = `${type} ${status.name} ${shapeOf(history)}`;
    const length = history.events?.length ?? 0;
    if ((kept.get(shape)?.length ?? 0) < length)
      kept.set(shape, {
        type,
        workflowId,
        status: status.name,
        history,
        codecs: client.options.loadedDataConverter.payloadCodecs,
        length,
      });
  }
  const byType = grouped([...kept.values()]);
  return [...byType.values()].flatMap((runs) => {
    const sorted = runs.sort((a, b) => b.length - a.length || (a.workflowId < b.workflowId ? -1 : 1));
    const oneOfEachEnd = sorted.filter(
      ({ status }, index) => sorted.findIndex((other) => other.status === status) === index,
    );
    return [...new Set([...oneOfEachEnd, ...sorted])].slice(0, Math.max(PER_WORKFLOW, oneOfEachEnd.length));
  });
}

/** The steps that a history names, each once: repeating one is no other shape. */
function shapeOf({ events }: History): string {
  const steps = (events ?? []).flatMap(
    (event) =>
      event.activityTaskScheduledEventAttributes?.activityType?.name ??
      event.nexusOperationScheduledEventAttributes?.operation ??
      event.startChildWorkflowExecutionInitiatedEventAttributes?.workflowType?.name ??
      event.workflowExecutionUpdateAcceptedEventAttributes?.acceptedRequest?.input?.name ??
      markerOf(event) ??
      (event.timerStartedEventAttributes ? 'timer' : []),
  );
  return [...new Set(steps)].join(' ');
}

/** What a marker is of: of a change of the code which one. */
function markerOf({ markerRecordedEventAttributes: marker }: HistoryEvent): string | undefined {
  const data = marker?.details?.['patch-data']?.payloads?.[0]?.data;
  return marker ? `${marker.markerName} ${data ? new TextDecoder().decode(data) : ''}` : undefined;
}

/**
 * Makes a run's history fit to be kept: its payloads decoded, and nothing in it that names a machine or a process.
 *
 * @param secrets  texts that must not be in it, such as seeds and keys
 * @throws Error naming what was found, when a secret, a path or a presigned URL is left
 */
export async function presentable(
  { workflowId, history, codecs }: Run,
  secrets: readonly string[] = [],
): Promise<History> {
  await visit(history as Record<string, unknown>, codecs);
  const text = [...texts(history)].join('\n');
  const found = [
    ...secrets.filter((secret) => text.includes(secret)).map(() => 'a secret'),
    ...(text.match(/X-Amz-[A-Za-z]+/)?.slice(0, 1) ?? []),
    ...[root, homedir()].filter((path) => path.length > 1 && text.includes(`${path}/`)),
  ];
  if (found.length > 0)
    throw new Error(`The history of ${workflowId} holds ${[...new Set(found)].join(', ')}, and is not written.`);
  return history;
}

async function visit(node: Record<string, unknown>, codecs: readonly PayloadCodec[]): Promise<void> {
  for (const [key, value] of Object.entries(node)) {
    if (key === 'identity' || key === 'stackTrace') node[key] = '';
    else if (typeof value === 'string') node[key] = anywhere(value);
    else if (Array.isArray(value)) {
      for (const [index, item] of value.entries()) {
        if (isPayload(item)) value[index] = await clear(item, codecs);
        else if (typeof item === 'string') value[index] = anywhere(item);
        else if (isNode(item)) await visit(item, codecs);
      }
    } else if (isPayload(value)) node[key] = await clear(value, codecs);
    else if (isNode(value)) await visit(value, codecs);
  }
  openAttributes(node as Failure);
}

/** What a failure says is in the open again, so that it reads as one. */
function openAttributes(failure: Failure): void {
  if (!failure.encodedAttributes?.data) return;
  const { message } = JSON.parse(new TextDecoder().decode(failure.encodedAttributes.data)) as { message: string };
  failure.message = message;
  failure.encodedAttributes = null;
}

async function clear(payload: Payload, codecs: readonly PayloadCodec[]): Promise<Payload> {
  let plain = payload;
  for (const codec of codecs) plain = (await codec.decode([plain]))[0]!;
  if (new TextDecoder().decode(plain.metadata?.['encoding'] ?? undefined) !== 'json/plain') return plain;
  return { ...plain, data: new TextEncoder().encode(anywhere(new TextDecoder().decode(plain.data ?? undefined))) };
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
const MACHINE: [RegExp, string][] = [
  [new RegExp(`provider-${escaped(hostname())}-[0-9a-f]{8}`, 'g'), 'provider-host'],
  [new RegExp(`[0-9]+@${escaped(hostname())}`, 'g'), '0@host'],
  [new RegExp(`${escaped(root)}/?`, 'g'), ''],
  [new RegExp(`${escaped(tmpdir())}/[^\\s"']*`, 'g'), 'scratch'],
  [/\/dev\/shm\/[^\s"']*/g, 'scratch'],
  [/(127\.0\.0\.1|localhost):[0-9]+/g, '127.0.0.1:1'],
];

const anywhere = (text: string): string => MACHINE.reduce((changed, [what, name]) => changed.replace(what, name), text);

/** Every text of a history, payloads' too. */
function* texts(node: unknown): Generator<string> {
  if (typeof node === 'string') yield node;
  else if (node instanceof Uint8Array) yield new TextDecoder().decode(node);
  else if (Array.isArray(node) || isNode(node)) for (const value of Object.values(node)) yield* texts(value);
}

const isNode = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !(value instanceof Uint8Array) && !('low' in value && 'high' in value);
const isPayload = (value: unknown): value is Payload =>
  isNode(value) && isNode(value['metadata']) && value['metadata']['encoding'] instanceof Uint8Array;

function grouped(runs: (Run & { length: number })[]): Map<string, (Run & { length: number })[]> {
  const groups = new Map<string, (Run & { length: number })[]>();
  for (const run of runs) groups.set(run.type, [...(groups.get(run.type) ?? []), run]);
  return groups;
}
