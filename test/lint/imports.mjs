import { readFileSync } from 'node:fs';
import { parseSync } from '@swc/core';

/**
 * What a module names as a source of its imports: `import`, `export … from`, `import()`, `require()` and `import('…')`
 * in a type.
 *
 * @param {string} file
 * @returns {{ source: string, line: number, typeOnly: boolean }[]} in no order; `typeOnly`: nothing of it runs
 */
export function importsOf(file) {
  const text = readFileSync(file, 'utf8');
  // Parsed in Latin-1, so that swc's positions, which are bytes, are those of characters.
  const source = Buffer.from(text, 'utf8').toString('latin1');
  const module = parseSync(source, { syntax: 'typescript', target: 'es2022' });
  const start = module.span.start - leadingTrivia(source);
  const found = [];
  const note = (node, name, typeOnly) => {
    const line = source.slice(0, Math.max(0, node.span.start - start)).split('\n').length;
    found.push({ source: name, line, typeOnly });
  };
  visit(module, (node) => {
    if (node.type === 'ImportDeclaration') note(node, node.source.value, onlyTypes(node));
    if (node.type === 'ExportAllDeclaration') note(node, node.source.value, node.typeOnly ?? false);
    if (node.type === 'ExportNamedDeclaration' && node.source) note(node, node.source.value, onlyTypes(node));
    if (node.type === 'TsImportType') note(node, node.argument.value, true);
    if (node.type === 'CallExpression' && isLoad(node.callee)) {
      const argument = node.arguments[0]?.expression;
      if (argument?.type === 'StringLiteral') note(node, argument.value, false);
    }
  });
  return found;
}

/** swc begins a module's span at its first token. */
function leadingTrivia(source) {
  return /^(?:\s|\/\/[^\n]*\n|\/\*[\s\S]*?\*\/|#![^\n]*\n)*/.exec(source)[0].length;
}

function onlyTypes(node) {
  if (node.typeOnly) return true;
  return node.specifiers.length > 0 && node.specifiers.every((specifier) => specifier.isTypeOnly);
}

function isLoad(callee) {
  return callee.type === 'Import' || (callee.type === 'Identifier' && callee.value === 'require');
}

function visit(node, see) {
  if (node === null || typeof node !== 'object') return;
  if (typeof node.type === 'string') see(node);
  for (const child of Object.values(node)) {
    if (Array.isArray(child)) for (const each of child) visit(each, see);
    else visit(child, see);
  }
}
