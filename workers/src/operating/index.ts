/** What an operator needs around the UI: links, inputs, tokens, schedules. */
export { STARTABLE, startable, type Startable } from './catalogue.js';
export { pageLink, SAVED_VIEWS, startLink, startLinks, temporalOf, viewLink, withTemporal, type StartLink } from './links.js';
export { operatorPage, type OperatorPage } from './page.js';
export { scheduleRounds, type RoundsSchedule } from './schedules.js';
export { operatorSeed, operatorToken } from './tokens.js';
