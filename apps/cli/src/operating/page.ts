import { OPERATOR_ACTIONS } from '@livepod/protocol';
import { SAVED_VIEWS, startLinks, viewLink } from './links.js';
import { uiPage, type Place } from './place.js';
import { operatorToken } from './tokens.js';

/** What the codec server shows to an operator who has signed in. */
export interface OperatorPage {
  sections: { title: string; items: { name: string; what?: string; link?: string; text?: string }[] }[];
}

const HOURS = 12;

/**
 * Links and inputs to start workflows, tokens for updates, lists of runs. With an operator's key in `seed` it holds
 * tokens: keep it as the key is kept.
 */
export async function operatorPage(place: Place, seed: Uint8Array): Promise<OperatorPage> {
  const token = (actions: readonly string[]): string =>
    operatorToken(seed, { fleet: place.network.canisters.fleet, actions, workflow: '*', hours: HOURS });
  return {
    sections: [
      {
        title: 'Start',
        items: (await startLinks(place)).map(({ type, what, link, workflowId, input, needs }) => ({
          name: type,
          what: `${what}; id ${workflowId}${input ? '' : `; it needs ${needs} first`}`,
          link,
          ...(input ? { text: JSON.stringify(input, null, 2) } : {}),
        })),
      },
      {
        title: `Updates, for the next ${HOURS} hours`,
        items: [
          {
            name: 'pause',
            what: 'of any workflow',
            text: JSON.stringify({ reason: 'Looking at the numbers', token: token(['pause']) }),
          },
          { name: 'resume', text: JSON.stringify({ token: token(['resume']) }) },
          { name: 'approve', text: JSON.stringify({ token: token(['approve']) }) },
          { name: 'skipSoak', text: JSON.stringify({ token: token(['skipSoak']) }) },
          { name: 'extendDeadline', text: JSON.stringify({ seconds: 3600, token: token(['extendDeadline']) }) },
          { name: 'retryStage', text: JSON.stringify({ token: token(['retryStage']) }) },
          {
            name: 'replaceProvider',
            text: JSON.stringify({ provider: 'provider-2', token: token(['replaceProvider']) }),
          },
          { name: 'abort', text: JSON.stringify({ reason: 'The recipe is wrong', token: token(['abort']) }) },
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
