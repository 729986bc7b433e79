import type { Principal } from '@dfinity/principal';
import { representationIndependentHash } from '../envelopes/index.js';
import { newCanisterState, type Canister } from '../subnet/canister.js';
import { CREATE_CANISTER_FEE, DEFAULT_BALANCE } from '../subnet/cycles.js';
import { FIRST_ID, idOf, LAST_ID, principalOf, textOf, type Id } from '../subnet/principals.js';
import { Reject } from '../subnet/reject.js';
import { controlled, existing, recordChange, type Method, type Request } from './request.js';
import { withChanges, type CandidSettings } from './settings.js';
import { infoOf } from './status.js';
import { changeSettings } from './storage.js';

interface ProvisionalCreate {
  amount: [bigint] | [];
  settings: [CandidSettings] | [];
  specified_id: [Principal] | [];
}

const provisionalCreate: Method = (request, { amount, settings, specified_id }: ProvisionalCreate) => {
  const specified = specified_id[0] && checkedId(idOf(specified_id[0].toUint8Array()));
  if (specified !== undefined && request.subnet.canisters.has(specified))
    throw new Reject('canisterIdExists', `Canister ${textOf(specified)} is already installed.`);
  return [{ canister_id: principalOf(create(request, amount[0] ?? DEFAULT_BALANCE, settings[0], specified).id) }];
};

/** Creates a canister with its settings, or nothing at all. @throws Reject */
export function create(
  request: Request,
  cycles: bigint,
  settings: CandidSettings | undefined,
  specified?: Id,
): Canister {
  withChanges(newCanisterState([request.caller], 0n, 0n).settings, settings);
  const canister = request.subnet.createCanister([request.caller], cycles, specified);
  try {
    changeSettings(request.subnet, canister, withChanges(canister.state.settings, settings));
  } catch (refused) {
    request.subnet.canisters.delete(canister.id);
    throw refused;
  }
  const { environment, controllers } = canister.state.settings;
  const environmentHash =
    environment.length > 0
      ? representationIndependentHash(new Map(environment.map(({ name, value }) => [name, value])))
      : undefined;
  recordChange(request, canister, { creation: { controllers, environmentHash } });
  return canister;
}

function checkedId(id: Id): Id {
  const inRange = id.length === FIRST_ID.length && id.endsWith('0101') && id >= FIRST_ID && id <= LAST_ID;
  if (!inRange)
    throw new Reject(
      'invalidPayload',
      `The specified_id ${textOf(id)} is no canister id: it must be eight bytes and 0101.`,
    );
  return id;
}

const provisionalTopUp: Method = (request, { canister_id, amount }: { canister_id: Principal; amount: bigint }) => {
  existing(request, canister_id).state.cycles += amount;
  return [];
};

const createCanister: Method = (request, { settings }: { settings: [CandidSettings] | [] }) => {
  const { cycles } = request;
  if (cycles < CREATE_CANISTER_FEE) {
    throw new Reject(
      'insufficientCycles',
      `Creating a canister requires a fee of ${CREATE_CANISTER_FEE} that is deducted from the canister's ` +
        `initial balance but only ${cycles} cycles were received with the create_canister request.`,
    );
  }
  const canister = create(request, cycles - CREATE_CANISTER_FEE, settings[0]);
  canister.account(CREATE_CANISTER_FEE, 'canister_creation');
  request.cycles = 0n;
  return [{ canister_id: principalOf(canister.id) }];
};

const depositCycles: Method = (request, { canister_id }: { canister_id: Principal }) => {
  existing(request, canister_id).state.cycles += request.cycles;
  request.cycles = 0n;
  return [];
};

const startCanister: Method = (request, { canister_id }: { canister_id: Principal }) => {
  const canister = controlled(request, canister_id);
  const { state } = canister;
  const waiters = state.stopWaiters;
  state.stopWaiters = [];
  state.status = 'running';
  state.version += 1n;
  for (const { origin, refund } of waiters) {
    request.subnet.respond(
      origin,
      {
        kind: 'reject',
        rejection: new Reject('stopCancelled', `Canister ${textOf(canister.id)} was started while it was stopping.`)
          .rejection,
      },
      refund,
    );
  }
  return [];
};

const stopCanister: Method = (request, { canister_id }: { canister_id: Principal }) => {
  const canister = controlled(request, canister_id);
  const { state } = canister;
  if (state.status === 'stopped') return [];
  state.status = 'stopping';
  state.version += 1n;
  state.stopWaiters.push({ origin: request.origin, refund: request.cycles });
  request.subnet.settleStop(canister);
  return 'later';
};

const deleteCanister: Method = (request, { canister_id }: { canister_id: Principal }) => {
  const canister = controlled(request, canister_id);
  if (canister.id === request.caller) throw new Reject('invalidController', 'A canister cannot delete itself.');
  if (canister.state.status !== 'stopped')
    throw new Reject('notStopped', `Canister ${textOf(canister.id)} must be stopped before it is deleted.`);
  request.subnet.canisters.delete(canister.id);
  return [];
};

const canisterInfo: Method = (
  request,
  { canister_id, num_requested_changes }: { canister_id: Principal; num_requested_changes: [bigint] | [] },
) => [infoOf(request, canister_id, Number(num_requested_changes[0] ?? 0n))];

const canisterMetadata: Method = (request, { canister_id, name }: { canister_id: Principal; name: string }) => {
  const canister = existing(request, canister_id);
  const section = canister.module?.metadata.get(name);
  if (!section || (!section.public && !canister.isControlledBy(request.caller))) {
    throw new Reject(
      'invalidPayload',
      `Canister ${textOf(canister.id)} has no metadata section '${name}' for this caller.`,
    );
  }
  return [{ value: section.content }];
};

export const lifeMethods = {
  provisional_create_canister_with_cycles: provisionalCreate,
  provisional_top_up_canister: provisionalTopUp,
  create_canister: createCanister,
  deposit_cycles: depositCycles,
  start_canister: startCanister,
  stop_canister: stopCanister,
  delete_canister: deleteCanister,
  canister_info: canisterInfo,
  canister_metadata: canisterMetadata,
};
