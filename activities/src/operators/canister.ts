import { networkTime, stateOf, type Clients, type Fleet } from '@livepod/client';
import {
  operatorTokenOf,
  ProtocolError,
  readOperatorToken,
  whyNotAllowed,
  type Asked,
  type OperatorDocument,
} from '@livepod/protocol';
import { Principal } from '@dfinity/principal';
import { ActivityError } from '../errors.js';
import type { OperatorsPort } from './port.js';

export function canisterOperators(
  clients: Clients,
  time: () => Promise<number> = () => networkTime(clients),
): OperatorsPort {
  const { fleet } = clients.network.canisters;
  return {
    async authorise({ token, action, workflow, object, state }) {
      const asked = { action, workflow, object, state: (await stateOf(clients, object)) ?? state };
      const said = whatItSays(token, asked);
      const expires = new Date(Number(BigInt(said.expires) / 1_000_000n));
      const now = BigInt(Math.floor(await time())) * 1_000_000n;
      if (now >= BigInt(said.expires)) throw refused(asked, `it expired at ${expires.toISOString()}`);
      if (now < BigInt(said.notBefore))
        throw refused(asked, `it begins at ${new Date(Number(BigInt(said.notBefore) / 1_000_000n)).toISOString()}`);
      if (said.audience !== fleet)
        throw refused(asked, `it is for the fleet canister ${said.audience}, and this is ${fleet}`);
      if (!(await clients.fleet.is_operator(Principal.fromText(said.operator))))
        throw refused(asked, `${said.operator} is not an operator of the fleet canister`);
      return { operator: said.operator, until: expires.toISOString() };
    },
  };
}

function whatItSays(token: string, asked: Asked): OperatorDocument {
  try {
    const { operator } = readOperatorToken(token);
    const why = whyNotAllowed(operator, asked);
    if (why !== undefined) throw refused(asked, why);
    return operator as OperatorDocument;
  } catch (error) {
    if (error instanceof ProtocolError) throw refused(asked, error.message.replace(/\.$/, ''));
    throw error;
  }
}

const refused = ({ action, workflow }: Asked, why: string): ActivityError =>
  new ActivityError(
    'notAuthorized',
    { action, workflow },
    `The token does not allow ${action} of ${workflow}: ${why}. Make one with: livepod ops token --action ` +
      `${action} --workflow ${workflow}.`,
  );

/** The token as a canister takes it. */
export const authorityOf = (token: string | undefined): [] | [Fleet.Token] =>
  token === undefined ? [] : [operatorTokenOf(token)];
