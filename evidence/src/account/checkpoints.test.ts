import {
  canonicalJson,
  documentId,
  ed25519Der,
  hex,
  parseApproval,
  principalOfDer,
  principalText,
  sha256,
  signDocument,
  utf8,
} from '@livepod/protocol';
import { ed25519 } from '@noble/curves/ed25519.js';
import { refusal, World } from '../../test/world.js';
import type { JsonObject, SignedDocument } from '../format.js';
import { checkpointsOf, figuresOfAccount, type CheckpointAccount } from './checkpoints.js';
import { Proposals, type ProposalAccount } from './proposals.js';

async function drawn(world: World, votes: Partial<ProposalAccount>[] = []): Promise<CheckpointAccount[]> {
  const { facts, file } = world;
  const approval = parseApproval(canonicalJson(file.documents.approvals[0]!.document));
  const proposals = new Proposals(facts);
  Object.assign(proposals, { known: new Map(votes.map((one) => [one.proposal, one])) });
  return checkpointsOf(facts, proposals, [{ account: file.jobs[0]!, approval }]);
}
const JOB = { job: 2 };
const job = (world: World) => world.file.jobs[0]!;
const submitted = (world: World) => world.one('models', 'checkpointSubmitted', JOB);
const id = (world: World): JsonObject => ({ checkpoint: world.file.checkpoints[0]!.checkpoint });
const evaluated = (world: World) => world.one('models', 'checkpointEvaluated', id(world));
const adopted = (world: World) => world.one('models', 'checkpointAdopted', id(world));
const earlier = (at: string): string => String(BigInt(at) - 1n);

const seed = sha256(utf8('somebody'));
const der = ed25519Der(ed25519.getPublicKey(seed));
const somebody = principalText(principalOfDer(der));
/** A document that says something else, signed by somebody who says that it is theirs. */
function signs(kept: SignedDocument, change: JsonObject): string {
  Object.assign(kept.document, change, { publicKey: hex(der) });
  kept.id = documentId(canonicalJson(kept.document));
  kept.signature = hex(signDocument(canonicalJson(kept.document), seed));
  return kept.id;
}
/** The provider of everything is somebody whose key the test has, and signs a manifest that says this. */
function manifestSays(world: World, change: JsonObject): void {
  job(world).provider = somebody;
  submitted(world).caller = somebody;
  const before = job(world).submitted!.checkpoint;
  const now = signs(world.file.documents.checkpoints[0]!, { provider: somebody, ...change });
  for (const { event } of world.file.canisters.models.log)
    if (event['checkpoint'] === before) event['checkpoint'] = now;
  job(world).submitted!.checkpoint = now;
  world.drop('models', 'checkpointEvaluated', { checkpoint: now });
  world.drop('models', 'checkpointAdopted', { checkpoint: now });
}
/** An evaluator whose key the test has, appointed like the one of the sample, signs a report that says this. */
function reportSays(world: World, change: JsonObject): void {
  const entry = evaluated(world);
  entry.caller = somebody;
  entry.event['report'] = signs(world.file.documents.evaluations[0]!, { evaluator: somebody, ...change });
  world.drop('models', 'checkpointAdopted', id(world));
}

describe('a checkpoint', () => {
  it('is what its manifest, its evaluation and the votes say', async () => {
    const world = new World();
    expect(await drawn(world)).toEqual(world.file.checkpoints);
  });

  it('need not be there yet; one that access was told of has to be', async () => {
    const world = new World();
    world.drop('models', 'checkpointSubmitted', JOB);
    expect(await refusal(() => drawn(world))).toMatch(/^missing: .*checkpoint sha256:.* of job 2/);
    job(world).submitted = null;
    expect(await drawn(world)).toEqual([]);
    const untold = new World();
    job(untold).submitted = null;
    expect(await drawn(untold)).toHaveLength(1);
  });

  it('need not be measured, nor adopted', async () => {
    const world = new World();
    world.drop('models', 'checkpointAdopted', id(world));
    expect(await drawn(world)).toMatchObject([{ adoptions: [], rejected: null }]);
    world.drop('models', 'checkpointEvaluated', id(world));
    expect(await drawn(world)).toMatchObject([{ evaluation: null }]);
  });

  it('that a vote rejected says which, and no other', async () => {
    const world = new World();
    Object.assign(adopted(world).event, { type: 'checkpointRejected', proposal: 20 });
    const vote = { proposal: 20, outcome: 'rejected', argument: id(world) } as const;
    expect(await drawn(world, [vote])).toMatchObject([{ rejected: { proposal: 20 }, adoptions: [] }]);
    for (const wrong of [
      { outcome: 'executed' },
      { argument: { checkpoint: 'x' } },
      { argument: null },
      { proposal: 21 },
    ] as const)
      expect(await refusal(() => drawn(world, [{ ...vote, ...wrong }]))).toMatch(
        /^contradiction: .*no lost vote on checkpoint/,
      );
  });

  it('is of the job’s provider, whoever signs it, and made as was approved', async () => {
    const world = new World();
    manifestSays(world, {});
    expect(await drawn(world)).toMatchObject([{ provider: somebody }]);
  });

  const other = `sha256:${'0'.repeat(64)}`;
  it.each<[string, JsonObject, string]>([
    ['another job', { job: 3 }, 'job'],
    ['another approval', { approvalDigest: other }, 'approvalDigest'],
    ['another recipe', { recipe: other }, 'recipe'],
    ['another parent', { parent: null }, 'parent'],
    ['another seed', { seed: 3 }, 'seed'],
    ['other arguments', { arguments: {} }, 'arguments'],
    ['other datasets', { datasets: [other] }, 'datasets'],
  ])('whose manifest says %s is refused', async (_, change, field) => {
    const world = new World();
    manifestSays(world, change);
    expect(await refusal(() => drawn(world))).toMatch(
      new RegExp(`^contradiction: documents.checkpoints\\[0\\].document.${field}: `),
    );
  });

  it('whose file of one chunk has another hash than that is refused', async () => {
    const world = new World();
    const files = world.file.documents.checkpoints[0]!.document['files'] as JsonObject[];
    files[1]!['sha256'] = '0'.repeat(64);
    manifestSays(world, {});
    expect(await refusal(() => drawn(world))).toMatch(
      /^(contradiction|wrongDocument): documents.checkpoints\[0\].document/,
    );
  });

  it.each<[string, (world: World) => void, string]>([
    ['that was submitted twice', (w) => w.add('models', { ...submitted(w).event }), 'contradiction: .*a second time'],
    [
      'another than access was told of',
      (w) => void (job(w).submitted!.checkpoint = other),
      'contradiction: .*the checkpoint that access was told of',
    ],
    [
      'that somebody else submitted',
      (w) => void (submitted(w).caller = 'aaaaa-aa'),
      'contradiction: .*who submitted the checkpoint',
    ],
    [
      'that was measured before it was there',
      (w) => void (evaluated(w).at = earlier(submitted(w).at)),
      'contradiction: .*an evaluation before its checkpoint',
    ],
    [
      'that was adopted without a measurement',
      (w) => w.drop('models', 'checkpointEvaluated', id(w)),
      'missing: .*an evaluation of checkpoint',
    ],
    [
      'that was adopted before it was measured',
      (w) => void (adopted(w).at = earlier(evaluated(w).at)),
      'contradiction: .*an adoption before the evaluation',
    ],
    [
      'that was adopted and rejected',
      (w) => w.add('models', { type: 'checkpointRejected', ...id(w), proposal: 20 }),
      'contradiction: .*was adopted and rejected',
    ],
    ['that no vote adopted', (w) => void (adopted(w).event['channel'] = 'beta'), 'missing: .*no executed proposal'],
    ['whose report is another', (w) => void (evaluated(w).event['report'] = other), 'missing: documents.evaluations: '],
    [
      'whose report somebody else recorded',
      (w) => void (evaluated(w).caller = 'aaaaa-aa'),
      'contradiction: .*who recorded the report',
    ],
    [
      'whose evaluator is its provider',
      (w) => {
        job(w).provider = evaluated(w).caller;
        submitted(w).caller = evaluated(w).caller;
      },
      'contradiction: ',
    ],
    [
      'of other figures in the log',
      (w) => void (evaluated(w).event['accuracy'] = '0.999999'),
      'contradiction: .*its figures',
    ],
    ['whose evaluator nobody appointed', (w) => w.drop('models', 'evaluatorAppointed'), 'missing: .*was appointed'],
    [
      'that was measured before its evaluator was appointed',
      (w) => void (w.one('models', 'evaluatorAppointed').at = String(BigInt(evaluated(w).at) + 1n)),
      'contradiction: .*before it was appointed',
    ],
    [
      'whose evaluator no vote appointed',
      (w) => void (w.one('models', 'evaluatorAppointed').caller = 'aaaaa-aa'),
      'contradiction: .*who did it',
    ],
  ])('%s is refused', async (_, change, why) => {
    const world = new World();
    change(world);
    expect(await refusal(() => drawn(world))).toMatch(new RegExp(`^${why}`));
  });

  it('is not proven by the report of another, nor by one of its own provider', async () => {
    const world = new World();
    reportSays(world, { checkpoint: other });
    expect(await refusal(() => drawn(world))).toMatch(/^contradiction: .*the checkpoint that was measured/);
    const own = new World();
    reportSays(own, { evaluator: job(own).provider });
    expect(await refusal(() => drawn(own))).not.toBe('holds');
    const stranger = new World();
    reportSays(stranger, {});
    expect(await refusal(() => drawn(stranger))).toMatch(/^missing: .*that evaluator .* was appointed/);
  });

  it('has figures of either form, which the log and the report say alike', async () => {
    const world = new World();
    const { accuracy, macroF1, worstPerson } = evaluated(world).event;
    evaluated(world).event['figures'] = { macroF1: macroF1!, accuracy: accuracy!, worstPerson: worstPerson! };
    const [{ evaluation }] = (await drawn(world)) as [CheckpointAccount];
    expect(figuresOfAccount(evaluation!)).toMatch(/98\.66|0\.98/);
    const figures = [{ name: 'accuracy', value: '0.5', unit: null, parent: null }];
    expect(figuresOfAccount({ ...evaluation!, figures } as Parameters<typeof figuresOfAccount>[0])).toMatch(/50|0\.5/);
  });
});
