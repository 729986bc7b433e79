import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { canisterModels, canisterRequesting, canisterTreasury, holdoutEvaluation } from '@livepod/activities';
import { motionRecording, motionSchema } from '@livepod/activities/testing';
import { approve, candidPlan, CanisterError, enrol, isTransient, voucherFor } from '@livepod/client';
import { canonicalJson, documentId, failureOf, PLAIN_CHUNK_BYTES, type Plan } from '@livepod/protocol';
import { contribute, signerOf } from '@livepod/transfer';
import type { Lab } from './lab.js';
import type { Template } from './template.js';
import { identity, insist, principal, seedOf, TOKEN } from './people.js';

/** The smallest training that gives a model. */
export const TINY = { epochs: 2, windowsPerEpoch: 128, batch: 16, filters: 8 };
export const FEE = '100000000';
export const REWARD = '500000000';

/**
 * What one run of a scenario is about: people, datasets, a channel of its own. What is prepared here is named for the
 * comparison.
 */
export class Subjects {
  /** Ids and principals, and what they are called in a comparison. */
  readonly names = new Map<string, string>();
  readonly channel: string;
  readonly accounts: string[] = [];
  pods: string[] = [];

  /** @param template  gives the trained model that checkpoints are made of */
  constructor(
    readonly lab: Lab,
    readonly run: string,
    private readonly template?: () => Promise<Template>,
  ) {
    this.channel = run;
  }

  /** A contributor with a bond, and a dataset of theirs. */
  async dataset(
    label: string,
    wanted: { store?: 'bucket' | 's3'; access?: 'fee' | 'vote'; accepted?: boolean } = {},
  ): Promise<string> {
    const { lab } = this;
    const who = await this.funded(`contributor-${label}`, 50n * TOKEN);
    const clients = await lab.people.as(who);
    await insist(async () => {
      if (await clients.treasury.get_bond({ holder: clients.principal, purpose: { contributor: null } })) return;
      await approve(clients, 21n * TOKEN);
      await clients.treasury.post_bond({ purpose: { contributor: null }, amount: 20n * TOKEN, client_ref: 'bond' });
    });
    const { dataset, uid } = await insist(() =>
      contribute({
        clients,
        seed: identity(who),
        recordings: [{ name: 'run.csv', bytes: motionRecording(0) }],
        schema: motionSchema,
        title: `Watch ${label} of ${this.run}`,
        store: wanted.store ?? 'bucket',
        s3: { ...lab.network.s3!, ...lab.stack.s3Credentials },
        licence: { fee: FEE, access: wanted.access ?? 'fee' },
      }),
    );
    this.names.set(dataset, `dataset ${label}`).set(uid, `uid ${label}`);
    if (wanted.accepted) await lab.people.pass('accept_dataset', { dataset }, `setup/${this.run}/accept-${label}`);
    return dataset;
  }

  /** A job of the provider's, paid by somebody of its own and granted. */
  async job(label: string, dataset: string, deadlineSeconds = 3600): Promise<number> {
    const { lab } = this;
    const requesting = canisterRequesting(await lab.people.as('provider'));
    const deadline = (BigInt(Date.now() + deadlineSeconds * 1000) * 1_000_000n).toString();
    const { job } = await insist(() =>
      requesting.request({
        round: this.run,
        recipe: lab.recipe,
        arguments: TINY,
        seed: 1,
        datasets: [{ id: dataset, epoch: 0 }],
        base: null,
        reward: REWARD,
        deadline,
        clientRef: `setup/${this.run}/${label}`,
      }),
    );
    lab.control.jobIs(job, this.run);
    const payer = await this.funded(`payer-${label}`, 20n * TOKEN);
    const treasury = canisterTreasury(await lab.people.as(payer));
    await insist(() => treasury.openEscrow({ job, clientRef: `setup/${this.run}/${label}` }));
    return job;
  }

  /** A checkpoint submitted by the provider, of a model that was trained once. */
  async checkpoint(label: string, dataset: string): Promise<{ checkpoint: string; job: number }> {
    const { lab } = this;
    const job = await this.job(label, dataset);
    const template = await this.template!();
    const provider = await lab.people.as('provider');
    const known = (await insist(() => provider.access.get_job(BigInt(job))))!;
    const manifest = canonicalJson({
      ...template.manifest,
      job,
      approvalDigest: known.approval_digest,
      datasets: [dataset],
    });
    for (const { bytes } of template.files) {
      for (let at = 0; at < Math.max(bytes.length, 1); at += PLAIN_CHUNK_BYTES)
        await insist(() =>
          provider.models.put_chunk({ job: BigInt(job), bytes: bytes.subarray(at, at + PLAIN_CHUNK_BYTES) }),
        );
    }
    await insist(() =>
      provider.models.submit_checkpoint({ manifest, signature: signerOf(identity('provider')).sign(manifest) }),
    );
    const checkpoint = documentId(manifest);
    this.names.set(checkpoint, `checkpoint ${label}`);
    return { checkpoint, job };
  }

  /** An official checkpoint with an open release on this run's channel. */
  async release(
    label: string,
    dataset: string,
    plan: Plan,
  ): Promise<{ release: number; version: number; job: number }> {
    const { lab } = this;
    const { checkpoint, job } = await this.checkpoint(label, dataset);
    const evaluator = holdoutEvaluation(
      await lab.people.as('evaluator'),
      signerOf(identity('evaluator')),
      join(lab.state, 'holdout'),
    );
    await insist(() => evaluator.measure({ checkpoint }));
    await lab.people.pass(
      'adopt_checkpoint',
      { checkpoint, channel: this.channel, plan: candidPlan(plan) },
      `setup/${this.run}/adopt-${label}`,
    );
    const models = canisterModels(await lab.people.as('voter'));
    const opened = await later(() => models.released({ checkpoint, channel: this.channel }));
    return { ...opened, job };
  }

  /** A version that became stable on this run's channel. */
  async stableVersion(label: string, dataset: string): Promise<number> {
    const { release, version } = await this.release(label, dataset, {
      waves: [1],
      soakSeconds: 0,
      gate: { minWindows: 0, maxCorrectionPermille: 1000, maxErrors: 9 },
    });
    const { fleet } = await this.lab.people.as('orchestrator');
    for (const wave of [1, 2]) await later(() => fleet.advance({ release: BigInt(release), wave }));
    const models = canisterModels(await this.lab.people.as('voter'));
    await later(() => models.stableAt({ channel: this.channel, version }));
    return version;
  }

  /** Devices that follow this run's channel. */
  async enrol(count: number): Promise<void> {
    const operator = await this.lab.people.as('operator');
    const vouched = { channel: this.channel, pods: count };
    const voucher = await insist(() => voucherFor(operator, seedOf('operator'), vouched));
    for (let number = 1; number <= count; number++) {
      const name = `${this.run} pod-${number}`;
      const device = await this.lab.people.as(name);
      await insist(() => enrol(device, { name: `pod-${number}`, channel: this.channel }, voucher));
      this.pods.push(name);
    }
  }

  /**
   * Every pod that a wave reached says once how its windows went; those it did not reach are refused, and not asked any
   * more once the next wave may begin.
   */
  async report(
    release: number,
    wave: number,
    health: { windows: number; corrections: number; errors: number },
  ): Promise<void> {
    await this.waveBegun(release, wave);
    const { fleet } = await this.lab.people.as('voter');
    const { version, exposed } = (await insist(() => fleet.get_release(BigInt(release))))!;
    let reported = 0;
    for (const pod of this.pods) {
      if (reported === exposed) break;
      const device = await this.lab.people.as(pod);
      await insist(() =>
        device.fleet.report({
          release: BigInt(release),
          version,
          sequence: BigInt(wave),
          event: health.errors > 0 ? { failed: failureOf('inferenceFails') } : { health: null },
          ...health,
          judged: [],
          apart: [],
          before: [],
        }),
      ).then(
        () => void reported++,
        (error: unknown) => {
          if (!(error instanceof CanisterError) || error.code !== 'notExposed') throw error;
        },
      );
    }
  }

  async waveBegun(release: number, wave: number): Promise<void> {
    const { fleet } = await this.lab.people.as('voter');
    while ((await insist(() => fleet.get_release(BigInt(release))))!.wave < wave) await sleep(400);
  }

  /** The release that the run's workflow opens on its channel. */
  async releaseOpened(): Promise<number> {
    const { models } = await this.lab.people.as('voter');
    for (;;) {
      const release = (await insist(() => models.get_channel(this.channel)))?.candidate[0]?.release;
      if (release !== undefined) return Number(release);
      await sleep(200);
    }
  }

  private async funded(role: string, amount: bigint): Promise<string> {
    const name = `${this.run} ${role}`;
    await this.lab.people.fund(name, amount);
    this.names.set(principal(name), role);
    this.accounts.push(principal(name));
    return name;
  }
}

/** Repeats what says "not yet" or finds nobody there. */
export async function later<T>(act: () => Promise<T>): Promise<T> {
  for (const until = Date.now() + 180_000; ; await sleep(200)) {
    try {
      return await act();
    } catch (error) {
      if (Date.now() > until || !(isTransient(error) || (error as { code?: unknown }).code === 'notYet')) throw error;
    }
  }
}
