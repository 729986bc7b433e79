import { refused, type Attack } from '../attack.js';

export const stranger: Attack[] = [
  {
    party: 'stranger',
    name: 'reads a chunk of a dataset from its bucket',
    test: 'canisters/client/test/keyRelease.slow.test.ts',
    async play(ground) {
      const clients = await ground.as('stranger');
      const dataset = (await clients.datasets.get_dataset(ground.datasets.bucket))!;
      const [room] = await clients.datasets.list_buckets();
      return refused(ground, ['notAuthorized', 'noLease', 'leaseMissing'], () =>
        clients.bucketClient(room!.bucket).get_chunk({ uid: dataset.uid, index: 0 }),
      );
    },
  },
];
