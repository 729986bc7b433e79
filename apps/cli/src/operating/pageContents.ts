import { OPERATIONS, OPERATOR_ACTIONS, type OperatorPage, type Plan } from '@livepod/protocol';
import { SAVED_VIEWS, startLinks, viewLink } from './links.js';
import { uiPage, type Place } from './place.js';
import { operatorToken } from './tokens.js';

const HOURS = 12;

/**
 * Links and inputs to start workflows, tokens for updates, lists of runs. With an operator's key in `seed` it holds
 * tokens: keep it as the key is kept. Inputs have `plan` for releases, or else the default, which is slow.
 */
export async function operatorPage(place: Place, seed: Uint8Array, plan?: Plan): Promise<OperatorPage> {
  const token = (actions: readonly string[]): string =>
    operatorToken(seed, { fleet: place.network.canisters.fleet, actions, workflow: '*', hours: HOURS });
  return {
    sections: [
      {
        title: 'Start',
        items: (await startLinks(place, plan)).map(({ type, what, link, workflowId, input, needs }) => ({
          name: type,
          what: `${what}; id ${workflowId}${input ? '' : `; it needs ${needs} first`}`,
          link,
          ...(input ? { text: JSON.stringify(input, null, 2) } : {}),
        })),
      },
      {
        title: `Updates, for the next ${HOURS} hours`,
        items: [
          ...OPERATOR_ACTIONS.map((action) => ({
            name: action,
            what: OPERATIONS[action].says,
            text: JSON.stringify({ ...OPERATIONS[action].example, token: token([action]) }),
          })),
          { name: 'a token for all of them', text: token(OPERATOR_ACTIONS) },
        ],
      },
      {
        title: 'Look',
        items: [
          ...SAVED_VIEWS.map(({ name, query }) => ({ name, what: query, link: viewLink(place, query) })),
          { name: 'Schedules', link: uiPage(place, 'schedules') },
        ],
      },
    ],
  };
}
