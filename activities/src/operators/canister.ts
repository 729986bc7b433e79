import { networkTime, stateOf, type Clients, type Fleet } from '@livepod/client';
import { operatorTokenOf, ProtocolError, readOperatorToken, whyNotAllowed, type Asked } from '@livepod/protocol';
import { Principal } from '@dfinity/principal';
import { ActivityError } from '../errors.js';
import type { Authorisation, OperatorsPort } from './port.js';

export function canisterOperators(
  clients: Clients,
  time: () => Promise<number> = () => networkTime(clients),
): OperatorsPort {
  const { fleet } = clients.network.canisters;
  return {
    async authorise({ token, ...asked }) {
      const said = read(token, asked);
      const why = whyNotAllowed(said, await wholly(clients, asked, said));
      if (why !== undefined) throw refused(asked, why);
      const expires = new Date(Number(BigInt(said.expires) / 1_000_000n));
      const now = BigInt(Math.floor(await time())) * 1_000_000n;
      if (now >= BigInt(said.expires)) throw refused(asked, `it expired at ${expires.toISOString()}`);
      if (now < BigInt(said.notBefore))
        throw refused(asked, `it begins at ${new Date(Number(BigInt(said.notBefore) / 1_000_000n)).toISOString()}`);
      if (said.audience !== fleet)
        throw refused(asked, `it is for the fleet canister ${said.audience}, and this is ${fleet}`);
      if (!(await clients.certified.fleet.is_operator(Principal.fromText(said.operator))))
        throw refused(asked, `${said.operator} is not an operator of the fleet canister`);
      return { operator: said.operator, until: expires.toISOString() };
    },
  };
}

/** What is asked for, with where that stands now. */
async function wholly(clients: Clients, asked: Omit<Authorisation, 'token'>, said: Said): Promise<Asked> {
  const named = said.type === 'livepod.operator/v2' ? said : { object: 'workflow', state: '' };
  const { action, workflow, object = named.object, state = named.state } = asked;
  return { action, workflow, object, state: (await stateOf(clients.certified, object)) ?? state };
}

type Said = ReturnType<typeof readOperatorToken>['operator'];

function read(token: string, asked: Omit<Authorisation, 'token'>): Said {
  try {
    return readOperatorToken(token).operator;
  } catch (error) {
    if (error instanceof ProtocolError) throw refused(asked, error.message.replace(/\.$/, ''));
    throw error;
  }
}

const refused = ({ action, workflow }: Omit<Authorisation, 'token'>, why: string): ActivityError =>
  new ActivityError(
    'notAuthorized',
    { action, workflow },
    `The token does not allow ${action} of ${workflow}: ${why}. Make one with: livepod ops token --action ` +
      `${action} --workflow ${workflow}.`,
  );

/** The token as a canister takes it. */
export const authorityOf = (token: string | undefined): [] | [Fleet.Token] =>
  token === undefined ? [] : [operatorTokenOf(token)];
