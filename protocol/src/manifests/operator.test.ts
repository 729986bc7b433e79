import { readFileSync } from 'node:fs';
import {
  canonicalJson,
  hex,
  operatorTokenOf,
  operatorTokenText,
  parseOperator,
  readOperatorToken,
  sha256,
  signDocument,
  signOperatorToken,
  utf8,
  type OperatorDocument,
} from '../index.js';

const vectors = JSON.parse(readFileSync(new URL('../../vectors/operator.json', import.meta.url), 'utf8')) as {
  token: string;
  document: string;
  signature: string;
  operator: string;
  audience: string;
}[];
const seed = sha256(utf8('operator'));
const token = signOperatorToken(seed, {
  actions: ['resume', 'pause'],
  workflow: 'lifecycle-round-1',
  audience: vectors[0]!.audience,
  notBefore: 1n,
  expires: 2n,
  nonce: new Uint8Array(16),
});
const document = (): OperatorDocument => parseOperator(operatorTokenOf(token).document);

describe('an operator token', () => {
  it.each(vectors)('of $operator is the vector', ({ token, document, signature, operator }) => {
    const read = readOperatorToken(token);
    expect(new TextDecoder().decode(read.document)).toBe(document);
    expect(hex(read.signature)).toBe(signature);
    expect(read.operator.operator).toBe(operator);
    expect(operatorTokenText(read)).toBe(token);
  });

  it('lists its actions in one order, whatever order they were given in', () =>
    expect(document().actions).toEqual(['pause', 'resume']));

  it.each([
    ['an action that does not exist', { actions: ['pay'] }, 'operator.actions[0]'],
    ['an action twice', { actions: ['pause', 'pause'] }, 'operator.actions[1]'],
    ['no action', { actions: [] }, 'operator.actions'],
    ['an operator that is not its key', { operator: '2vxsx-fae' }, 'operator.operator'],
    ['an end before its beginning', { notBefore: '2', expires: '2' }, 'operator.expires'],
    ['a workflow with a space', { workflow: 'lifecycle round' }, 'operator.workflow'],
    ['an unknown field', { role: 'admin' }, 'operator.role'],
  ])('is refused with %s', (_, change, field) => {
    expect(() => parseOperator(canonicalJson({ ...document(), ...change } as never))).toThrow(
      expect.objectContaining({ code: 'invalidManifest', details: { field } }),
    );
  });

  it('is refused when somebody else signed it', () => {
    const { document } = operatorTokenOf(token);
    const forged = operatorTokenText({ document, signature: signDocument(document, sha256(utf8('somebody'))) });
    expect(() => readOperatorToken(forged)).toThrow(expect.objectContaining({ code: 'wrongSignature' }));
  });

  it.each(['', 'token', `${token}.`, token.slice(0, -1), `${token}=`, ` ${token}`, token.replace('.', '')])(
    'is refused when the text is not whole (%#)',
    (text) => {
      expect(() => readOperatorToken(text)).toThrow(expect.objectContaining({ code: 'invalidToken' }));
    },
  );
});
