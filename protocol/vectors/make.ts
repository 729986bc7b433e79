/** Writes the test vectors that other implementations of the protocol are held to: `npm run vectors -w protocol`. */
import { writeFileSync } from 'node:fs';
import { ed25519 } from '@noble/curves/ed25519';
import {
  canonicalJson,
  cohortPosition,
  contentId,
  datasetUid,
  documentId,
  ed25519Der,
  hex,
  merkleRoot,
  openChunk,
  operatorTokenOf,
  principalOfDer,
  principalText,
  sealFile,
  sha256,
  signDocument,
  signOperatorToken,
  utf8,
  vetkdInput,
} from '../src/index.js';

const write = (name: string, vectors: unknown): void =>
  writeFileSync(new URL(`./${name}.json`, import.meta.url), `${JSON.stringify(vectors, null, 1)}\n`);

const seeds = [1, 2, 3].map((number) => sha256(utf8(`seed ${number}`)));
const people = seeds.map((seed) => {
  const der = ed25519Der(ed25519.getPublicKey(seed));
  return { seed, der, principal: principalOfDer(der) };
});

write('canonical', [
  ...[
    '{"b":1,"a":[true,null,"é\\u0007\\"\\\\/"]}',
    '{}',
    '[]',
    '"\\u20ac"',
    '9007199254740991',
    '-1',
    '{"z":{"y":{"x":0}}}',
  ].map((input) => ({ input, canonical: new TextDecoder().decode(canonicalJson(JSON.parse(input))) })),
  ...['1.5', '1e300', '9007199254740992', '{"é":1}'].map((input) => ({ input, canonical: null })),
]);

write(
  'documents',
  people.map(({ seed, der, principal }, index) => {
    const document = canonicalJson({
      type: `livepod.example/v${index + 1}`,
      by: principalText(principal),
      amount: '100000000',
      list: [3, 2, 1],
      note: 'Zoë ☂',
    });
    return {
      document: new TextDecoder().decode(document),
      id: documentId(document),
      publicKey: hex(der),
      signature: hex(signDocument(document, seed)),
      principal: principalText(principal),
    };
  }),
);

const audience = principalText(people[2]!.principal);
write(
  'operator',
  people.map(({ seed, principal }, index) => {
    const token = signOperatorToken(seed, {
      actions: [['pause'], ['resume', 'pause', 'skipSoak'], ['extendDeadline']][index] as never,
      workflow: index === 1 ? '*' : `lifecycle-round-${index}`,
      audience,
      notBefore: 1_800_000_000_000_000_000n,
      expires: 1_800_003_600_000_000_000n,
      nonce: sha256(utf8(`nonce ${index}`)).subarray(0, 16),
    });
    const { document, signature } = operatorTokenOf(token);
    return {
      token,
      document: new TextDecoder().decode(document),
      signature: hex(signature),
      operator: principalText(principal),
      audience,
    };
  }),
);

write(
  'merkle',
  [0, 1, 2, 3, 4, 5, 7, 8, 9].map((count) => {
    const leaves = Array.from({ length: count }, (_, index) => sha256(utf8(`chunk ${index}`)));
    return { leaves: leaves.map(hex), root: hex(merkleRoot(leaves)) };
  }),
);

write(
  'uid',
  people.map(({ principal }, index) => {
    const salt = sha256(utf8(`salt ${index}`)).subarray(0, 16);
    const uid = datasetUid(principal, salt);
    return {
      principal: principalText(principal),
      salt: hex(salt),
      uid: hex(uid),
      epoch: index,
      vetkdInput: hex(vetkdInput(uid, index)),
    };
  }),
);

write(
  'cohort',
  people.flatMap(({ principal }) =>
    [0n, 7n, 2n ** 63n].map((release) => ({
      release: String(release),
      principal: principalText(principal),
      position: String(cohortPosition(release, principal)),
    })),
  ),
);

const place = { uid: sha256(utf8('uid')), dataKey: sha256(utf8('data key')), fileIndex: 2 };
const chunks = [];
for (const plain of [new Uint8Array(), utf8('heart rate 61'), new Uint8Array(960_001)]) {
  const stored = await sealFile(plain, place);
  await openChunk(stored[0] as Uint8Array, { ...place, chunkIndex: 0, eof: stored.length === 1 });
  chunks.push({
    uid: hex(place.uid),
    dataKey: hex(place.dataKey),
    fileIndex: 2,
    plainBytes: plain.length,
    plainSha256: contentId(plain),
    stored: stored.map((chunk) => ({
      bytes: chunk.length,
      sha256: contentId(chunk),
      head: hex(chunk.subarray(0, 32)),
    })),
  });
}
write('chunks', chunks);
