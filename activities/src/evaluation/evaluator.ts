import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { networkTime, pageOf, type Clients } from '@livepod/client';
import {
  canonicalJson,
  parseEvaluation,
  type CheckpointManifest,
  type DatasetSchema,
  type Evaluation,
} from '@livepod/protocol';
import { evaluate, type Recording } from '@livepod/recipes';
import { readManifest, type Signer } from '@livepod/transfer';
import { ActivityError } from '../errors.js';
import { readCheckpoint, readCheckpointFile } from '../models/checkpointFiles.js';
import { progress } from '../registration.js';
import type { EvaluationPort, Measurement } from './port.js';

/** Measures checkpoints on people whom no provider has seen: one folder per person, with CSV recordings. */
export function holdoutEvaluation(clients: Clients, signer: Signer, folder: string): EvaluationPort {
  return {
    async measure({ checkpoint }) {
      const earlier = await submitted(clients, checkpoint, signer.principal);
      if (earlier) return earlier;

      const manifest = await readCheckpoint(clients, checkpoint);
      // What the columns of a recording mean is the datasets' to say; every dataset of a job has the same schema.
      const { schema } = await readManifest(clients, manifest.datasets[0]!);
      const recordings = await readHoldout(folder);
      progress({ step: 'measuring', recordings: recordings.length });
      const measured = await measure(clients, manifest, recordings, schema);
      const parent =
        manifest.parent === null
          ? null
          : await measure(clients, await readCheckpoint(clients, manifest.parent), recordings, schema);

      const report: Evaluation = {
        type: 'livepod.evaluation/v1',
        checkpoint,
        evaluator: signer.principal,
        publicKey: signer.publicKey,
        people: measured.people,
        windows: measured.windows,
        accuracy: measured.accuracy,
        macroF1: measured.macroF1,
        worstPerson: measured.worstPerson,
        parentAccuracy: parent?.accuracy ?? null,
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
async function submitted(clients: Clients, checkpoint: string, evaluator: string): Promise<Measurement | undefined> {
  const evaluation = (await clients.models.get_manifest(checkpoint))?.evaluation[0];
  if (!evaluation) return undefined;
  const report = parseEvaluation(new Uint8Array(evaluation.report));
  return report.evaluator === evaluator ? measurementOf(clients, report) : undefined;
}

const measurementOf = (
  clients: Clients,
  { checkpoint, people, windows, accuracy, macroF1, worstPerson, parentAccuracy }: Evaluation,
): Measurement => ({
  people,
  windows,
  accuracy,
  macroF1,
  worstPerson,
  parentAccuracy,
  link: pageOf(clients.network, 'checkpoints', checkpoint),
});

async function measure(clients: Clients, manifest: CheckpointManifest, recordings: Recording[], schema: DatasetSchema) {
  const model = await readCheckpointFile(clients, manifest, 'model.onnx');
  const measured = await evaluate({ model, recordings, schema });
  return { ...measured, windows: measured.confusion.flat().reduce((sum, count) => sum + count, 0) };
}

/**
 * Recordings by person. Where a folder has those of several devices (`_sw`, `_sp`), the watch's are meant. @throws
 * ActivityError `badHoldout`
 */
export async function readHoldout(folder: string): Promise<Recording[]> {
  const people = (await readdir(folder, { withFileTypes: true }).catch(() => []))
    .filter((entry) => entry.isDirectory() || entry.isSymbolicLink())
    .map((entry) => entry.name)
    .sort();
  const recordings: Recording[] = [];
  for (const person of people) {
    const files = (await readdir(join(folder, person)).catch(() => [])).filter((name) => name.endsWith('.csv')).sort();
    const watch = files.filter((name) => name.includes('_sw'));
    for (const name of watch.length > 0 ? watch : files)
      recordings.push({ name, person, csv: await readFile(join(folder, person, name)) });
  }
  if (recordings.length === 0)
    throw new ActivityError(
      'badHoldout',
      { folder },
      `${folder} has no folder with CSV recordings; set LIVEPOD_HOLDOUT to one that has a folder per hold-out person.`,
    );
  return recordings;
}
