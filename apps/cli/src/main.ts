#!/usr/bin/env node
import { livepod } from './program.js';

await livepod(process.argv.slice(2));
