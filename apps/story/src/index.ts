export type { Report } from './report.js';
export { dao } from './chapters/dao.js';
export { contributor } from './cast.js';
export { filesOf, schemaOf } from './recordings.js';
export { openTheatre, type OpenTheatre } from './theatre.js';
