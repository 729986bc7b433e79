/** One attack each on the sample from a real run. None may hold, and each is found where it was made. */
import {
  canonicalJson,
  documentId,
  ed25519Der,
  hex,
  principalOfDer,
  principalText,
  signDocument,
  utf8,
} from '@livepod/protocol';
import { ed25519 } from '@noble/curves/ed25519.js';
import { IC_ROOT_KEY, verify } from '../src/verify.js';
import { changed, flipped, positions, read, rehash, retold, rootKey, sample, verdict } from './sample.js';

const text = new TextDecoder().decode(sample);
const indexOf = <T>(list: T[], fits: (item: T) => boolean): number => {
  const found = list.findIndex(fits);
  if (found < 0) throw new Error('the sample has no such entry');
  return found;
};

describe('the sample', () => {
  it('holds under the root key of the host that made it, and proves the whole round', async () => {
    const { claims, outcome, account } = await verify(sample, { rootKey });
    expect(outcome).toBe('completed');
    expect(claims.length).toBeGreaterThan(40);
    expect(account.jobs[0]!.keyReleases.filter(({ released }) => released)).toHaveLength(
      account.jobs[0]!.datasets.length,
    );
    expect(account.rollbacks).toHaveLength(2);
  });

  it('is below 1 MB and verified in less than 2 s of one core', async () => {
    expect(sample.length).toBeLessThan(1_000_000);
    const began = process.cpuUsage();
    await verify(sample, { rootKey });
    const { user, system } = process.cpuUsage(began);
    expect((user + system) / 1_000_000).toBeLessThan(2);
  });

  it('holds no secret and nothing of a person but what was published with a dataset', () => {
    expect(text).not.toMatch(/"(seed|secret|privateKey|encrypted_?[kK]ey|presigned)"\s*:\s*"/);
    expect(text).not.toMatch(/X-Amz|BEGIN |\/home\/|\/tmp\//);
  });
});

describe('a root key', () => {
  it("refuses the sample under the real network's root key", async () => {
    expect(await verdict(sample, IC_ROOT_KEY)).toBe('rootKey: wrongRootKey');
  });
  it('refuses a file that claims to be made under another root key', async () => {
    const claimed = changed((file) => {
      file.rootKey = IC_ROOT_KEY;
    });
    expect(await verdict(claimed, IC_ROOT_KEY)).toBe('canisters.governance.tip.certificate: wrongCertificate');
    expect(await verdict(claimed)).toBe('rootKey: wrongRootKey');
  });
  it('refuses other canisters than those the reader trusts', async () => {
    const { governance, treasury } = read().canisters;
    await expect(verify(sample, { rootKey, canisters: { governance: governance.id } })).resolves.toBeDefined();
    await expect(verify(sample, { rootKey, canisters: { governance: treasury.id } })).rejects.toMatchObject({
      path: 'canisters.governance.id',
    });
  });
});

describe('a log', () => {
  it('refuses a chain that was truncated', async () => {
    expect(
      await verdict(
        changed((file) => {
          file.canisters.treasury.log.pop();
        }),
      ),
    ).toBe('canisters.treasury.tip.witness: brokenChain');
  });
  it('refuses a chain without its beginning', async () => {
    expect(
      await verdict(
        changed((file) => {
          file.canisters.access.log.shift();
        }),
      ),
    ).toBe('canisters.access.log[0].index: brokenChain');
  });
  it('refuses a chain that claims to go on from an earlier point that nothing certifies', async () => {
    const forged = changed((file) => {
      const { log, tip } = file.canisters.governance;
      const [before] = log.splice(0, 1);
      file.canisters.governance.start = { ...tip, length: 1, hash: before!.hash };
    });
    expect(await verdict(forged)).toBe('canisters.governance.start.witness: brokenChain');
  });
  it('refuses an entry that was left out in the middle', async () => {
    expect(
      await verdict(
        changed((file) => {
          file.canisters.access.log.splice(20, 1);
        }),
      ),
    ).toBe('canisters.access.log[20].index: brokenChain');
  });
  it('refuses an entry that was left out with all hashes written anew', async () => {
    const forged = changed((file) => {
      file.canisters.access.log.splice(20, 1);
      rehash(file, 'access');
    });
    expect(await verdict(forged)).toBe('canisters.access.tip.witness: brokenChain');
  });
  it('refuses an entry swapped between canisters', async () => {
    const forged = changed(({ canisters: { models, fleet } }) => {
      [models.log[3], fleet.log[3]] = [fleet.log[3]!, models.log[3]!];
    });
    expect(await verdict(forged)).toBe('canisters.models.log[3]: brokenChain');
  });
  it('refuses two entries that changed places', async () => {
    const forged = changed(
      ({
        canisters: {
          governance: { log },
        },
      }) => {
        [log[7], log[8]] = [log[8]!, log[7]!];
      },
    );
    expect(await verdict(forged)).toBe('canisters.governance.log[7].index: brokenChain');
  });
  it('refuses an event that was changed, with its hash', async () => {
    const forged = changed((file) => {
      file.canisters.treasury.log[40]!.event['amount'] = '1';
      rehash(file, 'treasury');
    });
    expect(await verdict(forged)).toBe('canisters.treasury.tip.witness: brokenChain');
  });
  it('refuses the whole log of one canister in the place of another', async () => {
    const forged = changed(({ canisters }) => {
      [canisters.datasets.log, canisters.access.log] = [canisters.access.log, canisters.datasets.log];
    });
    expect(await verdict(forged)).toBe('canisters.datasets.tip.witness: brokenChain');
  });
});

describe('a certificate', () => {
  it('refuses the certificate of another canister', async () => {
    const forged = changed(({ canisters: { datasets, access } }) => {
      datasets.tip.certificate = access.tip.certificate;
    });
    expect(await verdict(forged)).toBe('canisters.datasets.tip.certificate: wrongCertificate');
  });
  it('refuses the tip of another canister', async () => {
    const forged = changed(({ canisters: { datasets, access } }) => {
      datasets.tip = access.tip;
    });
    expect(await verdict(forged)).toBe('canisters.datasets.tip.witness: brokenChain');
  });
  it('refuses one canister under two names', async () => {
    const forged = changed(({ canisters }) => {
      canisters.fleet = structuredClone(canisters.models);
    });
    expect(await verdict(forged)).toBe('canisters.fleet.id: contradiction');
  });
  it("refuses another canister's id", async () => {
    const forged = changed(({ canisters: { ledger } }) => {
      ledger.id = 'rrkah-fqaaa-aaaaa-aaaaq-cai';
    });
    expect(await verdict(forged)).toBe('canisters.ledger.tip.certificate: wrongCertificate');
  });
  it('refuses a certificate of its state instead of its tip', async () => {
    const forged = changed(({ canisters: { fleet } }) => {
      fleet.tip.certificate = fleet.code.certificate;
    });
    expect(await verdict(forged)).toBe('canisters.fleet.tip.certificate: wrongCertificate');
  });
  it('refuses other code than the network certifies', async () => {
    expect(
      await verdict(
        changed(({ canisters: { treasury } }) => {
          treasury.code.moduleHash = '00'.repeat(32);
        }),
      ),
    ).toBe('canisters.treasury.code.moduleHash: differs');
    expect(
      await verdict(
        changed(({ canisters: { treasury } }) => {
          treasury.code.controllers = [];
        }),
      ),
    ).toBe('canisters.treasury.code.controllers: differs');
  });
  it('refuses CBOR that says the same in other bytes', async () => {
    const lax = changed(({ canisters: { ledger } }) => {
      ledger.tip.certificate = ledger.tip.certificate.replace(/^d9d9f7/, 'd9d9f6');
    });
    expect(await verdict(lax)).toBe('canisters.ledger.tip.certificate: wrongCertificate');
    const longer = changed(({ canisters: { ledger } }) => {
      ledger.tip.certificate += '00';
    });
    expect(await verdict(longer)).toBe('canisters.ledger.tip.certificate: wrongCertificate');
  });
});

describe('an account', () => {
  it('refuses a vote that was removed', async () => {
    expect(
      await verdict(
        changed(({ proposals }) => {
          proposals[3]!.votes.splice(1, 1);
        }),
      ),
    ).toBe('proposals[3].votes[1].neuron: differs');
    expect(
      await verdict(
        changed(({ proposals }) => {
          proposals[3]!.votes.pop();
        }),
      ),
    ).toMatch(/^proposals\[3\]\.votes\[\d+\]: missing$/);
  });
  it('refuses a vote with another weight', async () => {
    expect(
      await verdict(
        changed(({ proposals }) => {
          proposals[3]!.votes[1]!.power += '0';
        }),
      ),
    ).toBe('proposals[3].votes[1].power: differs');
  });
  it('refuses a payment that was removed', async () => {
    expect(
      await verdict(
        changed(({ escrows }) => {
          escrows[0]!.payments.pop();
        }),
      ),
    ).toMatch(/^escrows\[0\]\.payments\[\d+\]: missing$/);
  });
  it('refuses a key release that was removed', async () => {
    expect(
      await verdict(
        changed(({ jobs }) => {
          jobs[0]!.keyReleases.pop();
        }),
      ),
    ).toMatch(/^jobs\[0\]\.keyReleases\[\d+\]: missing$/);
  });
  it('refuses a proposal, a dataset and a rollback that were left out', async () => {
    expect(
      await verdict(
        changed(({ proposals }) => {
          proposals.pop();
        }),
      ),
    ).toMatch(/^proposals\[\d+\]: missing$/);
    expect(
      await verdict(
        changed(({ datasets }) => {
          datasets.shift();
        }),
      ),
    ).toMatch(/^datasets\[0\]/);
    expect(
      await verdict(
        changed(({ rollbacks }) => {
          rollbacks.length = 0;
        }),
      ),
    ).toBe('rollbacks[0]: missing');
  });
  it('refuses reordered lists', async () => {
    expect(
      await verdict(
        changed(({ proposals }) => {
          proposals.reverse();
        }),
      ),
    ).toMatch(/^proposals\[0\]/);
    expect(
      await verdict(
        changed(({ escrows }) => {
          escrows[0]!.payments.reverse();
        }),
      ),
    ).toMatch(/^escrows\[0\]\.payments\[0\]/);
    expect(
      await verdict(
        changed(({ documents }) => {
          documents.datasets.reverse();
        }),
      ),
    ).toBe('documents.datasets[1]: wrongShape');
    expect(
      await verdict(
        changed(({ releases }) => {
          releases[0]!.waves.reverse();
        }),
      ),
    ).toMatch(/^releases\[0\]\.waves\[0\]/);
  });
  it('refuses another outcome and another round', async () => {
    expect(
      await verdict(
        changed((file) => {
          file.outcome = 'stopped';
        }),
      ),
    ).toBe('outcome: differs');
    expect(
      await verdict(
        changed((file) => {
          file.round = 'round-1';
        }),
      ),
    ).not.toBe('holds');
  });
  it('refuses fields that nothing explains', async () => {
    expect(await verdict(changed((file) => Object.assign(file, { note: 'trust me' })))).toBe('note: differs');
    expect(await verdict(changed((file) => Object.assign(file.canisters.fleet, { note: 1 })))).toBe(
      'canisters.fleet.note: wrongShape',
    );
    expect(
      await verdict(
        changed((file) => {
          Reflect.deleteProperty(file, 'jobs');
        }),
      ),
    ).toBe('jobs: missing');
  });
});

describe('a log that lacks something, with everything else of the file drawn up anew', () => {
  const without = (name: 'governance' | 'treasury' | 'access', fits: (event: Record<string, unknown>) => boolean) => {
    const file = read();
    file.canisters[name].log.splice(
      indexOf(file.canisters[name].log, ({ event }) => fits(event)),
      1,
    );
    rehash(file, name);
    return file;
  };
  const job = read().jobs[0]!.job;

  it('contradicts itself without a vote, before any certificate is looked at', async () => {
    const file = without(
      'governance',
      ({ type, proposal, vote }) => type === 'voted' && proposal === read().proposals[3]!.proposal && vote === 1,
    );
    await expect(retold(file)).rejects.toMatchObject({ code: 'contradiction' });
    expect(await verdict(canonicalJson(file))).toBe('canisters.governance.tip.witness: brokenChain');
  });
  it('contradicts itself without a payment', async () => {
    const file = without(
      'treasury',
      ({ type, escrow }) => type === 'escrow_paid' && escrow === read().escrows[0]!.escrow,
    );
    await expect(retold(file)).rejects.toMatchObject({ code: expect.stringMatching(/contradiction|missing/) });
    expect(await verdict(canonicalJson(file))).toBe('canisters.treasury.tip.witness: brokenChain');
  });
  it('contradicts itself without a key release', async () => {
    const grant = read().jobs[0]!.grants[0]!.grant;
    for (const kind of ['keyRequested', 'keyReleased']) {
      await expect(
        retold(without('access', ({ type, grant: of }) => type === kind && of === grant)),
      ).rejects.toMatchObject({ code: 'missing' });
    }
  });
  it('contradicts itself without a grant', async () => {
    await expect(
      retold(without('access', ({ type, job: of }) => type === 'granted' && of === job)),
    ).rejects.toMatchObject({ code: 'missing' });
  });
  it('contradicts itself when the provider is paid more', async () => {
    const file = read();
    const { log } = file.canisters.treasury;
    log[
      indexOf(log, ({ event }) => event['type'] === 'escrow_paid' && String(event['why']) === `reward of job ${job}`)
    ]!.event['amount'] = '600000000';
    rehash(file, 'treasury');
    await expect(retold(file)).rejects.toMatchObject({
      code: 'contradiction',
      message: expect.stringContaining('how much is paid'),
    });
  });
});

describe('a document', () => {
  it('refuses a manifest that was changed', async () => {
    expect(
      await verdict(
        changed(({ documents }) => {
          documents.datasets[2]!.document['title'] = 'Mine';
        }),
      ),
    ).toBe('documents.datasets[2].document: wrongDocument');
  });
  it('refuses another signature of a checkpoint, though the rest of the file was made to fit', async () => {
    const file = read();
    const seed = new Uint8Array(32).fill(7);
    file.documents.checkpoints[0]!.signature = hex(
      signDocument(canonicalJson(file.documents.checkpoints[0]!.document), seed),
    );
    expect(await verdict(canonicalJson(file))).toBe('documents.checkpoints[0].signature: wrongSignature');
  });
  it(
    'refuses a checkpoint that somebody else signed under his own name, with all logs and the account written ' +
      'anew',
    async () => {
      const file = read();
      const seed = new Uint8Array(32).fill(7);
      const der = ed25519Der(ed25519.getPublicKey(seed));
      const kept = file.documents.checkpoints[0]!;
      const before = kept.id;
      kept.document = { ...kept.document, provider: principalText(principalOfDer(der)), publicKey: hex(der) };
      kept.id = documentId(canonicalJson(kept.document));
      kept.signature = hex(signDocument(canonicalJson(kept.document), seed));
      const forged = JSON.parse(JSON.stringify(file).replaceAll(before, kept.id)) as ReturnType<typeof read>;
      for (const name of ['access', 'models', 'fleet', 'governance'] as const) rehash(forged, name);
      await expect(retold(forged)).rejects.toMatchObject({
        code: expect.stringMatching(/contradiction|wrongDocument/),
      });
      expect(await verdict(canonicalJson(forged))).not.toBe('holds');
    },
  );
  it('refuses another text than the one that was voted on', async () => {
    expect(
      await verdict(
        changed(({ documents }) => {
          documents.proposals[0]!.rendering += '!';
        }),
      ),
    ).toBe('documents.proposals[0].rendering: wrongDocument');
    expect(
      await verdict(
        changed(({ documents }) => {
          documents.proposals[0]!.payload += '00';
        }),
      ),
    ).toBe('documents.proposals[0].payload: wrongDocument');
  });
  it('refuses a document that is missing, and one too many', async () => {
    expect(
      await verdict(
        changed(({ documents }) => {
          documents.evaluations = [];
        }),
      ),
    ).toBe('documents.evaluations: missing');
    const more = changed(({ documents }) => {
      const document = { ...documents.recipes[0]!.document, name: 'another' };
      documents.recipes.push({ id: documentId(canonicalJson(document)), document });
      documents.recipes.sort((a, b) => (a.id < b.id ? -1 : 1));
    });
    expect(await verdict(more)).toMatch(/^documents\.recipes\[\d\]: contradiction$/);
  });
});

describe('bytes', () => {
  const bytes = (json: string): Promise<string> => verdict(utf8(json));
  it('refuses white space', async () => {
    expect(await bytes(text.replace('"jobs":', '"jobs": '))).toBe('jobs: notCanonical');
    expect(await bytes(`${text}\n`)).toBe('$: notCanonical');
  });
  it('refuses trailing bytes', async () => expect(await bytes(`${text}{}`)).toBe('$: notCanonical'));
  it('refuses a byte order mark', async () => expect(await bytes(`\uFEFF${text}`)).toBe('$: notCanonical'));
  it('refuses a name that stands twice', async () => {
    expect(await bytes(text.replace('"outcome":"completed",', '"outcome":"stopped","outcome":"completed",'))).not.toBe(
      'holds',
    );
    expect(await bytes(text.replace('"round":"round-2"', '"round":"round-1","round":"round-2"'))).toBe(
      'round: notCanonical',
    );
  });
  it('refuses names in another order', async () => {
    expect(await bytes(text.replace(/"round":"round-2",/, '').replace(/\}$/, ',"round":"round-2"}'))).toMatch(
      /notCanonical$/,
    );
  });
  it('refuses letters written as escapes', async () =>
    expect(await bytes(text.replace('"round-2"', '"\\u0072ound-2"'))).toBe('round: notCanonical'));
  it('refuses a file that ends early', async () =>
    expect(await bytes(text.slice(0, 200_000))).toMatch(/^canisters\..*: notCanonical$/));
  it('refuses what is no evidence at all', async () => {
    expect(await bytes('')).toBe('$: notCanonical');
    expect(await bytes('{}')).toBe('type: missing');
    expect(await bytes('[]')).toBe('$: wrongShape');
  });
});

describe('a flipped bit', () => {
  it('is found and its place is named, at 60 places of different kinds (all kinds: flips.slow.test.ts)', async () => {
    const kinds = positions(1);
    const flips = Array.from({ length: 60 }, (_, index) => kinds[Math.floor((index * kinds.length) / 60)]!);
    for (const at of flips) expect([at, await verdict(flipped(at))]).not.toEqual([at, 'holds']);
  });
});
