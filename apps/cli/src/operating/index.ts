/** What an operator needs around the UI: links, inputs, tokens, schedules. */
export { STARTABLE, startable, type Startable } from './catalogue.js';
export { wrongWith, type StartableType } from './check.js';
export { SAVED_VIEWS, startLinks, viewLink, type StartLink } from './links.js';
export { placeOf, uiPage, withTemporal, type Place } from './place.js';
export { operatorPage } from './pageContents.js';
export { intervalFindings, scheduleRounds, type RoundsSchedule } from './schedules.js';
export { namedNow, operatorAction, operatorSeed, operatorToken, timeOf } from './tokens.js';
