import { readFileSync } from 'node:fs';
import {
  canonicalJson,
  hex,
  operatorTokenOf,
  operatorTokenText,
  parseOperator,
  readOperatorToken,
  releaseState,
  sha256,
  signDocument,
  signOperatorToken,
  utf8,
  whyNotAllowed,
  type Asked,
  type OperatorAction,
  type OperatorDocument,
  type OperatorDocumentV1,
} from '../index.js';

const vectors = JSON.parse(readFileSync(new URL('../../vectors/operator.json', import.meta.url), 'utf8')) as {
  token: string;
  document: string;
  signature: string;
  operator: string;
  audience: string;
  action: OperatorAction;
  object?: string;
  state?: string;
}[];
const seed = sha256(utf8('operator'));
const SECOND = 1_000_000_000n;
const asked: Asked = {
  action: 'resume',
  workflow: 'rollout-7',
  object: 'release/7',
  state: releaseState('paused', 1, 2),
};
const grant = { ...asked, audience: vectors[0]!.audience, notBefore: 1n, expires: 2n, nonce: new Uint8Array(16) };
const token = signOperatorToken(seed, grant);
const first = readOperatorToken(vectors[1]!.token).operator as OperatorDocumentV1;
const document = (): OperatorDocument => readOperatorToken(token).operator as OperatorDocument;

describe('an operator token', () => {
  it.each(vectors)('for $action by $operator is the vector', ({ token, document, signature, operator, ...asked }) => {
    const read = readOperatorToken(token);
    expect(new TextDecoder().decode(read.document)).toBe(document);
    expect(hex(read.signature)).toBe(signature);
    expect(read.operator.operator).toBe(operator);
    expect(operatorTokenText(read)).toBe(token);
    const workflow = read.operator.workflow;
    const why = whyNotAllowed(read.operator, { object: 'workflow', state: '-', ...asked, workflow });
    if (asked.object) expect(why).toBeUndefined();
    else expect(why).toContain('first version');
  });

  it('holds for an hour and not longer', () => {
    expect(() => signOperatorToken(seed, { ...grant, expires: 1n + 3600n * SECOND })).not.toThrow();
    expect(() => signOperatorToken(seed, { ...grant, expires: 2n + 3600n * SECOND })).toThrow(
      expect.objectContaining({ details: { field: 'operator.expires' } }),
    );
  });

  it.each<[string, Partial<Asked>, string]>([
    ['another action', { action: 'skipSoak' }, 'it allows resume'],
    ['another workflow', { workflow: 'rollout-8' }, 'it is for workflow rollout-7'],
    ['another release', { object: 'release/8' }, 'it is for release/7, and this is about release/8'],
    ['a job of that number', { object: 'job/7' }, 'this is about job/7'],
    ['another state', { state: 'rolling/1/2' }, 'in paused/1/2, and that is in rolling/1/2 now'],
    ['a release that was paused since', { state: 'paused/1/3' }, 'that is in paused/1/3 now'],
  ])('does not allow %s', (_, change, why) => {
    expect(whyNotAllowed(document(), asked)).toBeUndefined();
    expect(whyNotAllowed(document(), { ...asked, ...change })).toContain(why);
  });

  it.each([
    ['an action twice', { actions: ['pause', 'pause'] }, 'operator.actions[1]'],
    ['no action', { actions: [] }, 'operator.actions'],
    ['an object', { object: 'release/7' }, 'operator.object'],
  ])('of the first version is refused with %s', (_, change, field) => {
    expect(parseOperator(canonicalJson(first as never))).toEqual(first);
    expect(() => parseOperator(canonicalJson({ ...first, ...change } as never))).toThrow(
      expect.objectContaining({ code: 'invalidManifest', details: { field } }),
    );
  });

  it.each([
    ['an action that does not exist', { action: 'pay' }, 'operator.action'],
    ['every workflow', { workflow: '*' }, 'operator.workflow'],
    ['an object that does not exist', { object: 'pod/7' }, 'operator.object'],
    ['every release', { object: 'release/*' }, 'operator.object'],
    ['a number with a zero before it', { object: 'release/07' }, 'operator.object'],
    ['a state with a space', { state: 'rolling 1' }, 'operator.state'],
    ['actions of the first version', { actions: ['pause'] }, 'operator.actions'],
    ['a type of its own', { type: 'livepod.operator/v3' }, 'operator.type'],
    ['an operator that is not its key', { operator: '2vxsx-fae' }, 'operator.operator'],
    ['an end before its beginning', { notBefore: '2', expires: '2' }, 'operator.expires'],
    ['a workflow with a space', { workflow: 'lifecycle round' }, 'operator.workflow'],
    ['an unknown field', { role: 'admin' }, 'operator.role'],
  ])('is refused with %s', (_, change, field) => {
    expect(() => parseOperator(canonicalJson({ ...document(), ...change } as never))).toThrow(
      expect.objectContaining({ code: 'invalidManifest', details: { field } }),
    );
  });

  it('has one text: none with stray bits at its end, other digits, or parts of other lengths', () => {
    const invalid = expect.objectContaining({ code: 'invalidToken' });
    const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const last = digits.indexOf(token.at(-1)!);
    for (const stray of [1, 2, 15])
      expect(() => operatorTokenOf(token.slice(0, -1) + digits[last ^ stray])).toThrow(invalid);
    for (const other of ['+', '/', '=', ' ', 'é'])
      expect(() => operatorTokenOf(`${other}${token.slice(1)}`)).toThrow(invalid);
    const of = (document: number, signature: number) => () =>
      operatorTokenOf(operatorTokenText({ document: new Uint8Array(document), signature: new Uint8Array(signature) }));
    expect(of(2000, 64)).not.toThrow();
    for (const wrong of [of(2001, 64), of(2000, 63), of(2000, 65), of(2000, 0)]) expect(wrong).toThrow(invalid);
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
