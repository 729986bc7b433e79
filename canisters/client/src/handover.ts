import type { Identity } from '@dfinity/agent';
import { Principal } from '@dfinity/principal';
import { connect } from './connect.js';
import { controlInWords, controlled, controllersWanted, controlOf, type Control } from './control.js';
import { CanisterError } from './errors.js';
import { managementOf } from './management.js';
import type { IcNetwork } from './network.js';
import { updateNetwork } from './networkFile.js';

export interface HandoverRequest {
  network: IcNetwork;
  /** Who controls the canisters now, and then no more. */
  identity: Identity;
  /** network.json, which then says that the DAO controls them. */
  networkFile?: string;
  /** An SNS's root, when a real SNS governs: it becomes root's controller in the place of governance. */
  rootController?: string;
  tell?: (line: string) => void;
}

/**
 * The last step of installing: root becomes the only controller of every canister, and governance the only one of root.
 * It cannot be taken back but by a vote. Safe to repeat at any point: what was handed over is left alone.
 *
 * @returns who controls what now, as the network certifies it
 * @throws CanisterError `preconditionFailed`: there is no root, it obeys another governor, or somebody else controls a
 *   canister
 */
export async function handOver(request: HandoverRequest): Promise<Control> {
  const tell = request.tell ?? (() => {});
  const network: IcNetwork = request.rootController
    ? { ...request.network, rootController: request.rootController }
    : request.network;
  const { root } = network;
  if (root === undefined)
    throw new CanisterError(
      'preconditionFailed',
      {},
      'There is no root canister to hand over to; install again first.',
    );
  const clients = await connect(network, request.identity);
  const governor = (await clients.certified.rootClient(root).get_governor()).toText();
  const wantedGovernor = network.canisters.governance;
  if (governor !== wantedGovernor)
    throw new CanisterError(
      'preconditionFailed',
      { root, governor, wantedGovernor },
      `Root ${root} obeys ${governor} and not governance ${wantedGovernor}; nothing was handed over.`,
    );
  const management = await managementOf(clients.agent);
  for (const { name, canister } of controlled(network)) {
    const [usual, ...others] = controllersWanted(network, name);
    const present = await management.controllers(Principal.fromText(canister));
    if (present.length === 1 && [usual, ...others].includes(present[0])) continue;
    await management.setControllers(Principal.fromText(canister), [Principal.fromText(usual!)]);
    tell(`${name} ${canister} is controlled by ${usual}`);
  }

  const control = await controlOf(clients.agent, network);
  if (control.by !== 'dao')
    throw new CanisterError('preconditionFailed', {}, `The canisters are still ${controlInWords(control)}.`);
  if (request.networkFile)
    updateNetwork(request.networkFile, {
      control: 'dao',
      ...(network.rootController && { rootController: network.rootController }),
    });
  tell(`the canisters are ${controlInWords(control)}`);
  return control;
}
