/**
 * Runs a room's tests in one process, loaded once: a mutant then costs the tests that pass over it, not the loading of
 * every module, which is most of what quick tests take. What Jest's globals say is Jest's (jest-circus, expect). For
 * rooms whose tests keep nothing between them; a test that stays red after its mutant is gone ends the process.
 */
import { readdirSync } from 'node:fs';
import { register } from 'node:module';
import { resolve } from 'node:path';
import { performance } from 'node:perf_hooks';
import { pathToFileURL } from 'node:url';
import { commonTokens, declareClassPlugin, PluginKind, tokens } from '@stryker-mutator/api/plugin';
import {
  determineHitLimitReached,
  DryRunStatus,
  TestStatus,
  toMutantRunResult,
} from '@stryker-mutator/api/test-runner';
import { expect } from 'expect';
import { afterAll, afterEach, beforeAll, beforeEach, describe, getState, it, resetState, test } from 'jest-circus';

export const strykerValidationSchema = { properties: { oneProcess: { type: 'array', items: { type: 'string' } } } };

/** A test of these rooms takes milliseconds; the machine may be busy. In milliseconds. */
const HANGS = 10_000;
/** The quick tests go first; in milliseconds. */
const SPANS = [20, 100, 500, Infinity];
/** Modules are never forgotten; after so many loads a new process has room again. */
const LOADS = 100;

/** Loads what lies beside the tests anew, whatever imports it: each load has a number, which imports hand on. */
const anew = `export async function resolve(specifier, context, next) {
  const found = await next(specifier, context);
  const load = /[?&](load=\\d+)/.exec(context.parentURL ?? '')?.[1];
  if (!load || !found.url.startsWith('file:') || /[?&]load=|node_modules/.test(found.url)) return found;
  return { ...found, url: found.url + (found.url.includes('?') ? '&' : '?') + load };
}`;

class OneProcess {
  static inject = tokens(commonTokens.options);
  /** The root block of each file of tests. */
  roots;
  /** How long each test took last, in milliseconds. */
  took = new Map();
  spoilt = false;
  loads = 0;
  context = (globalThis.__stryker__ ??= {});

  constructor({ oneProcess }) {
    this.tests = oneProcess;
  }

  capabilities() {
    return { reloadEnvironment: true };
  }

  init() {
    Object.assign(globalThis, { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, test });
    register(`data:text/javascript,${encodeURIComponent(anew)}`);
  }

  async dryRun() {
    await this.load();
    const tests = [];
    for (const root of this.roots)
      for (const result of await this.run(root, () => true)) tests.push({ ...result, fileName: root.file });
    return { status: DryRunStatus.Complete, tests, mutantCoverage: this.context.mutantCoverage };
  }

  async mutantRun({ activeMutant, mutantActivation, reloadEnvironment, testFilter, hitLimit, disableBail }) {
    if (this.spoilt || this.loads > LOADS) throw new Error('A mutant left something behind, or there were many.');
    if (reloadEnvironment) this.roots = undefined;
    if (mutantActivation === 'static') this.context.activeMutant = activeMutant.id;
    try {
      await this.load();
    } catch (error) {
      this.context.activeMutant = undefined;
      return toMutantRunResult({ status: DryRunStatus.Complete, tests: [failed('loading', 0, error)] }, disableBail);
    }
    Object.assign(this.context, { activeMutant: activeMutant.id, hitLimit, hitCount: hitLimit ? 0 : undefined });
    const wanted = testFilter && new Set(testFilter);
    const tests = [];
    const isRed = ({ status }) => status === TestStatus.Failed;
    for (const span of SPANS)
      for (const root of this.roots) {
        if (tests.some(isRed)) break;
        const isMeant = (id) => (!wanted || wanted.has(id)) && this.spanOf(id, root) === span;
        tests.push(...(await this.run(root, isMeant, { bail: true })));
      }
    const { hitCount } = this.context;
    Object.assign(this.context, { activeMutant: undefined, hitLimit: undefined, hitCount: undefined });
    const red = tests.find(isRed);
    if (red && mutantActivation !== 'static') await this.heals(red.id);
    return toMutantRunResult(
      determineHitLimitReached(hitCount, hitLimit) ?? { status: DryRunStatus.Complete, tests },
      disableBail,
    );
  }

  /** What begins with a server goes last, and all together. */
  spanOf(id, root) {
    return root.hooks.length > 0 ? Infinity : SPANS.find((span) => (this.took.get(id) ?? 0) < span);
  }

  async heals(id) {
    for (const root of this.roots) {
      const again = await this.run(root, (other) => other === id);
      if (again.some(({ status }) => status === TestStatus.Failed)) this.spoilt = true;
    }
  }

  async load() {
    if (this.roots) return;
    this.loads++;
    const roots = [];
    for (const file of filesOf(this.tests)) {
      resetState();
      await import(`${pathToFileURL(file).href}?load=${this.loads}`);
      roots.push(Object.assign(getState().rootDescribeBlock, { file }));
    }
    this.roots = roots;
  }

  /** Runs what is meant of a block, and its hooks around that. */
  async run(block, isMeant, { bail = false } = {}, path = '', each = []) {
    if (!hasAny(block, isMeant, path)) return [];
    const hooks = (type, own = block) => own.hooks.filter((hook) => hook.type === type).map(({ fn }) => fn);
    const around = [...each, block];
    const results = [];
    try {
      for (const hook of hooks('beforeAll')) await within(hook);
      for (const child of block.children) {
        if (bail && results.some(({ status }) => status === TestStatus.Failed)) break;
        const id = nameOf(path, child);
        if (child.type === 'describeBlock') {
          results.push(...(await this.run(child, isMeant, { bail }, id, around)));
          continue;
        }
        if (!isMeant(id) || child.mode === 'skip' || child.mode === 'todo') continue;
        const before = around.flatMap((own) => hooks('beforeEach', own));
        const after = around.toReversed().flatMap((own) => hooks('afterEach', own));
        results.push(await this.one(id, [...before, child.fn], after));
      }
      for (const hook of hooks('afterAll')) await within(hook);
    } catch (error) {
      results.push(failed(path || 'hooks', 0, error));
    }
    return results;
  }

  async one(id, steps, after) {
    const began = performance.now();
    const context = {};
    this.context.currentTestId = id;
    let problem;
    for (const step of [...steps, ...after])
      try {
        if (problem === undefined || after.includes(step)) await within(step, context);
      } catch (error) {
        problem ??= error ?? new Error('nothing was thrown');
      }
    this.context.currentTestId = undefined;
    const timeSpentMs = performance.now() - began;
    this.took.set(id, timeSpentMs);
    return problem === undefined
      ? { id, name: id, timeSpentMs, status: TestStatus.Success }
      : failed(id, timeSpentMs, problem);
  }
}

const nameOf = (path, { name }) => `${path} ${name}`.trimStart();

const hasAny = (block, isMeant, path) =>
  block.children.some((child) => {
    const id = nameOf(path, child);
    return child.type === 'describeBlock' ? hasAny(child, isMeant, id) : isMeant(id);
  });

const failed = (id, timeSpentMs, error) => ({
  id,
  name: id,
  timeSpentMs,
  status: TestStatus.Failed,
  failureMessage: String(error?.message ?? error),
});

async function within(step, context) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`It did not end within ${HANGS / 1000} s.`)), HANGS);
  });
  try {
    await Promise.race([step.call(context), late]);
  } finally {
    clearTimeout(timer);
  }
}

const filesOf = (tests) =>
  tests.flatMap((path) =>
    path.endsWith('/')
      ? readdirSync(path, { recursive: true })
          .filter((name) => name.endsWith('.test.ts') && !/\.(slow|e2e)\.test\.ts$/.test(name))
          .toSorted()
          .map((name) => resolve(path, name))
      : [resolve(path)],
  );

export const strykerPlugins = [declareClassPlugin(PluginKind.TestRunner, 'one-process', OneProcess)];
