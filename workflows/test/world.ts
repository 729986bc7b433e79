import { figuresOfClassification } from '@livepod/protocol';
import type { TrainingProgress } from '../src/index.js';
import { ApplicationFailure } from '@temporalio/common';
import { jobState, readOperatorToken, releaseState, wavesOf, whyNotAllowed, type Plan } from '@livepod/protocol';
import type {
  AccessPort,
  ChecksPort,
  DatasetsPort,
  Decision,
  EvaluationPort,
  Finding,
  FleetPort,
  GovernancePort,
  JobTerms,
  JobView,
  Leftover,
  ModelsPort,
  OperatorsPort,
  ProposalRequest,
  ReleaseView,
  RequestingPort,
  TrainingPort,
  TreasuryPort,
  WatchPort,
} from '@livepod/activities/ports';

const notYet = (message: string): ApplicationFailure =>
  ApplicationFailure.create({ type: 'notYet', message, nextRetryDelay: 100, category: 'BENIGN' });

export const id = (digit: string): string => `sha256:${digit.repeat(64).slice(0, 64)}`;

/**
 * The canisters' rules in memory, for what a workflow test is about: order, waiting, undoing. The same workflows run
 * against the real canisters in the end-to-end story. `journal` lists every change of the world, once.
 */
export class World {
  journal: string[] = [];
  /** Datasets that are registered and not yet proposed. */
  submitted: string[] = [];
  /** Datasets that voters reject. */
  unwanted = new Set<string>();
  checkpointWanted = true;
  /** Looks at an open vote before it is decided. */
  looks = 2;
  /** The wave after which the release stops itself. */
  stopsAfterWave = Infinity;
  trainingFails = false;
  trainingHangs = false;
  /** What is wrong with any input that is compared with this world. */
  wrong: Finding[] = [];
  /** Inputs that were compared with it. */
  compared: Record<string, unknown>[] = [];
  /** Datasets by their titles. */
  titles: Record<string, string> = {};
  /** What the evaluator says of a checkpoint's parent: none was measured unless it is given. */
  parent: { accuracy?: string; worstPerson?: string } = {};
  /** Until when waves soak, and whether their gates have their windows then; by themselves they are over at once. */
  soaks: { until?: string; enough?: boolean } = {};

  /** Steps that are not done as long as they are named here, such as `treasury.settle`. */
  held = new Set<string>();
  /** Datasets whose use the job needs a vote on. */
  needVote: JobView['needVote'] = [];

  private proposals = new Map<
    string,
    { number: number; request: ProposalRequest; looked: number; withdrawn: boolean }
  >();
  private requests = new Set<string>();
  /** How far the provider says that it is. */
  progress: TrainingProgress = { state: 'running' };
  /** What the provider was asked for. */
  requested: { clientRef: string; seed: number }[] = [];
  private job: JobTerms | undefined;
  /** A round's newest job, by its number: 7 for the first round. */
  private readonly jobs = new Map<number, JobTerms>();
  /** What is another job than the one that was ordered, as its provider or a step of ours gives it. */
  given: Partial<JobTerms> = {};
  private escrow: 'open' | 'settled' | 'refunded' | undefined;
  /** How often somebody has paused the release. */
  pauses = 0;
  release: ReleaseView = {
    release: 1,
    channel: 'stable',
    checkpoint: id('c'),
    version: 1,
    state: 'planned',
    why: '',
    wave: 0,
    exposed: 0,
    windows: 0,
    corrections: 0,
    errors: 0,
  };

  private did(what: string): void {
    if (!this.journal.includes(what)) this.journal.push(what);
  }

  governance: GovernancePort = {
    propose: async (request) => this.submit(request),
    proposeAll: async ({ proposals }) => proposals.map((request) => this.submit(request)),
    decision: async ({ proposal }) => this.decided([proposal])[0]!,
    decisions: async ({ proposals }) => this.decided(proposals),
    withdraw: async ({ clientRefs }) => {
      const open = clientRefs.flatMap((ref) => this.proposals.get(ref) ?? []);
      for (const proposal of open) {
        proposal.withdrawn = true;
        this.did(`withdraw ${proposal.request.action.call}`);
      }
      return { withdrawn: open.map((proposal) => proposal.number) };
    },
  };

  /** The plans that were put to the vote. */
  get plans(): Plan[] {
    return [...this.proposals.values()].flatMap(({ request: { action } }) =>
      action.call === 'adoptCheckpoint' ? [action.plan] : [],
    );
  }

  /** What voters read of each proposal. */
  get words(): Pick<ProposalRequest, 'title' | 'summary'>[] {
    return [...this.proposals.values()].map(({ request: { title, summary } }) => ({ title, summary }));
  }

  private submit(request: ProposalRequest) {
    const known = this.proposals.get(request.clientRef) ?? {
      number: this.proposals.size + 1,
      request,
      looked: 0,
      withdrawn: false,
    };
    this.proposals.set(request.clientRef, known);
    this.did(`propose ${request.action.call}`);
    return { id: known.number, deadline: '2030-01-01T00:00:00Z' };
  }

  private decided(numbers: number[]): Decision[] {
    const asked = numbers.map((number) => [...this.proposals.values()].find((proposal) => proposal.number === number)!);
    if (asked[0]!.looked++ < this.looks) {
      throw ApplicationFailure.create({
        type: 'notDecided',
        message: 'The vote is open',
        nextRetryDelay: 100,
        category: 'BENIGN',
      });
    }
    return asked.map(({ number, request: { action } }) => {
      const wanted =
        action.call === 'acceptDataset'
          ? !this.unwanted.has(action.dataset)
          : action.call === 'adoptCheckpoint'
            ? this.checkpointWanted
            : true;
      return {
        proposal: number,
        outcome: wanted ? 'adopted' : 'rejected',
        why: wanted ? '' : 'voters rejected it',
        yesPermille: 700,
        noPermille: 100,
      };
    });
  }

  datasets: DatasetsPort = {
    check: async ({ datasets }) =>
      datasets.map((dataset) => ({
        id: dataset,
        title: 'Watch',
        contributor: `contributor-of-${dataset.slice(7, 11)}`,
        state: 'ready',
        why: '',
        megabytes: 1,
      })),
    terms: async ({ datasets }) =>
      [...datasets].sort().map((dataset) => ({ id: dataset, epoch: 0, fee: '100', contributor: 'c', access: 'fee' })),
    standing: async () => ({ submitted: this.submitted, accepted: [id('3')] }),
    close: async ({ rejected }) => rejected.forEach(({ dataset }) => this.did(`close ${dataset.slice(7, 11)}`)),
  };

  checks: ChecksPort = {
    input: async ({ input }) => {
      this.compared.push(input);
      const { provider } = input as { provider?: string };
      const unknown = provider !== undefined && !['provider-1', 'provider-2'].includes(provider);
      const nobody = {
        path: 'provider',
        found: `is "${provider}": There is no provider ${provider}`,
        expected: 'the name of a Nexus endpoint',
        remedy: 'Check the name',
      };
      return { findings: [...(unknown ? [nobody] : []), ...this.wrong], ids: this.titles };
    },
  };

  access: AccessPort = {
    preflight: async ({ provider }) => {
      if (provider !== 'provider-1' && provider !== 'provider-2')
        throw ApplicationFailure.nonRetryable(`There is no provider ${provider}`, 'notFound');
    },
    job: async ({ job }) => ({ ...this.jobs.get(job)!, ...this.given }),
    granted: async ({ job }) => this.jobs.get(job)!,
    extend: async ({ job, until }) => {
      this.did('extend job');
      this.jobs.set(job, { ...this.jobs.get(job)!, deadline: until });
      return (this.job = this.jobs.get(job)!);
    },
    fail: async () => {
      this.did('fail job');
    },
  };

  requesting: RequestingPort = {
    request: async (request) => {
      const attempt = this.requests.add(request.clientRef).size;
      this.requested.push({ clientRef: request.clientRef, seed: request.seed });
      const round = (ref: string): string | undefined => ref.split('/')[1];
      const same = [...this.jobs.values()].find(({ clientRef }) => round(clientRef) === round(request.clientRef));
      const job = same?.job ?? 7 + this.jobs.size;
      this.job = {
        job,
        provider: 'provider-principal',
        state: 'requested',
        why: '',
        checkpoint: null,
        approvalDigest: id('a'),
        fees: String(100 * request.datasets.length),
        reward: request.reward,
        contributors: [],
        needVote: this.needVote,
        deadline: new Date(Date.now() + 3_600_000).toISOString(),
        providerName: 'provider-1',
        clientRef: request.clientRef,
        recipe: request.recipe,
        arguments: { epochs: 3, ...request.arguments },
        defaults: { epochs: 3 },
        seed: request.seed,
        base: request.base,
        datasets: request.datasets,
        payer: request.payer ?? null,
      };
      this.jobs.set(job, this.job);
      this.did(attempt === 1 ? 'request job' : `request job ${attempt}`);
      return { job, approvalDigest: id('a') };
    },
    giveUp: async () => {
      if (!this.job) return { job: null };
      this.did('give up request');
      return { job: this.job.job };
    },
  };

  treasury: TreasuryPort = {
    payer: async () => ({ principal: '2vxsx-fae' }),
    openEscrow: async ({ job }) => {
      this.escrow = 'open';
      this.did('open escrow');
      return { escrow: 3, job, amount: '600', state: 'open' };
    },
    settle: async ({ job }) => {
      this.escrow = 'settled';
      this.did('settle');
      return { escrow: 3, job, amount: '600', state: 'settled' };
    },
    refund: async ({ job }) => {
      if (this.escrow === undefined) return null;
      this.escrow = 'refunded';
      this.did('refund');
      return { escrow: 3, job, amount: '600', state: 'refunded' };
    },
    bonds: async ({ holders }) => holders.map((holder) => ({ ...holder, amount: '1000' })),
    sweep: async () => ({ settled: [], refunded: [] }),
  };

  /** What nobody goes on with. */
  left: Leftover[] = [];

  watch: WatchPort = {
    leftovers: async () => this.left,
    settle: async ({ of, jobs }) => {
      this.did(`settle ${of}`);
      return { withdrawn: [], failed: jobs, refunded: [], stopped: [] };
    },
    rooms: async () => ({ rooms: 0, bytes: 0, buckets: [], checkpoints: { jobs: 0, bytes: 0 } }),
    objects: async ({ after }) => ({ objects: 0, uploads: 0, next: after === null ? 'datasets/7' : null }),
    balances: async () => [{ canister: 'bucket', id: 'aaaaa-aa', cycles: '1500000000000' }],
  };

  training: TrainingPort = {
    open: async () => ({ host: 'provider-host', checkpoint: null }),
    fetch: async () => ({ datasets: 2, bytes: 2e6 }),
    train: async () => {
      if (this.trainingFails) throw ApplicationFailure.nonRetryable('Training failed in epoch 2', 'trainingFailed');
      if (this.trainingHangs) throw ApplicationFailure.create({ type: 'busy', message: 'busy', nextRetryDelay: 200 });
      this.did('train');
      return { epochs: 3, metrics: {} };
    },
    publish: async ({ job }) => {
      this.did('publish');
      this.job = { ...this.jobs.get(job)!, state: 'submitted', checkpoint: id('c') };
      this.jobs.set(job, this.job);
      return { checkpoint: id('c'), bytes: 1000 };
    },
    wipe: async () => this.did('wipe'),
    giveUp: async () => this.did('give up'),
  };

  evaluation: EvaluationPort = {
    measure: async () => {
      const measured = figuresOfClassification({
        ...{ accuracy: '0.951', macroF1: '0.93', worstPerson: '0.88' },
        parentAccuracy: null,
      });
      const parents: Partial<Record<string, string>> = this.parent;
      const figures = measured.figures.map((figure) => ({ ...figure, parent: parents[figure.name] ?? null }));
      return { people: 4, windows: 1000, ...measured, figures };
    },
  };

  models: ModelsPort = {
    released: async () => ({ version: 1, release: 1 }),
    current: async ({ channel }) => ({
      channel,
      sequence: 9,
      stable: { checkpoint: id('c'), version: 4 },
      candidate: null,
    }),
    close: async () => this.did('close checkpoint'),
    stableAt: async ({ channel, version }) => ({
      channel,
      sequence: 9,
      stable: { checkpoint: id('c'), version },
      candidate: null,
    }),
  };

  fleet: FleetPort = {
    beginWave: async ({ wave, seen }) => {
      if (['completed', 'stopped', 'superseded'].includes(this.release.state)) return this.seen();
      const soaking = this.release.wave > 0 && this.release.wave < wave && this.soaks.enough === false;
      if (this.release.state === 'paused' || soaking) {
        const now = this.seen();
        if (seen !== undefined && now.phase !== seen) return now;
        throw notYet(this.release.state === 'paused' ? 'paused' : 'it soaks');
      }
      if (wave > this.stopsAfterWave)
        return this.change({ state: 'stopped', why: '400 of 1000 windows were corrected, the gate is 250' });
      this.did(`wave ${wave}`);
      const [plan] = this.plans;
      const last = plan ? wavesOf(plan) : 3;
      const soak = this.soaks.until === undefined ? {} : { soaksUntil: this.soaks.until };
      return this.change({ wave, exposed: wave * 2 - 1, state: wave > last ? 'completed' : 'rolling', ...soak });
    },
    pods: async () => ({
      versions: [{ version: this.release.version, pods: ['pod-1'], count: this.release.exposed }],
      installed: 1,
      returned: 0,
    }),
    changed: async ({ seen }) => {
      if (this.release.state === seen) throw notYet(`it is ${seen}`);
      return this.seen();
    },
    pause: async () => {
      this.pauses++;
      return this.change({ state: 'paused' });
    },
    resume: async () => this.change({ state: 'rolling' }),
    skipSoak: async ({ wave }) => {
      this.did(`skip soak ${wave}`);
      this.soaks = { enough: true };
      const { soaksUntil: _, ...release } = this.release;
      this.release = release;
      return this.seen();
    },
    abort: async ({ reason }) => {
      this.did('abort release');
      return this.change({ state: 'stopped', why: reason });
    },
  };

  /** Somebody else did it: a person at the canister, its gate, or a vote. */
  change(change: Partial<ReleaseView>): ReleaseView {
    this.release = { ...this.release, ...change };
    return this.seen();
  }

  private seen(): ReleaseView {
    const { state, soaksUntil } = this.release;
    const release = { ...this.release, standing: this.stateOf('release/1')! };
    if (state !== 'rolling') return { ...release, phase: state === 'planned' ? 'beginning' : state };
    const soaks = soaksUntil !== undefined && Date.parse(soaksUntil) > Date.now();
    return { ...release, phase: soaks ? 'soaking' : 'gathering' };
  }

  /** Where the release or the job stands, as a token names it; undefined for a workflow. */
  stateOf(object: string): string | undefined {
    if (object.startsWith('release/')) return releaseState(this.release.state, this.release.wave, this.pauses);
    if (!object.startsWith('job/') || !this.job) return undefined;
    return jobState(this.job.state, BigInt(Date.parse(this.job.deadline)) * 1_000_000n);
  }

  /** Operators are whoever signs; the canister's list is tested where the canister is. */
  operators: OperatorsPort = {
    authorise: async ({ token, action, workflow, object = 'workflow', state = '' }) => {
      const { operator } = readOperatorToken(token);
      const why = whyNotAllowed(operator, { action, workflow, object, state: this.stateOf(object) ?? state });
      if (why !== undefined)
        throw ApplicationFailure.nonRetryable(
          `The token does not allow ${action} of ${workflow}: ${why}`,
          'notAuthorized',
        );
      return { operator: operator.operator, until: '2030-01-01T00:00:00Z' };
    },
  };

  /** Every port's methods under the names that workflows call. */
  activities(): Record<string, (...args: never[]) => Promise<unknown>> {
    const ports = {
      operators: this.operators,
      governance: this.governance,
      checks: this.checks,
      datasets: this.datasets,
      access: this.access,
      requesting: this.requesting,
      treasury: this.treasury,
      watch: this.watch,
      training: this.training,
      evaluation: this.evaluation,
      models: this.models,
      fleet: this.fleet,
    };
    return Object.fromEntries(
      Object.entries(ports).flatMap(([port, methods]) =>
        Object.entries(methods).map(([method, run]) => [
          `${port}.${method}`,
          this.unlessHeld(`${port}.${method}`, run),
        ]),
      ),
    );
  }

  private unlessHeld<A extends never[], R>(step: string, run: (...args: A) => Promise<R>) {
    return async (...args: A): Promise<R> => {
      if (this.held.has(step)) throw notYet(`${step} is held`);
      return run(...args);
    };
  }
}
