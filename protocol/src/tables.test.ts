import {
  blameOf,
  BLAMES,
  DEVICE_FAULTS,
  deviceFaultOf,
  failureOf,
  GOVERNED,
  GOVERNED_METHODS,
  governedMethod,
  innermost,
  isCarried,
  isSettled,
  MOTION,
  optionalOf,
  OPERATOR_ACTIONS,
  originOf,
  outcomeOfVote,
  readOperatorPage,
  referencePrefix,
  roundOfReference,
  validatorOf,
  voteReference,
  type VotedArgument,
} from './index.js';

/** All but what changes a canister's code, whose log begins anew. */
const WITH_EFFECT = GOVERNED_METHODS.flatMap((method) => {
  const governed = GOVERNED[method];
  return 'effect' in governed ? [[method, governed] as const] : [];
});

describe('what may be voted', () => {
  it('is known by the number of its function', () => {
    for (const method of GOVERNED_METHODS) {
      expect(governedMethod(GOVERNED[method].id)).toBe(method);
      expect(governedMethod(BigInt(GOVERNED[method].id))).toBe(method);
      expect(validatorOf(method)).toBe(`validate_${method}`);
    }
    for (const other of [MOTION, 0, 1000, 1000n, 2n ** 63n]) expect(governedMethod(other)).toBeUndefined();
  });

  it('leaves in the log what its argument decides, and no more of it', () => {
    const argument: VotedArgument = new Proxy(
      {},
      { get: (_, name) => (['release', 'job', 'grant', 'case'].includes(String(name)) ? '7' : `the ${String(name)}`) },
    );
    const effects = WITH_EFFECT.map(([method, { effect }]) => [method, effect.fields(argument)]);
    expect(Object.fromEntries(effects)).toEqual({
      accept_dataset: { dataset: 'the dataset' },
      approve_recipe: { recipe: 'the recipe' },
      approve_provider: { provider: 'the provider' },
      adopt_checkpoint: { checkpoint: 'the checkpoint', channel: 'the channel' },
      rollback_channel: { channel: 'the channel', version: 'the version', reason: 'the reason' },
      slash_bond: { holder: 'the holder', amount: 'the amount', reason: 'the reason' },
      stop_release: { release: 7, by: 'governor', reason: 'the reason' },
      appoint_evaluator: { evaluator: 'the evaluator' },
      grant_access: { job: 7, why: 'vote' },
      publish_root: {},
      set_operators: { operators: 'the operators', drivers: 'the drivers' },
      set_parameters: {},
      set_articles: {},
      slash_reputation: { reason: 'the reason' },
      revoke_provider: { provider: 'the provider', reason: 'the reason' },
      revoke_recipe: { recipe: 'the recipe', reason: 'the reason' },
      revoke_grant: { grant: 7, reason: 'the reason' },
      revoke_evaluator: { evaluator: 'the evaluator', reason: 'the reason' },
      revoke_dataset: { dataset: 'the dataset', reason: 'the reason' },
      adopt_bucket_wasm: { sha256: 'the wasm_hash' },
      upgrade_bucket: { bucket: 'the bucket', sha256: 'the wasm_hash' },
      lift_slash: { case: 7, reason: 'the reason' },
    });
    const byOthers = WITH_EFFECT.filter(([, { effect }]) => !effect.byGovernor).map(([method]) => method);
    expect(byOthers).toEqual(['grant_access']);
  });

  it('names its round in its reference, where it has one', () => {
    expect(voteReference('adopt_checkpoint')).toBe('adopt');
    expect(voteReference('slash_bond', 'round-1', 7)).toBe('slash/round-1/7');
    expect(referencePrefix('grant_access')).toBe('access/');
    for (const kind of ['intake', 'adopt', 'slash', 'access']) expect(roundOfReference(`${kind}/r/1`)).toBe('r');
    for (const other of ['rollback/stable/r', 'x/r', 'adopted/r', '/r', 'undefined/r', 'adopt'])
      expect(roundOfReference(other)).toBeUndefined();
  });
});

describe('the outcome of a vote', () => {
  it('is carried by more than half of all, or by the quorum at the deadline, to the last vote', () => {
    const carried = (yes: bigint, no: bigint, total = 100n, quorumBasisPoints = 1000n) =>
      isCarried({ yes, no, total, quorumBasisPoints });
    expect([carried(50n, 50n), carried(51n, 49n)]).toEqual([false, true]);
    expect([carried(9n, 0n), carried(10n, 0n), carried(10n, 10n), carried(11n, 10n)]).toEqual([
      false,
      true,
      false,
      true,
    ]);
    expect(carried(51n, 51n)).toBe(true);
    const settled = (yes: bigint, no: bigint) => isSettled({ yes, no, total: 100n });
    expect([settled(50n, 0n), settled(51n, 0n), settled(0n, 49n), settled(0n, 50n)]).toEqual([
      false,
      true,
      false,
      true,
    ]);
  });

  it('stays open until it is decided, and withdrawn whatever else is said', () => {
    const standing = { yes: 60n, no: 0n, total: 100n, decided: true, executed: false, failed: false, withdrawn: false };
    expect(outcomeOfVote(standing)).toBe('adopted');
    expect(outcomeOfVote({ ...standing, decided: false })).toBe('open');
    expect(outcomeOfVote({ ...standing, executed: true })).toBe('executed');
    expect(outcomeOfVote({ ...standing, failed: true })).toBe('failed');
    expect(outcomeOfVote({ ...standing, yes: 1n })).toBe('rejected');
    expect(outcomeOfVote({ ...standing, withdrawn: true, failed: true })).toBe('withdrawn');
    expect(outcomeOfVote({ ...standing, withdrawn: true, decided: false })).toBe('withdrawn');
  });
});

describe('what an operator may do', () => {
  it('takes a change of the input for a second attempt alone', () => {
    for (const action of OPERATOR_ACTIONS)
      expect(optionalOf(action)).toEqual(action === 'retryStage' ? ['change'] : []);
  });
});

describe('what counts against a checkpoint', () => {
  it('is a listed code before a colon', () => {
    for (const code of BLAMES) {
      expect(blameOf(failureOf(code, 'windows 7'))).toBe(code);
      expect(blameOf(code)).toBeUndefined();
      expect(blameOf(`${code}x: `)).toBeUndefined();
    }
    for (const code of DEVICE_FAULTS) {
      expect(blameOf(failureOf(code))).toBeUndefined();
      expect(deviceFaultOf(failureOf(code))).toBe(code);
    }
  });
});

describe('the operator’s page', () => {
  const page = (item: object) => JSON.stringify({ sections: [{ title: 't', items: [{ name: 'n' }, item] }] });
  it('is read with what an item may leave out', () => {
    for (const item of [{ name: 'n' }, { name: 'n', what: 'w' }, { name: 'n', link: '/' }, { name: 'n', text: '' }])
      expect(readOperatorPage(page(item))).toBeDefined();
    expect(readOperatorPage('{"sections":[]}')).toEqual({ sections: [] });
  });
  it.each([
    ...[{}, { name: 7 }, { name: 'n', what: 7 }, { name: 'n', link: null }, { name: 'n', text: {} }].map(page),
    ...['null', '7', '"sections"', '{"sections":{}}', '{"sections":[null]}', '{"sections":[{"items":[]}]}'],
    ...['{"sections":[{"title":7,"items":[]}]}', '{"sections":[{"title":"t","items":{"every":1}}]}'],
  ])('is not %s', (text) => expect(readOperatorPage(text)).toBeUndefined());
});

describe('whose an error is', () => {
  it.each(['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', 'EHOSTUNREACH', 'EPIPE'])(
    'is the way’s by %s',
    (code) => expect(originOf({ code })).toBe('way'),
  );
  it('is this machine’s where nothing says another', () => {
    for (const error of [
      undefined,
      null,
      7,
      {},
      { code: 7 },
      { code: 'EACCES' },
      { cause: undefined },
      new Error('x'),
    ]) {
      expect(originOf(error)).toBe('host');
      expect(originOf(error, 'device')).toBe('device');
    }
    expect(originOf({ cause: { cause: { code: 'EPIPE' } } }, 'device')).toBe('way');
  });

  it('lies at most twenty reasons deep', () => {
    const nested = (depth: number): unknown => (depth === 0 ? 'inner' : { cause: nested(depth - 1) });
    expect(innermost(nested(20))).toBe('inner');
    expect(innermost(nested(21))).toEqual({ cause: 'inner' });
    expect(innermost({ cause: null })).toEqual({ cause: null });
    expect(innermost(undefined)).toBeUndefined();
    expect(innermost(null)).toBeNull();
  });
});
