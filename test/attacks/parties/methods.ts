import type { Role } from '@livepod/workers/testing';
import { broken, nothing, refused, type Attack, type Party } from '../attack.js';
import type { Ground } from '../ground.js';
import { updateMethods, type Known, type Method } from '../methods.js';

/** What anybody with a key may call: it is about their own tokens, neurons, bonds, devices and proposals. */
const OPEN: ReadonlySet<string> = new Set([
  'governance.manage_neuron',
  'governance.withdraw_proposal',
  'ledger.icrc1_transfer',
  'ledger.icrc2_approve',
  'ledger.icrc2_transfer_from',
  'treasury.post_bond',
  'treasury.return_bond',
  'treasury.open_escrow',
  'treasury.quote_escrow',
  'access.register_provider',
  'access.submit_recipe',
  'access.dataset_public_key',
  'models.public_key',
  'models.collect_chunks',
  'datasets.collect_expired',
]);

/** What each may call besides, on what is theirs; what is wrong about their calls has attacks of its own. */
const THEIRS: Record<string, readonly string[]> = {
  operator: [
    'access.extend_deadline',
    'access.fail_job',
    'fleet.advance',
    'fleet.pause',
    'fleet.abort',
    // On this stack it is the installer, too, who controls the canisters until they are handed over.
    'datasets.append_bucket_wasm',
    'datasets.set_bucket_wasm',
    'models.install_first_root',
  ],
  provider: ['access.request_access', 'access.release_key', 'access.fail_job', 'models.put_chunk'],
  evaluator: [],
  'contributor-2': ['datasets.reserve', 'datasets.register', 'datasets.withdraw'],
  stranger: [],
};

/** Whom a canister does not know it refuses so; a governed method traps, and the network rejects what is not let in. */
const REFUSALS = ['notAuthorized', 'rejected'];
/** Methods that look at a document's form, or at a thing's state, before they look at who asks. */
const ALSO: Record<string, readonly string[]> = {
  'ledger.icrc21_canister_call_consent_message': ['unsupportedCanisterCall'],
  'datasets.close_dataset': ['notYet'],
  'datasets.deliver_bucket_wasm': ['notYet'],
  'datasets.register': ['notCanonical'],
  'datasets.reserve': ['invalid'],
  'access.release_key': ['wrongPrincipal'],
  'access.request_access': ['notCanonical'],
  'models.close_checkpoint': ['invalid'],
  'models.put_chunk': ['wrongSigner'],
  'models.submit_checkpoint': ['notCanonical'],
  'models.submit_evaluation': ['notCanonical'],
  'bucket.put_chunk': ['notFound'],
  'treasury.settle': ['notYet'],
  'treasury.refund': ['notYet'],
};

async function known(ground: Ground): Promise<Known> {
  const { granted, done, rolling, datasets, rig } = ground;
  const { escrow } = granted.job;
  return {
    job: granted.job.id,
    grant: granted.grant.id,
    provider: granted.job.provider,
    recipe: granted.job.recipe,
    dataset: datasets.bucket,
    withdraw: datasets.bucket,
    checkpoint: done.checkpoint,
    channel: done.channel,
    release: rolling.id,
    escrow: escrow[0] ?? 1n,
    settle: escrow[0] ?? 1n,
    refund: escrow[0] ?? 1n,
    evaluator: rig.chain.identity('stranger').getPrincipal(),
    reader: rig.chain.identity('stranger').getPrincipal(),
    operators: [rig.chain.identity('stranger').getPrincipal()],
    transport_public_key: new Uint8Array(48).fill(7),
  };
}

/** Calls each method that is not theirs, on things that exist; the world must not change, nor any call be taken. */
function everyOtherMethod(party: Party, who: Role | 'anonymous', name: string): Attack {
  const may = (method: Method): boolean => {
    const path = `${method.canister}.${method.name}`;
    return who !== 'anonymous' && (OPEN.has(path) || (THEIRS[who] ?? []).includes(path));
  };
  return {
    party,
    name,
    test: 'test/attacks/parties/methods.ts',
    async play(ground) {
      const clients = await ground.as(who);
      const values = await known(ground);
      const [room] = await clients.datasets.list_buckets();
      const seen = new Map<string, number>();
      const wrong: string[] = [];
      for (const method of updateMethods().filter((each) => !may(each))) {
        const { canister } = method;
        const client = (canister === 'bucket'
          ? clients.bucketClient(room!.bucket)
          : clients[canister]) as unknown as Record<string, (...given: unknown[]) => Promise<unknown>>;
        const path = `${canister}.${method.name}`;
        const played = await refused(ground, [...REFUSALS, ...(ALSO[path] ?? [])], () =>
          client[method.name]!(...method.arguments(values)),
        );
        if (played.outcome === 'broken') wrong.push(`${path}: ${played.why}`);
        else seen.set(played.why, (seen.get(played.why) ?? 0) + 1);
      }
      if (wrong.length > 0) return broken(wrong.join('\n'));
      return nothing([...seen].map(([why, count]) => `${count} ${why}`).join(', '));
    },
  };
}

export const methods: Attack[] = [
  everyOtherMethod('stranger', 'anonymous', 'calls every method without a key'),
  everyOtherMethod('stranger', 'stranger', "calls every method that is another's, with a key of their own"),
  everyOtherMethod(
    'orchestrator',
    'operator',
    "calls every method that is the DAO's, another canister's or a person's",
  ),
  everyOtherMethod('provider', 'provider', "calls every method that is not a provider's"),
  everyOtherMethod('evaluator', 'evaluator', "calls every method that is not an evaluator's"),
  everyOtherMethod('contributor', 'contributor-2', "calls every method that is not a contributor's"),
];
