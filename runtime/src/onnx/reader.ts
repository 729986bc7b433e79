import { windowLength } from '@livepod/protocol';
import { outputsOf } from '../inputs.js';
import type { Runnable } from '../runnable.js';
import { graphOf, type Interface } from './graph.js';
import { IR_VERSIONS, LIMITS, OPSETS } from './limits.js';
import { refused } from './refusal.js';
import { MODEL, type ModelMessage } from './schema.js';
import { countOf } from './values.js';
import { readMessage } from './wire.js';

/** What the reader found in a model that it let through. */
export interface ModelFacts {
  inputs: Interface[];
  outputs: Interface[];
  /** Of the largest tensor that is computed on the way. */
  largestIntermediateBytes: number;
  /** Multiplications for one window, about. */
  work: number;
}

/**
 * Reads a model as far as ONNX Runtime would, and lets it through only when it is of the subset that runtime/README.md
 * names and is what its manifest says: the one door that every model comes in by, whoever runs it.
 *
 * @throws RuntimeError `modelRefused` that names the place in the file; never anything else, whatever the bytes are
 */
export function readModel(bytes: Uint8Array, runnable: Runnable): ModelFacts {
  if (bytes.length > LIMITS.modelBytes) throw refused('the file', `at most ${LIMITS.modelBytes} bytes are allowed`);
  // FlatBuffers put their identifier there: ONNX Runtime's own format, which it would take the file for
  if (String.fromCharCode(...bytes.subarray(4, 8)) === 'ORTM') throw refused('the file', 'its format must be ONNX');
  const model = readMessage(bytes, MODEL) as ModelMessage;
  const opset = versionsOf(model, runnable);
  if (!model.graph) throw refused('graph', 'a model has one');
  const { inputs, outputs, ...cost } = graphOf(model.graph, opset);
  const { input, runtime } = runnable;
  mustBe('graph.input', inputs, input.tensors);
  mustBe('graph.output', outputs, runtime.outputs);
  if (countOf(outputs[0]!.dims) !== outputsOf(runnable))
    throw refused('graph.output[0]', "it must fit the manifest's task");
  metadataOf(model, runnable);
  return { inputs, outputs, ...cost };
}

function versionsOf({ ir_version: ir, opset_import: sets }: ModelMessage, { runtime }: Runnable): number {
  if (ir === undefined || ir < IR_VERSIONS.from || ir > IR_VERSIONS.to)
    throw refused('ir_version', `${IR_VERSIONS.from} to ${IR_VERSIONS.to} are allowed`);
  const [set] = sets ?? [];
  if (!set || (set.domain ?? '') !== '')
    throw refused('opset_import', "it must name ONNX's own operators, and no others");
  const { version } = set;
  if (version === undefined || version < OPSETS.from || version > OPSETS.to)
    throw refused('opset_import', `${OPSETS.from} to ${OPSETS.to} are allowed`);
  if (version !== runtime.opset) throw refused('opset_import', 'it must be the one of the manifest');
  return version;
}

type Declared = readonly { name: string | null; shape: readonly number[] }[];

/** Names and shapes as the manifest gives them, for one window. */
function mustBe(place: string, found: readonly Interface[], declared: Declared): void {
  if (found.length !== declared.length) throw refused(place, `there must be ${declared.length}, as in the manifest`);
  declared.forEach(({ name, shape }, index) => {
    const one = found[index]!;
    if (name !== null && name !== one.name) throw refused(`${place}[${index}].name`, 'it must be that of the manifest');
    if (one.dims.join() !== [1, ...shape].join())
      throw refused(`${place}[${index}].type`, `it must be a window of ${shape.join(' × ')}, as in the manifest`);
  });
}

/** What a model says of itself must be what its manifest says; `recipe` is a name for people. */
function metadataOf({ metadata_props: entries = [] }: ModelMessage, { task, input }: Runnable): void {
  const labels = task.kind === 'classification' ? [canonical(task.labels)] : [];
  const channels = input.tensors[0]?.channels;
  const known = new Map<string, readonly string[] | null>([
    ['recipe', null],
    ['labels', labels],
    ['channels', channels ? [canonical(channels)] : null],
    ['rateMilliHz', input.rateMilliHz === null ? null : [String(input.rateMilliHz)]],
    // version 1 of a manifest has no more than a window's length, and so had its models
    ['window', [canonical(input.window), String(windowLength(input.window))]],
    ['input', [canonical(input)]],
  ]);
  const seen = new Set<string>();
  entries.forEach(({ key, value }, index) => {
    const place = `metadata_props[${index}]`;
    if (key === undefined || value === undefined || seen.has(key)) throw refused(place, 'each key is given once');
    seen.add(key);
    const expected = known.get(key);
    if (expected === undefined)
      throw refused(place, `only ${[...known.keys()].join(', ')} may be said of a model in its own file`);
    if (expected && !expected.includes(canonical(parsed(value))))
      throw refused(place, 'it must be what the manifest says');
  });
}

/** JSON with its keys in one order, whoever wrote it. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, inner: unknown) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
