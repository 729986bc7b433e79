/** The workflows of a provider's own namespace, started through its Nexus endpoint. */
export { accessGivenUp } from './accessGivenUp.js';
export { accessRequest } from './accessRequest.js';
export { trainingJob } from './trainingJob.js';
