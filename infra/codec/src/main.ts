import { serveFromEnvironment } from './server/process.js';

serveFromEnvironment().catch((error: Error) => {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
});
