/** Single entries of a log, proven: recorded answers of a canister, signed by a network of the test's own. */
import { Principal } from '@dfinity/principal';
import type { Clients } from '@livepod/client';
import { canonicalJson, unhex } from '@livepod/protocol';
import { certifiedEntries } from '../src/entries.js';
import { rootKey, signed } from './network.js';
import { read, type File } from './sample.js';

/** Answers as the access canister gave them. */
function answering(file: File): Clients {
  const { id, log, tip } = file.canisters.access;
  const entry = ({ index, at, caller, event, hash }: (typeof log)[number]) => ({
    index: BigInt(index),
    at: BigInt(at),
    caller: Principal.fromText(caller),
    event: new TextDecoder().decode(canonicalJson(event)),
    hash: unhex(hash),
  });
  return {
    network: { icHost: '', rootKey, canisters: { access: id } },
    access: {
      audit_tip: async () => ({
        length: BigInt(log.length),
        hash: unhex(log.at(-1)!.hash),
        certificate: [unhex(tip.certificate)],
        witness: unhex(tip.witness),
      }),
      audit_log: async ({ start, length }: { start: bigint; length: number }) =>
        log.slice(Number(start), Number(start) + length).map(entry),
    },
  } as unknown as Clients;
}

describe('entries of a log', () => {
  it.each([[[0]], [[3, 5]], [[]]])('%j follow from a certificate', async (numbers) => {
    const file = signed(read());
    const proven = await certifiedEntries(answering(file), 'access', numbers);
    expect(proven.entries).toEqual(numbers.map((number) => file.canisters.access.log[number]));
    expect(proven.certifiedAt).toBeGreaterThan(0n);
  });

  it('are refused when one was changed, when the log does not lead to its end, and beyond it', async () => {
    const changed = signed(read());
    changed.canisters.access.log[4]!.event['job'] = 999;
    await expect(certifiedEntries(answering(changed), 'access', [4])).rejects.toMatchObject({ code: 'brokenChain' });
    const cut = signed(read());
    cut.canisters.access.log.pop();
    await expect(certifiedEntries(answering(cut), 'access', [1])).rejects.toMatchObject({ code: 'brokenChain' });
    await expect(certifiedEntries(answering(signed(read())), 'access', [99_999])).rejects.toMatchObject({
      code: 'missing',
    });
  });
});
