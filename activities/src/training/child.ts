/**
 * The process that a recipe runs in. It is given its order and its data by one pipe and tells its results by another;
 * knows the files of its folder and nothing else; ends when its parent does.
 */
import { writeSync } from 'node:fs';
import { mkdir, open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { RecipeRequest, RecipeResult } from '@livepod/recipes';
import type { RecipeHeader } from './recipeProcess.js';
import { doneBody, epochBody, failedBody, fileBody, ORDER, REPORT, RESUME } from './reports.js';
import { frame, framesOf, MAX_PIECE, piecesOf } from './sandbox/frames.js';

/** What a bundle exports. */
type RunRecipe = (request: RecipeRequest) => Promise<RecipeResult>;

const KNOWN: ReadonlySet<unknown> = new Set(['RecipeError', 'RuntimeError']);
const REPORTS = 3;
const job = process.env['LIVEPOD_JOB']!;
const epochs = join(job, 'epochs');
/** As recipes/src/resume.ts names it. */
const resumePoint = join(epochs, 'resume.bin');

interface Given {
  header: RecipeHeader;
  code: Uint8Array;
  base?: Uint8Array;
  recordings: { name: string; person: string; bytes: Uint8Array }[];
}

tell(REPORT.ready);
work().catch((error: unknown) => tell(REPORT.failed, failedBody(codeOf(error))));

/** Whatever it is that was thrown. */
function codeOf(error: unknown): string {
  try {
    const { name, code } = error as { name?: unknown; code?: unknown };
    return KNOWN.has(name) && typeof code === 'string' ? code : 'unnamed';
  } catch {
    return 'unnamed';
  }
}

async function work(): Promise<void> {
  await mkdir(epochs, { recursive: true, mode: 0o700 });
  const { header, code, base, recordings } = await given();
  const file = join(job, 'recipe.mjs');
  await writeFile(file, code);
  const { runRecipe } = (await import(pathToFileURL(file).href)) as { runRecipe: RunRecipe };
  const { files, metrics } = await runRecipe({
    recordings,
    schema: header.schema as RecipeRequest['schema'],
    hyperparameters: header.hyperparameters,
    seed: header.seed,
    ...(base ? { base } : {}),
    checkpointDir: epochs,
    onEpoch: async (epoch) => {
      const point = await readFile(resumePoint).catch(() => undefined);
      if (point) tellFile(RESUME, point);
      tell(REPORT.epoch, epochBody(epoch));
    },
  });
  const done = doneBody(metrics);
  const named = Object.entries(files).map(([name, bytes]) => [header.files.indexOf(name), bytes] as const);
  if (!done || named.some(([index]) => index < 0)) return tell(REPORT.failed, failedBody('undeclared'));
  for (const [index, bytes] of named) tellFile(index + 1, bytes);
  tell(REPORT.done, done);
}

/** Reads all there is, one piece after the other, until it is told to begin; the end of its parent ends it too. */
async function given(): Promise<Given> {
  const longest = new Map(Object.values(ORDER).map((kind) => [kind as number, 64 * MAX_PIECE]));
  const frames = framesOf(process.stdin, longest);
  const given: Partial<Given> & Pick<Given, 'recordings'> = { recordings: [] };
  const text = (body: Uint8Array): never => JSON.parse(new TextDecoder().decode(body)) as never;
  let into: (piece: Uint8Array) => void | Promise<unknown> = () => undefined;
  for (;;) {
    const next = await frames.next();
    if (next.done) process.exit(1);
    const { kind, body } = next.value;
    if (kind === ORDER.go) break;
    if (kind === ORDER.piece) await into(body);
    if (kind === ORDER.order) given.header = text(body);
    if (kind === ORDER.code) given.code = body;
    if (kind === ORDER.base) {
      const whole = (given.base = new Uint8Array(text(body) as number));
      into = filling(whole);
    }
    if (kind === ORDER.resume) {
      const file = await open(resumePoint, 'w', 0o600);
      await file.close();
      into = (piece) => writeFile(resumePoint, piece, { flag: 'a' });
    }
    if (kind === ORDER.recording) {
      const { name, person, bytes } = text(body) as { name: string; person: string; bytes: number };
      const whole = new Uint8Array(bytes);
      given.recordings.push({ name, person, bytes: whole });
      into = filling(whole);
    }
  }
  void frames.next().then(() => process.exit(1));
  return given as Given;
}

function filling(whole: Uint8Array): (piece: Uint8Array) => void {
  let at = 0;
  return (piece) => {
    whole.set(piece, at);
    at += piece.length;
  };
}

function tellFile(index: number, bytes: Uint8Array): void {
  tell(REPORT.file, fileBody(index, bytes.length));
  for (const piece of piecesOf(bytes)) tell(REPORT.piece, piece);
}

function tell(kind: number, body?: Uint8Array): void {
  const bytes = frame(kind, body);
  for (let at = 0; at < bytes.length;) {
    try {
      at += writeSync(REPORTS, bytes, at);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    }
  }
}
