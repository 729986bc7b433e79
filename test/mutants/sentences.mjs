/**
 * What an error says to people is not changed: `new SomeError(code, details, sentence)` is held by its code. Whether a
 * sentence reads well, no mutant tells.
 */
import { PluginKind, declareValuePlugin } from '@stryker-mutator/api/plugin';

const isErrors = (node) =>
  (node?.isNewExpression() ?? false) && /Error$/.test(node.node.callee.name ?? node.node.callee.property?.name ?? '');

export const strykerPlugins = [
  declareValuePlugin(PluginKind.Ignore, 'sentences', {
    shouldIgnore(path) {
      if (path.listKey !== 'arguments' || !isErrors(path.parentPath)) return undefined;
      return path.key === 0 && path.parentPath.node.arguments.length > 1 ? undefined : 'what it says to people';
    },
  }),
];
