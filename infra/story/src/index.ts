export type { Report } from './report.js';
