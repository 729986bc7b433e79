import { randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { networkTime, pageOf, type Clients } from '@livepod/client';
import {
  canonicalJson,
  figureValues,
  parseEvaluation,
  verifyDocument,
  ranBy,
  taskOf,
  type CheckpointManifest,
  type Evaluation,
  type EvaluationDocument,
} from '@livepod/protocol';
import {
  ModelProcess,
  RuntimeError,
  measure,
  measureIn,
  modalityOf,
  vectorsOf,
  type Modality,
  type Recording,
} from '@livepod/runtime';
import type { Signer } from '@livepod/transfer';
import { ActivityError } from '../errors.js';
import { readCheckpoint, readCheckpointFile, readSignedCheckpoint } from '../models/checkpointFiles.js';
import { progress } from '../registration.js';
import type { EvaluationPort, Measurement } from './port.js';

/** Measures checkpoints on people whom no provider has seen: one folder per person, with their recordings. */
export function holdoutEvaluation(clients: Clients, signer: Signer, folder: string): EvaluationPort {
  return {
    async measure({ checkpoint }) {
      const earlier = await submitted(clients, checkpoint, signer);
      if (earlier) return earlier;

      const { manifest, document: signed } = await readSignedCheckpoint(clients, checkpoint);
      const recordings = await readHoldout(folder, modalityOf(manifest.input.modality));
      progress({ step: 'measuring', recordings: recordings.length });
      const { vectors, ...measured } = await measuredOn(clients, manifest, recordings);
      const parent = await parentOf(clients, manifest, recordings);

      const { figures, deciding, worstPerson } = taskOf(manifest.task);
      const report: EvaluationDocument = {
        type: 'livepod.evaluation/v3',
        checkpoint,
        evaluator: signer.principal,
        publicKey: signer.publicKey,
        task: manifest.task.kind,
        people: measured.people,
        windows: measured.windows,
        figures: measured.figures.map((figure) => ({ ...figure, parent: parent[figure.name] ?? null })),
        deciding: { figure: deciding, better: figures[deciding]!.better },
        worstPerson,
        ran: ranBy(signed),
        vectors,
        at: (BigInt(Math.floor(await networkTime(clients))) * 1_000_000n).toString(),
      };
      const document = canonicalJson(report);
      parseEvaluation(document);
      await clients.models.submit_evaluation({ report: document, signature: signer.sign(document) });
      return measurementOf(clients, report);
    },
  };
}

/** This evaluator's own earlier report: a repeat does not measure again. */
async function submitted(clients: Clients, checkpoint: string, signer: Signer): Promise<Measurement | undefined> {
  const evaluation = (await clients.models.get_manifest(checkpoint))?.evaluation[0];
  if (!evaluation) return undefined;
  const document = new Uint8Array(evaluation.report);
  const report = parseEvaluation(document);
  if (report.evaluator !== signer.principal || report.checkpoint !== checkpoint) return undefined;
  // One node says so, and its figures would be put to the vote.
  verifyDocument(document, new Uint8Array(evaluation.signature), signer.publicKey);
  return measurementOf(clients, report);
}

const measurementOf = (
  clients: Clients,
  { checkpoint, task, people, windows, figures, deciding, worstPerson }: Evaluation,
): Measurement => ({
  task,
  people,
  windows,
  figures,
  deciding,
  worstPerson,
  link: pageOf(clients.network, 'checkpoints', checkpoint),
});

/** The model on these recordings, and on windows that are drawn now; in one process, such as a pod has. */
async function measuredOn(clients: Clients, manifest: CheckpointManifest, recordings: Recording[]) {
  const model = await readCheckpointFile(clients, manifest, 'model.onnx');
  const test = await readCheckpointFile(clients, manifest, 'selftest.json');
  const process = await ModelProcess.start();
  try {
    await process.load(model, manifest);
    await process.selfTest(test);
    const measured = await measureIn(process, manifest, recordings);
    return { ...measured, vectors: await vectorsOf(process, manifest, randomBytes(32)) };
  } finally {
    await process.close();
  }
}

/**
 * The parent's figures on the same people, by name: none where there is no parent, one of another task, or one that
 * nobody runs any more.
 */
async function parentOf(
  clients: Clients,
  { parent, task }: CheckpointManifest,
  recordings: Recording[],
): Promise<Record<string, string>> {
  const manifest = parent === null ? null : await readCheckpoint(clients, parent);
  if (manifest?.task.kind !== task.kind) return {};
  try {
    const model = await readCheckpointFile(clients, manifest, 'model.onnx');
    return figureValues((await measure(model, manifest, recordings)).figures);
  } catch (error) {
    if (error instanceof RuntimeError && error.code === 'modelRefused') return {};
    throw error;
  }
}

/** A modality's recordings by person, one folder each. @throws ActivityError `badHoldout` */
export async function readHoldout(folder: string, modality: Modality): Promise<Recording[]> {
  const recordings: Recording[] = [];
  for (const [person, names] of await requireHoldout(folder)) {
    for (const name of modality.files(names))
      recordings.push({ name, person, bytes: await readFile(join(folder, person, name)) });
  }
  if (recordings.length === 0) throw badHoldout(folder, 'no recordings of the kind that this model takes');
  return recordings;
}

/** Names of files by person, sorted. @throws ActivityError `badHoldout` when there are none */
export async function requireHoldout(folder: string): Promise<Map<string, string[]>> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const people = entries.filter((entry) => entry.isDirectory() || entry.isSymbolicLink()).map(({ name }) => name);
  const files = new Map<string, string[]>();
  for (const person of people.sort()) {
    const names = await readdir(join(folder, person)).catch(() => []);
    if (names.length > 0) files.set(person, names.sort());
  }
  if (files.size === 0) throw badHoldout(folder, 'no folder with recordings');
  return files;
}

const badHoldout = (folder: string, what: string): ActivityError =>
  new ActivityError(
    'badHoldout',
    { folder },
    `${folder} has ${what}; set LIVEPOD_HOLDOUT to one that has a folder per hold-out person.`,
  );
