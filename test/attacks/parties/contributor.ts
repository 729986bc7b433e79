import { broken, nothing, refused, type Attack } from '../attack.js';
import { forged } from '../documents.js';
import { randomBytes } from 'node:crypto';

const INTAKE = 'canisters/datasets/src/intake/tests.rs';

export const contributor: Attack[] = [
  {
    party: 'contributor',
    name: "registers another's dataset as its own",
    test: INTAKE,
    async play(ground) {
      const clients = await ground.as('contributor-2');
      const signed = (await clients.datasets.get_manifest(ground.datasets.bucket))!;
      const { document: manifest, signature } = forged(
        ground,
        new Uint8Array(signed.manifest),
        (fields) => (fields['title'] = 'Mine'),
        'contributor-2',
      );
      return refused(ground, ['wrongSignature', 'badSignature', 'invalid', 'notAuthorized', 'wrongPrincipal'], () =>
        clients.datasets.register({ manifest, signature }),
      );
    },
  },
  {
    party: 'contributor',
    name: 'registers data that is not there, or lies in a folder of others',
    test: INTAKE,
    async play(ground) {
      const clients = await ground.as('contributor-2');
      const signed = (await clients.datasets.get_manifest(ground.datasets.s3))!;
      const changes: Record<string, (fields: Record<string, unknown>) => void> = {
        'another salt, so another uid': (fields) => (fields['salt'] = randomBytes(16).toString('hex')),
        "another's folder": (fields) =>
          Object.assign(fields['storage'] as object, { prefix: `datasets/${'ab'.repeat(32)}/` }),
        'another epoch': (fields) => (fields['keyEpoch'] = 9),
      };
      for (const [name, change] of Object.entries(changes)) {
        const { document: manifest, signature } = forged(
          ground,
          new Uint8Array(signed.manifest),
          change,
          'contributor-2',
        );
        const played = await refused(ground, ['invalid', 'notFound', 'notAuthorized', 'alreadyExists'], () =>
          clients.datasets.register({ manifest, signature }),
        );
        if (played.outcome === 'broken') return broken(`${name}: ${played.why}`);
      }
      return nothing(`${Object.keys(changes).length} times refused`);
    },
  },
  {
    party: 'contributor',
    name: "withdraws another's dataset",
    test: INTAKE,
    async play(ground) {
      const clients = await ground.as('contributor-2');
      return refused(ground, ['notAuthorized'], () => clients.datasets.withdraw(ground.datasets.bucket));
    },
  },
  {
    party: 'contributor',
    name: "writes into another's room of a bucket",
    test: 'canisters/bucket/src/lib.rs',
    async play(ground) {
      const clients = await ground.as('contributor-2');
      const dataset = (await clients.datasets.get_dataset(ground.datasets.bucket))!;
      const [room] = await clients.datasets.list_buckets();
      return refused(ground, ['notAuthorized', 'sealed', 'closed', 'notFound'], () =>
        clients.bucketClient(room!.bucket).put_chunk({ uid: dataset.uid, index: 0, bytes: randomBytes(1000) }),
      );
    },
  },
];
