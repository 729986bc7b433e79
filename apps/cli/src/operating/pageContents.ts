import { OPERATIONS, OPERATOR_ACTIONS, type OperatorPage, type Plan } from '@livepod/protocol';
import { SAVED_VIEWS, startLinks, viewLink } from './links.js';
import { uiPage, type Place } from './place.js';

/**
 * Links and inputs to start workflows, what updates take, lists of runs. It holds no token: each is for one update of
 * one workflow as it stands, and made with the operator's key. Inputs have `plan` for releases, or else the default,
 * which is slow.
 */
export async function operatorPage(place: Place, plan?: Plan): Promise<OperatorPage> {
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
        title: 'Updates',
        items: [
          {
            name: 'a token',
            what: 'for one update of one workflow as it stands now; on the command line, where your key is',
            text: 'livepod ops token --action ACTION --workflow WORKFLOW',
          },
          ...OPERATOR_ACTIONS.map((action) => ({
            name: action,
            what: OPERATIONS[action].says,
            text: JSON.stringify({ ...OPERATIONS[action].example, token: 'TOKEN' }),
          })),
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
