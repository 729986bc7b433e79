#!/usr/bin/env node
import { pathToFileURL } from 'node:url';
import { bundled } from '../src/bundle.mjs';

await import(pathToFileURL(bundled('main')[0]).href);
