import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { connect, enrol, identityFromSeed, placeIn, type Access, type Clients, type Fleet } from '@livepod/client';
import { sha256, utf8 } from '@livepod/protocol';
import { Rig, TINY, until, type Role } from '@livepod/workers/testing';

/** What may have changed: lengths of the certified logs, blocks of the ledger, objects with their entity tags. */
export type World = Map<string, string>;

/** A stack of its own on which every attack finds what it is after. */
export class Ground {
  readonly datasets: { bucket: string; s3: string };
  /** A job that is done, its official checkpoint, and the channel that brings it. */
  done!: { job: Access.Job; checkpoint: string; channel: string };
  /** A release in the soak of its first wave. */
  rolling!: Fleet.Release;
  /** Pods of its channel, enrolled before it: the one that it has reached, and one that it has not. */
  pods!: { reached: Clients; unreached: Clients };
  /** A job whose grants are live, while its provider is held. */
  granted!: { job: Access.Job; grant: Access.Grant };
  private readonly s3: S3Client;
  private readonly known = new Map<Role | 'anonymous', Promise<Clients>>();

  private constructor(
    readonly rig: Rig,
    datasets: { bucket: string; s3: string },
  ) {
    this.datasets = datasets;
    const { accessKeyId, secretAccessKey, endpoint, region } = rig.chain.s3;
    this.s3 = new S3Client({ endpoint, region, credentials: { accessKeyId, secretAccessKey }, forcePathStyle: true });
  }

  static async open(tell: (line: string) => void): Promise<Ground> {
    tell('canisters, S3, Temporal and workers start');
    const rig = await Rig.open();
    try {
      const [bucket, s3] = await Promise.all([
        rig.contributed('contributor-1', 0),
        rig.contributed('contributor-2', 1, { store: 's3' }),
      ]);
      const ground = new Ground(rig, { bucket, s3 });
      await ground.prepare(tell);
      return ground;
    } catch (error) {
      await rig.close();
      throw error;
    }
  }

  /** Clients of somebody of the cast, or of nobody. */
  as(role: Role | 'anonymous'): Promise<Clients> {
    const known = this.known.get(role);
    if (known) return known;
    const clients = role === 'anonymous' ? connect(this.rig.chain.network) : this.rig.chain.as(role);
    this.known.set(role, clients);
    return clients;
  }

  async world(): Promise<World> {
    const clients = await this.as('anonymous');
    const world: World = new Map();
    for (const name of ['governance', 'datasets', 'access', 'models', 'fleet', 'treasury'] as const)
      world.set(`log of ${name}`, String((await clients[name].audit_tip()).length));
    for (const { bucket } of await clients.datasets.list_buckets()) {
      const { length } = await clients.bucketClient(bucket).audit_tip();
      world.set(`log of bucket ${bucket.toText()}`, String(length));
    }
    const { log_length: blocks } = await clients.ledger.icrc3_get_blocks([]);
    world.set('blocks of the ledger', String(blocks));
    for (const [key, tag] of await this.objects()) world.set(`object ${key}`, tag);
    return world;
  }

  differences(before: World, after: World): string[] {
    return [...new Set([...before.keys(), ...after.keys()])]
      .filter((name) => before.get(name) !== after.get(name))
      .map((name) => `${name} was ${before.get(name) ?? 'not there'}, is ${after.get(name) ?? 'gone'}`);
  }

  /** Entity tags of the objects in S3, by key. */
  async objects(): Promise<Map<string, string>> {
    const tags = new Map<string, string>();
    for (let token: string | undefined; ;) {
      const page = await this.s3.send(
        new ListObjectsV2Command({ Bucket: this.rig.chain.s3.bucket, ContinuationToken: token }),
      );
      for (const { Key, ETag } of page.Contents ?? []) tags.set(Key!, ETag ?? '');
      token = page.NextContinuationToken;
      if (!token) return tags;
    }
  }

  async object(Key: string): Promise<Uint8Array> {
    const { Body } = await this.s3.send(new GetObjectCommand({ Bucket: this.rig.chain.s3.bucket, Key }));
    return Body!.transformToByteArray();
  }

  async putObject(Key: string, Body: Uint8Array): Promise<void> {
    await this.s3.send(new PutObjectCommand({ Bucket: this.rig.chain.s3.bucket, Key, Body }));
  }

  async deleteObject(Key: string): Promise<void> {
    await this.s3.send(new DeleteObjectCommand({ Bucket: this.rig.chain.s3.bucket, Key }));
  }

  async close(): Promise<void> {
    this.s3.destroy();
    await this.rig.close();
  }

  private async prepare(tell: (line: string) => void): Promise<void> {
    const { rig } = this;
    const clients = await this.as('operator');
    const datasets = Object.values(this.datasets);
    tell('datasets are voted in');
    const intake = { taskQueue: 'orchestrator', workflowId: 'intake', args: [{ round: 'first', datasets }] };
    await rig.client.workflow.execute('datasetIntake', intake);
    tell('a round is played to its end');
    await (await this.round('done')).result();
    const done = await this.jobOf('done');
    const checkpoints = await clients.models.list_checkpoints({ after: [], limit: 10, state: [] });
    this.done = { job: done, checkpoint: checkpoints.find(({ job }) => job === done.id)!.id, channel: 'done' };
    tell('a second one to the soak of its first wave, a third one to its grants');
    const pods = await Promise.all([1, 2, 3].map((number) => this.enrolled(`pod-${number}`, 'rolling')));
    await this.round('rolling', { plan: { ...TINY.plan, soakSeconds: 3600 } });
    await until(async () => {
      const releases = await clients.fleet.list_releases({ after: [], limit: 100 });
      const found = releases.find(({ channel, state }) => channel === 'rolling' && 'rolling' in state);
      if (found) this.rolling = found;
      return found !== undefined;
    });
    const isReached = ({ principal }: Clients): boolean =>
      placeIn(this.rolling, principal.toUint8Array()) <= this.rolling.threshold;
    this.pods = { reached: pods.find(isReached)!, unreached: pods.find((pod) => !isReached(pod))! };
    await this.round('granted', { deadlineSeconds: 7200 });
    await until(async () => 'granted' in (await this.jobOf('granted')).state, 100);
    rig.signal('provider', 'SIGSTOP');
    const job = await this.jobOf('granted');
    const [grant] = await clients.access.list_grants({ job: job.id });
    this.granted = { job, grant: grant! };
  }

  private async enrolled(name: string, channel: string): Promise<Clients> {
    const clients = await connect(this.rig.chain.network, identityFromSeed(sha256(utf8(name))));
    await enrol(clients, { name, channel }, await this.rig.chain.voucher(channel));
    return clients;
  }

  private round(round: string, change: object = {}) {
    const { recipe } = this.rig.chain;
    const input = { ...TINY, round, channel: round, recipe, trainOn: Object.values(this.datasets), ...change };
    const options = {
      taskQueue: 'orchestrator',
      workflowId: `lifecycle-${round}`,
      args: [{ holdSeconds: 0, ...input }],
    };
    return this.rig.client.workflow.start('lifecycle', options);
  }

  private async jobOf(round: string): Promise<Access.Job> {
    const provider = this.rig.chain.identity('provider').getPrincipal();
    const { access } = await this.as('operator');
    const job = await access.find_job({ provider, client_ref: `round/${round}` });
    if (!job) throw new Error(`Round ${round} has no job yet.`);
    return job;
  }
}
