import { sha256, utf8 } from '@livepod/protocol';
import { broken, refused, worst, type Attack, type Played } from '../attack.js';
import { forged } from '../documents.js';
import type { Ground } from '../ground.js';

const ROOM = 'canisters/models/src/tests/checkpoints.rs';
const other = (text: string): string => `sha256:${Buffer.from(sha256(utf8(text))).toString('hex')}`;

/** Submits the finished round's checkpoint as the held job's, after each of these changes. */
async function submittedWith(ground: Ground, changes: Record<string, (fields: Record<string, unknown>) => void>) {
  const clients = await ground.as('provider');
  const signed = await clients.models.get_manifest(ground.done.checkpoint);
  const played: Played[] = [];
  for (const [name, change] of Object.entries(changes)) {
    const fit = (fields: Record<string, unknown>): void => {
      Object.assign(fields, {
        job: Number(ground.granted.job.id),
        approvalDigest: ground.granted.job.approval_digest,
        datasets: ground.granted.job.datasets.map(({ dataset }) => dataset),
      });
      change(fields);
    };
    const { document: manifest, signature } = forged(ground, new Uint8Array(signed!.manifest), fit, 'provider');
    const one = await refused(ground, ['invalid', 'wrongSigner', 'notFound', 'notGranted', 'jobMismatch'], () =>
      clients.models.submit_checkpoint({ manifest, signature }),
    );
    played.push(one.outcome === 'broken' ? broken(`${name}: ${one.why}`) : { ...one, why: `${name}: ${one.why}` });
  }
  const found = worst(played);
  return found.outcome === 'broken' ? found : { ...found, why: played.map(({ why }) => why).join('; ') };
}

export const provider: Attack[] = [
  {
    party: 'provider',
    name: 'submits a checkpoint that names another recipe, approval, dataset, job or parent than its job',
    test: ROOM,
    play: (ground) =>
      submittedWith(ground, {
        recipe: (fields) => (fields['recipe'] = other('recipe')),
        approval: (fields) => (fields['approvalDigest'] = other('approval')),
        datasets: (fields) => (fields['datasets'] = [other('dataset')]),
        job: (fields) => (fields['job'] = 9_999),
        parent: (fields) => (fields['parent'] = other('parent')),
        provider: (fields) => (fields['provider'] = ground.rig.chain.identity('stranger').getPrincipal().toText()),
      }),
  },
  {
    party: 'provider',
    name: 'asks for a key of a job that is over',
    test: 'canisters/client/test/keyRelease.slow.test.ts',
    async play(ground) {
      const clients = await ground.as('provider');
      const [grant] = await clients.access.list_grants({ job: ground.done.job.id });
      return refused(ground, ['grantRevoked'], () =>
        clients.access.release_key({ grant: grant!.id, transport_public_key: new Uint8Array(48).fill(7) }),
      );
    },
  },
  {
    party: 'provider',
    name: 'asks to be paid before its checkpoint is measured and voted in',
    test: 'canisters/treasury/src/money_tests.rs',
    async play(ground) {
      const clients = await ground.as('provider');
      return refused(ground, ['notYet'], () => clients.treasury.settle(ground.granted.job.escrow[0]!));
    },
  },
  {
    party: 'provider',
    name: 'measures its own checkpoint',
    test: 'canisters/models/src/tests/documents.rs',
    async play(ground) {
      const clients = await ground.as('provider');
      const signed = await clients.models.get_manifest(ground.done.checkpoint);
      const { evaluation } = signed!;
      const { document: report, signature } = forged(
        ground,
        new Uint8Array(evaluation[0]!.report),
        (fields) => {
          fields['evaluator'] = clients.principal.toText();
          fields['publicKey'] = Buffer.from(ground.rig.chain.identity('provider').getPublicKey().toDer()).toString(
            'hex',
          );
        },
        'provider',
      );
      return refused(ground, ['notAppointed'], () => clients.models.submit_evaluation({ report, signature }));
    },
  },
];
